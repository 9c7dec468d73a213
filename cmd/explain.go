package cmd

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/credentials/entratoken"
	"github.com/seed-05b3d87e/reprovision/api/credentials/loopback"
	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/observe"
	"github.com/seed-05b3d87e/reprovision/engine/run"
)

// scopes of an organization access token that the walk needs.
const scopes = hub.ReadScopes + " to look; " + hub.ChangeScopes + " to change; " + hub.CopyScopes + " to hand over"

// invalidScope is the OAuth error code for scopes that the application was not
// granted (RFC 6749).
const invalidScope = "invalid_scope"

// unexplained is the title of an error that has no better explanation.
const unexplained = "This did not work"

// explain describes an error for a person: what happened and what to do next.
// Both windows use it.
func explain(err error) engine.Problem {
	p := engine.Problem{Title: unexplained, Detail: err.Error(), Advice: "Try again, or go back."}
	var (
		stale   *run.StaleError
		refused *run.RefusedError
		no      *idp.RefusalError
		open    *idp.ChoiceError
		wire    *transport.Error
		journal *run.JournalError
		told    problemError
		unknown signInError
		browser *loopback.RefusedError
		denied  *registry.DeniedError
		pulls   *registry.PullLimitError
		cli     *entratoken.AzureCLIError
		kind    *kindError
	)
	if errors.As(err, &told) {
		return told.problem
	}
	if errors.As(err, &wire) {
		p.System = signInSystem(wire.System)
	}
	switch {
	case errors.As(err, &stale):
		p.Title, p.Advice, p.Stale = "Something has changed since the plan was made", "Nothing more was changed. Try again: the new plan starts from what is there now.", true
	case errors.Is(err, registry.ErrMoved):
		p.Title, p.Advice, p.System, p.Stale = "A tag has moved since the plan was made", "Nothing of that repository was copied. Try again: a new plan is made from what is there now.", "", true
	case errors.As(err, &refused):
		p.Title, p.Advice = "A safety rule forbids this", "Go back and do what it asks for first."
	case errors.As(err, &no):
		p.Title, p.Detail, p.Advice, p.System = no.Provider+" did not provision them", no.Reason, no.Advice, ""
	case errors.As(err, &open):
		p.Title, p.Detail, p.Advice = "It is not clear which application is Docker's", open.Error(), "Choose the right one; the tool does not guess."
	case errors.Is(err, run.ErrNoRun):
		p.Title, p.Detail, p.Advice = err.Error(), "", "\"reprovision runs\" lists the runs."
	case errors.As(err, &unknown):
		p.Title, p.Advice = "Not signed in", "Sign in with \"reprovision login\", or set REPROVISION_HUB_TOKEN (an organization access token) and the others."
	case errors.Is(err, run.ErrVersion):
		p.Title, p.Advice = "This journal belongs to another version of the program", "Use the version that wrote it."
	case errors.Is(err, run.ErrDamaged):
		p.Title, p.Advice = "This journal is damaged", "It was not used. Start a new walk: it reads what the organization looks like now."
	case errors.As(err, &journal):
		p.Title, p.Advice, p.System = "The journal cannot be written", "Nothing is changed without it. Free some disk space, or make its folder writable (XDG_STATE_HOME moves it); then try again.", ""
	case errors.Is(err, run.ErrBusy):
		p.Title, p.Advice = "Another run is under way", "Wait until it has ended, then try again."
	case errors.Is(err, context.Canceled):
		p.Title, p.Advice, p.System = "Cancelled", "Try again, or go back.", ""
	case errors.Is(err, engine.ErrUnsettled):
		p.Title, p.Advice, p.System = "Docker Hub has not settled yet", "For a while after a change, its answers contradict each other. Wait a moment, then try again; nothing is lost.", ""
	case errors.Is(err, observe.ErrNotSignedIn):
		p.Title, p.Advice, p.System = "Not signed in", "Sign in to Docker Hub.", engine.SystemHub
	case errors.Is(err, transport.ErrReadOnly):
		p.Title, p.Advice, p.System = "This is a dry run", "Nothing was sent. Start without --dry-run to make changes.", ""
	case errors.Is(err, transport.ErrNotApproved):
		p.Title, p.Advice, p.System = "A request that was not approved was blocked", "Nothing was sent. This is a bug in the program: please report it.", ""
	case errors.As(err, &denied):
		p.Refused = errors.Is(err, transport.ErrUnauthorized)
		p.Title = "The registry does not accept this credential for " + denied.Repository
		p.Advice = "It may have expired, or it lacks a right there: an organization access token needs " + hub.CopyScopes + "; a member's personal one, read and write. Sign in with one that has it."
	case errors.As(err, &pulls):
		p.Title, p.System, p.Advice = "The registry's pull limit is reached", "", pullAdvice(pulls.Window)
	case registryLimit(wire):
		p.Title, p.System = "The registry's rate limit is reached", ""
		p.Advice = "Try again in a few minutes: what is already copied is not sent again."
	case wire != nil && wire.System == string(engine.SystemOkta) && (wire.Code == invalidScope || errors.As(err, &browser) && browser.Code == invalidScope):
		p.Title, p.Refused = "The Okta application may not request these scopes", true
		p.Advice = "Grant it " + oktaScopes + " in the admin console (the application > Okta API Scopes), then sign in again."
	case errors.As(err, &browser):
		p.Title, p.Advice, p.Refused = "The sign-in was refused in the browser", "Sign in again as somebody with permission, or in another way.", p.System != ""
	case errors.As(err, &cli):
		p.Title, p.Detail, p.System, p.Refused = "The Azure CLI gave no access token", cli.Said, engine.SystemEntra, true
		p.Advice = "Run \"az login\" as somebody who may provision, then try again; or sign in another way."
		if cli.Missing {
			p.Advice = "Install the Azure CLI and run \"az login\", or sign in another way."
		}
	case errors.Is(err, errNobodyToAsk):
		p.Title, p.Detail, p.Refused = "Somebody has to sign in with a browser", "There is no terminal to show the address, or the last sign-in was not stored.", p.System != ""
		p.Advice = "Run \"reprovision login\" in a terminal. In automation, use a private key, a client secret or a certificate."
	case errors.Is(err, hub.ErrPersonalToken):
		p.Refused = p.System != ""
		p.Title = "A personal access token cannot do this"
		p.Advice = "Docker Hub lets only an organization access token read members and the audit log. Make one under Identity & auth > Access tokens with " + scopes + "; then sign in with the organization's name."
	default:
		explainWire(err, &p)
		if errors.As(err, &kind) {
			p.Advice = kind.advice
		}
	}
	if p.System == engine.SystemHub && errors.Is(err, observe.ErrMember) {
		p.System = engine.SystemMember
	}
	return p
}

// wireProblems says, for each way in which a request can fail, what happened and
// what to do. The first match applies.
var wireProblems = []struct {
	err           error
	title, advice string
	signIn        bool // signing in again may cure it
}{
	{registry.ErrOccupied, "Something else has that name", "Nothing there was overwritten. Go back and give the copy another name, or leave the repository behind for a reason.", false},
	{registry.ErrFormat, "An image has a format that registries no longer accept", "Nothing was sent. Have it built and pushed again, or go back and leave the repository behind for a reason.", false},
	{registry.ErrUnknown, "An image has a format that is not known here", "Nothing was sent. Copy it by hand with the tool that made it, and then go back and leave the repository behind for a reason.", false},
	{registry.ErrMalformed, "An image's manifest is malformed", "Nothing was sent. Have the tag pushed again or delete it, or go back and leave the repository behind for a reason.", false},
	{registry.ErrDamaged, "An original is incomplete", "A part that its manifest names is missing, so nobody can pull it. Have the tag pushed again or delete it, or go back and leave the repository behind for a reason.", false},
	{registry.ErrMismatch, "The copy is not what was sent", "Somebody may be pushing to the same name. Make a new plan: what is already copied is not sent again.", false},
	{transport.ErrUnauthorized, "The credential was not accepted", "It may be mistyped, expired or revoked. Sign in again.", true},
	{transport.ErrForbidden, "The credential may not do this", "Docker does not say whether the role, the scope or the subscription is at fault. An organization access token needs " + scopes + ".", true},
	{transport.ErrNotFound, "It was not found", "Check the spelling of the organization and the member. Docker gives the same answer when the credential may not see it.", false},
	{transport.ErrConflict, "It conflicts with what is there", "Somebody else may have changed it in the meantime. Try again.", false},
	{transport.ErrRateLimited, "Too many requests", "Wait a minute, then try again. Nothing is lost.", false},
	{transport.ErrRefused, "The server refused it", "Its reason is above.", false},
	{transport.ErrNotJSON, "The answer was not what the API documents", "A proxy or a sign-in page may be in the way. Check the network, then try again.", false},
	{transport.ErrTooLarge, "The answer was larger than allowed", "It was discarded. Try again; if it happens again, please report it.", false},
	{transport.ErrForeignHost, "A link led to another host", "It was not followed, and no credential was sent there.", false},
	{transport.ErrTimeout, "No answer in time", "The server or the network is slow. Nothing is lost; try again.", false},
	{transport.ErrUnreachable, "The server could not be reached", "Check the network and the address, then try again.", false},
	{transport.ErrServer, "The server failed", "The fault is not yours. Try again in a while.", false},
}

// pullAdvice is what to do when no more can be pulled. Each pull counts for as long
// as the window is; Docker Hub's is six hours (Docker, "Docker Hub usage and limits").
func pullAdvice(window time.Duration) string {
	over := "six hours on Docker Hub"
	switch {
	case window > 0 && window%time.Hour == 0:
		over = engine.Count(int(window/time.Hour), "hour")
	case window > 0:
		over = window.String()
	}
	return "Pulls are counted over " + over + " and become free again as they get older. Try again then, or quit and resume the run later: what is already copied is not sent again. " +
		"A paid subscription has a higher limit or none."
}

// registryLimit reports whether a registry refused because of its rate limit.
func registryLimit(e *transport.Error) bool {
	return e != nil && e.System == string(engine.SystemRegistry) && errors.Is(e, transport.ErrRateLimited)
}

// elsewhere replaces the advice above, which is about Docker Hub, for other systems.
var elsewhere = map[error]map[engine.SystemID]string{
	transport.ErrForbidden: {
		engine.SystemOkta:  "The missing rights are listed above. Give them to the token's owner, or sign in as somebody who has them.",
		engine.SystemEntra: "The missing permissions are listed above. Have an administrator consent to them, or sign in as somebody who has them.",
		engine.SystemSCIM:  "In Docker's console (SSO and SCIM), check that SCIM is switched on, copy its token again, and sign in with it.",
	},
	transport.ErrNotFound: {
		engine.SystemOkta:  "It may have been deleted or renamed in the meantime. Read again.",
		engine.SystemEntra: "It may have been deleted or renamed in the meantime. Read again.",
		engine.SystemSCIM:  "In Docker's console (SSO and SCIM), check that SCIM is switched on for this connection.",
	},
}

func explainWire(err error, p *engine.Problem) {
	for _, w := range wireProblems {
		if !errors.Is(err, w.err) {
			continue
		}
		p.Title, p.Advice = w.title, cmp.Or(elsewhere[w.err][p.System], w.advice)
		if !w.signIn {
			p.System = ""
		}
		p.Refused = p.System != "" && errors.Is(err, transport.ErrUnauthorized)
		return
	}
	p.System = ""
}

// signInSystem returns the system to sign in to after a refusal.
func signInSystem(name string) engine.SystemID {
	switch id := engine.SystemID(name); id {
	case engine.SystemHub, engine.SystemSCIM, engine.SystemOkta, engine.SystemEntra:
		return id
	case engine.SystemRegistry:
		return engine.SystemHub // the organization's credential serves both
	case engine.SystemMember:
	}
	return ""
}
