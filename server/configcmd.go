package server

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/engine/glob"
	"github.com/evald/evald/server/resp"
)

// configuration declares CONFIG.
func (s *Server) configuration() []command.Spec {
	const flags = command.Admin | command.NoScript | command.Loading | command.Stale
	g := command.GroupServer
	return []command.Spec{{Name: "config", Arity: -2, Group: g, Since: "2.0.0", Complexity: "Depends on subcommand.", Summary: "A container for server configuration commands.", Sub: []command.Spec{
		{Name: "get", Arity: -3, Flags: flags, Group: g, Since: "2.0.0", Do: s.configGet, Complexity: "O(N) when N is the number of configuration parameters provided",
			Summary: "Returns the effective values of configuration parameters.", Syntax: "parameter [parameter ...]"},
		{Name: "set", Arity: -4, Flags: flags, Group: g, Since: "2.0.0", Do: s.configSet, Complexity: "O(N) when N is the number of configuration parameters provided",
			Summary: "Sets configuration parameters in-flight.", Syntax: "parameter value [parameter value ...]", Tips: []string{"request_policy:all_nodes", "response_policy:all_succeeded"}},
		{Name: "resetstat", Arity: 2, Flags: flags, Group: g, Since: "2.0.0", Do: s.configResetStat, Complexity: "O(1)", Summary: "Resets the server's statistics.",
			Tips: []string{"request_policy:all_nodes", "response_policy:all_succeeded"}},
		{Name: "rewrite", Arity: 2, Flags: flags, Group: g, Since: "2.8.0", Do: s.configRewrite, Complexity: "O(1)", Summary: "Persists the effective configuration to file.",
			Tips: []string{"request_policy:all_nodes", "response_policy:all_succeeded"}},
		s.help("config", g, "5.0.0",
			"GET <pattern>", "    Return parameters matching the glob-like <pattern> and their values.",
			"SET <directive> <value>", "    Set the configuration <directive> to <value>.",
			"RESETSTAT", "    Reset statistics reported by the INFO command.",
			"REWRITE", "    Rewrite the configuration file."),
	}}}
}

func (s *Server) configGet(x *command.Ctx) error {
	found := map[string]*param{}
	for _, a := range x.Args[2:] {
		if p := s.params.byName[strings.ToLower(string(a))]; p != nil {
			found[string(a)] = p // as it was typed
			continue
		}
		pattern := bytes.ToLower(a)
		for name, p := range s.params.byName {
			if !p.hidden && glob.Match(pattern, []byte(name)) {
				found[name] = p
			}
		}
	}
	names := sortedNames(found)
	x.Reply.Map(len(names))
	for _, name := range names {
		x.Reply.BulkString(name)
		x.Reply.BulkString(found[name].value.text())
	}
	return nil
}

// setting is one parameter of a CONFIG SET and what it was before.
type setting struct {
	p    *param
	name string
	old  string
}

// configSet sets all parameters or none.
func (s *Server) configSet(x *command.Ctx) error {
	if len(x.Args)%2 != 0 {
		return command.ErrSyntax
	}
	fail := func(name string, err error) error {
		return command.Error(fmt.Sprintf("ERR CONFIG SET failed (possibly related to argument '%s') - %v", name, err))
	}
	var list []setting
	for i := 2; i < len(x.Args); i += 2 {
		name := strings.ToLower(string(x.Args[i]))
		p := s.params.byName[name]
		if p == nil {
			return command.Error("ERR Unknown option or number of arguments for CONFIG SET - '" + name + "'")
		}
		if p.mode == immutable {
			return fail(name, configError("can't set immutable config"))
		}
		if p.mode == protected && !s.allowsProtected(x.Client, s.config.enableProtected) {
			return fail(name, configError("can't set protected config"))
		}
		for _, other := range list {
			if other.name == name {
				return fail(name, configError("duplicate parameter"))
			}
		}
		list = append(list, setting{p, name, p.value.text()})
	}
	restore := func(n int) {
		for _, set := range list[:n] {
			if err := set.p.value.set(set.p.split(set.old)); err != nil {
				panic("server: parameter " + set.name + " refuses the value it had: " + err.Error())
			}
		}
	}
	for i, set := range list {
		if err := set.p.value.set(set.p.split(string(x.Args[3+2*i]))); err != nil {
			restore(i)
			return fail(set.name, err)
		}
	}
	for i, set := range list {
		if set.p.apply == nil {
			continue
		}
		if err := set.p.apply(); err != nil {
			restore(len(list))
			for _, done := range list[:i+1] {
				if done.p.apply != nil {
					done.p.apply()
				}
			}
			return fail(set.name, err)
		}
	}
	x.Reply.Status("OK")
	return nil
}

// allowsProtected tells whether a setting of no, yes or local lets this client use what it protects.
func (s *Server) allowsProtected(client command.Client, setting string) bool {
	c, ok := client.(*conn)
	return setting == "yes" || setting == "local" && ok && (c.remote == nil || c.remote.IsLoopback())
}

func (s *Server) configResetStat(x *command.Ctx) error {
	for _, spec := range s.table.All() {
		*spec.Usage() = command.Usage{}
	}
	s.stats.reset(s)
	x.Reply.Status("OK")
	return nil
}

// startSetting is a parameter given at start.
type startSetting struct {
	name  string
	words []string
	where string // for errors
}

// startValues collects what the configuration file and the options say.
func (s *Server) startValues() ([]startSetting, error) {
	var list []startSetting
	if s.opts.ConfigFile != "" {
		text, err := os.ReadFile(s.opts.ConfigFile)
		if err != nil {
			return nil, fmt.Errorf("configuration file %s: %w", s.opts.ConfigFile, reasonOf(err))
		}
		for i, line := range strings.Split(string(text), "\n") {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			words, ok := resp.SplitWords([]byte(line))
			where := fmt.Sprintf("configuration file %s, line %d", s.opts.ConfigFile, i+1)
			if !ok || len(words) == 0 {
				return nil, fmt.Errorf("%s: unbalanced quotes", where)
			}
			set := startSetting{name: strings.ToLower(string(words[0])), where: where}
			for _, w := range words[1:] {
				set.words = append(set.words, string(w))
			}
			list = append(list, set)
		}
		if s.opts.ConfigFile, err = filepath.Abs(s.opts.ConfigFile); err != nil {
			return nil, fmt.Errorf("configuration file: %w", err)
		}
	}
	names := make([]string, 0, len(s.opts.Config))
	for name := range s.opts.Config {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		list = append(list, startSetting{strings.ToLower(name), []string{s.opts.Config[name]}, "option"})
	}
	return list, nil
}

// startValue sets one parameter at start.
func (s *Server) startValue(v startSetting) error {
	if v.name == "user" {
		return s.acl.define(s, v)
	}
	p := s.params.byName[v.name]
	if p == nil {
		return fmt.Errorf("%s: unknown parameter %q", v.where, v.name)
	}
	words := v.words
	if p.multi && len(words) == 1 {
		words = strings.Fields(words[0])
	}
	if p.name == "save" && p.changed { // each line of the file adds one pair
		words = append(strings.Fields(p.value.text()), words...)
	}
	if err := p.value.set(words); err != nil {
		return fmt.Errorf("%s: %s: %w", v.where, v.name, err)
	}
	p.changed = true
	return nil
}

// applyAll puts the parameters' start values into effect.
func (s *Server) applyAll() error {
	for _, p := range s.params.list {
		if p.apply == nil || p.name == "dir" {
			continue
		}
		if err := p.apply(); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	for _, p := range s.params.list {
		p.start = p.value.text()
	}
	return nil
}

// configRewrite writes the configuration file anew: lines of known parameters get their present value, others and comments stay,
// and parameters that are not at their default are added. Without a file the store keeps what CONFIG SET has changed.
func (s *Server) configRewrite(x *command.Ctx) error {
	if s.opts.ConfigFile == "" && s.store != nil {
		s.storeParams()
		x.Reply.Status("OK")
		return nil
	}
	if s.opts.ConfigFile == "" {
		return command.Error("ERR The server is running without a config file")
	}
	old, err := os.ReadFile(s.opts.ConfigFile)
	if err != nil && !os.IsNotExist(err) {
		return command.Error("ERR Rewriting config file: " + reasonOf(err).Error())
	}
	if err := writeFile(s.opts.ConfigFile, s.rewritten(string(old))); err != nil {
		return command.Error("ERR Rewriting config file: " + reasonOf(err).Error())
	}
	x.Reply.Status("OK")
	return nil
}

func (s *Server) rewritten(old string) []byte {
	var out bytes.Buffer
	written := map[*param]bool{}
	const mark = "# Generated by CONFIG REWRITE"
	marked := false
	for _, line := range strings.Split(strings.TrimRight(old, "\n"), "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || words[0][0] == '#' {
			marked = marked || line == mark
			out.WriteString(line + "\n")
			continue
		}
		if words[0] == "user" {
			continue // written below
		}
		p := s.params.byName[strings.ToLower(words[0])]
		if p == nil || written[p] {
			continue
		}
		written[p] = true
		out.WriteString(p.line())
	}
	add := func(line string) {
		if !marked {
			out.WriteString(mark + "\n")
			marked = true
		}
		out.WriteString(line)
	}
	for _, p := range s.params.list {
		if !written[p] && p.value.text() != p.def && p.name != "dir" {
			add(p.line())
		}
	}
	if s.config.aclFile == "" {
		for _, name := range sortedNames(s.acl.users) {
			add("user " + name + " " + s.acl.users[name].describe(s) + "\n")
		}
	}
	return out.Bytes()
}

// line is the parameter's line in redis.conf.
func (p *param) line() string {
	text := p.value.text()
	if !p.multi && (text == "" || strings.ContainsAny(text, " \t\"'\n\r\\#")) || p.multi && text == "" {
		text = strconv.Quote(text)
	}
	return p.name + " " + text + "\n"
}

// writeFile replaces a file at once: readers see the old or the new content.
func writeFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".rewrite-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(content); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
