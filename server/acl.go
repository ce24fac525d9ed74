package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"slices"

	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/engine/glob"
)

// acl is all users.
type acl struct {
	users       map[string]*user
	defaultUser *user
	log         aclLog
	later       []startSetting // "user" lines, until the command table exists
}

// userFlags are the states of a user.
type userFlags uint8

const (
	userOn userFlags = 1 << iota
	userNoPass
	userSkipSanitize
	userSanitize
)

// user is one ACL user: who may log in, and what the selectors allow. A command is allowed if one selector allows all of it.
type user struct {
	name      string
	flags     userFlags
	passwords []string // SHA-256, hex
	selectors []*selector
}

func (u *user) has(f userFlags) bool { return u.flags&f != 0 }

// noPassword tells whether connections are this user without AUTH.
func (u *user) noPassword() bool { return u.has(userOn) && u.has(userNoPass) }

// accepts checks a password, in time that does not depend on it.
func (u *user) accepts(password []byte) bool {
	sum := sha256.Sum256(password)
	text := hex.EncodeToString(sum[:])
	found := 0
	for _, p := range u.passwords {
		found |= subtle.ConstantTimeCompare([]byte(p), []byte(text))
	}
	return u.has(userOn) && (u.has(userNoPass) || found == 1)
}

// keyAccess is what a key pattern gives.
type keyAccess uint8

const (
	keyRead keyAccess = 1 << iota
	keyWrite
)

type keyPattern struct {
	access  keyAccess
	pattern string
}

// selector allows commands, keys and channels.
type selector struct {
	all         bool     // every command, those added later included
	allowed     []uint64 // bit per command id
	firstArgs   map[int][]string
	rules       []string // command rules, as ACL LIST shows them
	allKeys     bool
	keys        []keyPattern
	allChannels bool
	channels    []string
}

// newSelector has room for one bit more than there are commands: the last one says how the rules began.
func newSelector(commands int) *selector { return &selector{allowed: make([]uint64, commands/64+1)} }

func (sel *selector) set(id int, on bool) {
	if on {
		sel.allowed[id/64] |= 1 << (id % 64)
	} else {
		sel.allowed[id/64] &^= 1 << (id % 64)
	}
}

func (sel *selector) may(id int) bool {
	return sel.allowed != nil && sel.allowed[id/64]&(1<<(id%64)) != 0
}

// unlimited tells whether nothing at all is refused: the usual case, checked first.
func (u *user) unlimited() bool {
	sel := u.selectors[0]
	return sel.all && sel.allKeys && sel.allChannels
}

// denial is why a command is refused.
type denial uint8

const (
	aclAllowed denial = iota
	aclCommand
	aclKey
	aclChannel
	aclAuth
)

// Allowed returns nil, or the NOPERM error of the client's user for this call.
func (c *conn) Allowed(x *command.Ctx) error {
	if c.user.unlimited() {
		return nil
	}
	reason, at := c.user.check(x.Spec, x.Args)
	if reason == aclAllowed {
		return nil
	}
	object := x.Spec.FullName()
	if at > 0 {
		object = string(x.Args[at])
	}
	c.s.acl.log.add(c.s, c, reason, x.Mode, object, c.user.name)
	return denialError(reason, c.user, x.Spec)
}

// denialError has the texts that Redis has since 7.2.
func denialError(reason denial, u *user, spec *command.Spec) error {
	switch reason {
	case aclCommand:
		return command.Error("NOPERM User " + u.name + " has no permissions to run the '" + spec.FullName() + "' command")
	case aclKey:
		return command.Error("NOPERM No permissions to access a key")
	}
	return command.Error("NOPERM No permissions to access a channel")
}

// check tells whether the user may run the call; if not, why, and the argument it fails on (0: the command itself). The reason of the
// selector that came furthest is reported.
func (u *user) check(spec *command.Spec, args [][]byte) (denial, int) {
	worst, at := aclCommand, 0
	for _, sel := range u.selectors {
		reason, i := sel.check(spec, args)
		if reason == aclAllowed {
			return aclAllowed, 0
		}
		if reason > worst || reason == worst && i > at {
			worst, at = reason, i
		}
	}
	return worst, at
}

func (sel *selector) check(spec *command.Spec, args [][]byte) (denial, int) {
	if !sel.all && spec.Flags&command.NoAuth == 0 && !sel.may(spec.ID()) && !sel.firstArgAllowed(spec, args) {
		return aclCommand, 0
	}
	if !sel.allKeys {
		refs, _ := spec.KeyRefs(nil, args)
		for _, ref := range refs {
			if ref.Use&command.NotKey == 0 && !sel.keyAllowed(args[ref.Arg], ref.Use) {
				return aclKey, ref.Arg
			}
		}
	}
	if !sel.allChannels && spec.Flags&command.PubSub != 0 {
		if i := sel.deniedChannel(spec, args); i > 0 {
			return aclChannel, i
		}
	}
	return aclAllowed, 0
}

func (sel *selector) firstArgAllowed(spec *command.Spec, args [][]byte) bool {
	list := sel.firstArgs[spec.ID()]
	i := 1
	if spec.Parent() != nil {
		i = 2
	}
	return i < len(args) && slices.ContainsFunc(list, func(a string) bool { return equalFold(args[i], a) })
}

// access is what a key specification needs of a pattern.
func access(use command.KeyUse) keyAccess {
	need := keyAccess(0)
	if use&command.Access != 0 {
		need |= keyRead
	}
	if use&(command.Insert|command.Delete|command.Update) != 0 {
		need |= keyWrite
	}
	return need
}

func (sel *selector) keyAllowed(key []byte, use command.KeyUse) bool {
	need := access(use)
	for _, p := range sel.keys {
		if p.access&need == need && (need != 0 || p.access != 0) && glob.Match([]byte(p.pattern), key) {
			return true
		}
	}
	return false
}

// deniedChannel returns the first channel argument that is not allowed, or 0. A pattern to subscribe to must be given literally.
func (sel *selector) deniedChannel(spec *command.Spec, args [][]byte) int {
	from, to, literal := 0, 0, false
	switch spec.Name {
	case "publish", "spublish":
		from, to = 1, 2
	case "subscribe", "ssubscribe":
		from, to = 1, len(args)
	case "psubscribe":
		from, to, literal = 1, len(args), true
	}
	for i := from; i < to && i < len(args); i++ {
		if !sel.channelAllowed(args[i], literal) {
			return i
		}
	}
	return 0
}

func (sel *selector) channelAllowed(channel []byte, literal bool) bool {
	for _, p := range sel.channels {
		if literal && p == string(channel) || !literal && glob.Match([]byte(p), channel) {
			return true
		}
	}
	return false
}

// revokeChannels closes the clients of u that are subscribed to what they may no longer be.
func (s *Server) revokeChannels(u *user) {
	for _, c := range append([]*conn(nil), s.clients...) {
		if c.user != u || c.subs == nil {
			continue
		}
		allowed := func(names map[string]struct{}, literal bool) bool {
			for name := range names {
				if !slices.ContainsFunc(u.selectors, func(sel *selector) bool {
					return sel.allChannels || sel.channelAllowed([]byte(name), literal)
				}) {
					return false
				}
			}
			return true
		}
		if !allowed(c.subs.channels, false) || !allowed(c.subs.shards, false) || !allowed(c.subs.patterns, true) {
			s.kill(c, s.running)
		}
	}
}

func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		x, y := b[i], s[i]
		if 'A' <= x && x <= 'Z' {
			x |= 0x20
		}
		if 'A' <= y && y <= 'Z' {
			y |= 0x20
		}
		if x != y {
			return false
		}
	}
	return true
}
