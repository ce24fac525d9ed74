package server

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/evald/evald/engine/command"
)

// The language of ACL SETUSER, of aclfile and of "user" lines: one rule per word changes a user or one of its selectors.

// aclError is why a rule is refused.
type aclError string

func (e aclError) Error() string { return string(e) }

const (
	errACLSyntax   aclError = "Syntax error"
	errACLCommand  aclError = "Unknown command or category name in ACL"
	errACLHash     aclError = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
	errACLNoPass   aclError = "The password you are trying to remove from the user does not exist"
	errACLFirstArg aclError = "Allowing first-arg of a subcommand is not supported"
	errACLAllKeys  aclError = "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns"
	errACLAllChans aclError = "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels"
)

// newUser makes a user that may do nothing.
func (s *Server) newUser(name string) *user {
	u := &user{name: name}
	u.reset(s)
	return u
}

func (u *user) reset(s *Server) {
	u.flags, u.passwords = 0, nil
	root := newSelector(s.commandCount())
	root.allChannels = s.config.aclPubsubDefault == "allchannels"
	u.selectors = []*selector{root}
}

func (s *Server) commandCount() int {
	if s.table == nil {
		return 0
	}
	return s.table.Size()
}

func (u *user) clone() *user {
	c := &user{name: u.name, flags: u.flags, passwords: slices.Clone(u.passwords)}
	for _, sel := range u.selectors {
		c.selectors = append(c.selectors, sel.clone())
	}
	return c
}

func (sel *selector) clone() *selector {
	c := *sel
	c.allowed, c.rules = slices.Clone(sel.allowed), slices.Clone(sel.rules)
	c.keys, c.channels = slices.Clone(sel.keys), slices.Clone(sel.channels)
	c.firstArgs = nil
	for id, list := range sel.firstArgs {
		c.putFirstArgs(id, slices.Clone(list))
	}
	return &c
}

func (sel *selector) putFirstArgs(id int, list []string) {
	if sel.firstArgs == nil {
		sel.firstArgs = map[int][]string{}
	}
	sel.firstArgs[id] = list
}

// ruleError is a refused rule.
type ruleError struct {
	rule string
	err  error
}

func (e *ruleError) Error() string {
	return fmt.Sprintf("Error in ACL SETUSER modifier '%s': %v", e.rule, e.err)
}

// apply applies rules in order; on an error some may have been applied, so callers work on a clone.
func (u *user) apply(s *Server, rules []string) error {
	rules, err := joinSelectors(rules)
	if err != nil {
		return err
	}
	for _, rule := range rules {
		if err := u.rule(s, rule); err != nil {
			return &ruleError{rule, err}
		}
	}
	return nil
}

// joinSelectors makes one word of a selector whose rules were given as several.
func joinSelectors(rules []string) ([]string, error) {
	var out []string
	for i := 0; i < len(rules); i++ {
		r := rules[i]
		if strings.HasPrefix(r, "(") && !strings.HasSuffix(r, ")") {
			begin := r
			for i++; ; i++ {
				if i == len(rules) {
					return nil, aclError("Unmatched parenthesis in acl selector starting at '" + begin + "'.")
				}
				r += " " + rules[i]
				if strings.HasSuffix(rules[i], ")") {
					break
				}
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// rule applies one rule to the user; what concerns commands, keys and channels goes to the root selector.
func (u *user) rule(s *Server, rule string) error {
	switch low := strings.ToLower(rule); {
	case rule == "":
	case low == "on":
		u.flags |= userOn
	case low == "off":
		u.flags &^= userOn
	case low == "nopass":
		u.flags |= userNoPass
		u.passwords = nil
	case low == "resetpass":
		u.flags &^= userNoPass
		u.passwords = nil
	case low == "skip-sanitize-payload":
		u.flags = u.flags&^userSanitize | userSkipSanitize
	case low == "sanitize-payload":
		u.flags = u.flags&^userSkipSanitize | userSanitize
	case low == "reset":
		u.reset(s)
		u.flags |= userSanitize
	case low == "clearselectors":
		u.selectors = u.selectors[:1]
	case rule[0] == '>' || rule[0] == '#':
		hash, err := passwordHash(rule)
		if err != nil {
			return err
		}
		if !slices.Contains(u.passwords, hash) {
			u.passwords = append(u.passwords, hash)
		}
		u.flags &^= userNoPass
	case rule[0] == '<' || rule[0] == '!':
		hash, err := passwordHash(rule)
		if err != nil {
			return err
		}
		i := slices.Index(u.passwords, hash)
		if i < 0 {
			return errACLNoPass
		}
		u.passwords = slices.Delete(u.passwords, i, i+1)
	case rule[0] == '(' && strings.HasSuffix(rule, ")"):
		sel := newSelector(s.commandCount())
		sel.allChannels = s.config.aclPubsubDefault == "allchannels"
		for _, r := range strings.Fields(rule[1 : len(rule)-1]) {
			if err := sel.rule(s, r); err != nil {
				return err
			}
		}
		u.selectors = append(u.selectors, sel)
	default:
		return u.selectors[0].rule(s, rule)
	}
	return nil
}

// passwordHash is the SHA-256 of a clear password (after > or <), or the given one (after # or !).
func passwordHash(rule string) (string, error) {
	text := rule[1:]
	if rule[0] == '>' || rule[0] == '<' {
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:]), nil
	}
	if len(text) != 64 || strings.Trim(text, "0123456789abcdef") != "" {
		return "", errACLHash
	}
	return text, nil
}

// rule applies one rule to the selector.
func (sel *selector) rule(s *Server, rule string) error {
	switch low := strings.ToLower(rule); {
	case low == "allkeys" || rule == "~*":
		sel.allKeys, sel.keys = true, nil
	case low == "resetkeys":
		sel.allKeys, sel.keys = false, nil
	case low == "allchannels" || rule == "&*":
		sel.allChannels, sel.channels = true, nil
	case low == "resetchannels":
		sel.allChannels, sel.channels = false, nil
	case low == "allcommands" || low == "+@all":
		sel.setAll(true)
	case low == "nocommands" || low == "-@all":
		sel.setAll(false)
	case rule[0] == '~' || rule[0] == '%':
		return sel.keyRule(rule)
	case rule[0] == '&':
		if sel.allChannels {
			return errACLAllChans
		}
		if !slices.Contains(sel.channels, rule[1:]) {
			sel.channels = append(sel.channels, rule[1:])
		}
	case (rule[0] == '+' || rule[0] == '-') && strings.HasPrefix(rule[1:], "@"):
		category := command.Category(rule[2:])
		if category == 0 {
			return errACLCommand
		}
		for _, spec := range s.table.All() {
			if spec.ACLCategories()&category != 0 {
				sel.change(spec, rule[0] == '+')
			}
		}
		sel.addRule(low)
	case rule[0] == '+' || rule[0] == '-':
		return sel.commandRule(s, low)
	default:
		return errACLSyntax
	}
	return nil
}

func (sel *selector) setAll(on bool) {
	sel.all, sel.firstArgs = on, nil
	for i := range sel.allowed {
		sel.allowed[i] = 0
		if on {
			sel.allowed[i] = ^uint64(0)
		}
	}
	sel.rules = nil
}

func (sel *selector) change(spec *command.Spec, on bool) {
	sel.set(spec.ID(), on)
	delete(sel.firstArgs, spec.ID())
	if !on {
		sel.all = false
	}
}

// extend makes room for n commands: new ones are allowed if the rules began with +@all.
func (sel *selector) extend(n int) {
	for len(sel.allowed) > 0 && len(sel.allowed) < n/64+1 {
		word := uint64(0)
		if sel.startsAll() {
			word = ^word
		}
		sel.allowed = append(sel.allowed, word)
	}
}

// applyTo decides on a command that came after the rules were given.
func (sel *selector) applyTo(spec *command.Spec) {
	if len(sel.allowed) == 0 || sel.all {
		return
	}
	on := sel.startsAll()
	for _, rule := range sel.rules {
		if rule[1:] == spec.Name || rule[1] == '@' && spec.ACLCategories()&command.Category(rule[2:]) != 0 {
			on = rule[0] == '+'
		}
	}
	sel.set(spec.ID(), on)
}

// keyRule adds ~pattern or %RW~pattern.
func (sel *selector) keyRule(rule string) error {
	if sel.allKeys {
		return errACLAllKeys
	}
	p := keyPattern{keyRead | keyWrite, rule[1:]}
	if rule[0] == '%' {
		flags, pattern, ok := strings.Cut(rule[1:], "~")
		p = keyPattern{0, pattern}
		for _, f := range flags {
			switch f {
			case 'R', 'r':
				p.access |= keyRead
			case 'W', 'w':
				p.access |= keyWrite
			default:
				return errACLSyntax
			}
		}
		if !ok || p.access == 0 {
			return errACLSyntax
		}
	}
	for i := range sel.keys {
		if sel.keys[i].pattern == p.pattern {
			sel.keys[i].access |= p.access
			return nil
		}
	}
	sel.keys = append(sel.keys, p)
	return nil
}

// commandRule is +name, -name, +name|sub, -name|sub or +name|firstarg.
func (sel *selector) commandRule(s *Server, rule string) error {
	on := rule[0] == '+'
	name, rest, hasRest := strings.Cut(rule[1:], "|")
	spec := s.table.Lookup([]byte(name))
	if spec == nil {
		return errACLCommand
	}
	if !hasRest {
		sel.change(spec, on)
		for i := range spec.Sub {
			sel.change(&spec.Sub[i], on)
		}
		sel.addRule(rule)
		return nil
	}
	if sub := spec.Lookup([]byte(rest)); sub != nil {
		sel.change(sub, on)
		sel.addRule(rule)
		return nil
	}
	switch subName, _, deeper := strings.Cut(rest, "|"); {
	case deeper && spec.Lookup([]byte(subName)) != nil:
		return errACLFirstArg
	case len(spec.Sub) > 0 || !on:
		return errACLCommand
	case rest == "" || deeper:
		return errACLSyntax
	}
	if list := sel.firstArgs[spec.ID()]; !slices.Contains(list, rest) {
		sel.putFirstArgs(spec.ID(), append(list, rest))
	}
	sel.addRule(rule)
	return nil
}

// addRule keeps the rule for ACL LIST, in place of those that it makes void.
func (sel *selector) addRule(rule string) {
	body := rule[1:]
	sel.rules = slices.DeleteFunc(sel.rules, func(r string) bool {
		return r[1:] == body || !strings.HasPrefix(body, "@") && strings.HasPrefix(r[1:], body+"|")
	})
	sel.rules = append(sel.rules, rule)
}

// commands is the selector's command rules as ACL GETUSER shows them.
func (sel *selector) commands() string {
	first := "-@all"
	if sel.all || len(sel.allowed) > 0 && sel.startsAll() {
		first = "+@all"
	}
	return strings.Join(append([]string{first}, sel.rules...), " ")
}

// startsAll tells whether the rules began with +@all: everything they do not name is allowed.
func (sel *selector) startsAll() bool { return sel.allowed[len(sel.allowed)-1]>>63 == 1 }

func (sel *selector) keyText() string {
	if sel.allKeys {
		return "~*"
	}
	var parts []string
	for _, k := range sel.keys {
		switch k.access {
		case keyRead:
			parts = append(parts, "%R~"+k.pattern)
		case keyWrite:
			parts = append(parts, "%W~"+k.pattern)
		default:
			parts = append(parts, "~"+k.pattern)
		}
	}
	return strings.Join(parts, " ")
}

func (sel *selector) channelText() string {
	if sel.allChannels {
		return "&*"
	}
	var parts []string
	for _, c := range sel.channels {
		parts = append(parts, "&"+c)
	}
	return strings.Join(parts, " ")
}

func (sel *selector) describe() string {
	var parts []string
	if k := sel.keyText(); k != "" {
		parts = append(parts, k)
	}
	if !sel.allChannels {
		parts = append(parts, "resetchannels")
	}
	if c := sel.channelText(); c != "" {
		parts = append(parts, c)
	}
	return strings.Join(append(parts, sel.commands()), " ")
}

// describe is the user's rules as ACL LIST shows them and as a configuration file takes them.
func (u *user) describe(*Server) string {
	parts := u.flagNames()
	for _, p := range u.passwords {
		parts = append(parts, "#"+p)
	}
	parts = append(parts, u.selectors[0].describe())
	for _, sel := range u.selectors[1:] {
		parts = append(parts, "("+sel.describe()+")")
	}
	return strings.Join(parts, " ")
}

func (u *user) flagNames() []string {
	names := []string{"off"}
	if u.has(userOn) {
		names[0] = "on"
	}
	if u.has(userNoPass) {
		names = append(names, "nopass")
	}
	if u.has(userSkipSanitize) {
		names = append(names, "skip-sanitize-payload")
	}
	if u.has(userSanitize) {
		names = append(names, "sanitize-payload")
	}
	return names
}

// initACL makes the default user, who may do everything.
func (s *Server) initACL() {
	u := &user{name: "default", flags: userOn | userNoPass, selectors: []*selector{{all: true, allKeys: true, allChannels: true}}}
	s.acl.users = map[string]*user{"default": u}
	s.acl.defaultUser = u
}

// growACL gives the selectors made before the command table their place for every command.
func (s *Server) growACL() {
	for _, u := range s.acl.users {
		for _, sel := range u.selectors {
			if sel.allowed == nil {
				sel.allowed = newSelector(s.commandCount()).allowed
				if sel.all {
					sel.setAll(true)
				}
			}
		}
	}
}

// define takes a "user" line of the configuration.
func (a *acl) define(s *Server, v startSetting) error {
	if len(v.words) == 0 {
		return fmt.Errorf("%s: user: missing name", v.where)
	}
	a.later = append(a.later, v)
	return nil
}

// loadUsers applies the "user" lines and the aclfile, once the command table exists.
func (s *Server) loadUsers() error {
	s.growACL()
	for _, v := range s.acl.later {
		if err := s.defineUser(s.acl.users, v.words[0], v.words[1:]); err != nil {
			return fmt.Errorf("%s: user %s: %w", v.where, v.words[0], err)
		}
	}
	s.acl.later = nil
	if s.config.aclFile == "" {
		return nil
	}
	users, err := s.readACLFile()
	if err != nil {
		return err
	}
	s.replaceUsers(users)
	return nil
}

func (s *Server) defineUser(users map[string]*user, name string, rules []string) error {
	u := users[name]
	if u == nil {
		u = s.newUser(name)
	}
	next := u.clone()
	if err := next.apply(s, rules); err != nil {
		return err
	}
	if users[name] == nil {
		users[name] = next
	} else {
		*u = *next
	}
	return nil
}

// applyRequirePass gives the default user the password of requirepass, or none.
func (s *Server) applyRequirePass() error {
	u := s.acl.defaultUser
	if s.config.requirePass == "" {
		if s.requirePassSet {
			u.passwords, u.flags = nil, u.flags|userNoPass
		}
		return nil
	}
	s.requirePassSet = true
	u.passwords, u.flags = nil, u.flags&^userNoPass
	return u.rule(s, ">"+s.config.requirePass)
}

// applyACLDefault is for a parameter that is read when a user is made.
func (s *Server) applyACLDefault() error { return nil }
