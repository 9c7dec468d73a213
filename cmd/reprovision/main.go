// Command reprovision finds out why a member of a Docker organization has the
// wrong role or team, and cures it.
package main

import (
	"os"

	"github.com/seed-05b3d87e/reprovision/cmd"
)

func main() { os.Exit(cmd.Main()) }
