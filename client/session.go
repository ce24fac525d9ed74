package client

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// SessionOptions of a session store. Zero fields have the values named.
type SessionOptions struct {
	Prefix   string        // of the keys: "sess"
	Idle     time.Duration // a session ends after so long without use: 30 min
	Absolute time.Duration // and in any case after: 24 h
	// Max sessions per user, 0 = any number; Policy says whom the cap ends.
	Max    int64
	Policy SessionPolicy
	Grace  time.Duration // for which the old id of a rotated session still finds it: 10 s
}

// SessionPolicy says what the cap of sessions per user does.
type SessionPolicy string

const (
	EvictOldest SessionPolicy = "oldest" // ends the oldest (default)
	EvictLRU    SessionPolicy = "lru"    // ends the one unused for longest
	Reject      SessionPolicy = "reject" // refuses the new one with ErrTaken
)

// Sessions stores sessions. A session's token is "tag.secret": the tag, a digest of the user's id, says where to look
// it up (all of a user's keys share a slot), and the store keeps only a digest of the secret, so that whoever can read
// the database cannot pose as its users.
type Sessions struct {
	c *Client
	o SessionOptions
}

// NewSessions returns a session store.
func NewSessions(c *Client, o SessionOptions) *Sessions {
	if o.Prefix == "" {
		o.Prefix = "sess"
	}
	if o.Idle <= 0 {
		o.Idle = 30 * time.Minute
	}
	if o.Absolute <= 0 {
		o.Absolute = 24 * time.Hour
	}
	if o.Policy == "" {
		o.Policy = EvictOldest
	}
	if o.Grace <= 0 {
		o.Grace = 10 * time.Second
	}
	return &Sessions{c, o}
}

// Session is a session as it was read.
type Session struct {
	Token    string // what the cookie holds; "" if it was found by the old token of a rotation
	ID       string // by which List and Create's evicted name it; not a secret
	Version  int64
	Fields   map[string]string
	TTL      time.Duration // until it ends without use
	Deadline time.Duration // until it ends in any case
	tag      string
}

func digest(s string, bytes int) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:bytes])
}

func newSecret() string {
	var b [24]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// userTag returns the tag of a user. Users without a name get one of their own.
func userTag(user string) string {
	if user == "" {
		return "anon-" + randomToken()[:24]
	}
	return digest(user, 12)
}

func (s *Sessions) key(tag, id string) string { return tagged(s.o.Prefix, tag, id) }
func (s *Sessions) index(tag string) string   { return tagged(s.o.Prefix, tag, "idx") }
func (s *Sessions) keys(tag, id string) []string {
	return []string{s.key(tag, id), s.index(tag)}
}

// parse takes a token apart.
func parseToken(token string) (tag, id string, err error) {
	tag, secret, ok := strings.Cut(token, ".")
	if !ok || tag == "" || len(secret) < 32 || len(token) > 128 || strings.ContainsAny(token, "{}: ") {
		return "", "", ErrNotFound
	}
	return tag, digest(secret, 16), nil
}

// Create starts a session of a user ("" = not logged in: no cap). evicted are the ids of sessions the cap has ended.
func (s *Sessions) Create(ctx context.Context, user string, fields map[string]string) (sess *Session, evicted []string, err error) {
	tag, secret := userTag(user), newSecret()
	id, limit := digest(secret, 16), s.o.Max
	if user == "" {
		limit = 0
	}
	args := []any{id, ms(s.o.Idle), ms(s.o.Absolute), limit, string(s.o.Policy)}
	for k, v := range fields {
		args = append(args, k, v)
	}
	r, err := s.c.array(ctx, 2, "sess_create", []string{s.index(tag), s.key(tag, id)}, args...)
	if err != nil {
		return nil, nil, err
	}
	if r.int() == 0 {
		return nil, nil, fmt.Errorf("create a session: %s: %w", r.str(), ErrTaken)
	}
	sess = &Session{Token: tag + "." + secret, ID: id, Version: r.int(), Fields: fields, TTL: min(s.o.Idle, s.o.Absolute), Deadline: s.o.Absolute, tag: tag}
	r.int()
	for r.more() {
		evicted = append(evicted, r.str())
	}
	return sess, evicted, r.err
}

// Get reads a session and counts as a use of it. ErrNotFound: there is none, or it has ended.
func (s *Sessions) Get(ctx context.Context, token string) (*Session, error) {
	return s.get(ctx, token, 1)
}

// Peek reads a session without using it.
func (s *Sessions) Peek(ctx context.Context, token string) (*Session, error) {
	return s.get(ctx, token, 0)
}

func (s *Sessions) get(ctx context.Context, token string, touch int) (*Session, error) {
	tag, id, err := parseToken(token)
	if err != nil {
		return nil, err
	}
	for range 3 { // a session that was rotated a moment ago is found by its old token
		r, err := s.c.array(ctx, 2, "sess_get", s.keys(tag, id), touch)
		if err != nil {
			return nil, err
		}
		version := r.int()
		if version == -1 {
			id, token = r.str(), ""
			continue
		}
		sess := &Session{Token: token, ID: id, Version: version, TTL: r.ms(), Fields: map[string]string{}, tag: tag}
		r.ms()
		sess.Deadline = r.ms()
		for r.more() {
			name := r.str()
			sess.Fields[name] = r.str()
		}
		return sess, r.err
	}
	return nil, ErrNotFound
}

// Touch counts as a use of a session without reading it, and returns how long it has now. idle > 0 is its idle time from now
// on. ErrNotFound: it has ended; it is never brought back.
func (s *Sessions) Touch(ctx context.Context, token string, idle time.Duration) (time.Duration, error) {
	tag, id, err := parseToken(token)
	if err != nil {
		return 0, err
	}
	r, err := s.c.array(ctx, 2, "sess_touch", s.keys(tag, id), ms(idle))
	if err != nil {
		return 0, err
	}
	if r.int() == 0 {
		return 0, ErrNotFound
	}
	return r.ms(), r.err
}

// Update sets and deletes fields if the session still has the version that was read; ErrConflict tells that it has not,
// ErrNotFound that it has ended. It updates sess, too.
func (s *Sessions) Update(ctx context.Context, sess *Session, set map[string]string, remove ...string) error {
	args := []any{sess.Version, 0, len(set)}
	for k, v := range set {
		args = append(args, k, v)
	}
	args = append(args, len(remove))
	for _, k := range remove {
		args = append(args, k)
	}
	r, err := s.c.array(ctx, 2, "sess_update", s.keys(sess.tag, sess.ID), args...)
	if err != nil {
		return err
	}
	switch state := r.int(); {
	case state < 0:
		return ErrNotFound
	case state == 0:
		return fmt.Errorf("update session of version %d: %w", sess.Version, ErrConflict)
	}
	sess.Version = r.int()
	for k, v := range set {
		sess.Fields[k] = v
	}
	for _, k := range remove {
		delete(sess.Fields, k)
	}
	return r.err
}

// Rotate gives the session a new token, as is right after a login; the old one finds it for the grace time.
func (s *Sessions) Rotate(ctx context.Context, sess *Session) error {
	secret := newSecret()
	id := digest(secret, 16)
	r, err := s.c.array(ctx, 2, "sess_rotate", []string{s.key(sess.tag, sess.ID), s.key(sess.tag, id), s.index(sess.tag)}, sess.ID, id, ms(s.o.Grace))
	if err != nil {
		return err
	}
	if r.int() != 1 {
		return ErrNotFound
	}
	sess.ID, sess.Token, sess.Version = id, sess.tag+"."+secret, r.int()
	return r.err
}

// Login makes an anonymous session one of the user: a new session with the same fields, in the user's slot, and the old
// one ends. So the token changes, as it must.
func (s *Sessions) Login(ctx context.Context, sess *Session, user string) (*Session, []string, error) {
	fresh, evicted, err := s.Create(ctx, user, sess.Fields)
	if err != nil {
		return nil, nil, err
	}
	return fresh, evicted, s.Destroy(ctx, sess)
}

// Destroy ends a session. One that has ended already is no error.
func (s *Sessions) Destroy(ctx context.Context, sess *Session) error {
	_, err := s.c.Call(ctx, "sess_destroy", s.keys(sess.tag, sess.ID))
	return err
}

// DestroyAll ends all sessions of a user but keep (nil = none) and returns how many.
func (s *Sessions) DestroyAll(ctx context.Context, user string, keep *Session) (int64, error) {
	id, total := "", int64(0)
	if keep != nil {
		id = keep.ID
	}
	for {
		r, err := s.c.array(ctx, 1, "sess_destroy_all", []string{s.index(userTag(user))}, id)
		if err != nil {
			return total, err
		}
		n := r.int()
		if total += n; n < 1000 {
			return total, r.err
		}
	}
}

// Device is one session of a user as List shows it.
type Device struct {
	ID               string
	Expires, Created time.Time
}

// List returns up to 1000 sessions of a user, the one last used first (more exactly: the last to expire).
func (s *Sessions) List(ctx context.Context, user string) ([]Device, error) {
	r, err := s.c.array(ctx, 0, "sess_list", []string{s.index(userTag(user))}, 1000)
	if err != nil {
		return nil, err
	}
	var list []Device
	for r.more() && r.err == nil {
		list = append(list, Device{ID: r.str(), Expires: time.UnixMilli(r.int()), Created: time.UnixMilli(r.int())})
	}
	return list, r.err
}

// Count returns how many sessions a user has.
func (s *Sessions) Count(ctx context.Context, user string) (int64, error) {
	return s.c.integer(ctx, "sess_count", []string{s.index(userTag(user))})
}

// PutFlash leaves a value for the next request to take.
func (s *Sessions) PutFlash(ctx context.Context, sess *Session, name, value string) error {
	n, err := s.c.integer(ctx, "sess_flash_put", s.keys(sess.tag, sess.ID), name, value)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// PopFlash takes the value; ErrNotFound if there is none.
func (s *Sessions) PopFlash(ctx context.Context, sess *Session, name string) (string, error) {
	v, err := s.c.Call(ctx, "sess_flash_pop", s.keys(sess.tag, sess.ID), name)
	if err != nil {
		return "", err
	}
	value, ok := v.(string)
	if !ok {
		return "", ErrNotFound
	}
	return value, nil
}
