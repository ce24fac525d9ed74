package scripting

import (
	"sort"
	"strings"

	"github.com/evald/evald/engine/command"
)

// stats are what SCRIPT STATS tells of a script or function: counted since it was loaded or its counters were reset.
type stats struct {
	usage    command.Usage // calls and run times
	errors   map[string]uint64
	commands uint64 // commands called
	touches  uint64 // keys and elements changed
	steps    int64
	maxBytes int64  // most memory that a run had in use at its end
	max      int64  // longest run, ns
	lastUse  int64  // unix ms
	rolled   uint64 // runs undone
}

// account adds the run that has just ended to its script's counters.
func (r *Runtime) account(c *command.Ctx, nanos int64) {
	u := &r.run
	st := u.stats
	if st == nil {
		return
	}
	u.stats = nil
	st.usage.Add(nanos)
	st.max = max(st.max, nanos)
	st.commands += u.calls
	st.touches += uint64(u.touches)
	st.steps += r.state.Steps()
	st.maxBytes = max(st.maxBytes, u.bytes)
	st.lastUse = c.KS.Now()
}

// failed counts an error by its code.
func (s *stats) failed(msg string) {
	if s.errors == nil {
		s.errors = map[string]uint64{}
	}
	code, _, _ := strings.Cut(msg, " ")
	if len(s.errors) < maxErrorCodes || s.errors[code] > 0 {
		s.errors[code]++
	}
}

// maxErrorCodes bounds the codes that are told apart: a script makes up its own.
const maxErrorCodes = 64

// scriptStats replies the counters of a script or function, or of all that have run. SCRIPT STATS [sha1 | function] [RESET]
func (r *Runtime) scriptStats(c *command.Ctx) error {
	args, reset := c.Args[2:], false
	if n := len(args); n > 0 && c.Is(len(c.Args)-1, "reset") {
		args, reset = args[:n-1], true
	}
	if len(args) > 1 {
		return command.ErrSyntax
	}
	type named struct {
		name string
		*stats
	}
	var all []named
	if len(args) == 1 {
		if s := r.script(args[0]); s != nil {
			all = append(all, named{s.sha, &s.stats})
		} else if f := r.function(args[0]); f != nil {
			all = append(all, named{f.name, &f.stats})
		} else {
			return command.Error("ERR No such script or function")
		}
	} else {
		for _, s := range r.scripts.bySHA {
			all = append(all, named{s.sha, &s.stats})
		}
		for _, f := range r.libs.functions {
			all = append(all, named{f.name, &f.stats})
		}
		sort.Slice(all, func(i, j int) bool { return all[i].name < all[j].name })
	}
	if reset {
		for _, s := range all {
			*s.stats = stats{}
		}
		c.Reply.Status("OK")
		return nil
	}
	c.Reply.Map(len(all))
	for _, s := range all {
		c.Reply.BulkString(s.name)
		s.reply(c.Reply)
	}
	return nil
}

func (s *stats) reply(out command.Reply) {
	out.Map(13)
	count := func(name string, n int64) {
		out.BulkString(name)
		out.Int(n)
	}
	count("calls", int64(s.usage.Calls))
	count("usec", int64(s.usage.Nanos/1000))
	out.BulkString("errors")
	codes := make([]string, 0, len(s.errors))
	for code := range s.errors {
		codes = append(codes, code)
	}
	sort.Strings(codes)
	out.Map(len(codes))
	for _, code := range codes {
		count(code, int64(s.errors[code]))
	}
	count("rolled_back", int64(s.rolled))
	for _, p := range []struct {
		name string
		at   float64
	}{{"p50_usec", 0.5}, {"p99_usec", 0.99}, {"p99.9_usec", 0.999}} {
		out.BulkString(p.name)
		out.Double(float64(min(s.usage.Percentile(p.at), s.max)) / 1000)
	}
	out.BulkString("max_usec")
	out.Double(float64(s.max) / 1000)
	count("commands", int64(s.commands))
	count("keys_touched", int64(s.touches))
	count("steps", s.steps)
	count("max_bytes", s.maxBytes)
	count("last_use", s.lastUse/1000)
}

// scriptList describes the cached scripts. SCRIPT LIST
func (r *Runtime) scriptList(c *command.Ctx) error {
	shas := make([]string, 0, len(r.scripts.bySHA))
	for sha := range r.scripts.bySHA {
		shas = append(shas, sha)
	}
	sort.Strings(shas)
	c.Reply.Array(len(shas))
	for _, sha := range shas {
		s := r.scripts.bySHA[sha]
		c.Reply.Map(5)
		c.Reply.BulkString("sha1")
		c.Reply.BulkString(sha)
		c.Reply.BulkString("name")
		c.Reply.BulkString(s.title())
		c.Reply.BulkString("size")
		c.Reply.Int(int64(len(s.source)))
		c.Reply.BulkString("loaded")
		c.Reply.Bool(s.lru == nil)
		c.Reply.BulkString("last_use")
		c.Reply.Int(s.stats.lastUse / 1000)
	}
	return nil
}

// title is the first comment line of a script, or its first line, for people to know it by.
func (s *script) title() string {
	for line := range strings.Lines(s.source) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#!") {
			continue
		}
		line = strings.TrimSpace(strings.TrimLeft(line, "-"))
		return line[:min(len(line), 80)]
	}
	return ""
}
