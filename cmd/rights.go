package cmd

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// grant is whether a credential may do something.
type grant string

const (
	granted    grant = "yes"
	denied     grant = "no"
	notProbed  grant = "not tried" // reading cannot tell, and nothing is changed to find out
	grantFault grant = "unknown"   // the probe failed for another reason
)

// privilege is one capability that the walk may need.
type privilege struct {
	Capability string `json:"capability"`
	For        string `json:"needed_for"`
	Granted    grant  `json:"granted"`
	How        string `json:"how_to_get_it"`
	Detail     string `json:"detail,omitempty"` // what the probe met
}

// rights tries with reading requests what a proven credential may do.
func (s *systems) rights(ctx context.Context, id engine.SystemID, org string) []privilege {
	switch id {
	case engine.SystemHub:
		return s.hubRights(ctx, org)
	case engine.SystemSCIM:
		_, err := first(s.SCIM().Users(ctx))
		return []privilege{
			{Capability: "read SCIM users", For: "telling who SCIM manages", Granted: tried(err), Detail: detail(err), How: "the token of Docker Home > Identity & auth > SSO and SCIM > Actions > Setup SCIM"},
		}
	case engine.SystemOkta:
		return s.oktaRights(ctx)
	case engine.SystemEntra:
		return []privilege{
			{Capability: "read the application", For: "what Entra would send", Granted: granted, How: "Application.Read.All"},
			{Capability: "read users", For: "what Entra would send", Granted: notProbed, How: "Directory.Read.All"},
			{Capability: "read the provisioning log", For: "verifying a push", Granted: notProbed, How: "AuditLog.Read.All"},
			{Capability: "provision on demand", For: "pushing", Granted: notProbed, How: "Synchronization.ReadWrite.All, and the role Application Administrator for a person"},
		}
	case engine.SystemRegistry:
		return []privilege{
			{Capability: "sign in to the registry", For: "handing over repositories", Granted: granted, How: "an access token"},
			{Capability: "pull and push images", For: "handing over repositories", Granted: notProbed, How: "scope-image-pull, scope-image-push"},
		}
	case engine.SystemMember:
	}
	return nil
}

func (s *systems) hubRights(ctx context.Context, org string) []privilege {
	c := s.Hub()
	read := func(capability, what, how string, err error) privilege {
		return privilege{Capability: capability, For: what, Granted: tried(err), Detail: detail(err), How: how}
	}
	change := func(capability, what, how string) privilege {
		return privilege{Capability: capability, For: what, Granted: notProbed, How: how}
	}
	_, members := first(c.Members(ctx, org, hub.MembersQuery{}))
	_, teams := c.Teams(ctx, org)
	_, invites := c.Invites(ctx, org)
	_, audit := first(c.AuditLogs(ctx, org, hub.AuditQuery{}))
	_, repositories := first(c.Repositories(ctx, org))
	return []privilege{
		read("read members", "everything", "scope-member-read", members),
		read("read teams", "the diagnosis", "scope-group-read", teams),
		read("read invites", "re-provisioning", "scope-invite-read", invites),
		read("read the audit log", "seeing the JIT switch", "scope-activity-read", audit),
		// Without the scope the list comes all the same, less what is private.
		read("list repositories", "handing over repositories", "scope-repository-list", repositories),
		change("change and remove members", "re-provisioning", "scope-member-edit"),
		change("cancel and send invites", "re-provisioning, undoing", "scope-invite-edit"),
		change("create repositories", "handing over repositories", "scope-repository-create"),
		change("pull and push images", "handing over repositories", "scope-image-pull, scope-image-push"),
	}
}

func (s *systems) oktaRights(ctx context.Context) []privilege {
	s.mu.Lock()
	c := s.okta
	s.mu.Unlock()
	words := map[string][2]string{
		"okta.apps.read":   {"read applications", "what Okta would send"},
		"okta.users.read":  {"read users", "what Okta would send"},
		"okta.groups.read": {"read groups", "assignments by a group"},
		"okta.logs.read":   {"read the System Log", "verifying a push"},
	}
	const owner = "; for an API token, a role of its owner that includes it"
	var out []privilege
	for _, r := range c.Readings(ctx) {
		w := words[r.Scope]
		out = append(out, privilege{Capability: w[0], For: w[1], Granted: tried(r.Err), Detail: detail(r.Err), How: r.Scope + owner})
	}
	return append(
		out,
		privilege{Capability: "assign people to the application", For: "pushing", Granted: notProbed, How: "okta.apps.manage" + owner},
		privilege{Capability: "change group members", For: "pushing where a group assigns", Granted: notProbed, How: "okta.groups.manage" + owner},
	)
}

// first takes the first of a listing, and so one request.
func first[T any](seq iter.Seq2[T, error]) (T, error) {
	for v, err := range seq {
		return v, err
	}
	var none T
	return none, nil
}

func tried(err error) grant {
	switch {
	case err == nil:
		return granted
	case errors.Is(err, transport.ErrForbidden), errors.Is(err, transport.ErrUnauthorized), errors.Is(err, hub.ErrPersonalToken):
		return denied
	}
	return grantFault
}

func detail(err error) string {
	if err == nil {
		return ""
	}
	p := explain(err)
	return fmt.Sprintf("%s (%s)", p.Title, clean(p.Detail))
}
