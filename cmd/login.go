package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui"
)

// loginOptions are the options of login and its subcommands.
type loginOptions struct {
	org, profile, dockerID string
	store                  string
	stdin                  bool
	accessible             bool

	host, identifier     string
	clientID, keyID      string
	tenant, authority    string
	redirect             string
	keyFile, certificate string
	password, docker     bool
	browser, device      bool
	azureCLI             bool
	clientSecret         bool

	in         io.Reader
	interrupts <-chan struct{}
}

func newLogin(interrupts <-chan struct{}) *cobra.Command {
	o := &loginOptions{interrupts: interrupts}
	c := &cobra.Command{
		Use:   "login",
		Short: "Sign in once and store the credentials for later runs",
		Long: "login asks for credentials for Docker Hub, Docker's SCIM service and the identity provider, checks that each system\n" +
			"accepts them, shows what they allow, and stores them in the system keyring under a recognizable name, such as\n" +
			"\"acme · Docker Hub\". Without a keyring, it offers an encrypted file.\n\n" +
			"Secrets are never passed on the command line: type them, or pipe them in with --token-stdin.",
		Example: "  reprovision login\n  reprovision login hub --org acme\n  pass show docker/acme | reprovision login hub --org acme --token-stdin",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o.in = c.InOrStdin()
			return runLogin(c.Context(), o, "", c.OutOrStdout())
		},
	}
	f := c.PersistentFlags()
	f.Var(orgName(&o.org), "org", "the Docker organization")
	f.StringVar(&o.profile, "profile", os.Getenv("REPROVISION_PROFILE"), "profile name (default: the organization's name)")
	f.StringVar(&o.dockerID, "docker-id", os.Getenv("REPROVISION_DOCKER_ID"), "your own Docker ID, so that the tool never offers to remove you")
	f.StringVar(&o.store, "store", "auto", "where to store credentials: keyring, file (encrypted), or auto")
	f.BoolVar(&o.stdin, "token-stdin", false, "read the secret from standard input and ask no questions")
	f.BoolVar(&o.accessible, "accessible", accessible(), "ask line by line, for screen readers and plain terminals (or set ACCESSIBLE=1)")
	c.AddCommand(newLoginHub(o), newLoginSCIM(o), newLoginOkta(o), newLoginEntra(o), newLoginRegistry(o))
	return c
}

// loginTo makes a subcommand that signs in to one system.
func loginTo(o *loginOptions, use, short string, id engine.SystemID) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: noArgs, RunE: func(c *cobra.Command, _ []string) error {
		o.in = c.InOrStdin()
		return runLogin(c.Context(), o, id, c.OutOrStdout())
	}}
}

func newLoginHub(o *loginOptions) *cobra.Command {
	c := loginTo(o, "hub", "Sign in to Docker Hub", engine.SystemHub)
	c.Flags().StringVar(&o.identifier, "user", "", "owner of the token: the organization (default), or your Docker ID")
	c.Flags().StringVar(&o.host, "host", "", "address to use instead of Docker Hub's, for the sandbox")
	c.Flags().BoolVar(&o.password, "password", false, "check a username, a password and a second factor; they are not stored")
	c.Flags().BoolVar(&o.docker, "docker-login", false, "use what \"docker login\" stored; it stays where it is")
	return c
}

func newLoginSCIM(o *loginOptions) *cobra.Command {
	c := loginTo(o, "scim", "Sign in to Docker's SCIM service", engine.SystemSCIM)
	c.Flags().StringVar(&o.host, "host", "", "the SCIM base URL, if Docker Home shows a different one than usual")
	return c
}

func newLoginOkta(o *loginOptions) *cobra.Command {
	c := loginTo(o, "okta", "Sign in to Okta", engine.SystemOkta)
	c.Flags().StringVar(&o.host, "host", "", "Okta's address, https://acme.okta.com")
	c.Flags().StringVar(&o.identifier, "app", "", "the label of the Docker application")
	c.Flags().BoolVar(&o.browser, "browser", false, "sign in with the browser on this machine (OAuth with PKCE); needs --client-id")
	c.Flags().StringVar(&o.redirect, "redirect", "", "the sign-in redirect address that is registered for the browser")
	c.Flags().BoolVar(&o.device, "device", false, "sign in with a code in any browser (OAuth device grant); needs --client-id")
	c.Flags().StringVar(&o.clientID, "client-id", "", "the OAuth application's ID")
	c.Flags().StringVar(&o.keyFile, "key-file", "", "sign in as a service with the private key in this PEM file; needs --client-id")
	c.Flags().StringVar(&o.keyID, "key-id", "", "the key's ID in Okta, if there are several")
	return c
}

func newLoginEntra(o *loginOptions) *cobra.Command {
	c := loginTo(o, "entra", "Sign in to Microsoft Entra ID", engine.SystemEntra)
	c.Flags().StringVar(&o.host, "host", "", "Microsoft Graph's address in a national cloud")
	c.Flags().StringVar(&o.authority, "authority", "", "sign-in address in a national cloud, such as https://login.microsoftonline.us")
	c.Flags().StringVar(&o.identifier, "app", "", "the name of the Docker enterprise application")
	c.Flags().StringVar(&o.tenant, "tenant", "", "the directory, by ID or domain")
	c.Flags().StringVar(&o.clientID, "client-id", "", "the app registration's ID")
	c.Flags().BoolVar(&o.browser, "browser", false, "sign in with the browser on this machine (OAuth with PKCE)")
	c.Flags().StringVar(&o.redirect, "redirect", "", "redirect address for the browser, instead of http://localhost")
	c.Flags().BoolVar(&o.device, "device", false, "sign in with a device code in any browser")
	c.Flags().BoolVar(&o.clientSecret, "client-secret", false, "sign in as a service with its client secret")
	c.Flags().StringVar(&o.certificate, "certificate", "", "sign in as a service with the certificate and private key in this PEM file")
	c.Flags().BoolVar(&o.azureCLI, "azure-cli", false, "sign in with the account of the Azure CLI")
	return c
}

func newLoginRegistry(o *loginOptions) *cobra.Command {
	c := loginTo(o, "registry", "Sign in to the registry with a credential of its own", engine.SystemRegistry)
	c.Flags().StringVar(&o.identifier, "user", "", "the Docker ID or organization that the token belongs to")
	c.Flags().StringVar(&o.host, "host", "", "registry host to use instead of Docker Hub's, for the sandbox")
	c.Flags().BoolVar(&o.docker, "docker-login", false, "use what \"docker login\" stored; it stays where it is")
	return c
}

// check refuses flags that contradict each other.
func (o *loginOptions) check() error {
	var given []string
	for _, f := range []struct {
		set  bool
		name string
	}{
		{o.password, "--password"},
		{o.docker, "--docker-login"},
		{o.browser, "--browser"},
		{o.device, "--device"},
		{o.azureCLI, "--azure-cli"},
		{o.keyFile != "", "--key-file"},
		{o.certificate != "", "--certificate"},
		{o.clientSecret && !o.stdin, "--client-secret"},
		{o.stdin, "--token-stdin"},
	} {
		if f.set {
			given = append(given, f.name)
		}
	}
	if len(given) > 1 {
		return usageError{fmt.Errorf("%s cannot be used together", strings.Join(given, " and "))}
	}
	if !slices.Contains([]string{"auto", string(storeKeyring), string(storeFile)}, o.store) {
		return usageError{fmt.Errorf("--store %s: it must be keyring, file or auto", o.store)}
	}
	return nil
}

// method returns the method that the flags name, and whether they name one.
func (o *loginOptions) method(id engine.SystemID) (engine.Method, bool) {
	switch {
	case o.password:
		return engine.MethodPassword, true
	case o.docker:
		return engine.MethodDockerLogin, true
	case o.browser:
		return engine.MethodBrowser, true
	case o.device:
		return engine.MethodDevice, true
	case o.azureCLI:
		return engine.MethodAzureCLI, true
	case o.keyFile != "":
		return engine.MethodKey, true
	case o.certificate != "":
		return engine.MethodCertificate, true
	case o.clientSecret, id == engine.SystemEntra && o.stdin && o.clientID != "":
		return engine.MethodClientSecret, true
	}
	return engine.MethodToken, o.stdin || o.identifier != "" && id != engine.SystemEntra && id != engine.SystemOkta
}

// fit fills in the form of a system from the flags, and drops the ways that they
// rule out.
func (o *loginOptions) fit(id engine.SystemID, h tui.FormHint) tui.FormHint {
	given := engine.Credential{
		Host: o.host, Identifier: o.identifier, File: cmp.Or(o.keyFile, o.certificate),
		Client: engine.Client{ID: o.clientID, Tenant: o.tenant, Key: o.keyID, Redirect: o.redirect, Authority: o.authority},
	}
	method, named := o.method(id)
	var ways []tui.Way
	for _, w := range h.Ways {
		if named && w.Base.Method != method {
			continue
		}
		w.Base.Host, w.Base.Client.Redirect, w.Base.Client.Authority = cmp.Or(o.host, w.Base.Host), o.redirect, o.authority // asked for by few ways
		var fields []tui.Field
		for _, f := range w.Fields {
			if at := f.Of(&given); at != nil && *at != "" {
				f.Value = *at
			}
			fields = append(fields, f)
		}
		w.Fields = fields
		ways = append(ways, w)
	}
	h.Ways = ways
	return h
}

// runLogin signs in to one system, or to several if id is empty. It uses the window if
// there is a terminal.
func runLogin(ctx context.Context, o *loginOptions, id engine.SystemID, out io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	ask := newPrompter(os.Stdin, os.Stdout)
	ask.dumb = ask.dumb || o.accessible
	if ask.tty && !o.stdin && !ask.dumb {
		return loginInWindow(ctx, o, id, out)
	}
	ctx, end := interruptible(ctx, o.interrupts)
	defer end()
	switch {
	case id != "":
		return loginByLines(ctx, o, id, ask, out)
	case !ask.tty || o.stdin:
		return usageError{errors.New("login asks for several secrets: name one system, such as \"reprovision login hub --token-stdin\"")}
	}
	return loginAllByLines(ctx, o, ask, out)
}
