package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"github.com/seed-05b3d87e/reprovision/api/credentials"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/part"
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
	c.Flags().Var(orgName(&o.org), "org", "the profile of this Docker organization")
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
	App     string          `json:"application,omitempty"` // that of an identity provider
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

	given engine.Credential // without its secret
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
			System: h.System, Title: systemTitles[h.System], Who: asWhom(h.Credential), Host: hostOf(h.Credential), Method: h.Method, From: h.From, Hides: h.Hides,
			Problem: h.Broken, Expires: expiry(h.Credential), Renews: inBrowser(h.Credential) && !h.Secret.Empty(), given: h.Credential,
		}
		st.given.Secret = engine.Secret{}
		if h.System == engine.SystemOkta || h.System == engine.SystemEntra {
			st.App = h.Identifier
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
	store, _ := v.kept(h.System)
	s.person = person{keep: func(ctx context.Context, c engine.Credential) error {
		return v.renew(ctx, c, v.profile.Systems[c.System])
	}}
	s.person.turn = func(ctx context.Context, c engine.Credential) (engine.Secret, func(), error) {
		return v.turn(ctx, store, c)
	}
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
	s.introduce(ctx, h.System)
	if c, ok := s.credential(h.System); ok {
		st.Who = asWhom(c)
	}
	st.OK, st.Proven = true, time.Now()
	st.Rights = s.rights(ctx, h.System, v.profile.Org)
	if h.From == fromVariables {
		return nil
	}
	k := v.profile.Systems[h.System]
	k.Proven, k.Expires = st.Proven, st.Expires
	return v.proven(ctx, h.System, k)
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
		profile: s.Profile, org: s.Org, store: "auto", host: st.given.Host, identifier: st.given.Identifier, in: os.Stdin, accessible: accessible(), interrupts: interrupts,
		clientID: st.given.Client.ID, tenant: st.given.Client.Tenant, keyID: st.given.Client.Key, redirect: st.given.Client.Redirect, authority: st.given.Client.Authority,
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
	say("%s", strings.Join(part.Wrap(s.Precedence, widthOf(out, wide)), "\n"))
	for _, st := range s.Systems {
		head := st.Title + ": not signed in"
		if st.OK {
			head = st.Title + ": signed in"
		}
		if st.Who != "" {
			head += " as " + clean(st.Who)
		}
		say("\n%s", head)
		w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
		for _, line := range st.lines(s.Profile) {
			_, _ = fmt.Fprintf(w, "  %s\t%s\n", line[0], line[1])
		}
		if err := w.Flush(); err != nil {
			return err
		}
		if st.Problem != "" {
			paragraph(out, clean(st.Problem))
		}
		writeRights(out, st.System, st.Rights)
	}
	return nil
}

// lines are what is known of a credential, each with its name.
func (st standing) lines(profile string) [][2]string {
	out := [][2]string{{"Host", cmp.Or(clean(st.Host), "not known")}}
	if st.App != "" {
		out = append(out, [2]string{"Application", clean(st.App)})
	}
	from := string(st.From)
	if st.From == fromKeyring || st.From == fromFile {
		from += ", as " + strconv.Quote(clean(credentials.Account(profile, st.Title)))
	}
	if st.Hides != "" {
		from += " (hides the " + string(st.Hides) + ")"
	}
	return append(out, [][2]string{{"From", from}, {"Last proven", when(st.Proven, "never")}, {"Ends", st.ends()}}...)
}

// wide is enough for every table, where out is no terminal.
const wide = 200

// writeRights prints what a credential may do as a table, as wide as the terminal.
func writeRights(out io.Writer, id engine.SystemID, rights []engine.Right) {
	if len(rights) == 0 {
		return
	}
	width := widthOf(out, wide) - 2
	row := func(capability, what, granted, how string) []part.Cell {
		if width < 60 { // a column for each is too much
			return []part.Cell{{Text: capability}, {Text: granted}}
		}
		return []part.Cell{{Text: capability}, {Text: what}, {Text: granted}, {Text: how}}
	}
	table := [][]part.Cell{row("CAPABILITY", "NEEDED FOR", "GRANTED", "HOW TO GET IT")}
	for _, r := range rights {
		table = append(table, row(r.Capability, r.For, string(r.Granted), r.How))
	}
	_, _ = fmt.Fprintf(out, "\n%s\n", part.Indent(ansi.Strip(part.Grid(width, table)), 2))
	paragraph(out, rightsNote(id))
	for _, r := range rights {
		if r.Detail != "" {
			paragraph(out, r.Capability+": "+clean(r.Detail))
		}
	}
}

// paragraph prints text that belongs to what stands above it.
func paragraph(out io.Writer, text string) {
	if text == "" {
		return
	}
	for _, line := range part.Wrap(text, widthOf(out, wide)-2) {
		_, _ = fmt.Fprintln(out, strings.TrimRight("  "+line, " "))
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
