package engine

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Further actions of the push, each a file of package remedy.
const (
	ActionPushOther ActionID = "push-other" // the identity provider's second way, if it has one
	ActionReinvite  ActionID = "re-invite"  // invites the member back with the old role and teams, until a push works
)

// Product is an identity provider that a person operates by hand, because the tool
// has no client for it or nobody signed in to it.
type Product struct{ ID, Name string }

// Products returns the products with known clicks, and OtherProduct last.
func Products() []Product {
	return []Product{
		{"okta", "Okta"},
		{"entra", "Microsoft Entra ID"},
		{"onelogin", "OneLogin"},
		{"pingone", "PingOne"},
		{"jumpcloud", "JumpCloud"},
		{"google", "Google Workspace"},
		{"keycloak", "Keycloak"},
		{OtherProduct, "another identity provider"},
	}
}

// OtherProduct is the ID for any other product.
const OtherProduct = "other"

// PushWay is one way to make the identity provider create the member again.
type PushWay struct {
	Title string        `json:"title"`           // in the imperative
	Why   string        `json:"why"`             // when to take it
	Takes time.Duration `json:"takes,omitempty"` // the time until it shows, if longer than usual
	// Revives reports whether this way restarts stopped provisioning.
	Revives bool `json:"revives,omitempty"`
}

// Misdirected returns why the values org and userName, sent by an identity provider,
// would not reach the member in this organization, or "" if they would. dockerOrg
// overrides the connection's organization, and userName is the address of the account
// that SCIM finds or creates (Docker, "Set up SCIM").
func Misdirected(c Case, org, userName string) string {
	email := cmp.Or(c.Member.Email, c.Snapshot.Email)
	switch {
	case org != "" && !strings.EqualFold(org, c.Org):
		return "dockerOrg is " + org + ": they would be created in that organization, and not in " + c.Org
	case userName != "" && email != "" && !strings.EqualFold(userName, email):
		return "userName is " + userName + ", and Docker knows them as " + email + ": another account would be created"
	}
	return ""
}

// PushBlockers returns why a push would not bring the member back now, or "" if it
// would. If other is true, it is about the identity provider's second way.
func PushBlockers(c Case, other bool) string {
	e := c.Expected
	var way PushWay
	if i := index(other); i < len(e.Ways) {
		way = e.Ways[i]
	}
	switch {
	case len(c.Owed(pushAction(other))) > 0:
		return "" // what was taken is given back, whatever would be sent
	case c.Member.Present && !c.DryRun:
		return "they are a member of the organization: nothing has to be created"
	case !c.Sources[FactExpectation].Known():
		return "what the identity provider sends is not known"
	case e.Stated:
		if other {
			return "your identity provider is operated by hand"
		}
		return ""
	case !e.Assigned && len(c.Remaining(pushAction(other))) == 0:
		return "the identity provider does not assign them to " + e.Application
	case other && way.Title == "":
		return "the identity provider has no other way"
	case e.Provisioning == SwitchOff && !way.Revives:
		return "nothing would be sent: " + cmp.Or(e.ProvisioningWhy, "provisioning is off in "+e.Application)
	case e.OutOf != "":
		return "they would be skipped: " + e.OutOf
	}
	if why := Misdirected(c, e.Org, e.UserName); why != "" {
		return "they would be sent elsewhere: " + why
	}
	return ""
}

// Removed returns when this walk last removed the member, or the zero time if it did
// not.
func (c Case) Removed() time.Time {
	var at time.Time
	for _, r := range c.Receipts {
		if r.Action == ActionRemove {
			at = r.At
		}
	}
	return at
}

// Out reports whether this walk removed the member from the organization and they are
// not known to be back. Facts read before the removal do not count.
func (c Case) Out() bool {
	removed := c.Removed()
	if removed.IsZero() || c.DryRun {
		return false
	}
	if k, ok := c.Pushed(); ok && k.OK {
		return c.Sources[FactMember].At.After(k.At) && !c.Member.Present
	}
	return !c.Member.Present || !c.Sources[FactMember].At.After(removed)
}

// Pushed returns the last check of a push since the member was last removed, whichever
// way it went, and whether there was one. In a dry run it is that of the preview.
func (c Case) Pushed() (last Check, ok bool) {
	removed := c.Removed()
	for _, id := range []ActionID{ActionPush, ActionPushOther} {
		if k, done := c.Done[id]; done && k.At.After(removed) && (!ok || k.At.After(last.At)) {
			last, ok = k, true
		}
	}
	return last, ok
}

// SaidManaged returns what the owner has said about whether SCIM manages the member, ""
// if nothing. What was said before a removal is not about who is back since.
func (c Case) SaidManaged() string {
	a := c.Answers[AskManaged]
	if removed := c.Removed(); !removed.IsZero() && a.At.Before(removed) {
		return ""
	}
	return a.Value
}

func pushAction(other bool) ActionID {
	if other {
		return ActionPushOther
	}
	return ActionPush
}

func index(other bool) int {
	if other {
		return 1
	}
	return 0
}

// OwnTeams returns the snapshot's teams that Docker does not put the member on by
// itself.
func (s Snapshot) OwnTeams() []string {
	return slices.DeleteFunc(slices.Clone(s.Teams), builtinTeam)
}

// ReinviteBlockers returns why the member cannot be invited back as the snapshot
// says, or "" if they can.
func ReinviteBlockers(c Case) string {
	switch {
	case c.DryRun:
		return "this is a dry run: nobody was removed"
	case !c.Snapshot.Taken:
		return "no snapshot was taken, so their role and teams are not known"
	case c.Snapshot.Email == "":
		return "their address is not known"
	case !c.Member.Present && len(c.Invites) > 0:
		return "an invite is pending already"
	case c.Member.Present && len(c.LostTeams()) == 0:
		return "they are a member, with all teams of the snapshot"
	}
	return ""
}

// LostTeams returns the snapshot's own teams that the member is not on.
func (c Case) LostTeams() []string {
	return slices.DeleteFunc(c.Snapshot.OwnTeams(), func(t string) bool {
		return slices.ContainsFunc(c.Member.Teams, func(x string) bool { return strings.EqualFold(x, t) })
	})
}
