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
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-05b3d87e/reprovision/api/credentials"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// authOptions are those of auth status and auth refresh.
type authOptions struct {
	profile, org string
	json         bool
	interrupts   <-chan struct{}
}

func newAuth(interrupts <-chan struct{}) *cobra.Command {
	c := &cobra.Command{Use: "auth", Short: "Show who you are signed in as, or check it again", Args: noArgs, RunE: group}
	c.AddCommand(newAuthStatus(interrupts), newAuthRefresh(interrupts))
	return c
}

func (o *authOptions) flags(c *cobra.Command) *cobra.Command {
	c.Flags().StringVar(&o.profile, "profile", os.Getenv("REPROVISION_PROFILE"), "the profile; the last one if not given")
	c.Flags().StringVar(&o.org, "org", os.Getenv("REPROVISION_ORG"), "the profile of this Docker organization")
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

func newAuthStatus(interrupts <-chan struct{}) *cobra.Command {
	o := &authOptions{}
	return o.flags(&cobra.Command{
		Use:   "status",
		Short: "Show who you are signed in as, where, and what the credentials allow",
		Long: "status checks each credential with read-only requests and shows who it signs in as, what it allows, when it expires\n" +
			"(if that is known), and where it comes from. It never shows the credential.\n\n" + precedence + " \"reprovision help environment\"\n" +
			"lists the variables.\n\n" +
			"The exit code is 4 when a credential is refused, or when nothing signs in to Docker Hub.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, end := interruptible(c.Context(), interrupts)
			defer end()
			return runAuthStatus(ctx, o, c.OutOrStdout())
		},
	})
}

func newAuthRefresh(interrupts <-chan struct{}) *cobra.Command {
	o := &authOptions{interrupts: interrupts}
	return o.flags(&cobra.Command{
		Use:   "refresh",
		Short: "Check every stored credential, renew what can be renewed, and ask for what is refused",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return runAuthRefresh(c.Context(), o, c.OutOrStdout()) },
	})
}

// standing is how one system stands.
type standing struct {
	System  engine.SystemID `json:"system"`
	Title   string          `json:"title"`
	Who     string          `json:"who,omitempty"`
	Host    string          `json:"host,omitempty"`
	Method  engine.Method   `json:"method,omitempty"`
	From    origin          `json:"from,omitempty"`
	Hides   origin          `json:"hides,omitempty"` // a stored one that the environment's takes precedence over
	OK      bool            `json:"ok"`
	Problem string          `json:"problem,omitempty"`
	Proven  time.Time       `json:"last_proven,omitzero"`
	Expires time.Time       `json:"expires,omitzero"`
	// Renews says that what ends is renewed without asking anybody.
	Renews bool           `json:"renews,omitempty"`
	Rights []engine.Right `json:"rights,omitempty"`

	client engine.Client
}

// status is what auth status prints.
type status struct {
	Profile    string     `json:"profile"`
	Org        string     `json:"organization"`
	DockerID   string     `json:"docker_id,omitempty"`
	Store      storeKind  `json:"store"`
	StoreFault string     `json:"store_fault,omitempty"` // why the store cannot be used
	Precedence string     `json:"precedence"`
	Systems    []standing `json:"systems"`
}

// look proves everything that a profile signs in with.
func look(ctx context.Context, v *vault, ask *prompter) (status, error) {
	out := status{Profile: v.name, Org: v.profile.Org, DockerID: v.profile.DockerID, Store: v.profile.Store, Precedence: precedence, Systems: []standing{}}
	all, err := v.read(ctx)
	if err != nil {
		if out.StoreFault = credentials.Reason(err); out.StoreFault == "" {
			return out, err
		}
	}
	for _, h := range all {
		k := v.profile.Systems[h.System]
		st := standing{
			System: h.System, Title: systemTitles[h.System], Who: h.Identifier, Host: h.Host, Method: h.Method, From: h.From, Hides: h.Hides,
			Problem: h.Broken, Expires: expiry(h.Credential), Renews: inBrowser(h.Credential) && !h.Secret.Empty(), client: h.Client,
		}
		if h.From != fromVariables {
			st.Proven = k.Proven
		}
		if h.Broken == "" {
			if err := examine(ctx, &st, h, v, ask); err != nil {
				return out, err
			}
		}
		out.Systems = append(out.Systems, st)
	}
	return out, nil
}

// examine proves one credential and tries what it may do.
func examine(ctx context.Context, st *standing, h held, v *vault, ask *prompter) error {
	s, err := newSystems(placesOf(h.Credential), "", transport.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	s.person = person{keep: func(ctx context.Context, c engine.Credential) error {
		return v.keep(ctx, c, v.profile.Systems[c.System])
	}}
	if ask.tty {
		s.person.ask, s.person.tell = ask.prompt, ask.tell
	}
	if err := s.prove(ctx, h.Credential); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p := explain(err)
		st.Problem = p.Title + ". " + p.Advice + " (" + clean(p.Detail) + ")"
		return nil
	}
	st.OK, st.Proven = true, time.Now()
	st.Rights = s.rights(ctx, h.System, v.profile.Org)
	if h.From == fromVariables {
		return nil
	}
	k := v.profile.Systems[h.System]
	k.Proven, k.Expires = st.Proven, st.Expires
	return v.note(ctx, h.System, k)
}

// fault is why the profile does not stand as it should, or nil.
func (s status) fault() error {
	hub := false
	for _, st := range s.Systems {
		if !st.OK {
			return reportedError{fmt.Errorf("%s: %w", st.Title, transport.ErrUnauthorized)}
		}
		hub = hub || st.System == engine.SystemHub
	}
	if !hub {
		return reportedError{fmt.Errorf("nothing signs in to Docker Hub: %w", transport.ErrUnauthorized)}
	}
	return nil
}

// show finds the profile, proves what it signs in with, and prints that.
func (o *authOptions) show(ctx context.Context, ask *prompter, out io.Writer) (status, error) {
	v, err := openVault(o.profile, o.org, ask.passphrase())
	if err != nil {
		return status{}, err
	}
	s, err := look(ctx, v, ask)
	if err != nil {
		return s, err
	}
	return s, s.write(out, o.json)
}

func runAuthStatus(ctx context.Context, o *authOptions, out io.Writer) error {
	s, err := o.show(ctx, newPrompter(os.Stdin, os.Stdout), out)
	if err != nil {
		return err
	}
	return s.fault()
}

// runAuthRefresh is status, and then a sign-in to whatever is refused, where there
// is somebody to sign in.
func runAuthRefresh(ctx context.Context, o *authOptions, out io.Writer) error {
	ask := newPrompter(os.Stdin, os.Stdout)
	showing, end := interruptible(ctx, o.interrupts)
	s, err := o.show(showing, ask, out)
	end()
	if err != nil {
		return err
	}
	if !ask.tty || o.json {
		return s.fault()
	}
	for _, st := range s.Systems {
		if st.OK || st.From == fromVariables {
			continue
		}
		_, _ = fmt.Fprintf(out, "\n%s has to be signed in to again.\n", st.Title)
		if err := runLogin(ctx, st.again(s, o.interrupts), st.System, out); err != nil {
			return err
		}
	}
	if s.StoreFault != "" {
		return reportedError{errors.New(s.StoreFault)}
	}
	return nil
}

// again is a sign-in as the last one, whose secret is asked for anew.
func (st standing) again(s status, interrupts <-chan struct{}) *loginOptions {
	o := &loginOptions{
		profile: s.Profile, org: s.Org, store: "auto", host: st.Host, identifier: st.Who, in: os.Stdin, accessible: accessible(), interrupts: interrupts,
		clientID: st.client.ID, tenant: st.client.Tenant, keyID: st.client.Key, redirect: st.client.Redirect, authority: st.client.Authority,
	}
	switch st.Method {
	case engine.MethodBrowser:
		o.browser = true
	case engine.MethodDevice:
		o.device = true
	case engine.MethodAzureCLI:
		o.azureCLI = true
	case engine.MethodClientSecret:
		o.clientSecret = true
	case engine.MethodDockerLogin:
		o.docker = true
	case engine.MethodToken, engine.MethodPassword, engine.MethodKey, engine.MethodCertificate:
	}
	return o
}

func (s status) write(out io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(out, s)
	}
	say := func(format string, a ...any) { _, _ = fmt.Fprintf(out, format+"\n", a...) }
	switch {
	case s.Profile != "":
		say("Profile %s: organization %s, credentials in the %s", clean(s.Profile), clean(s.Org), map[storeKind]origin{storeKeyring: fromKeyring, storeFile: fromFile}[s.Store])
	default:
		say("No profile yet. \"reprovision login\" makes one.")
	}
	if s.StoreFault != "" {
		say("%s", s.StoreFault)
	}
	if len(s.Systems) == 0 {
		say("Nobody is signed in.")
		return nil
	}
	say("%s\n", s.Precedence)
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "SYSTEM\tSIGNED IN\tWHO\tHOST\tFROM\tLAST PROVEN\tENDS")
	for _, st := range s.Systems {
		from := string(st.From)
		if st.Hides != "" {
			from += " (hides the " + string(st.Hides) + ")"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", st.Title, yesNo(st.OK), cmp.Or(clean(st.Who), "-"), cmp.Or(clean(st.Host), "the usual"), from, when(st.Proven, "never"), st.ends())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, st := range s.Systems {
		if st.Problem != "" {
			say("\n%s: %s", st.Title, clean(st.Problem))
		}
		if len(st.Rights) > 0 {
			say("\n%s", st.Title)
			writeRights(out, st.Rights)
		}
	}
	return nil
}

// writeRights prints what a credential may do as a table.
func writeRights(out io.Writer, rights []engine.Right) {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "  CAPABILITY\tNEEDED FOR\tGRANTED\tHOW TO GET IT")
	for _, r := range rights {
		_, _ = fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", r.Capability, r.For, r.Granted, r.How)
	}
	_ = w.Flush()
	if slices.ContainsFunc(rights, func(r engine.Right) bool { return strings.HasPrefix(r.How, "scope-") }) {
		_, _ = fmt.Fprintln(out, "  The scopes are those of the access token: Docker Home > Identity & auth > Access tokens.")
	}
	for _, r := range rights {
		if r.Detail != "" {
			_, _ = fmt.Fprintf(out, "  %s: %s\n", r.Capability, clean(r.Detail))
		}
	}
}

// ends is when a credential ends, in words.
func (st standing) ends() string {
	if st.Renews {
		return "renews itself"
	}
	return when(st.Expires, "not known")
}

func when(t time.Time, none string) string {
	if t.IsZero() {
		return none
	}
	return t.Local().Format(time.DateTime)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
