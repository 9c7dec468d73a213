package cmd

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/charmbracelet/x/term"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/cmd/internal/plain"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/run"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// runHandOver runs the member's part. It writes only to the targets of the plan, with
// the member's own credential.
func runHandOver(ctx context.Context, o *handOverOptions, out io.Writer) error {
	p, err := readPlan(o.planFile)
	if err != nil {
		return err
	}
	o.org = p.Org
	o.fill()
	if err := o.ledger().begins(p); err != nil {
		return err
	}
	// The member's own machine decides where the token goes. A file that somebody
	// sent does not.
	at := o.at
	at.Registry = cmp.Or(cmp.Or(at.Registry, os.Getenv("REPROVISION_REGISTRY_HOST")), dockerRegistry)
	at.Hub = cmp.Or(at.Hub, os.Getenv("REPROVISION_HUB_URL"))
	if at.Registry != p.Registry {
		return refused(fmt.Sprintf("the plan is for the registry %s, but you are using %s, so your token was not sent. Ask the owner; if the plan's registry is right, set REPROVISION_REGISTRY_HOST to it", p.Registry, at.Registry))
	}
	describePlan(out, p)
	_, _ = fmt.Fprintln(out, "The originals are not changed. Compare the fingerprint with the one that the owner read out to you.")
	secret, err := o.memberSecret(ctx, p.Member, out)
	if err != nil {
		return err
	}
	if err := o.agree(ctx, out); err != nil {
		return err
	}
	s, err := newSystems(at, "", transport.Options{Now: o.now, Sleep: o.sleep})
	if err != nil {
		return err
	}
	member := engine.Credential{System: engine.SystemMember, Host: at.Hub, Identifier: p.Member, Secret: secret}
	if err := s.prove(ctx, member); err != nil {
		return err
	}
	var entries []engine.ManifestEntry
	for _, r := range p.Repositories {
		more, err := o.bring(ctx, s, p, r, out)
		if err != nil {
			return fmt.Errorf("%s: %w", r.Source, err)
		}
		entries = append(entries, more...)
	}
	path := o.out
	if path == "" {
		path = strings.TrimSuffix(o.planFile, filepath.Ext(o.planFile)) + ".done.json"
	}
	if err := writeNew(path, engine.NewHandOverDone(p, entries, o.now())); err != nil {
		return fmt.Errorf("write the manifest (everything is copied; run the command again with another --output): %w", err)
	}
	if err := o.ledger().carriedOut(p); err != nil {
		return fmt.Errorf("record that the plan was carried out: %w", err)
	}
	_, _ = fmt.Fprintf(out, "Done: %d tags are equal on both sides. Give %s to the owner. They run:\n\n  reprovision handover accept --plan %s --manifest %s\n",
		len(entries), clean(path), clean(filepath.Base(o.planFile)), clean(filepath.Base(path)))
	return nil
}

func refused(reason string) error {
	return &run.RefusedError{Action: engine.ActionHandOver, Reason: reason}
}

// memberSecret reads the member's own token, which is sent to Docker only.
func (o *handOverOptions) memberSecret(ctx context.Context, member string, out io.Writer) (engine.Secret, error) {
	if o.tokenStdin {
		line, err := plain.Await(ctx, func() (string, error) { return bufio.NewReader(io.LimitReader(o.in, 64<<10)).ReadString('\n') })
		if err != nil && !errors.Is(err, io.EOF) {
			return engine.Secret{}, fmt.Errorf("read the token: %w", err)
		}
		return engine.NewSecret(strings.TrimSpace(line)), nil
	}
	if token := os.Getenv("REPROVISION_MEMBER_TOKEN"); token != "" {
		return engine.NewSecret(token), nil
	}
	f, ok := o.in.(*os.File)
	if !ok || !term.IsTerminal(f.Fd()) {
		return engine.Secret{}, usageError{errors.New("there is no terminal to ask for your token: use --token-stdin or REPROVISION_MEMBER_TOKEN")}
	}
	token, err := plain.ReadSecret(ctx, f, out, "Personal access token of "+member+", with read and write permission (not shown): ")
	_, _ = fmt.Fprintln(out)
	if err != nil {
		return engine.Secret{}, fmt.Errorf("read the token: %w", err)
	}
	return engine.NewSecret(strings.TrimSpace(token)), nil
}

// agree asks for confirmation before anything is copied. Without a terminal it
// requires --yes.
func (o *handOverOptions) agree(ctx context.Context, out io.Writer) error {
	if o.yes {
		return nil
	}
	f, ok := o.in.(*os.File)
	if !ok || !term.IsTerminal(f.Fd()) {
		return usageError{errors.New("there is no terminal to ask for confirmation: use --yes if the plan is right")}
	}
	answer, err := plain.Prompter{In: f, Out: out}.Ask(ctx, "Copy them? Type yes: ")
	if err != nil && !errors.Is(err, plain.ErrNoAnswer) {
		return err
	}
	if answer != "yes" {
		return refused("you did not say yes; nothing was copied")
	}
	return nil
}

// bring copies one repository and compares it.
func (o *handOverOptions) bring(ctx context.Context, s *systems, p engine.HandOverPlan, r engine.HandOverTarget, out io.Writer) ([]engine.ManifestEntry, error) {
	_, name, _ := strings.Cut(r.Source, "/")
	source, err := s.Member(p.Member).Repository(ctx, p.Member, name)
	if err != nil {
		return nil, err
	}
	if err := ensureTarget(ctx, s, p, r, source); err != nil {
		return nil, err
	}
	mine := s.MemberRegistry(p.Member)
	request := registry.CopyRequest{
		Source: p.Registry + "/" + r.Source, Target: p.Registry + "/" + r.Target, SourceCredential: mine, TargetCredential: mine,
	}
	tags, err := s.Registry().Describe(ctx, request.Source, mine)
	if err != nil {
		return nil, err
	}
	if len(tags) == 0 {
		return nil, errors.New("it has no tags: ask for a plan without it")
	}
	request.Pinned = map[string]string{}
	for _, t := range tags {
		if t.Unfit != nil {
			_, _ = fmt.Fprintf(out, "%s: the tag %s is not copied: %s\n", r.Source, clean(t.Name), clean(t.Unfit.Error()))
			continue
		}
		request.Pinned[t.Name] = t.Digest
		request.Tags = append(request.Tags, t.Name)
	}
	if len(request.Tags) == 0 {
		return nil, fmt.Errorf("none of its tags can be copied: ask for a plan without it: %w", tags[0].Unfit)
	}
	approved := transport.Approve(ctx, nil, s.Registry().UploadPrefixes(request.Target))
	done, err := s.Registry().Copy(approved, request, telling(out, r.Source))
	var denied *registry.DeniedError
	if errors.As(err, &denied) && denied.Repository == r.Target {
		return nil, noRight(p, r, err)
	}
	if err != nil {
		return nil, err
	}
	differences, err := s.Registry().Compare(ctx, request)
	if err != nil {
		return nil, err
	}
	if err := differ(r.Source, r.Target, differences); err != nil {
		return nil, err
	}
	_, _ = fmt.Fprintf(out, "%s → %s: %s, every digest compared; %d of %d blobs uploaded\n", r.Source, r.Target, engine.Count(len(done.Tags), "tag"), done.Sent, done.Blobs)
	var entries []engine.ManifestEntry
	for _, t := range done.Tags {
		e := engine.ManifestEntry{Repository: r.Source, Target: r.Target, Tag: t.Name, Digest: t.Digest, At: o.now().UTC()}
		if i := slices.IndexFunc(tags, func(x registry.Tag) bool { return x.Name == t.Name }); i >= 0 {
			e.Size, e.Content = tags[i].Size, engine.Content(tags[i].Content)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// telling returns a function that prints the progress of a copy at each tenth.
func telling(out io.Writer, source string) func(registry.Progress) {
	tenth := int64(0)
	return func(p registry.Progress) {
		if p.AllBytes == 0 || 10*p.Bytes/p.AllBytes <= tenth {
			return
		}
		tenth = 10 * p.Bytes / p.AllBytes
		_, _ = fmt.Fprintf(out, "  %s: %d %%, %s of %s, %d of %d layers, %d of %d tags\n",
			source, 10*tenth, part.Bytes(p.Bytes), part.Bytes(p.AllBytes), p.BlobsDone, p.Blobs, p.TagsDone, p.Tags)
	}
}

// ensureTarget creates the target with the member's credential if it does not exist.
// Otherwise a push would create it, as public.
func ensureTarget(ctx context.Context, s *systems, p engine.HandOverPlan, r engine.HandOverTarget, source hub.Repository) error {
	client := s.Member(p.Member)
	_, name, _ := strings.Cut(r.Target, "/")
	there, err := client.Repository(ctx, p.Org, name)
	switch {
	case err == nil && source.Private && !there.Private:
		return refused(r.Target + " is public and the original is private: nothing was copied; ask the owner to make it private")
	case err == nil || !errors.Is(err, transport.ErrNotFound):
		return err
	}
	call := client.CreateRepositoryCall(hub.NewRepository{
		Namespace: p.Org, Name: name, Description: source.Description, FullDescription: source.FullDescription, Private: source.Private,
	})
	_, err = client.Send(transport.Approve(ctx, []transport.Call{call}, nil), call)
	if errors.Is(err, transport.ErrForbidden) || errors.Is(err, transport.ErrConflict) {
		return noRight(p, r, err)
	}
	return err
}

func noRight(p engine.HandOverPlan, r engine.HandOverTarget, err error) error {
	return fmt.Errorf("%s may not write to %s: an owner of %s must create it as private and give one of their teams write permission, or make them an editor; then run this again to continue: %w",
		p.Member, r.Target, p.Org, err)
}
