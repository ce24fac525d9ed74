package scripting

import (
	"sort"

	"github.com/evald/evald/engine/command"
)

// profile counts where a script spends its steps and its commands' time. It is on for a script between SCRIPT PROFILE ON and OFF.
type profile struct {
	runs  uint64
	lines map[int]*lineProfile
}

// lineProfile is one line of the source.
type lineProfile struct {
	samples  uint64 // budget checks that found the script here
	calls    uint64 // redis.call and redis.pcall
	nanos    int64  // time in them
	commands map[string]uint64
}

// profileSlice is how many steps pass between two samples while a script is profiled.
const profileSlice = 100

func (p *profile) line(n int) *lineProfile {
	l := p.lines[n]
	if l == nil {
		l = &lineProfile{commands: map[string]uint64{}}
		p.lines[n] = l
	}
	return l
}

// sample notes the line at which a budget check found the script.
func (r *Runtime) sample() { r.run.profile.line(r.state.CurrentLine()).samples++ }

// profileCall notes a command that a script has called.
func (r *Runtime) profileCall(spec *command.Spec, nanos int64) {
	l := r.run.profile.line(r.state.CurrentLine())
	l.calls++
	l.nanos += nanos
	l.commands[spec.FullName()]++
}

// scriptProfile switches profiling of a script or function, or replies what it found. SCRIPT PROFILE sha1 ON | OFF | REPORT
func (r *Runtime) scriptProfile(c *command.Ctx) error {
	var slot **profile
	if s := r.script(c.Args[2]); s != nil {
		slot = &s.profile
	} else if f := r.function(c.Args[2]); f != nil {
		slot = &f.profile
	} else {
		return command.Error("ERR No such script or function")
	}
	switch {
	case c.Is(3, "on"):
		*slot = &profile{lines: map[int]*lineProfile{}}
	case c.Is(3, "off"):
		*slot = nil
	case c.Is(3, "report"):
		if *slot == nil {
			return command.Error("ERR Profiling of this script is off")
		}
		(*slot).reply(c.Reply)
		return nil
	default:
		return command.ErrSyntax
	}
	c.Reply.Status("OK")
	return nil
}

func (p *profile) reply(out command.Reply) {
	numbers := make([]int, 0, len(p.lines))
	for n := range p.lines {
		numbers = append(numbers, n)
	}
	sort.Ints(numbers)
	out.Map(2)
	out.BulkString("runs")
	out.Int(int64(p.runs))
	out.BulkString("lines")
	out.Array(len(numbers))
	for _, n := range numbers {
		l := p.lines[n]
		out.Map(5)
		out.BulkString("line")
		out.Int(int64(n))
		out.BulkString("steps")
		out.Int(int64(l.samples * profileSlice))
		out.BulkString("calls")
		out.Int(int64(l.calls))
		out.BulkString("call_usec")
		out.Double(float64(l.nanos) / 1000)
		out.BulkString("commands")
		names := make([]string, 0, len(l.commands))
		for name := range l.commands {
			names = append(names, name)
		}
		sort.Strings(names)
		out.Map(len(names))
		for _, name := range names {
			out.BulkString(name)
			out.Int(int64(l.commands[name]))
		}
	}
}
