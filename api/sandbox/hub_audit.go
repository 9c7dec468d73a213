package sandbox

import (
	"net/http"
	"time"
)

// defaultAuditPage is the page_size of audit logs when none is asked for.
const defaultAuditPage = 25

func (s *Sandbox) hubAuditRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v2/auditlogs/{org}", s.auditRoute(s.listAudit))
	mux.HandleFunc("GET /v2/auditlogs/{org}/actions", s.auditRoute(func(w http.ResponseWriter, _ *http.Request, _ identity) {
		writeJSON(w, http.StatusOK, map[string]any{"actions": auditActions})
	}))
}

// auditRoute is orgRoute with the refusal of personal tokens that audit logs have.
func (s *Sandbox) auditRoute(handle func(http.ResponseWriter, *http.Request, identity)) http.HandlerFunc {
	guarded := s.orgRoute(handle)
	return func(w http.ResponseWriter, r *http.Request) {
		if who, ok := s.bearer(r); ok && who.name != "" && !who.organization && !who.owner {
			writeJSON(w, http.StatusForbidden, map[string]any{"message": "forbidden", "errinfo": map[string]any{}})
			return
		}
		guarded(w, r)
	}
}

// listAudit answers with the events of one page and nothing else: no count, no
// link. A page that is not full is the last.
func (s *Sandbox) listAudit(w http.ResponseWriter, r *http.Request, _ identity) {
	query := r.URL.Query()
	number, size, ok := readWindow(query, min(defaultAuditPage, s.options.PageSize), s.options.PageSize)
	from, okFrom := optionalTime(query.Get("from"))
	to, okTo := optionalTime(query.Get("to"))
	if !ok || !okFrom || !okTo {
		writeJSON(w, http.StatusBadRequest, map[string]any{
			"code": 3, "message": "a query parameter has a value that it does not take", "details": []any{},
		})
		return
	}
	events := s.org.events(auditQuery{
		action: query.Get("action"), name: query.Get("name"), actor: query.Get("actor"), from: from, to: to,
	})
	first := min((number-1)*size, len(events))
	logs := []map[string]any{}
	for _, e := range events[first:min(first+size, len(events))] {
		logs = append(logs, map[string]any{
			"account": s.org.name, "action": e.action, "name": e.name, "actor": e.actor, "data": e.data,
			"timestamp": e.at.UTC().Format(time.RFC3339), "action_description": e.description,
		})
	}
	writeJSON(w, http.StatusOK, map[string]any{"logs": logs})
}

func optionalTime(text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	t, err := time.Parse(time.RFC3339, text)
	return t, err == nil
}
