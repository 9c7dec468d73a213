package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-05b3d87e/reprovision/api/credentials"
	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// loginOptions are those of login and its subcommands.
type loginOptions struct {
	org, profile, dockerID string
	store                  string
	stdin                  bool

	host, identifier     string
	clientID, keyID      string
	tenant               string
	keyFile, certificate string
	password, docker     bool
	device, azureCLI     bool
	clientSecret         bool

	in io.Reader
}

func newLogin() *cobra.Command {
	o := &loginOptions{}
	c := &cobra.Command{
		Use:   "login",
		Short: "Sign in once, so that each later run starts signed in",
		Long: "login asks for what signs in to Docker Hub, to Docker's SCIM service and to the identity provider, lets each system\n" +
			"accept it, tries by reading what it may do, and keeps it in the system's keyring under a name that you recognise,\n" +
			"such as \"acme · Docker Hub\". Where there is no keyring, an encrypted file is offered.\n\n" +
			"Secrets are never taken from the command line: they are typed, or read from standard input with --token-stdin.",
		Example: "  reprovision login\n  reprovision login hub --org acme\n  pass show docker/acme | reprovision login hub --org acme --token-stdin",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o.in = c.InOrStdin()
			return runLoginAll(c.Context(), o, c.OutOrStdout())
		},
	}
	f := c.PersistentFlags()
	f.StringVar(&o.org, "org", os.Getenv("REPROVISION_ORG"), "the Docker `organization`")
	f.StringVar(&o.profile, "profile", os.Getenv("REPROVISION_PROFILE"), "the `profile`; the organization's name if not given")
	f.StringVar(&o.dockerID, "docker-id", os.Getenv("REPROVISION_DOCKER_ID"), "your own Docker `ID`, so that you are never offered to remove yourself")
	f.StringVar(&o.store, "store", "auto", "where to keep it: keyring, file (encrypted), or auto (`keyring|file|auto`)")
	f.BoolVar(&o.stdin, "token-stdin", false, "read the secret from standard input; ask nothing")
	c.AddCommand(newLoginHub(o), newLoginSCIM(o), newLoginOkta(o), newLoginEntra(o), newLoginRegistry(o))
	return c
}

// loginTo is the part that all subcommands share.
func loginTo(o *loginOptions, use, short string, id engine.SystemID) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: noArgs, RunE: func(c *cobra.Command, _ []string) error {
		o.in = c.InOrStdin()
		return runLogin(c.Context(), o, id, c.OutOrStdout())
	}}
}

func newLoginHub(o *loginOptions) *cobra.Command {
	c := loginTo(o, "hub", "Sign in to Docker Hub", engine.SystemHub)
	c.Flags().StringVar(&o.identifier, "user", "", "whom the token belongs to: the `organization` of its access token (default), or your Docker ID")
	c.Flags().StringVar(&o.host, "host", "", "another `address` than Docker Hub's, for the sandbox")
	c.Flags().BoolVar(&o.password, "password", false, "try a username, a password and a second factor; nothing of it is kept")
	c.Flags().BoolVar(&o.docker, "docker-login", false, "use what \"docker login\" stored; it stays where it is")
	return c
}

func newLoginSCIM(o *loginOptions) *cobra.Command {
	c := loginTo(o, "scim", "Sign in to Docker's SCIM service", engine.SystemSCIM)
	c.Flags().StringVar(&o.host, "host", "", "the SCIM base `URL`, if Docker Home shows another than the usual")
	return c
}

func newLoginOkta(o *loginOptions) *cobra.Command {
	c := loginTo(o, "okta", "Sign in to Okta", engine.SystemOkta)
	c.Flags().StringVar(&o.host, "host", "", "Okta's `address`, https://acme.okta.com")
	c.Flags().StringVar(&o.identifier, "app", "", "the `label` of the Docker application")
	c.Flags().BoolVar(&o.device, "device", false, "sign in in the browser (OAuth device grant); needs --client-id")
	c.Flags().StringVar(&o.clientID, "client-id", "", "the OAuth application's `ID`")
	c.Flags().StringVar(&o.keyFile, "key-file", "", "sign in as a service with the private key in this PEM `file`; needs --client-id")
	c.Flags().StringVar(&o.keyID, "key-id", "", "the key's `ID` in Okta, if there are several")
	return c
}

func newLoginEntra(o *loginOptions) *cobra.Command {
	c := loginTo(o, "entra", "Sign in to Microsoft Entra ID", engine.SystemEntra)
	c.Flags().StringVar(&o.host, "host", "", "Microsoft Graph's `address`, of a national cloud")
	c.Flags().StringVar(&o.identifier, "app", "", "the `name` of the Docker enterprise application")
	c.Flags().StringVar(&o.tenant, "tenant", "", "the `directory`, by ID or domain")
	c.Flags().StringVar(&o.clientID, "client-id", "", "the app registration's `ID`")
	c.Flags().BoolVar(&o.clientSecret, "client-secret", false, "sign in as a service with its client secret (default)")
	c.Flags().StringVar(&o.certificate, "certificate", "", "sign in as a service with the certificate and private key in this PEM `file`")
	c.Flags().BoolVar(&o.device, "device", false, "sign in in the browser with a device code, anew in each run")
	c.Flags().BoolVar(&o.azureCLI, "azure-cli", false, "sign in as whoever is signed in to the Azure CLI")
	return c
}

func newLoginRegistry(o *loginOptions) *cobra.Command {
	c := loginTo(o, "registry", "Sign in to the registry with a credential of its own", engine.SystemRegistry)
	c.Flags().StringVar(&o.identifier, "user", "", "the Docker `ID` or organization that the token belongs to")
	c.Flags().StringVar(&o.host, "host", "", "another registry `host` than Docker Hub's, for the sandbox")
	c.Flags().BoolVar(&o.docker, "docker-login", false, "use what \"docker login\" stored; it stays where it is")
	return c
}

// runLoginAll signs in to one system after the other.
func runLoginAll(ctx context.Context, o *loginOptions, out io.Writer) error {
	ask := newPrompter(os.Stdin, os.Stdout)
	if !ask.tty || o.stdin {
		return usageError{errors.New("login asks for several secrets, one after the other: name one system, such as \"reprovision login hub --token-stdin\"")}
	}
	if err := runLogin(ctx, o, engine.SystemHub, out); err != nil {
		return err
	}
	o.identifier, o.docker, o.password = "", false, false
	which, err := ask.choose(ctx, "SCIM tells who is managed by your identity provider. Sign in to it", "yes", "not now")
	if err != nil {
		return err
	}
	if which == 0 {
		if err := runLogin(ctx, o, engine.SystemSCIM, out); err != nil {
			return err
		}
	}
	which, err = ask.choose(ctx, "Your identity provider", "Okta", "Microsoft Entra ID", "another, or not now")
	if err != nil {
		return err
	}
	switch which {
	case 0:
		return runLogin(ctx, o, engine.SystemOkta, out)
	case 1:
		return runLogin(ctx, o, engine.SystemEntra, out)
	}
	return nil
}

// runLogin signs in to one system: asks, proves, probes, keeps.
func runLogin(ctx context.Context, o *loginOptions, id engine.SystemID, out io.Writer) error {
	if err := o.oneWay(); err != nil {
		return err
	}
	if !slices.Contains([]string{"auto", string(storeKeyring), string(storeFile)}, o.store) {
		return usageError{fmt.Errorf("--store %s: it must be keyring, file or auto", o.store)}
	}
	ask := newPrompter(os.Stdin, os.Stdout)
	if o.org == "" && o.profile == "" && id == engine.SystemHub && !o.stdin && ask.tty {
		var err error
		if o.org, err = ask.ask(ctx, question{label: "Docker organization", help: "Its name in lower case, as in app.docker.com/accounts/NAME."}); err != nil {
			return err
		}
	}
	v, err := openVault(o.profile, o.org, ask.passphrase)
	if err != nil {
		return err
	}
	if v.name == "" {
		return usageError{errors.New("which organization? Give --org, or sign in to Docker Hub first")}
	}
	if o.dockerID != "" {
		v.profile.DockerID = o.dockerID
	}
	if err := o.chooseMethod(ctx, id, ask); err != nil {
		return err
	}
	cred, k, err := o.credential(ctx, id, v, ask)
	if err != nil {
		return err
	}
	s, err := newSystems(placesOf(cred), "", transport.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	s.person = person{open: ask.open, code: ask.secondFactor}
	_, _ = fmt.Fprintf(out, "Signing in to %s…\n", systemTitles[id])
	err = s.prove(ctx, cred)
	for open := (*idp.ChoiceError)(nil); errors.As(err, &open) && ask.tty && !o.stdin; {
		err = s.chooseApp(ctx, id, open, ask, out)
	}
	if err != nil {
		return err
	}
	if renewed, ok := s.credential(id); ok {
		cred = renewed
	}
	k.Proven, k.Expires = time.Now(), expiry(cred)
	_, _ = fmt.Fprintf(out, "%s accepts it%s.\n\n", systemTitles[id], as(cred.Identifier))
	writeRights(out, s.rights(ctx, id, v.profile.Org))
	if !keepable(cred) {
		_, _ = fmt.Fprintf(out, "\nA password's session ends at %s and is not kept. \"reprovision --password\" signs in so for one walk;\n"+
			"to stay signed in, make an organization access token and sign in with that.\n", s.Hub().Until().Local().Format(time.DateTime))
		return nil
	}
	if err := o.keep(ctx, v, cred, k, ask, out); err != nil {
		return err
	}
	return v.memorize(ctx, cred)
}

// oneWay refuses flags that contradict each other.
func (o *loginOptions) oneWay() error {
	var given []string
	for _, f := range []struct {
		set  bool
		name string
	}{
		{o.password, "--password"},
		{o.docker, "--docker-login"},
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
		return usageError{fmt.Errorf("%s exclude each other", strings.Join(given, " and "))}
	}
	return nil
}

// chooseMethod asks how to sign in, where there are several ways and no flag
// says which.
func (o *loginOptions) chooseMethod(ctx context.Context, id engine.SystemID, ask *prompter) error {
	if !ask.tty || o.stdin || o.password || o.docker || o.identifier != "" {
		return nil
	}
	const borrowed = "what \"docker login\" stored (read now, with your consent; it stays where it is)"
	switch id {
	case engine.SystemHub:
		n, err := ask.choose(ctx, "Sign in with", "an access token (an organization's is what the walk needs)", "username, password and second factor (not kept)", borrowed)
		o.password, o.docker = n == 1, n == 2
		return err
	case engine.SystemRegistry:
		n, err := ask.choose(ctx, "Sign in with", "an access token", borrowed)
		o.docker = n == 1
		return err
	case engine.SystemSCIM, engine.SystemOkta, engine.SystemEntra, engine.SystemMember:
	}
	return nil
}

func as(who string) string {
	if who == "" {
		return ""
	}
	return " as " + clean(who)
}

// placesOf is the world that a credential of its own host belongs to.
func placesOf(c engine.Credential) places {
	if c.System == engine.SystemRegistry {
		return places{Registry: c.Host}
	}
	return places{}
}

// keep stores the credential; where the keyring cannot be used it says why and
// offers the encrypted file.
func (o *loginOptions) keep(ctx context.Context, v *vault, cred engine.Credential, k known, ask *prompter, out io.Writer) error {
	if o.store != "auto" {
		v.profile.Store = storeKind(o.store)
	}
	for {
		err := v.keep(ctx, cred, k)
		if err == nil {
			_, from := v.store()
			where := "in the " + string(from)
			if k.DockerLogin {
				where = "by docker login, and is not copied"
			}
			_, _ = fmt.Fprintf(out, "\nKept %s as %q, in profile %s.\n", where, v.entry(cred.System), clean(v.name))
			return nil
		}
		why := credentials.Reason(err)
		if why == "" || v.profile.Store == storeFile {
			return fmt.Errorf("signed in, but the credential could not be stored: %w", err)
		}
		_, _ = fmt.Fprintln(out, "\n"+why)
		if o.store == "auto" && os.Getenv("REPROVISION_PASSPHRASE") != "" {
			v.profile.Store = storeFile
			continue
		}
		if !ask.tty || o.stdin || o.store != "auto" {
			return fmt.Errorf("signed in, but the credential could not be stored: %w; --store file keeps it in an encrypted file, with the passphrase in REPROVISION_PASSPHRASE or typed", err)
		}
		n, err := ask.choose(ctx, "Where to keep it", "try the keyring again, now that it is unlocked", "in a file encrypted with a passphrase", "nowhere")
		switch {
		case err != nil:
			return err
		case n == 1:
			v.profile.Store = storeFile
		case n == 2:
			_, _ = fmt.Fprintln(out, "Nothing was kept. The walk will ask for it.")
			return nil
		}
	}
}

// credential gathers what signs in, from flags, standard input and questions.
func (o *loginOptions) credential(ctx context.Context, id engine.SystemID, v *vault, ask *prompter) (engine.Credential, known, error) {
	c := engine.Credential{System: id, Host: o.host, Identifier: o.identifier, Client: engine.Client{ID: o.clientID, Tenant: o.tenant, Key: o.keyID}}
	if o.docker {
		h := v.borrow(ctx, id)
		if h.Broken != "" {
			return c, known{}, errors.New(h.Broken)
		}
		c.Identifier, c.Secret = h.Identifier, h.Secret
		return c, known{DockerLogin: true}, nil
	}
	switch {
	case o.password:
		c, err := askPassword(ctx, ask, orElse(o.identifier, v.profile.DockerID))
		c.Host = o.host
		return c, known{}, err
	case o.device:
		c.Method = engine.MethodDevice
	case o.azureCLI:
		c.Method = engine.MethodAzureCLI
	case o.keyFile != "":
		c.Method = engine.MethodKey
	case o.certificate != "":
		c.Method = engine.MethodCertificate
	case id == engine.SystemEntra && (o.clientSecret || o.clientID != "" || !o.stdin):
		c.Method = engine.MethodClientSecret
	}
	if err := o.complete(ctx, &c, v, ask); err != nil {
		return c, known{}, err
	}
	var err error
	switch {
	case o.stdin:
		c.Secret, err = readSecret(o.in)
	case c.Method == engine.MethodKey:
		c.Secret, err = readPEM(o.keyFile)
	case c.Method == engine.MethodCertificate:
		c.Secret, err = readPEM(o.certificate)
	case needsSecret(c):
		form := forms(v.profile.Org)[id]
		c.Secret, err = ask.secret(ctx, secretLabel(c, form.Secret.Label), form.Help)
	}
	return c, known{}, err
}

func secretLabel(c engine.Credential, label string) string {
	if c.Method == engine.MethodClientSecret {
		return "Client secret"
	}
	return orElse(label, "Token")
}

// complete asks for what is missing beside the secret.
func (o *loginOptions) complete(ctx context.Context, c *engine.Credential, v *vault, ask *prompter) error {
	fill := func(into *string, flag string, q question) error {
		if *into != "" {
			return nil
		}
		if o.stdin || !ask.tty {
			if q.value == "" {
				return usageError{fmt.Errorf("%s is needed", flag)}
			}
			*into = q.value
			return nil
		}
		answer, err := ask.ask(ctx, q)
		*into = answer
		return err
	}
	switch c.System {
	case engine.SystemHub, engine.SystemRegistry:
		return fill(&c.Identifier, "--user", question{label: "Organization or Docker ID that the token belongs to", value: v.profile.Org})
	case engine.SystemOkta:
		if err := fill(&c.Host, "--host", question{label: "Okta's address, such as https://acme.okta.com"}); err != nil {
			return err
		}
		if c.Method != engine.MethodToken {
			if err := fill(&c.Client.ID, "--client-id", question{label: "Client ID of the OAuth application"}); err != nil {
				return err
			}
		}
		return fill(&c.Identifier, "--app", question{label: "Label of the Docker application", value: defaultApp})
	case engine.SystemEntra:
		if c.Method != engine.MethodToken {
			if err := fill(&c.Client.Tenant, "--tenant", question{label: "Directory (tenant), by ID or domain"}); err != nil {
				return err
			}
		}
		if c.Method != engine.MethodToken && c.Method != engine.MethodAzureCLI {
			if err := fill(&c.Client.ID, "--client-id", question{label: "Application (client) ID of the app registration"}); err != nil {
				return err
			}
		}
		return fill(&c.Identifier, "--app", question{label: "Name of the Docker enterprise application", value: defaultApp})
	case engine.SystemSCIM, engine.SystemMember:
	}
	return nil
}

// readPEM reads a private key, whose lines belong to it.
func readPEM(path string) (engine.Secret, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return engine.Secret{}, fmt.Errorf("read the private key: %w", err)
	}
	if !strings.Contains(string(raw), "-----BEGIN ") {
		return engine.Secret{}, fmt.Errorf("read the private key: %s is not PEM (-----BEGIN …)", path)
	}
	return engine.NewSecret(string(raw)), nil
}
