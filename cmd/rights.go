package cmd

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/idp/okta"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// rights tries with reading requests what a proven credential may do.
func (s *systems) rights(ctx context.Context, id engine.SystemID, org string) []engine.Right {
	switch id {
	case engine.SystemHub:
		return s.hubRights(ctx, org)
	case engine.SystemSCIM:
		_, err := first(s.SCIM().Users(ctx))
		return []engine.Right{
			{Capability: "read SCIM users", For: "telling who SCIM manages", Granted: tried(err), Detail: detail(err), How: "the token of Docker Home > Identity & auth > SSO and SCIM > Actions > Setup SCIM"},
		}
	case engine.SystemOkta:
		return s.oktaRights(ctx)
	case engine.SystemEntra:
		return s.entraRights(ctx)
	case engine.SystemRegistry:
		return []engine.Right{
			{Capability: "sign in to the registry", For: "handing over repositories", Granted: engine.Granted, How: "an access token"},
			{Capability: "pull and push images", For: "handing over repositories", Granted: engine.NotTried, How: "scope-image-pull, scope-image-push"},
		}
	case engine.SystemMember:
	}
	return nil
}

func (s *systems) hubRights(ctx context.Context, org string) []engine.Right {
	c := s.Hub()
	read := func(capability, what, how string, err error) engine.Right {
		return engine.Right{Capability: capability, For: what, Granted: tried(err), Detail: detail(err), How: how}
	}
	change := func(capability, what, how string) engine.Right {
		return engine.Right{Capability: capability, For: what, Granted: engine.NotTried, How: how}
	}
	_, members := first(c.Members(ctx, org, hub.MembersQuery{}))
	_, teams := c.Teams(ctx, org)
	_, invites := c.Invites(ctx, org)
	_, audit := first(c.AuditLogs(ctx, org, hub.AuditQuery{}))
	_, repositories := first(c.Repositories(ctx, org))
	return []engine.Right{
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

func (s *systems) oktaRights(ctx context.Context) []engine.Right {
	return append(
		readings(s.oktaNow().Readings(ctx), map[string][2]string{
			"okta.apps.read":            {"read applications", "what Okta would send"},
			"okta.users.read":           {"read users", "what Okta would send"},
			"okta.groups.read":          {"read groups", "assignments by a group"},
			"okta.profileMappings.read": {"read profile mappings", "pushing"},
			"okta.logs.read":            {"read the System Log", "verifying a push"},
		}),
		engine.Right{Capability: "assign people to it", For: "pushing", Granted: engine.NotTried, How: "okta.apps.manage"},
		engine.Right{Capability: "change group members", For: "pushing where a group assigns", Granted: engine.NotTried, How: "okta.groups.manage"},
	)
}

func (s *systems) oktaNow() *okta.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.okta
}

func (s *systems) entraRights(ctx context.Context) []engine.Right {
	s.mu.Lock()
	c := s.entra
	s.mu.Unlock()
	out := []engine.Right{{Capability: "read the application", For: "what Entra would send", Granted: engine.Granted, How: "Application.Read.All"}}
	out = append(out, readings(c.Readings(ctx), map[string][2]string{
		"Directory.Read.All": {"read users", "what Entra would send"},
		"AuditLog.Read.All":  {"read the provisioning log", "verifying a push"},
	})...)
	return append(out, engine.Right{Capability: "provision on demand", For: "pushing", Granted: engine.NotTried, How: "Synchronization.ReadWrite.All"})
}

// readings are the rights that were tried, each in two words of ours: what it lets
// do, and what that is for.
func readings(all []idp.Reading, words map[string][2]string) []engine.Right {
	var out []engine.Right
	for _, r := range all {
		w := words[r.Permission]
		out = append(out, engine.Right{Capability: w[0], For: w[1], Granted: tried(r.Err), Detail: detail(r.Err), How: r.Permission})
	}
	return out
}

// rightsNote says what a column of scopes leaves out.
func rightsNote(id engine.SystemID) string {
	switch id {
	case engine.SystemHub, engine.SystemRegistry:
		return "The scopes are those of the access token: Docker Home > Identity & auth > Access tokens."
	case engine.SystemOkta:
		return "The scopes are those of OAuth. An API token has no scopes: the admin roles of whoever made it count."
	case engine.SystemEntra:
		return "The permissions are those of the app registration. A person also needs the role Application Administrator."
	case engine.SystemSCIM, engine.SystemMember:
	}
	return ""
}

// introduce finds out as whom a proven credential of an identity provider signs in,
// where that has not been told yet. Not to know it hinders nobody.
func (s *systems) introduce(ctx context.Context, id engine.SystemID) {
	c, _ := s.credential(id)
	who := c.Who
	switch {
	case c.Method == engine.MethodKey, c.Method == engine.MethodClientSecret, c.Method == engine.MethodCertificate:
		who = c.Client.ID
	case id == engine.SystemOkta:
		if found, err := s.oktaNow().Who(ctx); err == nil {
			who = found
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.credentials[id]; ok {
		c.Who = who
		s.credentials[id] = c
	}
}

// first takes the first of a listing, and so one request.
func first[T any](seq iter.Seq2[T, error]) (T, error) {
	for v, err := range seq {
		return v, err
	}
	var none T
	return none, nil
}

func tried(err error) engine.Grant {
	switch {
	case err == nil:
		return engine.Granted
	case errors.Is(err, transport.ErrForbidden), errors.Is(err, transport.ErrUnauthorized), errors.Is(err, hub.ErrPersonalToken):
		return engine.Denied
	}
	return engine.NotKnown
}

func detail(err error) string {
	if err == nil {
		return ""
	}
	p := explain(err)
	return fmt.Sprintf("%s (%s)", p.Title, clean(p.Detail))
}
