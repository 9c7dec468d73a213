package entra

import (
	"context"
	"errors"
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

// quarantineReasons describes the values of quarantineReason.
var quarantineReasons = map[string]string{
	"EncounteredBaseEscrowThreshold":       "too many people failed",
	"EncounteredTotalEscrowThreshold":      "too many people failed over time",
	"EncounteredEscrowProportionThreshold": "too large a share of people failed",
	"EncounteredQuarantineException":       "Docker's SCIM service could not be used, most often because its token is not accepted any more",
	"QuarantinedOnDemand":                  "somebody put it there",
	"TooManyDeletes":                       "it was about to delete too many people",
	"IngestionInterrupted":                 "its source was interrupted",
}

// off returns why the job sends nothing, or "" if it does.
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

// startable reports whether starting the job may help. Microsoft says to start it only
// while it is paused or in quarantine, because starting can stop the service otherwise
// (synchronizationJob: start).
func (j job) startable() bool { return j.off() != "" && j.Status.Code != "NotConfigured" }

// target is the application that provisions Docker, with its job and mapping.
type target struct {
	principal principal
	job       job
	rule      rule
	mapping   mapping
}

const principalFields = "id,appId,displayName,accountEnabled,preferredSingleSignOnMode,appRoles"

// Application finds the application that provisions Docker: the one found before, if
// it still exists under the same name; else the one with the configured name, or, if
// that one is for OIDC sign-in, the one whose name starts with it (Docker, "Set up
// SCIM": OIDC needs a second application). If that is ambiguous, the error is an
// idp.ChoiceError.
func (c *Client) Application(ctx context.Context) (idp.Application, error) {
	t, err := c.target(transport.WithOp(ctx, "find application "+c.name))
	return t.application(), err
}

func (t target) ref() idp.Ref {
	return idp.Ref{ID: t.principal.ID, Label: t.principal.Name, Job: t.job.ID}
}

func (t target) application() idp.Application {
	p := t.provisioning()
	status := "enabled"
	if t.principal.Enabled != nil && !*t.principal.Enabled {
		status = "disabled"
	}
	return idp.Application{
		Ref: t.ref(), Status: status, SignOnMode: t.principal.SSO, ConsoleURL: consoleURL(t.principal, provisioningPage), Provisioning: p,
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
	t, err := c.find(ctx)
	if err != nil {
		return target{}, err
	}
	t.rule, t.mapping, err = c.schema(ctx, t)
	return t, err
}

func (c *Client) find(ctx context.Context) (target, error) {
	if known := c.Used(); known.ID != "" {
		return c.findKnown(ctx, known)
	}
	found, candidates, err := c.search(ctx)
	if err != nil {
		return target{}, err
	}
	switch len(found) {
	case 0:
		return target{}, fmt.Errorf("entra: no provisioning job in %s; open Enterprise applications, and give the name of the one whose Provisioning page is set up: %w",
			names(candidates), transport.ErrNotFound)
	case 1:
		return found[0], nil
	}
	return target{}, choice(fmt.Sprintf("%d applications or jobs may be the one for %q", len(found), c.name), found, nil)
}

// findKnown finds the application that was found before.
func (c *Client) findKnown(ctx context.Context, known idp.Ref) (target, error) {
	var p principal
	var why string
	var own []target
	err := c.client.GetJSON(ctx, path("servicePrincipals", known.ID), url.Values{"$select": {principalFields}}, &p)
	switch {
	case errors.Is(err, transport.ErrNotFound):
		why = "the application " + strings.TrimSpace(known.Label+" "+known.ID) + " is not there any more"
	case err != nil:
		return target{}, err
	default:
		if own, err = c.jobs(ctx, p); err != nil {
			return target{}, err
		}
		right := slices.DeleteFunc(slices.Clone(own), func(t target) bool { return known.Job != "" && t.job.ID != known.Job })
		switch {
		case known.Label != "" && p.Name != known.Label:
			why = fmt.Sprintf("the application %s was called %q and is called %q now", known.ID, known.Label, p.Name)
		case len(right) == 1:
			return right[0], nil
		case known.Job != "":
			why = fmt.Sprintf("the provisioning job %s of %q is not there any more", known.Job, p.Name)
		default:
			why = fmt.Sprintf("%q has %d provisioning jobs", p.Name, len(own))
		}
	}
	found, _, err := c.search(ctx)
	if err != nil && !errors.Is(err, transport.ErrNotFound) {
		return target{}, err
	}
	for _, t := range found {
		if t.principal.ID != known.ID {
			own = append(own, t)
		}
	}
	if len(own) == 0 {
		return target{}, fmt.Errorf("entra: %s, and no other application provisions %q: %w", why, c.name, transport.ErrNotFound)
	}
	return target{}, choice(why, own, nil)
}

// search finds the provisioning jobs of the candidate applications. If an application
// with exactly the configured name has jobs, it ignores those whose names only start
// with it.
func (c *Client) search(ctx context.Context) (found []target, candidates []principal, err error) {
	if candidates, err = c.candidates(ctx); err != nil {
		return nil, nil, err
	}
	for i, p := range candidates {
		if len(found) > 0 && p.Name != c.name && candidates[i-1].Name == c.name {
			break
		}
		jobs, err := c.jobs(ctx, p)
		if err != nil {
			return nil, nil, err
		}
		found = append(found, jobs...)
	}
	return found, candidates, nil
}

func (c *Client) jobs(ctx context.Context, p principal) ([]target, error) {
	jobs, err := list[job](ctx, c, path("servicePrincipals", p.ID, "synchronization", "jobs"), nil)
	var out []target
	for _, j := range jobs {
		out = append(out, target{principal: p, job: j})
	}
	return out, err
}

func choice(why string, found []target, err error) error {
	e := &idp.ChoiceError{Provider: provider, Why: why, Err: err}
	for _, t := range found {
		e.Found = append(e.Found, idp.Candidate{Ref: t.ref(), Detail: t.principal.ID + ", job " + t.job.ID + ", " + strings.ToLower(t.job.Status.Code)})
	}
	return e
}

// maxCandidates bounds the number of applications whose jobs are read.
const maxCandidates = 10

// candidates returns the applications whose names start with the configured name,
// exact matches first.
func (c *Client) candidates(ctx context.Context) ([]principal, error) {
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
	return all[:min(len(all), maxCandidates)], nil
}

func names(all []principal) string {
	var out []string
	for _, p := range all {
		out = append(out, fmt.Sprintf("%q", p.Name))
	}
	return strings.Join(out, ", ")
}
