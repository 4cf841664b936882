//go:build tools

// Package tools pins the kustomize that renders the manifests.
package tools

import _ "sigs.k8s.io/kustomize/kustomize/v5"
