package cmd

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// handOverOptions are the options of handover and its subcommands.
type handOverOptions struct {
	org, member, planFile, out, manifest string
	profile                              string
	repositories                         []string
	good                                 time.Duration
	yes, tokenStdin                      bool

	at          places
	credentials []engine.Credential // the owner's; nil means those of the environment and the profile
	stateDir    string
	now         func() time.Time
	sleep       func(context.Context, time.Duration) error
	in          io.Reader
}

func (o *handOverOptions) fill() {
	if o.now == nil {
		o.now = time.Now
	}
	if o.stateDir == "" {
		o.stateDir = stateDir()
	}
}

func (o *handOverOptions) ledger() ledger { return ledger{dir: o.stateDir, now: o.now} }

func newHandOver(interrupts <-chan struct{}) *cobra.Command {
	o := &handOverOptions{}
	c := &cobra.Command{
		Use:   "handover --plan file",
		Short: "Copy your own repositories into the organization, following an owner's plan",
		Long: "handover is for a member whose private repositories nobody else can read. It reads a plan file that an owner made with\n" +
			"\"reprovision handover plan\", signs in as the member, copies only the repositories in the plan, compares every digest, and\n" +
			"writes a manifest for the owner. No credential changes hands: the plan contains none, and the member pushes to the\n" +
			"organization with their own permissions. The originals are neither changed nor deleted.\n\n" +
			"Type the member's token, pipe it in with --token-stdin, or set REPROVISION_MEMBER_TOKEN. It is sent to Docker Hub, and\n" +
			"never to a registry just because the plan names it: set REPROVISION_REGISTRY_HOST to use another registry.",
		Example: "  reprovision handover plan -o plan.json --org acme --member priya-nair --repository deploy-tool\n" +
			"  reprovision handover --plan plan.json\n  reprovision handover accept --plan plan.json --manifest plan.done.json",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.planFile == "" {
				return usageError{errors.New("--plan is missing: an owner makes the file with \"reprovision handover plan\"")}
			}
			o.in = c.InOrStdin()
			ctx, end := interruptible(c.Context(), interrupts)
			defer end()
			return runHandOver(ctx, o, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&o.planFile, "plan", "", "plan file from the owner")
	c.Flags().StringVarP(&o.out, "output", "o", "", "write the manifest for the owner to this file (default: next to the plan)")
	c.Flags().BoolVar(&o.yes, "yes", false, "copy without asking for confirmation")
	c.Flags().BoolVar(&o.tokenStdin, "token-stdin", false, "read your token from standard input")
	c.AddCommand(newHandOverPlan(interrupts), newHandOverAccept(interrupts))
	return c
}

func newHandOverPlan(interrupts <-chan struct{}) *cobra.Command {
	o := &handOverOptions{}
	c := &cobra.Command{
		Use:   "plan -o file",
		Short: "Make the plan file for a member who copies their repositories themselves",
		Long: "plan writes a file that says which of a member's repositories to copy, and where to. It changes nothing, and the file\n" +
			"contains no credential. Only the member can list their private repositories: name those with --repository.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, end := interruptible(c.Context(), interrupts)
			defer end()
			return runHandOverPlan(ctx, o, c.OutOrStdout())
		},
	}
	c.Flags().StringVarP(&o.out, "output", "o", "", "the plan file to write")
	c.Flags().Var(orgName(&o.org), "org", "the Docker organization")
	c.Flags().Var((*dockerName)(&o.member), "member", "the member's username")
	c.Flags().StringArrayVar(&o.repositories, "repository", nil, "repository of the member, as name or name=new-name; repeatable (default: all public ones)")
	o.profileFlag(c)
	c.Flags().DurationVar(&o.good, "good", 7*24*time.Hour, "how long the plan is valid, at most 31 days")
	return c
}

func newHandOverAccept(interrupts <-chan struct{}) *cobra.Command {
	o := &handOverOptions{}
	c := &cobra.Command{
		Use:   "accept --plan file --manifest file",
		Short: "Verify what a member copied, so that the walk can use it",
		Long: "accept checks that everything in the member's manifest is in the organization and complete, and saves the manifest for\n" +
			"the walk. It accepts only plans made on this machine that have not expired, and each plan for one manifest only.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, end := interruptible(c.Context(), interrupts)
			defer end()
			return runHandOverAccept(ctx, o, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&o.planFile, "plan", "", "plan file that you gave the member")
	c.Flags().StringVar(&o.manifest, "manifest", "", "manifest file from the member")
	o.profileFlag(c)
	return c
}

func (o *handOverOptions) profileFlag(c *cobra.Command) {
	c.Flags().StringVar(&o.profile, "profile", os.Getenv("REPROVISION_PROFILE"), "profile to sign in with (default: the organization's, or the last one used)")
}

// owner makes read-only clients for the organization. Like the walk, it signs in
// with credentials from the environment and the profile.
func (o *handOverOptions) owner(ctx context.Context, out io.Writer) (s *systems, done func(), err error) {
	w := world{at: o.at, credentials: o.credentials}
	var from *session
	if o.credentials == nil {
		if from, err = beginSession(&walkOptions{org: o.org, profile: o.profile}, &w, atLines(newPrompter(os.Stdin, os.Stdout))); err != nil {
			return nil, nil, err
		}
		o.org = cmp.Or(o.org, from.org())
	}
	s, err = newSystems(w.at, "", transport.Options{ReadOnly: true, Now: o.now, Sleep: o.sleep}, w.credentials...)
	if err != nil {
		return nil, nil, err
	}
	s.person, done = w.person, func() {}
	if from != nil {
		from.attach(s)
		if err := from.load(ctx); err != nil {
			return nil, nil, err
		}
		done = func() { from.close(ctx, out) }
		if from.why != "" {
			_, _ = fmt.Fprintln(out, from.why)
		}
	}
	cred, ok := s.credential(engine.SystemHub)
	if !ok {
		return nil, nil, signInError{}
	}
	return s, done, s.prove(ctx, cred)
}

func runHandOverPlan(ctx context.Context, o *handOverOptions, out io.Writer) error {
	o.fill()
	if o.out == "" || o.member == "" {
		return usageError{errors.New("--output and --member are required")}
	}
	s, done, err := o.owner(ctx, out)
	if err != nil {
		return err
	}
	defer done()
	if o.org == "" {
		return usageError{errors.New("--org is required: no profile names an organization")}
	}
	wanted, err := o.wanted(ctx, s)
	if err != nil {
		return err
	}
	for _, r := range wanted {
		if err := o.free(ctx, s, r); err != nil {
			return err
		}
	}
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // it never fails
	p, err := engine.NewHandOverPlan(o.org, o.member, s.RegistryHost(), wanted, o.now(), o.good, nonce)
	if err != nil {
		return usageError{err}
	}
	if err := o.ledger().issue(p); err != nil {
		return fmt.Errorf("record the plan: %w", err)
	}
	if err := writeNew(o.out, p); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	describePlan(out, p)
	_, _ = fmt.Fprintf(out, "\nWritten to %s. Give it to %s and read the fingerprint out to them. They run:\n\n  reprovision handover --plan %s\n\n"+
		"The file grants no permissions, and they push with their own. Make %s an editor of %s, or create each target\n"+
		"first and give one of their teams write permission to it.\n", clean(o.out), o.member, clean(filepath.Base(o.out)), o.member, o.org)
	return nil
}

// wanted returns the repositories named by flags, or else all visible ones.
func (o *handOverOptions) wanted(ctx context.Context, s *systems) ([]engine.HandOverTarget, error) {
	var out []engine.HandOverTarget
	for _, r := range o.repositories {
		name, target, _ := strings.Cut(r, "=")
		if target == "" {
			target = name
		}
		out = append(out, engine.HandOverTarget{Source: o.member + "/" + name, Target: o.org + "/" + target})
	}
	if len(out) > 0 {
		return out, nil
	}
	for r, err := range s.Hub().Repositories(ctx, o.member) {
		if errors.Is(err, transport.ErrNotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		out = append(out, engine.HandOverTarget{Source: o.member + "/" + r.Name, Target: o.org + "/" + r.Name})
	}
	if len(out) == 0 {
		return nil, usageError{fmt.Errorf("%s has no public repository, and only they can list their private ones: ask for the names and pass each with --repository", o.member)}
	}
	return out, nil
}

// free returns an error unless the target does not exist, is empty, or was the target of
// the same repository in an earlier plan.
func (o *handOverOptions) free(ctx context.Context, s *systems, r engine.HandOverTarget) error {
	if p := engine.TargetProblem(o.org, r.Target); p != "" {
		return usageError{fmt.Errorf("%s: %s", r.Target, p)}
	}
	_, name, _ := strings.Cut(r.Target, "/")
	_, err := s.Hub().Repository(ctx, o.org, name)
	if errors.Is(err, transport.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("check whether %s exists: %w", r.Target, err)
	}
	tags, err := s.Registry().Digests(ctx, s.RegistryHost()+"/"+r.Target, s.OrgRegistry())
	if err != nil && !errors.Is(err, transport.ErrNotFound) {
		return fmt.Errorf("list the tags of %s: %w", r.Target, err)
	}
	// What an earlier plan has brought there is what belongs there.
	before, err := o.ledger().issuedBefore(o.org, r)
	if err != nil {
		return fmt.Errorf("look for earlier plans: %w", err)
	}
	if len(tags) > 0 && !before {
		return usageError{fmt.Errorf("%s has %d tags already: choose another name with --repository name=new-name", r.Target, len(tags))}
	}
	return nil
}

func describePlan(out io.Writer, p engine.HandOverPlan) {
	_, _ = fmt.Fprintf(out, "Hand-over from %s to %s, fingerprint %s, valid until %s:\n", p.Member, p.Org, p.Fingerprint(), p.Expires.UTC().Format("2006-01-02 15:04 UTC"))
	for _, r := range p.Repositories {
		_, _ = fmt.Fprintf(out, "  %s  →  %s\n", r.Source, r.Target)
	}
}

func runHandOverAccept(ctx context.Context, o *handOverOptions, out io.Writer) error {
	if o.planFile == "" || o.manifest == "" {
		return usageError{errors.New("--plan and --manifest are required")}
	}
	p, err := readPlan(o.planFile)
	if err != nil {
		return err
	}
	f, err := os.Open(o.manifest)
	if err != nil {
		return usageError{err}
	}
	done, err := engine.DecodeHandOverDone(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("read %s: %w", o.manifest, err)
	}
	if err := done.Follows(p); err != nil {
		return err
	}
	o.org = p.Org
	o.fill()
	if err := o.ledger().takes(p, done); err != nil {
		return err
	}
	s, end, err := o.owner(ctx, out)
	if err != nil {
		return err
	}
	defer end()
	if s.RegistryHost() != p.Registry {
		return usageError{fmt.Errorf("the plan is for the registry %s, but you are using %s", p.Registry, s.RegistryHost())}
	}
	for _, r := range done.Repositories() {
		want := map[string]string{}
		for _, t := range r.HandedTags {
			want[t.Name] = t.Digest
		}
		differences, err := s.Registry().Holds(ctx, p.Registry+"/"+r.Target, want, s.OrgRegistry())
		if err != nil {
			return err
		}
		if err := differ(r.Name, r.Target, differences); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, "%s: all %d tags in the manifest of %s are present and complete\n", r.Target, len(want), p.Member)
	}
	if err := o.ledger().accept(p, done); err != nil {
		return fmt.Errorf("record that the plan was used: %w", err)
	}
	before, ok, err := handed(o.stateDir)(p.Org, p.Member)
	if err != nil {
		return err
	}
	if ok && before.Registry == done.Registry {
		done = done.With(before)
	}
	if err := writeState0600(handedFile(o.stateDir, p.Org, p.Member), done); err != nil {
		return fmt.Errorf("save the manifest: %w", err)
	}
	_, _ = fmt.Fprintf(out, "Saved. The step \"Hand over the repositories\" now offers to use it. Only %s can know whether these are all of their repositories.\n", p.Member)
	return nil
}

func differ(source, target string, differences []registry.Difference) error {
	if len(differences) == 0 {
		return nil
	}
	return fmt.Errorf("%s differs from %s: %s (%s): copy it again", target, source, differences[0], engine.Count(len(differences), "difference"))
}

func readPlan(path string) (engine.HandOverPlan, error) {
	f, err := os.Open(path)
	if err != nil {
		return engine.HandOverPlan{}, usageError{err}
	}
	p, err := engine.DecodeHandOverPlan(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return engine.HandOverPlan{}, fmt.Errorf("read %s: %w", path, err)
	}
	return p, nil
}

// writeNew writes v as JSON to a new file. It fails if the file exists.
func writeNew(path string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(raw, '\n'))
	return errors.Join(err, f.Close())
}

// writeState0600 replaces a file in the state directory with v as JSON.
func writeState0600(path string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(path, append(raw, '\n'))
}

// handedFile returns the file in which accept saves a member's manifest. fileName
// leaves no dot in a name, so no two members share a file.
func handedFile(dir, org, member string) string {
	return filepath.Join(dir, "handovers", fileName(org)+"."+fileName(member)+".handed.json")
}

// handed reads the manifest that accept saved.
func handed(dir string) func(org, member string) (engine.HandOverDone, bool, error) {
	return func(org, member string) (engine.HandOverDone, bool, error) {
		f, err := os.Open(handedFile(dir, org, member))
		if errors.Is(err, os.ErrNotExist) {
			return engine.HandOverDone{}, false, nil
		}
		if err != nil {
			return engine.HandOverDone{}, false, fmt.Errorf("read what %s handed over: %w", member, err)
		}
		d, err := engine.DecodeHandOverDone(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return engine.HandOverDone{}, false, fmt.Errorf("read what %s handed over: %w", member, err)
		}
		return d, d.Org == org && d.Member == member, nil
	}
}

// keepManifest writes the manifest of a verified hand-over to the state directory.
func keepManifest(dir string, now func() time.Time) func(engine.Case, []engine.ManifestEntry) (string, error) {
	return func(c engine.Case, entries []engine.ManifestEntry) (string, error) {
		path := filepath.Join(dir, "handovers", fileName(c.Org)+"."+fileName(c.Username)+"."+now().UTC().Format("20060102-150405")+".json")
		return path, writeState0600(path, struct {
			Org      string                 `json:"org"`
			Member   string                 `json:"member"`
			Verified time.Time              `json:"verified"`
			Entries  []engine.ManifestEntry `json:"entries"`
		}{c.Org, c.Username, now().UTC(), entries})
	}
}
