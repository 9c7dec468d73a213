package entra

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// principal is an enterprise application (Microsoft Graph, servicePrincipal).
type principal struct {
	ID      string    `json:"id"`
	AppID   string    `json:"appId"`
	Name    string    `json:"displayName"`
	Enabled *bool     `json:"accountEnabled"`
	SSO     string    `json:"preferredSingleSignOnMode"` // saml, oidc, password or nothing
	Roles   []appRole `json:"appRoles"`
}

type appRole struct {
	ID    string `json:"id"`
	Name  string `json:"displayName"`
	Value string `json:"value"`
}

// job is a provisioning job (synchronizationJob).
type job struct {
	ID       string `json:"id"`
	Template string `json:"templateId"`
	Schedule struct {
		State string `json:"state"` // Active, Disabled, Paused
	} `json:"schedule"`
	Status struct {
		Code          string      `json:"code"` // NotConfigured, NotRun, Active, Paused, Quarantine
		Quarantine    *quarantine `json:"quarantine"`
		LastExecution *struct {
			State string   `json:"state"`
			Error *problem `json:"error"`
		} `json:"lastExecution"`
	} `json:"status"`
}

type quarantine struct {
	Reason string   `json:"reason"`
	Error  *problem `json:"error"`
}

// problem is a synchronizationError.
type problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (p *problem) String() string {
	if p == nil {
		return ""
	}
	if p.Code == "" || strings.Contains(p.Message, p.Code) {
		return p.Message
	}
	return strings.TrimSuffix(p.Code+": "+p.Message, ": ")
}

// quarantineReasons are the values of quarantineReason in words.
var quarantineReasons = map[string]string{
	"EncounteredBaseEscrowThreshold":       "too many people failed",
	"EncounteredTotalEscrowThreshold":      "too many people failed over time",
	"EncounteredEscrowProportionThreshold": "too large a share of people failed",
	"EncounteredQuarantineException":       "Docker's SCIM service could not be used, most often because its token is not accepted any more",
	"QuarantinedOnDemand":                  "somebody put it there",
	"TooManyDeletes":                       "it was about to delete too many people",
	"IngestionInterrupted":                 "its source was interrupted",
}

// off says why the job sends nothing, "" if it does.
func (j job) off() string {
	switch {
	case j.Status.Code == "Quarantine" || j.Status.Quarantine != nil:
		why := "the provisioning job is in quarantine"
		if q := j.Status.Quarantine; q != nil {
			if words := quarantineReasons[q.Reason]; words != "" {
				why += ": " + words
			}
			why += fmt.Sprintf(" (%s)", q.Reason)
			if text := q.Error.String(); text != "" {
				why += "; " + text
			}
		}
		return why
	case j.Status.Code == "NotConfigured":
		return "the provisioning job is not configured"
	case j.Status.Code == "Paused", j.Schedule.State == "Paused", j.Schedule.State == "Disabled":
		return "the provisioning job is stopped"
	}
	return ""
}

// startable reports whether starting the job may help: Microsoft asks to do so
// only while it is paused or in quarantine, for it can stop the service
// otherwise (synchronizationJob: start).
func (j job) startable() bool { return j.off() != "" && j.Status.Code != "NotConfigured" }

// target is the application that provisions, with its job and mapping.
type target struct {
	principal principal
	job       job
	rule      rule
	mapping   mapping
}

const principalFields = "id,appId,displayName,accountEnabled,preferredSingleSignOnMode,appRoles"

// Application finds the application that provisions Docker: the one of that
// name, or, where sign-in by OIDC has taken the name, the one beside it whose
// name begins so (Docker, "Set up SCIM": with OIDC a second application is
// needed).
func (c *Client) Application(ctx context.Context) (idp.Application, error) {
	t, err := c.target(transport.WithOp(ctx, "find application "+c.name))
	return t.application(), err
}

func (t target) application() idp.Application {
	p := t.provisioning()
	status := "enabled"
	if t.principal.Enabled != nil && !*t.principal.Enabled {
		status = "disabled"
	}
	return idp.Application{
		ID: t.principal.ID, Label: t.principal.Name, Status: status, SignOnMode: t.principal.SSO, ConsoleURL: consoleURL(t.principal), Provisioning: p,
	}
}

func (t target) provisioning() idp.Provisioning {
	p := idp.Provisioning{Known: true, Why: t.job.off()}
	p.Enabled = p.Why == ""
	flows := strings.Split(strings.ReplaceAll(t.mapping.Flows, " ", ""), ",")
	for _, f := range []struct {
		name string
		on   *bool
	}{{"Add", &p.Create}, {"Update", &p.Update}, {"Delete", &p.Deactivate}} {
		*f.on = t.mapping.Enabled && (t.mapping.Flows == "" || slices.Contains(flows, f.name))
	}
	if p.Enabled && !p.Create {
		p.Why = "the user mapping does not create anybody (Provisioning > Attribute mapping)"
	}
	return p
}

func (c *Client) target(ctx context.Context) (target, error) {
	candidates, err := c.candidates(ctx)
	if err != nil {
		return target{}, err
	}
	var found []target
	for _, p := range candidates {
		jobs, err := list[job](ctx, c, path("servicePrincipals", p.ID, "synchronization", "jobs"), nil)
		if err != nil {
			return target{}, err
		}
		for _, j := range jobs {
			if c.jobID == "" || j.ID == c.jobID {
				found = append(found, target{principal: p, job: j})
			}
		}
		if len(found) > 0 && (p.Name == c.name || p.ID == c.id) {
			break // the very name wins over names that begin so
		}
	}
	switch len(found) {
	case 0:
		return target{}, fmt.Errorf("entra: no provisioning job in %s; open Enterprise applications, and give the name of the one whose Provisioning page is set up: %w",
			names(candidates), transport.ErrNotFound)
	case 1:
	default:
		var ids []string
		for _, t := range found {
			ids = append(ids, fmt.Sprintf("%s (application %q)", t.job.ID, t.principal.Name))
		}
		return target{}, fmt.Errorf("entra: %d provisioning jobs: %s; say which one is meant", len(found), strings.Join(ids, ", "))
	}
	t := found[0]
	t.rule, t.mapping, err = c.schema(ctx, t)
	return t, err
}

// mostCandidates bounds how many applications are asked for their jobs.
const mostCandidates = 10

// candidates are the applications that may be meant, the very name first.
func (c *Client) candidates(ctx context.Context) ([]principal, error) {
	if c.id != "" {
		var p principal
		err := c.door.GetJSON(ctx, path("servicePrincipals", c.id), url.Values{"$select": {principalFields}}, &p)
		return []principal{p}, err
	}
	all, err := list[principal](ctx, c, path("servicePrincipals"), url.Values{
		"$filter": {"startswith(displayName," + quoted(c.name) + ")"}, "$select": {principalFields}, "$top": {"100"},
	})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(p principal) bool { return p.ID == "" })
	slices.SortStableFunc(all, func(a, b principal) int {
		switch {
		case a.Name == c.name && b.Name != c.name:
			return -1
		case b.Name == c.name && a.Name != c.name:
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	if len(all) == 0 {
		return nil, fmt.Errorf("entra: no enterprise application's name begins with %q; give the name that the admin center shows: %w", c.name, transport.ErrNotFound)
	}
	return all[:min(len(all), mostCandidates)], nil
}

func names(all []principal) string {
	var out []string
	for _, p := range all {
		out = append(out, fmt.Sprintf("%q", p.Name))
	}
	return strings.Join(out, ", ")
}
