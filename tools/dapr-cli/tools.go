//go:build tools

// Package tools pins the Dapr command line that the tests run.
package tools

import _ "github.com/dapr/cli"
