package sandbox

import (
	"cmp"
	"slices"
	"time"
)

// auditEvent is one entry of the organization's activity log. The log shows it
// from visible on.
type auditEvent struct {
	at          time.Time
	visible     time.Time
	action      string
	name        string
	actor       string
	data        map[string]string
	description string
}

func (o *org) record(action, name, actor string, data map[string]string, description string) {
	at := o.now()
	o.audit = append(o.audit, auditEvent{
		at: at, visible: at.Add(o.auditDelay), action: action, name: name, actor: actor, data: data, description: description,
	})
}

// recordAt writes an event of the past.
func (o *org) recordAt(at time.Time, action, name, actor string, data map[string]string, description string) {
	o.audit = append(o.audit, auditEvent{at: at, visible: at, action: action, name: name, actor: actor, data: data, description: description})
}

// auditQuery selects events; zero fields select all.
type auditQuery struct {
	action, name, actor string
	from, to            time.Time
}

// events returns what the log shows now, newest first.
func (o *org) events(q auditQuery) []auditEvent {
	now := o.now()
	var out []auditEvent
	for _, e := range o.audit {
		switch {
		case e.visible.After(now),
			q.action != "" && q.action != e.action,
			q.name != "" && q.name != e.name,
			q.actor != "" && q.actor != e.actor,
			!q.from.IsZero() && e.at.Before(q.from),
			!q.to.IsZero() && e.at.After(q.to):
			continue
		}
		out = append(out, e)
	}
	slices.Reverse(out)
	slices.SortStableFunc(out, func(a, b auditEvent) int { return cmp.Compare(b.at.UnixNano(), a.at.UnixNano()) })
	return out
}

// action is an entry of the catalogue of the audit log.
type action struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Label       string `json:"label"`
}

type actionGroup struct {
	Label   string   `json:"label"`
	Actions []action `json:"actions"`
}

// auditActions is the catalogue as GET /v2/auditlogs/{account}/actions gives it
// (Docker Hub API reference 2-beta), by category; the key of an event is
// category, dot, name. Two labels of team actions are wrong in the reference, and
// kept.
var auditActions = map[string]actionGroup{
	"enterprise": {Label: "Enterprise", Actions: []action{
		{"setting.policy.create", "Details of adding an admin settings policy", "Policy created"},
		{"setting.policy.update", "Details of updating an admin settings policy", "Policy updated"},
		{"setting.policy.delete", "Details of deleting an admin settings policy", "Policy deleted"},
		{"sso.connection.create", "Details of creating a new org/company SSO connection", "Create SSO Connection"},
		{"sso.connection.update", "Details of updating an existing org/company SSO connection", "Update SSO Connection"},
		{"sso.connection.delete", "Details of deleting an existing org/company SSO connection", "Delete SSO Connection"},
		{"sso.connection.enforcement_toggle", "Details of toggling enforcement on an existing org/company SSO connection", "Enforce SSO"},
		{"sso.connection.scim_toggle", "Details of toggling SCIM on an existing org/company SSO connection", "Enforce SCIM"},
		{"sso.connection.scim_token_refresh", "Details of a SCIM token refresh on an existing org/company SSO connection", "Refresh SCIM Token"},
		{"sso.connection.connection_type_change", "Details of a connection type change on an existing org/company SSO connection", "Change SSO Connection Type"},
		{"sso.connection.jit_toggle", "Details of a JIT toggle on an existing org/company SSO connection", "Toggle JIT provisioning"},
	}},
	"org": {Label: "Organization", Actions: []action{
		{"create", "Activities related to the creation of a new organization", "Organization Created"},
		{"member.add", "Details of the member added to your organization", "Organization Member Added"},
		{"member.remove", "Details about the member removed from your organization", "Organization Member Removed"},
		{"member.role.change", "Details about the role changed for a member in your organization", "Member Role Changed"},
		{"member.invite.send", "Details of the member invited to your organization", "Org Member Invited"},
		{"team.create", "Activities related to the creation of a team", "Organization Created"},
		{"team.update", "Activities related to the modification of a team", "Organization Deleted"},
		{"team.delete", "Activities related to the deletion of a team", "Organization Deleted"},
		{"team.member.add", "Details of the member added to your team", "Team Member Added"},
		{"team.member.remove", "Details of the member removed from your team", "Team Member Removed"},
		{"domain.create", "Details of the single sign-on domain added to your organization", "Single Sign-On domain added"},
		{"domain.verify", "Details of the single sign-on domain verified for your organization", "Single Sign-On domain verified"},
		{"domain.delete", "Details of the single sign-on domain removed from your organization", "Single Sign-On domain deleted"},
		{"domain.auto-provisioning.toggle", "Details of toggling the Auto-Provisioning feature on a domain on or off", "Organization Auto-Provisioning Toggled"},
		{"settings.update", "Details related to the organization setting that was updated", "Organization Settings Updated"},
		{"access_token.create", "Access token created in organization", "Access token created"},
		{"access_token.update", "Access token updated in organization", "Access token updated"},
		{"access_token.delete", "Access token deleted in organization", "Access token deleted"},
		{"customrole.create", "A custom role was created", "Custom role created"},
		{"customrole.update", "An existing custom role was updated", "Custom role updated"},
		{"customrole.delete", "A custom role was deleted", "Custom role deleted"},
	}},
	"repo": {Label: "Repository", Actions: []action{
		{"create", "Activities related to the creation of a new repository", "Repository Created"},
		{"update", "Activities related to the modification of a repository", "Repository Updated"},
		{"delete", "Activities related to the deletion of a repository", "Repository Deleted"},
		{"change_privacy", "Details related to the privacy policies that were updated", "Privacy Changed"},
		{"category.updated", "Details related to updating a repository categories", "Categories updated"},
		{"immutable.tags.updated", "Details related to updating tag immutability of a repository", "Tag immutability updated"},
		{"tag.push", "Activities related to the tags pushed", "Tag Pushed"},
		{"tag.delete", "Activities related to the tags deleted", "Tag Deleted"},
	}},
}
