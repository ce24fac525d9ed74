package client

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"sync"
	"time"
)

// SessionHTTP gives every request of net/http a session, kept in a cookie that scripts cannot read, that is sent over
// TLS only, and not with requests other sites make.
type SessionHTTP struct {
	Sessions *Sessions
	// CookieName is "__Host-session" by default: browsers accept it over TLS only and for no other host.
	CookieName string
	// Insecure allows plain HTTP, for development; the cookie is "session" then.
	Insecure bool
	// SameSite is Lax by default.
	SameSite http.SameSite
	// OnError is told of a session that could not be read or stored; by default the request fails with 503.
	OnError func(w http.ResponseWriter, r *http.Request, err error)
}

func (h SessionHTTP) cookieName() string {
	switch {
	case h.CookieName != "":
		return h.CookieName
	case h.Insecure:
		return "session"
	}
	return "__Host-session"
}

// Handler wraps next: within it, RequestSession finds the session. What it changes is stored before the first byte of the
// answer; a session that is never written to is not stored at all.
func (h SessionHTTP) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rs := &HTTPSession{h: h, set: map[string]string{}, removed: map[string]bool{}}
		if cookie, err := r.Cookie(h.cookieName()); err == nil {
			sess, err := h.Sessions.Get(r.Context(), cookie.Value)
			if err != nil && !errors.Is(err, ErrNotFound) {
				h.fail(w, r, err)
				return
			}
			rs.sess, rs.stale = sess, sess == nil
		}
		sw := &sessionWriter{ResponseWriter: w, r: r, rs: rs}
		next.ServeHTTP(sw, r.WithContext(context.WithValue(r.Context(), sessionKey{}, rs)))
		sw.commit()
	})
}

func (h SessionHTTP) fail(w http.ResponseWriter, r *http.Request, err error) {
	if h.OnError != nil {
		h.OnError(w, r, err)
		return
	}
	http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
}

func (h SessionHTTP) cookie(w http.ResponseWriter, value string, life time.Duration) {
	c := &http.Cookie{Name: h.cookieName(), Value: value, Path: "/", HttpOnly: true, Secure: !h.Insecure, SameSite: h.SameSite}
	if c.SameSite == 0 {
		c.SameSite = http.SameSiteLaxMode
	}
	if value == "" {
		c.MaxAge = -1
	} else {
		c.MaxAge = int(life / time.Second)
	}
	http.SetCookie(w, c)
	w.Header().Add("Cache-Control", `no-cache="Set-Cookie"`)
	w.Header().Add("Vary", "Cookie")
}

type sessionKey struct{}

// RequestSession returns the session of a request within SessionHTTP.Handler, and nil elsewhere.
func RequestSession(ctx context.Context) *HTTPSession {
	rs, _ := ctx.Value(sessionKey{}).(*HTTPSession)
	return rs
}

// HTTPSession is a request's session. It is safe for use by the goroutines of one request.
type HTTPSession struct {
	h       SessionHTTP
	mu      sync.Mutex
	sess    *Session // nil: none yet
	stale   bool     // the request came with a cookie that is of no use any more
	set     map[string]string
	removed map[string]bool
	fresh   bool // the cookie must be sent
	ended   bool
}

// Get returns a field, "" if it is not set.
func (rs *HTTPSession) Get(name string) string {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if v, ok := rs.set[name]; ok {
		return v
	}
	if rs.sess == nil || rs.removed[name] {
		return ""
	}
	return rs.sess.Fields[name]
}

// Put sets a field; names must not begin with "_". It is stored with the answer.
func (rs *HTTPSession) Put(name, value string) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.set[name] = value
	delete(rs.removed, name)
}

// Remove deletes a field.
func (rs *HTTPSession) Remove(name string) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	delete(rs.set, name)
	rs.removed[name] = true
}

// Login makes the session one of the user, under a new token. What was put so far goes along.
func (rs *HTTPSession) Login(ctx context.Context, user string) error {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	fields := map[string]string{}
	if rs.sess != nil {
		maps.Copy(fields, rs.sess.Fields)
	}
	for name := range rs.removed {
		delete(fields, name)
	}
	maps.Copy(fields, rs.set)
	fresh, _, err := rs.h.Sessions.Create(ctx, user, fields)
	if err != nil {
		return err
	}
	if old := rs.sess; old != nil {
		if err := rs.h.Sessions.Destroy(ctx, old); err != nil {
			return err
		}
	}
	rs.sess, rs.fresh, rs.ended = fresh, true, false
	clear(rs.set)
	clear(rs.removed)
	return nil
}

// Logout ends the session and its cookie.
func (rs *HTTPSession) Logout(ctx context.Context) error {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.ended = true
	clear(rs.set)
	clear(rs.removed)
	if rs.sess == nil {
		return nil
	}
	err := rs.h.Sessions.Destroy(ctx, rs.sess)
	rs.sess = nil
	return err
}

// store writes what was put and removed. Another request may have changed the session meanwhile: fields are set one by
// one, so that both requests' changes stay, and a session that has ended stays ended.
func (rs *HTTPSession) store(ctx context.Context) error {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if len(rs.set) == 0 && len(rs.removed) == 0 {
		return nil
	}
	if rs.sess == nil {
		if len(rs.set) == 0 {
			return nil
		}
		sess, _, err := rs.h.Sessions.Create(ctx, "", maps.Clone(rs.set))
		rs.sess, rs.fresh = sess, err == nil
		return err
	}
	var remove []string
	for name := range rs.removed {
		remove = append(remove, name)
	}
	latest := *rs.sess
	latest.Version = -1
	err := rs.h.Sessions.Update(ctx, &latest, rs.set, remove...)
	if errors.Is(err, ErrNotFound) { // logged out by another request
		rs.sess, rs.ended = nil, true
		return nil
	}
	return err
}

// sessionWriter stores the session before the header is written.
type sessionWriter struct {
	http.ResponseWriter
	r  *http.Request
	rs *HTTPSession

	done, failed bool // the session was stored; or it could not be, and the answer is an error
}

// Unwrap serves http.ResponseController.
func (w *sessionWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// FlushError stores the session before a header that is sent by a flush; http.ResponseController calls it.
func (w *sessionWriter) FlushError() error {
	if !w.commit() {
		return http.ErrAbortHandler
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *sessionWriter) WriteHeader(code int) {
	if code >= 200 && !w.commit() {
		return
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *sessionWriter) Write(p []byte) (int, error) {
	if !w.commit() {
		return 0, http.ErrAbortHandler
	}
	return w.ResponseWriter.Write(p)
}

// commit stores the session, once. It returns false if that failed: the answer is then an error.
func (w *sessionWriter) commit() bool {
	if w.done {
		return !w.failed
	}
	w.done = true
	if err := w.rs.store(w.r.Context()); err != nil {
		w.failed = true
		w.rs.h.fail(w.ResponseWriter, w.r, err)
		return false
	}
	w.rs.mu.Lock()
	defer w.rs.mu.Unlock()
	switch {
	case w.rs.fresh && w.rs.sess != nil:
		w.rs.h.cookie(w.ResponseWriter, w.rs.sess.Token, w.rs.sess.Deadline)
	case w.rs.ended || w.rs.stale:
		w.rs.h.cookie(w.ResponseWriter, "", 0)
	}
	return true
}
