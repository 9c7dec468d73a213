package cmd

import (
	"os"
	"strings"
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

// orgName is the flag that names the organization; the environment may name it, too.
func orgName(org *string) *dockerName {
	*org = strings.ToLower(os.Getenv("REPROVISION_ORG"))
	return (*dockerName)(org)
}
