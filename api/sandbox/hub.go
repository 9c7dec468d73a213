package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// scimBase is where the Hub serves SCIM.
const scimBase = "/v2/scim/2.0"

// maxBody bounds a request body that the JSON routes read.
const maxBody = 1 << 20

// unlimited is the limit that the headers state when none is set.
const unlimited = 6000

// hubHandler serves the Hub API and SCIM with the rate-limit headers.
func (s *Sandbox) hubHandler() http.Handler {
	mux := http.NewServeMux()
	s.hubAuthRoutes(mux)
	s.hubMemberRoutes(mux)
	s.hubTeamRoutes(mux)
	s.hubInviteRoutes(mux)
	s.hubAuditRoutes(mux)
	s.hubRepoRoutes(mux)
	s.scimRoutes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		hubError(w, http.StatusNotFound, "not found", "")
	})
	window := &rateWindow{limit: s.options.RateLimit}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !window.admit(w, s.options.Now()) {
			writeJSON(w, http.StatusTooManyRequests, map[string]any{"detail": "Rate limit exceeded", "error": false})
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// rateWindow counts requests by the minute.
type rateWindow struct {
	limit  int // 0 refuses nobody
	mu     sync.Mutex
	minute time.Time
	used   int
}

// admit writes the X-RateLimit headers, and Retry-After when it refuses.
func (l *rateWindow) admit(w http.ResponseWriter, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if minute := now.Truncate(time.Minute); !minute.Equal(l.minute) {
		l.minute, l.used = minute, 0
	}
	l.used++
	limit := cmp.Or(l.limit, unlimited)
	reset := l.minute.Add(time.Minute)
	w.Header().Set("X-RateLimit-Limit", strconv.Itoa(limit))
	w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(max(limit-l.used, 0)))
	w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
	if l.limit > 0 && l.used > l.limit {
		w.Header().Set("Retry-After", strconv.Itoa(int((reset.Sub(now)+time.Second-1)/time.Second)))
		return false
	}
	return true
}

// hubAuthRoutes: the token exchange, and the deprecated sign-in that knows no
// organizations.
func (s *Sandbox) hubAuthRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /v2/auth/token", func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Identifier, Secret string }
		if !readJSON(w, r, &body) {
			return
		}
		who, ok := s.identify(body.Identifier, body.Secret)
		if !ok {
			hubError(w, http.StatusUnauthorized, "unauthorized", "incorrect authentication credentials")
			return
		}
		writeJSON(w, http.StatusOK, map[string]string{"access_token": s.newSession(who)})
	})
	mux.HandleFunc("POST /v2/users/login", func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Username, Password string }
		if !readJSON(w, r, &body) {
			return
		}
		who, ok := s.login(body.Username, body.Password)
		switch {
		case who.organization:
			writeJSON(w, http.StatusUnauthorized, map[string]string{"detail": "Cannot log into an organization account"})
		case !ok:
			writeJSON(w, http.StatusUnauthorized, map[string]string{"detail": "Incorrect authentication credentials"})
		case s.options.SecondFactor != "":
			writeJSON(w, http.StatusUnauthorized, map[string]string{
				"detail": "Require secondary authentication on MFA enabled account", "login_2fa_token": s.newStep(who),
			})
		default:
			writeJSON(w, http.StatusOK, map[string]string{"token": s.newSession(who)})
		}
	})
	mux.HandleFunc("POST /v2/users/2fa-login", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Step string `json:"login_2fa_token"`
			Code string
		}
		if !readJSON(w, r, &body) {
			return
		}
		who, ok := s.takeStep(body.Step)
		if !ok || !same(body.Code, s.options.SecondFactor) {
			writeJSON(w, http.StatusUnauthorized, map[string]string{"detail": "Incorrect authentication credentials"})
			return
		}
		writeJSON(w, http.StatusOK, map[string]string{"token": s.newSession(who)})
	})
}

// orgRoute guards a route of the organization: its access token passes, and an
// owner who signed in with a password. A personal access token is refused as
// Docker refuses it. The handler runs with
// the world locked.
func (s *Sandbox) orgRoute(handle func(w http.ResponseWriter, r *http.Request, who identity)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, ok := s.bearer(r)
		account := r.PathValue("org")
		switch {
		case !ok || who.name == "":
			hubError(w, http.StatusUnauthorized, "unauthorized", "")
			return
		case !who.organization && !who.owner:
			hubError(w, http.StatusForbidden, "token issued from personal access token is not allowed", "")
			return
		case account != "" && account != s.org.name:
			hubError(w, http.StatusNotFound, "not found", "")
			return
		}
		s.org.lock()
		defer s.org.mu.Unlock()
		handle(w, r, who)
	}
}

// hubError writes the shape of organizations, teams, invites and the token
// exchange: errinfo, message, detail.
func hubError(w http.ResponseWriter, status int, message, detail string) {
	body := map[string]any{"errinfo": nil, "message": message}
	if detail != "" {
		body["detail"] = detail
	}
	writeJSON(w, status, body)
}

// notFound writes the shape of tags and settings: detail and message.
func notFound(w http.ResponseWriter) {
	const text = "object not found"
	writeJSON(w, http.StatusNotFound, map[string]string{"detail": text, "message": text})
}

// ruleError answers a refusal of the rules.
func ruleError(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, errNotMember), errors.Is(err, errNoTeam), errors.Is(err, errNoInvite):
		hubError(w, http.StatusNotFound, "not found", err.Error())
	case errors.Is(err, errForbidden):
		hubError(w, http.StatusForbidden, err.Error(), "")
	default:
		hubError(w, http.StatusBadRequest, "bad request", err.Error())
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	writeAs(w, "application/json", status, body)
}

func writeAs(w http.ResponseWriter, mediaType string, status int, body any) {
	out, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(out)))
	w.WriteHeader(status)
	_, _ = w.Write(out)
}

// readJSON decodes the body or answers 400.
func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		hubError(w, http.StatusBadRequest, "bad request", "the body is not the JSON that this route takes")
		return false
	}
	return true
}

// page is one page of a Hub list.
type page struct {
	Count    int     `json:"count"`
	Next     *string `json:"next"`
	Previous *string `json:"previous"`
	Results  any     `json:"results"`
}

// window reads page and page_size; ok is false for what is no positive number.
// A size beyond the maximum is cut to it.
func (s *Sandbox) window(query url.Values) (number, size int, ok bool) {
	return readWindow(query, min(10, s.options.PageSize), s.options.PageSize)
}

func readWindow(query url.Values, size, most int) (number, pageSize int, ok bool) {
	number, pageSize = 1, size
	for key, into := range map[string]*int{"page": &number, "page_size": &pageSize} {
		if text := query.Get(key); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				return 0, 0, false
			}
			*into = n
		}
	}
	return number, min(pageSize, most), true
}

// slicePage cuts a page out of all and links its neighbours by full URLs.
func slicePage[T, R any](r *http.Request, all []T, number, size int, show func(T) R) page {
	from := min((number-1)*size, len(all))
	to := min(from+size, len(all))
	results := make([]R, 0, to-from)
	for _, v := range all[from:to] {
		results = append(results, show(v))
	}
	out := page{Count: len(all), Results: results}
	if to < len(all) {
		out.Next = pageURL(r, number+1, size)
	}
	if number > 1 {
		out.Previous = pageURL(r, number-1, size)
	}
	return out
}

func pageURL(r *http.Request, number, size int) *string {
	query := r.URL.Query()
	query.Set("page", strconv.Itoa(number))
	query.Set("page_size", strconv.Itoa(size))
	out := "http://" + r.Host + r.URL.EscapedPath() + "?" + query.Encode()
	return &out
}

// wireTime is the spelling of times in the Hub's answers.
func wireTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
