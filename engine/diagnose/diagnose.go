// Package diagnose turns a case into findings: the two causes that Docker's guide
// "Troubleshoot provisioning" names, and the reasons why neither applies. Each rule
// is a pure function of what was observed and lists its evidence.
package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// Findings returns every conclusion that the case supports, the most decisive
// first. It always returns at least one.
func Findings(c engine.Case) []engine.Finding {
	for _, rule := range []func(engine.Case) (engine.Finding, bool){guest, invitee, nothingWrong, unreadable, notAssigned, provisioningOff, misdirected} {
		f, ok := rule(c)
		if !ok {
			continue
		}
		found := []engine.Finding{f}
		if f.ID == engine.FindingNothingWrong {
			if j, ok := jitWouldOverride(c); ok {
				found = append(found, j)
			}
		}
		return found
	}
	managed := Managed(c)
	switch managed.State {
	case engine.SwitchOff:
		f := []engine.Finding{notManaged(c, managed)}
		if j, ok := jitOverrides(c, Verdict{}); ok {
			// JIT is a second cause: it would overwrite the values after the cure.
			j.Remedies = nil
			f = append(f, j)
		}
		return f
	case engine.SwitchOn:
		if j, ok := jitOverrides(c, managed); ok {
			return []engine.Finding{j}
		}
		return []engine.Finding{notDelivered(c, managed)}
	case engine.SwitchUnknown:
	}
	return []engine.Finding{undecided(c, managed)}
}

func guest(c engine.Case) (engine.Finding, bool) {
	if !c.Member.Present || !c.Member.Guest {
		return engine.Finding{}, false
	}
	return engine.Finding{
		ID: engine.FindingGuest, Strength: engine.Certain,
		Title:    "This is a guest",
		Detail:   "Their address is outside the organization's verified domains, so neither SCIM nor JIT of this connection manages them. Set their role and teams by hand. Never remove a guest in the hope that provisioning brings them back: it cannot.",
		Evidence: []engine.Evidence{c.Evidence(engine.FactMember, "Docker marks "+c.Member.Email+" as a guest")},
		Remedies: []engine.Remedy{engine.RemedyAdvice},
	}, true
}

func invitee(c engine.Case) (engine.Finding, bool) {
	if !c.Member.Invitee {
		return engine.Finding{}, false
	}
	return engine.Finding{
		ID: engine.FindingInvitee, Strength: engine.Certain,
		Title:    "This person has not joined yet",
		Detail:   "They hold an invite, which is accepted at their next sign-in. Cancel the invite and let the identity provider create them, or wait until they sign in and look again.",
		Evidence: []engine.Evidence{c.Evidence(engine.FactMember, "Docker lists them as an invitee")},
		Remedies: []engine.Remedy{engine.RemedyAdvice},
	}, true
}

func nothingWrong(c engine.Case) (engine.Finding, bool) {
	compared := engine.Compare(c)
	if compared == nil || !c.Member.Present || engine.Differs(c) {
		return engine.Finding{}, false
	}
	if !c.Expected.Stated && !c.Expected.Assigned {
		return engine.Finding{}, false
	}
	f := engine.Finding{
		ID: engine.FindingNothingWrong, Strength: engine.Certain,
		Title:  "Nothing is wrong",
		Detail: "Docker shows the role and the teams that " + c.Expected.Provider + " sends.",
	}
	if c.Expected.Stated {
		f.Strength = engine.Likely
		f.Detail = "Docker shows the role and the teams that you say they should have."
	}
	for _, x := range compared {
		f.Evidence = append(f.Evidence, c.Evidence(engine.FactMember, fmt.Sprintf("%s: %s", x.Attribute, cmp.Or(x.Docker, "none"))))
		if x.Extra != "" {
			f.Evidence = append(f.Evidence, c.Evidence(engine.FactMember, "also on teams that the identity provider does not name, which is allowed: "+x.Extra))
		}
	}
	return f, true
}

// unreadable applies if one of the sides to compare is not known.
func unreadable(c engine.Case) (engine.Finding, bool) {
	if c.Member.Present && engine.Compare(c) != nil {
		return engine.Finding{}, false
	}
	f := engine.Finding{
		ID: engine.FindingUndecided, Strength: engine.Unknown,
		Title:    "There is not enough to compare",
		Detail:   "What Docker shows and what the identity provider sends must both be readable before a cause can be named.",
		Remedies: []engine.Remedy{engine.RemedyAdvice},
	}
	if !c.Member.Present && c.Sources[engine.FactMember].Known() {
		f.Title = "They are not a member"
		f.Detail = c.Username + " is not in the organization " + c.Org + ". If they were removed for provisioning, push them from the identity provider; if not, look for a different username."
		f.Evidence = append(f.Evidence, c.Evidence(engine.FactMember, "the member list has no "+c.Username))
	}
	for _, id := range []engine.FactID{engine.FactMember, engine.FactExpectation} {
		if s := c.Sources[id]; s.Missing != "" {
			f.Evidence = append(f.Evidence, c.Evidence(id, id.Title()+": "+s.Missing))
		}
	}
	return f, true
}

func notAssigned(c engine.Case) (engine.Finding, bool) {
	if c.Expected.Stated || c.Expected.Assigned {
		return engine.Finding{}, false
	}
	return engine.Finding{
		ID: engine.FindingNotAssigned, Strength: engine.Certain,
		Title: "The identity provider does not assign them to Docker",
		Detail: "Nothing is sent for a person who is not assigned to the application " + c.Expected.Application +
			", and nobody would create them again after a removal. Assign them (or a group of theirs) there, then look again.",
		Evidence: []engine.Evidence{c.Evidence(engine.FactExpectation, "no assignment of "+c.Member.Email+" to "+c.Expected.Application)},
		Remedies: []engine.Remedy{engine.RemedyAdvice},
	}, true
}

func provisioningOff(c engine.Case) (engine.Finding, bool) {
	if c.Expected.Provisioning != engine.SwitchOff {
		return engine.Finding{}, false
	}
	why := c.Expected.ProvisioningWhy
	if why == "" {
		why = "the application's provisioning features are off"
	}
	return engine.Finding{
		ID: engine.FindingProvisioningOff, Strength: engine.Certain,
		Title:    "Provisioning is switched off in the identity provider",
		Detail:   "The application " + c.Expected.Application + " sends nothing to Docker, so its role and team attributes never arrive. Switch on creating and updating users there, or lift what stops it, then look again.",
		Evidence: []engine.Evidence{c.Evidence(engine.FactExpectation, why)},
		Remedies: []engine.Remedy{engine.RemedyAdvice},
	}, true
}

func misdirected(c engine.Case) (engine.Finding, bool) {
	why := engine.Misdirected(c, c.Expected.Org, c.Expected.UserName)
	if why == "" {
		return engine.Finding{}, false
	}
	return engine.Finding{
		ID: engine.FindingMisdirected, Strength: engine.Certain,
		Title:    "The identity provider sends them elsewhere",
		Detail:   "Its values do not reach this membership, and after a removal they would not come back here. Correct what it sends, then look again.",
		Evidence: []engine.Evidence{c.Evidence(engine.FactExpectation, why)},
		Remedies: []engine.Remedy{engine.RemedyAdvice},
	}, true
}

func notManaged(c engine.Case, m Verdict) engine.Finding {
	return engine.Finding{
		ID: engine.FindingNotManaged, Strength: m.Strength,
		Title: "SCIM does not manage this account",
		Detail: "The account was in the organization before SCIM could create it, so SCIM updates never reach it. Docker's cure: hand over the repositories, remove the person, push them from the identity provider, " +
			"and let SCIM create the membership again with the right role and teams.",
		Evidence: slices.Concat(m.Evidence, differences(c), believes(c)),
		Remedies: []engine.Remedy{engine.RemedyReprovision},
	}
}

// jitOverrides is cause A: JIT is on, so each SSO sign-in overwrites what SCIM
// sent.
func jitOverrides(c engine.Case, m Verdict) (engine.Finding, bool) {
	jit := c.JIT()
	if jit == engine.SwitchOff {
		return engine.Finding{}, false
	}
	f := engine.Finding{
		ID: engine.FindingJITOverrides, Strength: engine.Unknown,
		Title: "Just-in-Time provisioning overrides SCIM",
		Detail: "With JIT on, the values of the SSO sign-in win over those that SCIM sends. Docker recommends disabling JIT; " +
			"or keep it, and make the SSO attributes equal to what SCIM sends.",
		Remedies: []engine.Remedy{engine.RemedyDisableJIT, engine.RemedyMatch},
		Evidence: differences(c),
	}
	rest := slices.Concat(m.Evidence, believes(c))
	if jit == engine.SwitchUnknown {
		f.Evidence = append(f.Evidence, c.Evidence(engine.FactAudit, "where the JIT switch stands is not known; it is on for every new connection"))
		f.Evidence = append(f.Evidence, rest...)
		return f, true
	}
	f.Strength = engine.Likely
	said := c.Answers[engine.AskJIT]
	f.Evidence = append(f.Evidence, engine.Evidence{Text: "JIT is on", Source: "the owner, from the console", At: said.At})
	if text, ok := signInExplains(c); ok {
		f.Strength = engine.Certain
		f.Evidence = append(f.Evidence, c.Evidence(engine.FactExpectation, text))
	}
	f.Evidence = append(f.Evidence, rest...)
	return f, true
}

// signInExplains reports whether, for every attribute in which Docker differs from SCIM,
// Docker shows exactly what the SSO sign-in carries. If so, it returns that as a text.
func signInExplains(c engine.Case) (string, bool) {
	var parts []string
	for _, x := range engine.Compare(c) {
		if x.Same {
			continue
		}
		sets := signInSets(x)
		shown := x.SSOKnown && x.Docker != "" && strings.EqualFold(sets, x.Docker)
		if x.Attribute == "teams" {
			shown = x.SSOKnown && (x.SSO != "" || x.Docker != "") && engine.SameTeams(strings.Split(sets, ","), c.Member.Teams)
		}
		if !shown {
			return "", false
		}
		parts = append(parts, carries(x)+" is what Docker shows")
	}
	return strings.Join(parts, "; "), len(parts) > 0
}

// signInSets returns the value that an SSO sign-in gives the attribute. Docker has a
// default for what the sign-in does not carry.
func signInSets(x engine.Comparison) string {
	switch {
	case x.SSO != "":
		return x.SSO
	case x.Attribute == "role":
		return "member"
	}
	return "company" // the team where a sign-in without one puts people
}

// carries says what the sign-in carries, as the beginning of a sentence about it.
func carries(x engine.Comparison) string {
	if x.SSO == "" {
		return fmt.Sprintf("sign-in carries no %s, whose default %q", x.Attribute, signInSets(x))
	}
	return fmt.Sprintf("sign-in carries %s %q, which", x.Attribute, x.SSO)
}

// Overridden returns the finding that the next sign-in may change what is right, if it is
// one of these.
func Overridden(found []engine.Finding) (engine.Finding, bool) {
	i := slices.IndexFunc(found, func(f engine.Finding) bool { return f.ID == engine.FindingJITWouldOverride })
	if i < 0 {
		return engine.Finding{}, false
	}
	return found[i], true
}

// jitWouldOverride reports whether cause A is still ahead: Docker may show the right
// values, but JIT is not known to be off, and the SSO sign-in carries others.
func jitWouldOverride(c engine.Case) (engine.Finding, bool) {
	f := engine.Finding{
		ID: engine.FindingJITWouldOverride, Strength: engine.Likely,
		Title: "The next SSO sign-in may change them",
		Detail: "JIT is on, and the SSO sign-in does not carry what SCIM sends. Docker's guide says that the values of the sign-in win. " +
			"Disable JIT, or make the SSO attributes equal to what SCIM sends.",
		Remedies: []engine.Remedy{engine.RemedyDisableJIT, engine.RemedyMatch},
		Evidence: SignInDiffers(c),
	}
	switch c.JIT() {
	case engine.SwitchOff:
		return engine.Finding{}, false
	case engine.SwitchUnknown:
		if _, asked := c.Answers[engine.AskJIT]; !asked {
			return engine.Finding{}, false
		}
		f.Strength = engine.Unknown
		f.Detail = "Whether JIT is on is not known, and the SSO sign-in does not carry what SCIM sends. If it is on, the values of the sign-in win. " +
			"Disable JIT, or make the SSO attributes equal to what SCIM sends."
	case engine.SwitchOn:
	}
	return f, len(f.Evidence) > 0
}

// SignInDiffers lists what the SSO sign-in is known to carry that would not leave the
// values as SCIM sends them.
func SignInDiffers(c engine.Case) []engine.Evidence {
	var out []engine.Evidence
	for _, x := range engine.Compare(c) {
		kept := strings.EqualFold(signInSets(x), x.IdP)
		if x.Attribute == "teams" {
			sets := strings.Split(signInSets(x), ",")
			kept = engine.SameTeams(slices.Concat(sets, c.Expected.Teams), sets) // it may add others
		}
		if x.SSOKnown && !kept {
			out = append(out, c.Evidence(engine.FactExpectation, carries(x)+fmt.Sprintf(" is not the %q that SCIM sends", cmp.Or(x.IdP, "none"))))
		}
	}
	return out
}

func notDelivered(c engine.Case, m Verdict) engine.Finding {
	f := engine.Finding{
		ID: engine.FindingNotDelivered, Strength: engine.Likely,
		Title:    "SCIM manages the account, but the last values did not arrive",
		Detail:   "JIT is off and SCIM knows the person, and yet Docker shows other values. Let the identity provider send the profile once more.",
		Evidence: slices.Concat(differences(c), m.Evidence, believes(c)),
		Remedies: []engine.Remedy{engine.RemedyPushProfile},
	}
	if c.Expected.SyncAdvice != "" {
		f.Detail = "JIT is off and SCIM knows the person, and yet Docker shows other values: the identity provider's last attempt to send them failed. " + c.Expected.SyncAdvice
	}
	return f
}

// syncStates describes the values of Okta's AppUserSyncState.
var syncStates = map[string]string{
	"ERROR":        "its last attempt failed",
	"OUT_OF_SYNC":  "it has changes that it has not sent",
	"SYNCHRONIZED": "it takes everything for sent",
	"SYNCING":      "it is sending now",
}

// believes returns the identity provider's own view of the person in Docker, which may
// explain updates that have no effect.
func believes(c engine.Case) []engine.Evidence {
	e := c.Expected
	if !c.Sources[engine.FactExpectation].Known() || e.Stated {
		return nil
	}
	var out []engine.Evidence
	note := func(text string) { out = append(out, c.Evidence(engine.FactExpectation, text)) }
	if e.SyncState != "" {
		text := "sync state at the identity provider: " + e.SyncState
		if words := syncStates[e.SyncState]; words != "" {
			text += " (" + words + ")"
		}
		if !e.LastSync.IsZero() {
			text += ", last on " + day(e.LastSync)
		}
		note(text)
	}
	if e.OutOf != "" {
		note("the identity provider skips them: " + e.OutOf)
	}
	for _, problem := range e.SyncErrors {
		note("the identity provider reports: " + problem)
	}
	if e.SyncAdvice != "" {
		note("what to do about it: " + e.SyncAdvice)
	}
	return out
}

func undecided(c engine.Case, m Verdict) engine.Finding {
	return engine.Finding{
		ID: engine.FindingUndecided, Strength: engine.Unknown,
		Title: "It cannot be told whether SCIM manages this account",
		Detail: "The values differ, but no evidence says whether SCIM manages the person. The tool does not act on that by itself: " +
			"sign in to SCIM to let it look, or say what you know.",
		Evidence: slices.Concat(m.Evidence, differences(c), believes(c)),
		Remedies: []engine.Remedy{engine.RemedyDisableJIT, engine.RemedyMatch, engine.RemedyReprovision},
	}
}

func differences(c engine.Case) []engine.Evidence {
	var out []engine.Evidence
	for _, x := range engine.Compare(c) {
		if !x.Same {
			out = append(out, c.Evidence(engine.FactMember, fmt.Sprintf("%s: the identity provider sends %q, Docker shows %q", x.Attribute, cmp.Or(x.IdP, "none"), cmp.Or(x.Docker, "none"))))
		}
	}
	return out
}
