package engine

import (
	"slices"
	"strings"
)

// Comparison holds the values of one attribute: what the identity provider sends
// over SCIM, what the SSO sign-in would carry, and what Docker shows.
type Comparison struct {
	Attribute string
	IdP       string
	SSO       string // empty if no SSO attribute is set
	SSOKnown  bool
	Docker    string
	Same      bool // Docker shows what the identity provider sends
	Extra     string
}

// builtinTeam reports whether Docker itself puts people on the team: SCIM and JIT
// put everybody on company, and owners goes with the role.
func builtinTeam(name string) bool { return name == "company" || name == "owners" }

// Compare compares what the identity provider sends with what Docker shows. It
// returns nil if either side is unknown.
func Compare(c Case) []Comparison {
	if !c.Sources[FactMember].Known() || !c.Sources[FactExpectation].Known() {
		return nil
	}
	return []Comparison{compareRole(c), compareTeams(c)}
}

func compareRole(c Case) Comparison {
	sso, known := c.Expected.SSOValue("dockerRole")
	return Comparison{
		Attribute: "role", IdP: c.Expected.WantedRole(), SSO: sso, SSOKnown: known,
		Docker: c.Member.Role, Same: strings.EqualFold(c.Expected.WantedRole(), c.Member.Role),
	}
}

// compareTeams requires only that the expected teams are present. An extra team may
// be deliberate, so it is shown but does not count as a difference. Names are
// compared without regard to case: nobody should be removed over a capital letter.
func compareTeams(c Case) Comparison {
	sso, known := c.Expected.SSOValue("dockerTeam")
	cmp := Comparison{
		Attribute: "teams", SSO: sso, SSOKnown: known, Same: true,
		IdP: strings.Join(c.Expected.Teams, ", "), Docker: strings.Join(c.Member.Teams, ", "),
	}
	for _, t := range c.Expected.Teams {
		if !contains(c.Member.Teams, t) {
			cmp.Same = false
		}
	}
	var extra []string
	for _, t := range c.Member.Teams {
		if !builtinTeam(t) && !contains(c.Expected.Teams, t) {
			extra = append(extra, t)
		}
	}
	cmp.Extra = strings.Join(extra, ", ")
	return cmp
}

// SameTeams reports whether two lists name the same teams, ignoring order, case and
// the teams that Docker itself puts people on.
func SameTeams(a, b []string) bool {
	return slices.Equal(ownTeams(a), ownTeams(b))
}

func ownTeams(names []string) []string {
	var out []string
	for _, n := range names {
		if n = strings.ToLower(strings.TrimSpace(n)); n != "" && !builtinTeam(n) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func contains(names []string, name string) bool {
	return slices.ContainsFunc(names, func(s string) bool { return strings.EqualFold(s, name) })
}

// Differs reports whether Docker shows anything other than what the identity
// provider sends.
func Differs(c Case) bool {
	return slices.ContainsFunc(Compare(c), func(x Comparison) bool { return !x.Same })
}
