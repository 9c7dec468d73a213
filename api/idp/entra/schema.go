package entra

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/scim"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// rule is a synchronizationRule. provisionOnDemand requires its ID.
type rule struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Source   string    `json:"sourceDirectoryName"`
	Mappings []mapping `json:"objectMappings"`
}

// mapping is an objectMapping.
type mapping struct {
	Enabled    bool               `json:"enabled"`
	Flows      string             `json:"flowTypes"` // "Add, Update, Delete"
	Name       string             `json:"name"`
	Source     string             `json:"sourceObjectName"`
	Target     string             `json:"targetObjectName"`
	Attributes []attributeMapping `json:"attributeMappings"`
	Scope      *struct {
		Groups []struct {
			Name    string   `json:"name"`
			Clauses []clause `json:"clauses"`
		} `json:"groups"`
	} `json:"scope"`
}

type attributeMapping struct {
	Default *string `json:"defaultValue"`
	Source  *source `json:"source"`
	Target  string  `json:"targetAttributeName"`
}

// source is an attributeMappingSource.
type source struct {
	Expression string `json:"expression"`
	Name       string `json:"name"`
	Type       string `json:"type"` // Attribute, Constant, Function
}

// clause is a filterClause of a scoping filter.
type clause struct {
	Operator string `json:"operatorName"`
	Operand  string `json:"sourceOperandName"`
	Target   struct {
		Values []string `json:"values"`
	} `json:"targetOperand"`
}

// schema reads the rule that provisions users. There may be others, for groups and for
// the opposite direction.
func (c *Client) schema(ctx context.Context, t target) (rule, mapping, error) {
	var s struct {
		Rules []rule `json:"synchronizationRules"`
	}
	if err := c.client.GetJSON(ctx, path("servicePrincipals", t.principal.ID, "synchronization", "jobs", t.job.ID, "schema"), nil, &s); err != nil {
		return rule{}, mapping{}, err
	}
	for _, r := range s.Rules {
		for _, m := range r.Mappings {
			if strings.EqualFold(m.Source, "User") && r.ID != "" {
				return r, m, nil
			}
		}
	}
	return rule{}, mapping{}, fmt.Errorf("entra: the job %s of %q has no rule for users: %w", t.job.ID, t.principal.Name, transport.ErrNotFound)
}

// extension is the prefix of the names of Docker's attributes in Entra.
const extension = scim.ExtensionURN

// resolved is the value of a mapping for a person. known is false for an expression
// that only Entra can evaluate.
type resolved struct {
	expression string
	value      string
	known      bool
	mapped     bool // a mapping exists
}

// value evaluates the mapping of a target attribute.
func (m mapping) value(name string, u person, roles []string) resolved {
	for _, a := range m.Attributes {
		if a.Target != name {
			continue
		}
		out := resolved{mapped: true, known: true}
		if a.Source == nil { // only a default
			out.value = orDefault("", a.Default)
			return out
		}
		out.expression = a.Source.Expression
		value, known := u.evaluate(*a.Source, roles)
		out.value, out.known = value, known
		if known {
			out.value = orDefault(value, a.Default)
		}
		return out
	}
	return resolved{known: true}
}

func orDefault(value string, fallback *string) string {
	if value == "" && fallback != nil {
		return *fallback
	}
	return value
}

// roleFunctions matches the expression that returns the person's app role (Microsoft,
// "Reference for writing expressions for attribute mappings").
var roleFunctions = regexp.MustCompile(`^SingleAppRoleAssignment\(\s*\[appRoleAssignments\]\s*\)$`)

// evaluate evaluates constants, attributes and the app role function. For other
// expressions it returns false.
func (u person) evaluate(s source, roles []string) (string, bool) {
	switch s.Type {
	case "Constant":
		return s.Name, true
	case "Function":
		if !roleFunctions.MatchString(strings.TrimSpace(s.Expression)) || len(roles) > 1 {
			return "", false // which of several roles counts is not documented
		}
		return strings.Join(roles, ""), true
	case "Attribute", "":
		return u.attribute(s.Name)
	}
	return "", false
}

// excludes returns which scoping filter excludes the person, or "" if none does or it
// cannot be evaluated here. A person is in scope if all clauses of any group are true
// (Microsoft Graph, filter).
func (m mapping) excludes(u person) string {
	if m.Scope == nil || len(m.Scope.Groups) == 0 {
		return ""
	}
	var failed []string
	for _, g := range m.Scope.Groups {
		holds := true
		for _, c := range g.Clauses {
			ok, known := c.holds(u)
			if !known {
				return "" // Entra's scoping step will report it
			}
			if !ok {
				holds = false
				failed = append(failed, c.String())
			}
		}
		if holds {
			return ""
		}
	}
	return "the scoping filter leaves them out: it asks for " + strings.Join(failed, ", or ") + " (Provisioning > Attribute mapping > Source object scope)"
}

func (c clause) String() string {
	return strings.TrimSpace(c.Operand + " " + strings.ToLower(c.Operator) + " " + strings.Join(c.Target.Values, ", "))
}

func (c clause) holds(u person) (holds, known bool) {
	value, known := u.attribute(c.Operand)
	if !known {
		return false, false
	}
	is := slices.ContainsFunc(c.Target.Values, func(v string) bool { return strings.EqualFold(v, value) })
	switch strings.ToUpper(strings.ReplaceAll(c.Operator, " ", "")) {
	case "EQUALS":
		return is, true
	case "NOTEQUALS":
		return !is, true
	case "ISNULL":
		return value == "", true
	case "ISNOTNULL":
		return value != "", true
	}
	return false, false
}
