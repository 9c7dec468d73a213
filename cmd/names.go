package cmd

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// dockerName is a flag that takes a Docker ID or an organization's name. They have no
// capital letters, and people type them.
type dockerName string

// String implements pflag.Value.
func (n *dockerName) String() string { return string(*n) }

// Set implements pflag.Value.
func (n *dockerName) Set(s string) error {
	*n = dockerName(strings.ToLower(strings.TrimSpace(s)))
	return nil
}

// Type implements pflag.Value.
func (*dockerName) Type() string { return "string" }

// orgFlag adds the flag that names the organization.
func orgFlag(c *cobra.Command, org *string, usage string) {
	*org = strings.ToLower(os.Getenv("REPROVISION_ORG"))
	c.Flags().Var((*dockerName)(org), "org", usage)
}
