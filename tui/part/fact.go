package part

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Reading is the state of a fact that is being read.
type Reading struct {
	Started bool
	Read    bool
	Text    string // reported by the observer
}

// FactList draws facts with their values, sources and times, or why they are not
// known. live has the states during an observation, and is nil otherwise; spin is the
// spinner's frame.
func FactList(t theme.Theme, width int, c engine.Case, ids []engine.FactID, live map[engine.FactID]Reading, spin string) string {
	var rows []factRow
	for _, id := range ids {
		row, ok := knownFact(t, c, id)
		if live != nil {
			row, ok = liveFact(t, live[id], spin), true
		}
		if ok {
			row.title = id.Title()
			rows = append(rows, row)
		}
	}
	if width < 74 {
		return narrowFacts(t, width, rows)
	}
	var grid [][]Cell
	for _, r := range rows {
		row := []Cell{{r.sign, r.tone}, {r.title, r.name}, {r.value, t.Text}, {r.source, t.Faint}}
		if width < 100 {
			row = []Cell{row[0], row[1], {r.valueAndSource(), t.Text}}
		}
		grid = append(grid, row)
	}
	return Grid(width, grid)
}

type factRow struct {
	sign                 string
	title, value, source string
	tone, name           lipgloss.Style
}

// valueAndSource returns the value followed by its source.
func (r factRow) valueAndSource() string {
	if r.source == "" || r.value == "" {
		return r.value + r.source
	}
	return r.value + "  (" + r.source + ")"
}

func liveFact(t theme.Theme, r Reading, spin string) factRow {
	switch {
	case r.Read:
		return factRow{sign: t.Glyph.Done, tone: t.OK, name: t.Text, value: Clean(r.Text)}
	case r.Started:
		return factRow{sign: spin, tone: t.Accent, name: t.Strong, value: Clean(r.Text)}
	}
	return factRow{sign: t.Glyph.Todo, tone: t.Faint, name: t.Faint}
}

func knownFact(t theme.Theme, c engine.Case, id engine.FactID) (factRow, bool) {
	s, seen := c.Sources[id]
	switch {
	case !seen:
		return factRow{}, false
	case s.Missing != "":
		return factRow{sign: t.Glyph.Unknown, tone: t.Warn, name: t.Muted, value: Clean("not known: " + s.Missing)}, true
	}
	return factRow{sign: t.Glyph.Done, tone: t.OK, name: t.Muted, value: Clean(FactValue(c, id)), source: Clean(stamp(s.Name, s.At))}, true
}

func narrowFacts(t theme.Theme, width int, rows []factRow) string {
	var out []string
	for _, r := range rows {
		out = append(out, Fit(r.tone.Render(r.sign)+" "+r.name.Render(r.title), width))
		if r.value != "" {
			out = append(out, Hang("  ", r.value, width, t.Text))
		}
		if r.source != "" {
			out = append(out, Hang("  ", r.source, width, t.Faint))
		}
	}
	return Lines(out...)
}

// FactValue describes a fact in a few words.
func FactValue(c engine.Case, id engine.FactID) string {
	switch id {
	case engine.FactSession:
		return sessionValue(c.Session)
	case engine.FactRoster:
		return fmt.Sprintf("%d people", len(c.Roster))
	case engine.FactMember:
		return memberValue(c.Member)
	case engine.FactInvites:
		return inviteValue(c.Invites)
	case engine.FactAudit:
		return auditValue(c.Audit)
	case engine.FactSCIM:
		return c.SCIM.Detail
	case engine.FactSCIMUser:
		if !c.SCIMUser.Found {
			return "no record"
		}
		if !c.SCIMUser.Active {
			return c.SCIMUser.UserName + ", not active"
		}
		return c.SCIMUser.UserName + ", active"
	case engine.FactExpectation:
		return expectationValue(c.Expected)
	case engine.FactRepositories:
		return repositoryValue(c.Repositories)
	case engine.FactSnapshot:
		if !c.Snapshot.Taken {
			return "not taken"
		}
		return cmp.Or(c.Snapshot.Role, "no role") + teams(c.Snapshot.Teams)
	}
	return ""
}

func sessionValue(s engine.Session) string {
	var on []string
	for _, x := range s.Systems {
		if x.OK {
			on = append(on, x.Title)
		}
	}
	return cmp.Or(strings.Join(on, ", "), "none yet")
}

func memberValue(m engine.Member) string {
	switch {
	case !m.Present:
		return "not a member"
	case m.Guest:
		return "guest, " + m.Role + teams(m.Teams)
	case m.Invitee:
		return "invited, has not joined"
	}
	return m.Role + teams(m.Teams)
}

func inviteValue(list []engine.Invite) string {
	if len(list) == 0 {
		return "none"
	}
	var out []string
	for _, i := range list {
		out = append(out, "to "+cmp.Or(i.Team, "no team")+" by "+cmp.Or(i.Inviter, "somebody"))
	}
	return strings.Join(out, ", ")
}

func auditValue(a engine.Audit) string {
	var out []string
	if len(a.JIT) > 0 {
		out = append(out, "JIT last toggled "+Day(a.JIT[0].At))
	} else {
		out = append(out, "no JIT toggle in the log")
	}
	if since := a.SCIMEnabledSince(); !since.IsZero() {
		out = append(out, "SCIM first switched "+Day(since))
	}
	return strings.Join(out, "; ")
}

func expectationValue(e engine.Expectation) string {
	switch {
	case e.Stated:
		return e.WantedRole() + teams(e.Teams) + ", as you said"
	case !e.Assigned:
		return e.Provider + " does not assign them to " + e.Application
	}
	out := e.Provider + ": " + e.WantedRole() + teams(e.Teams)
	if e.UserName != "" {
		out += ", as " + strings.TrimSpace(strings.Join([]string{e.GivenName, e.LastName, e.UserName}, " "))
	}
	if e.Org != "" {
		out += " in " + e.Org
	}
	if e.Scope == "group" {
		out += ", through " + cmp.Or(strings.Join(e.Groups, ", "), "a group")
	}
	return out
}

func repositoryValue(r engine.Repositories) string {
	out := fmt.Sprintf("%d personal", len(r.Personal))
	if !r.PrivateVisible {
		out += " (private ones cannot be seen)"
	}
	if len(r.LastPushed) > 0 {
		out += "; last to push: " + strings.Join(r.LastPushed, ", ")
	}
	return out
}

func teams(list []string) string {
	if len(list) == 0 {
		return " on no team"
	}
	return " on " + strings.Join(list, ", ")
}

// stamp describes where and when something was read.
func stamp(source string, at time.Time) string {
	switch {
	case at.IsZero():
		return source
	case source == "":
		return minute(at)
	}
	return source + ", " + minute(at)
}

// minute formats the time at which something was read. Seconds matter only for
// changes.
func minute(at time.Time) string { return at.Local().Format("15:04") }

// Clock formats a time of day.
func Clock(at time.Time) string { return at.Local().Format(time.TimeOnly) }

// Day formats a date.
func Day(at time.Time) string { return at.Local().Format(time.DateOnly) }
