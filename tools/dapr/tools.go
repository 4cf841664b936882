//go:build tools

// Package tools pins the Dapr programs that the local stack runs.
package tools

import _ "github.com/dapr/dapr/cmd/scheduler"
