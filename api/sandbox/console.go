package sandbox

import (
	"bytes"
	"crypto/rand"
	"embed"
	"html/template"
	"net/http"
	"sync"
	"time"
)

//go:embed page
var pageFiles embed.FS

// pages are the console's pages by name, each with the common frame. They are
// read when the first is asked for: the demo draws its window sooner.
var pages = sync.OnceValue(func() map[string]*template.Template {
	out := map[string]*template.Template{}
	for _, name := range []string{"connection", "confirm", "members", "activity"} {
		out[name] = template.Must(template.ParseFS(pageFiles, "page/layout.html", "page/"+name+".html"))
	}
	return out
})

// consoleHandler serves the page that stands for Docker Home, the only place
// where just-in-time provisioning can be switched. It works without JavaScript.
// Requests for another host than the listener's are refused, so that no page on
// the Internet can reach it by pointing its own name here.
func (s *Sandbox) consoleHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.consoleConnection)
	mux.HandleFunc("POST /sso/jit", s.consoleJIT)
	mux.HandleFunc("GET /members", s.consoleMembers)
	mux.HandleFunc("GET /activity", s.consoleActivity)
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, pageFiles, "page/style.css")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if "http://"+r.Host != s.Addresses().ConsoleURL {
			http.Error(w, "this page answers to its own address only", http.StatusMisdirectedRequest)
			return
		}
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

// pageLength is how many members or events a page shows.
const pageLength = 500

func newCSRFToken() string { return rand.Text() }

// frame is what every page shows.
type frame struct {
	Title string
	Org   string
	Here  string // path of the page in the navigation
}

func (s *Sandbox) render(w http.ResponseWriter, name string, data any) {
	var out bytes.Buffer
	if err := pages()[name].ExecuteTemplate(&out, "layout", data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(out.Bytes())
}

func (s *Sandbox) consoleConnection(w http.ResponseWriter, r *http.Request) {
	s.org.lock()
	defer s.org.mu.Unlock()
	notice := ""
	switch done := r.URL.Query().Get("done"); {
	case done == "on" && s.org.jit:
		notice = "JIT provisioning is enabled."
	case done == "off" && !s.org.jit:
		notice = "JIT provisioning is disabled."
	}
	s.render(w, "connection", struct {
		frame
		Connection, Domain, CSRF, Notice string
		JIT, SCIM                        bool
	}{
		frame{Title: "SSO and SCIM", Org: s.org.name, Here: "/"},
		connectionName, s.org.domain, s.csrf, notice, s.org.jit, s.org.scim,
	})
}

// consoleJIT is both steps of the switch: the question, and with confirm=yes the act.
func (s *Sandbox) consoleJIT(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil || !same(r.PostForm.Get("csrf"), s.csrf) {
		http.Error(w, "This form is not from this page. Open the page again and use its button.", http.StatusForbidden)
		return
	}
	var enable bool
	title, done := "Disable JIT provisioning?", "/?done=off"
	switch r.PostForm.Get("jit") {
	case "on":
		enable, title, done = true, "Enable JIT provisioning?", "/?done=on"
	case "off":
	default:
		http.Error(w, "JIT provisioning can be switched on or off.", http.StatusBadRequest)
		return
	}
	if r.PostForm.Get("confirm") == "yes" {
		s.ToggleJIT(enable)
		http.Redirect(w, r, done, http.StatusSeeOther)
		return
	}
	s.render(w, "confirm", struct {
		frame
		Connection, CSRF string
		Enable           bool
	}{frame{Title: title, Org: s.org.name, Here: "/"}, connectionName, s.csrf, enable})
}

func (s *Sandbox) consoleMembers(w http.ResponseWriter, _ *http.Request) {
	state := s.State()
	shown := state.Members[:min(len(state.Members), pageLength)]
	s.render(w, "members", struct {
		frame
		Count   int
		More    int
		Members []Member
		Invites []Invite
	}{
		frame{Title: "Members", Org: state.Org, Here: "/members"},
		len(state.Members), len(state.Members) - len(shown), shown, state.Invites,
	})
}

func (s *Sandbox) consoleActivity(w http.ResponseWriter, _ *http.Request) {
	s.org.lock()
	defer s.org.mu.Unlock()
	type line struct{ Machine, Time, Actor, Action, Text string }
	var lines []line
	events := s.org.events(auditQuery{})
	for _, e := range events[:min(len(events), pageLength)] {
		at := e.at.UTC()
		lines = append(lines, line{at.Format(time.RFC3339), at.Format("2006-01-02 15:04:05"), e.actor, e.action, e.description})
	}
	s.render(w, "activity", struct {
		frame
		Events []line
	}{frame{Title: "Activity", Org: s.org.name, Here: "/activity"}, lines})
}
