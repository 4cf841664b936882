// Command daprd is the Dapr sidecar as released, with the stable components and one more that the
// released program also has: the SQLite name resolver. With it every local stack keeps its own
// list of sidecars; by mDNS, the default, two stacks on one machine or network would call into
// each other.
package main

import (
	"github.com/dapr/components-contrib/nameresolution/sqlite"
	"github.com/dapr/dapr/cmd/daprd/app"
	"github.com/dapr/dapr/pkg/components/nameresolution"
)

func main() {
	nameresolution.DefaultRegistry.RegisterComponent(sqlite.NewResolver, "sqlite")
	app.Run()
}
