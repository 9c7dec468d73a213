package hub_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// event is an audit event as the server writes it.
func event(n int) string {
	return fmt.Sprintf(`{"account":"acme","action":"repo.tag.push","name":"acme/app","actor":"priya-nair",
		"data":{"digest":"sha256:%04d","tag":"v%d"},"timestamp":"2026-11-20T10:%02d:00Z","action_description":"pushed the tag v%d"}`, n, n, n%60, n)
}

// events is a page with the events from first up to but not including last.
func events(first, last int) string {
	var list []string
	for n := first; n < last; n++ {
		list = append(list, event(n))
	}
	return `{"logs":[` + strings.Join(list, ",") + `]}`
}

// served gives events out of total, in pages of at most limit.
func served(total, limit int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		size, _ := strconv.Atoi(r.URL.Query().Get("page_size"))
		size = min(size, limit)
		write(w, events(min(total, (page-1)*size), min(total, page*size)))
	}
}

func TestAnAuditEventIsReadWholeAndKeptRaw(t *testing.T) {
	d := newDocker(t)
	const raw = `{"account":"acme","action":"enterprise.sso.connection.jit_toggle","name":"acme","actor":"morgan-reyes",
		"data":{"enabled":false,"connection":"acme-okta","nested":{"a":[1]}},"timestamp":"2026-11-20T10:00:00Z","action_description":"toggled\u001b[2J"}`
	d.on("GET /v2/auditlogs/acme", http.StatusOK, `{"logs":[`+raw+`]}`)
	got, err := all(d.client().AuditLogs(t.Context(), "acme", hub.AuditQuery{}))
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, map[string]string{"enabled": "false", "connection": "acme-okta", "nested": `{"a":[1]}`}, got[0].Data)
	require.Equal(t, raw, got[0].Raw)
	require.Equal(t, "toggled\x1b[2J", got[0].Description, "cleaning is for whoever shows it")
	require.Equal(t, 20, got[0].At.Day())
}

func TestAnAuditQueryIsSentAsTheReferenceNamesIt(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/auditlogs/acme", http.StatusOK, `{"logs":[]}`)
	_, err := all(d.client().AuditLogs(t.Context(), "acme", hub.AuditQuery{
		Action: "enterprise.sso.connection.jit_toggle", Name: "acme", Actor: "morgan-reyes",
		From: time.Date(2026, 11, 1, 9, 30, 0, 0, time.FixedZone("", 3600)), To: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC),
	}))
	require.NoError(t, err)
	got, err := url.ParseQuery(d.seen()[0].Query)
	require.NoError(t, err)
	require.Equal(t, url.Values{
		"action": {"enterprise.sso.connection.jit_toggle"}, "name": {"acme"}, "actor": {"morgan-reyes"},
		"from": {"2026-11-01T08:30:00Z"}, "to": {"2026-11-23T00:00:00Z"}, "page": {"1"}, "page_size": {"100"},
	}, got)
}

func TestAuditLogsAreReadUntilAPageIsShort(t *testing.T) {
	for name, c := range map[string]struct {
		total, limit, requests int
	}{
		"nothing": {0, 100, 1},
		"a short first page, which may have been limited": {24, 100, 2},
		"a server that gives tiny pages":                  {35, 10, 4},
		"full pages and a short one":                      {230, 100, 3},
		"only full pages":                                 {200, 100, 3},
		"a server that gives smaller pages":               {130, 50, 3},
		"a server that gives its default":                 {75, 25, 4},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDocker(t)
			d.handle("GET /v2/auditlogs/acme", served(c.total, c.limit))
			got, err := all(d.client().AuditLogs(t.Context(), "acme", hub.AuditQuery{}))
			require.NoError(t, err)
			require.Len(t, got, c.total)
			require.Len(t, d.seen(), c.requests)
		})
	}
}

func TestAnEventThatIsPushedToTheNextPageComesOnce(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/auditlogs/acme page 1", http.StatusOK, events(0, 30))
	d.on("GET /v2/auditlogs/acme page 2", http.StatusOK, events(28, 31))
	got, err := all(d.client(func(o *hub.Options) { o.PageSize = 30 }).AuditLogs(t.Context(), "acme", hub.AuditQuery{}))
	require.NoError(t, err)
	require.Len(t, got, 31)
}

func TestAnAuditLogThatDoesNotEndIsNoticed(t *testing.T) {
	t.Run("the same page again", func(t *testing.T) {
		d := newDocker(t)
		d.on("GET /v2/auditlogs/acme", http.StatusOK, events(0, 100))
		got, err := all(d.client().AuditLogs(t.Context(), "acme", hub.AuditQuery{}))
		require.ErrorIs(t, err, hub.ErrEndless)
		require.Len(t, got, 100)
		require.Len(t, d.seen(), 2)
	})
	t.Run("ever new pages", func(t *testing.T) {
		d := newDocker(t)
		d.handle("GET /v2/auditlogs/acme", served(1<<30, 30))
		_, err := all(d.client(func(o *hub.Options) { o.MaxPages = 5 }).AuditLogs(t.Context(), "acme", hub.AuditQuery{}))
		require.ErrorIs(t, err, hub.ErrEndless)
		require.Len(t, d.seen(), 5)
	})
}

func TestAnEmptyObjectIsAnEmptyAuditLogButAnotherObjectIsNone(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/auditlogs/acme", http.StatusOK, `{}`)
	got, err := all(d.client().AuditLogs(t.Context(), "acme", hub.AuditQuery{}))
	require.NoError(t, err)
	require.Empty(t, got)

	for _, body := range []string{`{"detail":"try later","error":false}`, `null`, `{"logs":{}}`} {
		d.on("GET /v2/auditlogs/acme", http.StatusOK, body)
		_, err = all(d.client().AuditLogs(t.Context(), "acme", hub.AuditQuery{}))
		require.ErrorIs(t, err, hub.ErrShape, body)
	}
}

func TestARateLimitOfTheAuditLogIsWaitedFor(t *testing.T) {
	d, n := newDocker(t), 0
	d.handle("GET /v2/auditlogs/acme", func(w http.ResponseWriter, _ *http.Request) {
		if n++; n == 1 {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
			write(w, `{"detail":"Rate limit exceeded","error":false}`)
			return
		}
		write(w, events(0, 1))
	})
	var waits []transport.Wait
	c := d.client(func(o *hub.Options) { o.Transport.Waiting = func(w transport.Wait) { waits = append(waits, w) } })
	got, err := all(c.AuditLogs(t.Context(), "acme", hub.AuditQuery{}))
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Len(t, waits, 1)
	require.GreaterOrEqual(t, waits[0].For, 7*time.Second)
}

const actions = `{"actions":{
	"enterprise":{"label":"Enterprise","actions":[
		{"name":"sso.connection.scim_toggle","label":"Enforce SCIM","description":"SCIM switched"},
		{"name":"sso.connection.jit_toggle","label":"Toggle JIT provisioning","description":"JIT switched"}]},
	"org":{"label":"Organization","actions":[
		{"name":"create","label":"Organization Created","description":""},
		{"name":"team.create","label":"Organization Created","description":""},
		{"name":"member.remove","label":"Organization Member Removed","description":""}]},
	"repo":{"label":"Repository","actions":[
		{"name":"create","label":"Repository Created","description":""},
		{"name":"tag.push","label":"Repository tag pushed","description":""}]}}}`

func TestAuditActionsAreResolvedByKeyThenByNameThenByLabel(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/auditlogs/acme/actions", http.StatusOK, actions)
	catalogue, err := d.client().AuditActions(t.Context(), "acme")
	require.NoError(t, err)
	require.Len(t, catalogue, 7)

	for name, c := range map[string]struct{ key, label, want string }{
		"by key":                           {"enterprise.sso.connection.jit_toggle", "", "enterprise.sso.connection.jit_toggle"},
		"by name, the category is another": {"company.sso.connection.jit_toggle", "", "enterprise.sso.connection.jit_toggle"},
		"by label, the key was renamed":    {"org.member.removed", "organization member removed", "org.member.remove"},
		"a name that two categories have":  {"team.create", "", ""},
		"a label that two actions have":    {"org.created", "Organization Created", ""},
		"neither":                          {"org.gone", "Gone", ""},
		"nothing":                          {"", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			action, ok := catalogue.Resolve(c.key, c.label)
			require.Equal(t, c.want != "", ok)
			require.Equal(t, c.want, action.Key)
		})
	}

	jit, _ := catalogue.Resolve("enterprise.sso.connection.jit_toggle", "")
	require.Equal(t, "Toggle JIT provisioning", jit.Label)
	require.Equal(t, "Enterprise", jit.CategoryLabel)
	require.True(t, jit.Matches(hub.AuditEvent{Action: "enterprise.sso.connection.jit_toggle"}))
	require.True(t, jit.Matches(hub.AuditEvent{Action: "sso.connection.jit_toggle"}))
	require.False(t, jit.Matches(hub.AuditEvent{Action: "enterprise.sso.connection.scim_toggle"}))
	require.Equal(t, "Repository tag pushed", catalogue.Label(hub.AuditEvent{Action: "repo.tag.push"}))
	require.Equal(t, "new.thing", catalogue.Label(hub.AuditEvent{Action: "new.thing"}))
}

func TestAMalformedCatalogueIsAnError(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/auditlogs/acme/actions", http.StatusOK, `{"code":7,"message":"no"}`)
	_, err := d.client().AuditActions(t.Context(), "acme")
	require.ErrorIs(t, err, hub.ErrShape)
}
