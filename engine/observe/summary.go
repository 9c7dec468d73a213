package observe

import (
	"fmt"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// summary returns the value of a fact in one line.
func (o *Observer) summary(c engine.Case, id engine.FactID) string {
	if m := c.Sources[id].Missing; m != "" {
		return m
	}
	switch id {
	case engine.FactSession:
		return sessionSummary(c.Session)
	case engine.FactRoster:
		return fmt.Sprintf("%d people", len(c.Roster))
	case engine.FactMember:
		if !c.Member.Present {
			return "not a member"
		}
		return c.Member.Role + " on " + list(c.Member.Teams)
	case engine.FactInvites:
		return fmt.Sprintf("%d pending", len(c.Invites))
	case engine.FactAudit:
		return fmt.Sprintf("%d JIT and %d SCIM toggles", len(c.Audit.JIT), len(c.Audit.SCIM))
	case engine.FactSCIM:
		return c.SCIM.Detail
	case engine.FactSCIMUser:
		if !c.SCIMUser.Found {
			return "no record"
		}
		return "a record for " + c.SCIMUser.UserName
	case engine.FactExpectation:
		if !c.Expected.Assigned && !c.Expected.Stated {
			return "not assigned to " + c.Expected.Application
		}
		sent := c.Expected.WantedRole() + " on " + list(c.Expected.Teams)
		if c.Expected.UserName != "" {
			sent += ", as " + strings.TrimSpace(strings.Join([]string{c.Expected.GivenName, c.Expected.LastName, c.Expected.UserName}, " "))
		}
		if c.Expected.Org != "" {
			sent += " in " + c.Expected.Org
		}
		return sent
	case engine.FactRepositories:
		return fmt.Sprintf("%d personal", len(c.Repositories.Personal))
	case engine.FactSnapshot:
		return c.Snapshot.Role + " on " + list(c.Snapshot.Teams)
	}
	return ""
}

func sessionSummary(s engine.Session) string {
	var in []string
	for _, x := range s.Systems {
		if x.OK {
			in = append(in, x.Title)
		}
	}
	return list(in)
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
