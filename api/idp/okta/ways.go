package okta

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// ways returns the ways to make Okta create the person again, safest first. There is a
// second one only if groups grant the application.
func (c *Client) ways(a idp.Assignment) []idp.Way {
	if !a.Assigned {
		return nil
	}
	ways := []idp.Way{c.reassign(a)}
	elsewhere := slices.ContainsFunc(a.Groups, func(g idp.Group) bool { return g.Elsewhere })
	if len(a.Groups) > 0 && !elsewhere {
		ways = append(ways, c.throughGroups(a))
	}
	return ways
}

// reassign unassigns the person and assigns them again, without other effects.
func (c *Client) reassign(a idp.Assignment) idp.Way {
	who := a.Login + " in " + a.App.Label
	w := idp.Way{Title: "Unassign and assign again", Why: "Okta creates them anew; nothing else of theirs is touched"}
	if a.Scope == idp.ScopeGroup {
		w.Changes = append(w.Changes, idp.Change{
			ID: idp.ChangeConvert, Title: "Make the group's assignment an individual one", Target: who,
			Before: "assigned by a group", After: "assigned individually", Call: c.ConvertToUserCall(a),
		})
		w.Notes = append(w.Notes, "They are assigned by a group. An individual assignment takes its place, so that nothing else which the group grants is touched; afterwards, use \"Convert assignments\" in the application to give it back to the group.")
	}
	w.Changes = append(w.Changes,
		idp.Change{ID: idp.ChangeUnassign, Title: "Unassign " + a.Login, Target: who, Before: "assigned", After: "not assigned", Call: c.UnassignCall(a)},
		idp.Change{
			ID: idp.ChangeAssign, Title: "Assign " + a.Login + " again with the same values", Target: who,
			Before: "not assigned", After: "assigned: " + a.Carries(), Call: c.AssignCall(a), Restores: idp.ChangeUnassign,
		},
	)
	for _, g := range a.Groups {
		for _, app := range g.OtherApps {
			w.Notes = append(w.Notes, "Not touched: "+g.Name+" also grants "+app+".")
		}
	}
	for _, g := range a.Groups {
		if g.Elsewhere {
			w.Notes = append(w.Notes, "The members of "+g.Name+" come from another directory: Okta cannot take them out of it and put them back, so there is no way through the group here.")
		}
	}
	if len(a.Groups) > 0 {
		// Reported for Okta's API since 2019. Reports disagree on whether it applies to
		// a converted assignment.
		w.Notes = append(w.Notes, "Okta may refuse to unassign somebody whose group grants the application. Nothing is lost then; push through the group instead.")
	}
	if a.FilledUnread {
		w.Notes = append(w.Notes, "Which attributes the application's mapping fills in could not be read. If one of them differs from the person's own profile by now, Okta refuses the assignment; then assign them in the admin console, and look again.")
	}
	w.Notes = append(w.Notes, "Okta may send a deactivation when it unassigns; there is nothing left in Docker for it to touch.")
	return w
}

// throughGroups removes the person from the groups that grant the application and adds
// them again, which removes and restores everything else that those groups grant.
func (c *Client) throughGroups(a idp.Assignment) idp.Way {
	w := idp.Way{Title: "Take them out of the group and put them back", Why: "for when Okta does not let go of a group's assignment; whatever else the group grants goes and comes back with it"}
	leave := func(g idp.Group) idp.Change {
		return idp.Change{
			ID: idp.ChangeLeave + g.ID, Title: "Take " + a.Login + " out of the group " + g.Name, Target: g.Name,
			Before: "member of the group", After: "not in the group" + withoutApps(g), Call: c.RemoveFromGroupCall(g.ID, a.UserID),
		}
	}
	join := func(g idp.Group) idp.Change {
		return idp.Change{
			ID: idp.ChangeJoin + g.ID, Title: "Put " + a.Login + " back into the group " + g.Name, Target: g.Name,
			Before: "not in the group", After: "member of the group", Call: c.AddToGroupCall(g.ID, a.UserID), Restores: idp.ChangeLeave + g.ID,
		}
	}
	for _, g := range a.Groups {
		w.Changes = append(w.Changes, leave(g))
		for _, app := range g.OtherApps {
			w.Notes = append(w.Notes, g.Name+" also grants "+app+": they lose it and get it back, and "+app+" may deactivate and reactivate them.")
		}
		if len(g.OtherApps) == 0 {
			w.Notes = append(w.Notes, g.Name+" grants no other application that Okta tells of.")
		}
	}
	if a.Scope == idp.ScopeUser {
		who := a.Login + " in " + a.App.Label
		w.Changes = append(w.Changes,
			idp.Change{ID: idp.ChangeUnassign, Title: "Unassign " + a.Login, Target: who, Before: "assigned", After: "not assigned", Call: c.UnassignCall(a)})
		w.Notes = append(w.Notes, "Their individual assignment ends; the group's own takes its place.")
	}
	for _, g := range a.Groups {
		w.Changes = append(w.Changes, join(g))
	}
	w.Notes = append(w.Notes,
		"The values then come from the group's assignment: "+a.Carries()+" was read from the present one, so what was set for this person alone is lost. Compare afterwards.",
		"A group may also carry policies, licences and rules that Okta's application list does not show.")
	return w
}

func withoutApps(g idp.Group) string {
	if len(g.OtherApps) == 0 {
		return ""
	}
	return ", without " + strings.Join(g.OtherApps, ", ")
}

// Resend returns the way that writes the person's values again, for Okta to send.
func (c *Client) Resend(a idp.Assignment) idp.Way {
	return idp.Way{
		Title: "Send the profile again", Why: "Okta writes the same values to the assignment and sends them over SCIM",
		Changes: []idp.Change{{
			ID: idp.ChangeProfile, Title: "Send the profile of " + a.Login, Target: a.Login + " in " + a.App.Label,
			After: a.Carries(), Call: c.PushProfileCall(a),
		}},
		Notes: []string{"The same values are written to the assignment again; Okta then sends them over SCIM."},
	}
}

// Made reports whether a change of a way is in effect, given the current assignment.
func (c *Client) Made(ctx context.Context, a idp.Assignment, change string) (bool, error) {
	if id, ok := strings.CutPrefix(change, idp.ChangeLeave); ok {
		in, err := c.inGroup(ctx, a.UserID, id)
		return !in && err == nil, err
	}
	if id, ok := strings.CutPrefix(change, idp.ChangeJoin); ok {
		return c.inGroup(ctx, a.UserID, id)
	}
	switch change {
	case idp.ChangeConvert:
		return a.Assigned && a.Scope == idp.ScopeUser, nil
	case idp.ChangeUnassign:
		return !a.Assigned, nil
	case idp.ChangeAssign:
		return a.Assigned, nil
	}
	return false, nil
}

func (c *Client) inGroup(ctx context.Context, userID, groupID string) (bool, error) {
	theirs, err := list[group](transport.WithOp(ctx, "read the groups of the person"), c, path("users", userID, "groups"), nil)
	if err != nil {
		return false, err
	}
	for _, g := range theirs {
		if g.ID == groupID {
			return true, nil
		}
	}
	return false, nil
}

// deactivationForbidden is the code for an assignment that Okta does not remove (Okta,
// "Error codes", E0000046, with status 403).
const deactivationForbidden = "E0000046"

// statusForbids is the code for a person whose account is suspended or deactivated
// (Users API, with status 403).
const statusForbids = "E0000038"

// mappedDiffers is the code for a value that contradicts the application's mapping
// (Application Users API, with status 403).
const mappedDiffers = "E0000075"

// Push sends an approved change. Okta provisions asynchronously, so the response only
// says that the change was accepted; see Events.
func (c *Client) Push(ctx context.Context, call transport.Call) (idp.Result, error) {
	response, err := c.Send(ctx, call)
	var e *transport.Error
	if errors.As(err, &e) && (slices.Contains([]string{deactivationForbidden, mappedDiffers, statusForbids}, e.Code) || e.Status == http.StatusBadRequest) {
		return idp.Result{}, &idp.RefusalError{Provider: provider, Reason: e.Message, Advice: idp.Advise(e.Message), Err: err}
	}
	if err != nil {
		return idp.Result{}, err
	}
	return idp.Result{Status: fmt.Sprintf("HTTP %d", response.Status)}, nil
}
