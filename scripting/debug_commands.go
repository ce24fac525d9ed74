package scripting

import (
	"slices"
	"strconv"
	"strings"

	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/scripting/lua"
)

// The commands of the debugger, with the texts of Redis's.

// maxBreakpoints is how many breakpoints a session may have.
const maxBreakpoints = 64

// minMaxlen is the lowest limit that maxlen sets.
const minMaxlen = 60

const errorDebugCommand = "<error> Unknown Redis Lua debugger command or wrong number of arguments."

// do carries out one command and reports whether the script goes on.
func (d *session) do(c *lua.Call, args [][]byte) (goOn bool) {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = string(a)
	}
	switch n := len(words); strings.ToLower(words[0]) {
	case "h", "help":
		for _, line := range strings.Split(strings.Trim(debugHelp, "\n"), "\n") {
			d.log(line)
		}
	case "s", "step", "n", "next":
		d.step = true
		return true
	case "c", "continue":
		return true
	case "t", "trace":
		d.trace(c)
	case "m", "maxlen":
		d.setMaxlen(words[1:])
	case "b", "break":
		d.setBreakpoints(words[1:])
	case "e", "eval":
		d.eval(c, strings.Join(words[1:], " "))
	case "a", "abort":
		d.r.throw(c, "ERR script aborted for user request")
	case "p", "print":
		if n == 2 {
			d.printVariable(c, words[1])
		} else {
			d.printLocals(c)
		}
	case "l", "list":
		d.listAround(words[1:])
	case "w", "whole":
		d.list(1, len(d.source))
	case "r", "redis":
		if n > 1 {
			d.redis(c, args[1:])
			break
		}
		fallthrough
	default:
		d.log(errorDebugCommand)
	}
	return false
}

// trace logs the calls on their way. Functions that are not the script's own, natives and such, are left out.
func (d *session) trace(c *lua.Call) {
	how := "In "
	for i, f := range c.Frames() {
		if i > 0 {
			how = "From "
		}
		if !f.Hooked {
			continue
		}
		name := f.Name
		if name == "" {
			name = "top level"
		}
		d.log(how + name + ":")
		d.logSource(f.Line)
	}
}

// setMaxlen is maxlen [bytes]: 0 is no limit.
func (d *session) setMaxlen(args []string) {
	if len(args) == 1 {
		d.hinted = true
		if d.maxlen = leadingInt(args[0]); d.maxlen != 0 {
			d.maxlen = max(d.maxlen, minMaxlen)
		}
	}
	if d.maxlen == 0 {
		d.log("<value> replies are unlimited.")
		return
	}
	d.log("<value> replies are truncated at " + strconv.Itoa(d.maxlen) + " bytes.")
}

// setBreakpoints is break [line ...]: a line sets a breakpoint, its negative removes it, 0 removes all; without arguments they are listed.
func (d *session) setBreakpoints(args []string) {
	if len(args) == 0 {
		if len(d.breakpoints) == 0 {
			d.log("No breakpoints set. Use 'b <line>' to add one.")
			return
		}
		d.log(strconv.Itoa(len(d.breakpoints)) + " breakpoints set:")
		for _, line := range d.breakpoints {
			d.logSource(line)
		}
		return
	}
	for _, a := range args {
		line, ok := command.ParseInt([]byte(a))
		switch {
		case !ok:
			d.log("Invalid argument:'" + a + "'")
		case line == 0:
			d.breakpoints = nil
			d.log("All breakpoints removed.")
		case line < 0:
			i := slices.Index(d.breakpoints, -int(line))
			if i < 0 {
				d.log("No breakpoint in the specified line.")
				continue
			}
			d.breakpoints = slices.Delete(d.breakpoints, i, i+1)
			d.log("Breakpoint removed.")
		case len(d.breakpoints) == maxBreakpoints:
			d.log("Too many breakpoints set.")
		case line > int64(len(d.source)) || d.isBreakpoint(int(line)):
			d.log("Wrong line number.")
		default:
			d.breakpoints = append(d.breakpoints, int(line))
			d.list(int(line)-1, int(line)+1)
		}
	}
}

// eval runs code, an expression or a statement, in a function of its own.
func (d *session) eval(c *lua.Call, code string) {
	f, err := c.Load("return "+code, "@ldb_eval")
	if err != nil {
		f, err = c.Load(code, "@ldb_eval")
	}
	if err != nil {
		d.log("<error> " + err.Error())
		return
	}
	v, ok := c.PCall(f)
	switch {
	case ok:
		d.logValue("<retval> ", v)
	case v.IsString() || v.IsNumber():
		d.log("<error> " + plainText(v))
	default:
		d.log("<error> (error object is a " + v.TypeName() + " value)") // Redis dies here
	}
}

// redis runs a command as redis.call does, and logs it.
func (d *session) redis(c *lua.Call, args [][]byte) {
	values := make([]lua.Value, len(args))
	for i, a := range args {
		values[i] = c.NewString(a)
	}
	d.step = true
	c.PCall(d.r.callFunction, values...)
	d.step = false
}

// printVariable logs the innermost local variable of that name, in any function on its way, or KEYS or ARGV.
func (d *session) printVariable(c *lua.Call, name string) {
	for _, f := range c.Frames() {
		for n, v := range f.Locals {
			if n == name {
				d.logValue("<value> ", v)
				return
			}
		}
	}
	if v := d.r.state.Global(name); (name == "KEYS" || name == "ARGV") && v.IsTable() {
		d.logValue("<value> ", v)
		return
	}
	d.log("No such variable.")
}

// printLocals logs the local variables of the function that is running.
func (d *session) printLocals(c *lua.Call) {
	any := false
	if frames := c.Frames(); len(frames) > 0 {
		for n, v := range frames[0].Locals {
			d.logValue("<value> "+n+" = ", v)
			any = true
		}
	}
	if !any {
		d.log("No local variables in the current context.")
	}
}

// listAround is list [line [context]].
func (d *session) listAround(args []string) {
	around, context := d.line, 5
	if len(args) > 0 {
		if n := leadingInt(args[0]); n > 0 {
			around = n
		}
	}
	if len(args) > 1 {
		context = leadingInt(args[1])
	}
	d.list(around-context, around+context)
}

// list logs the source from one line to another.
func (d *session) list(from, to int) {
	for n := max(from, 1); n <= min(to, len(d.source)); n++ {
		d.logSource(n)
	}
}

// leadingInt reads as C's atoi: what is no number is 0. It is bounded, so that sums with it do not overflow.
func leadingInt(s string) int {
	const bound = 1 << 30
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	end := 0
	for end < len(s) && ('0' <= s[end] && s[end] <= '9' || end == 0 && (s[0] == '-' || s[0] == '+')) {
		end++
	}
	n, _ := strconv.Atoi(s[:end]) // what is out of range is bounded too
	return min(max(n, -bound), bound)
}

const debugHelp = `
Redis Lua debugger help:
[h]elp               Show this help.
[s]tep               Run current line and stop again.
[n]ext               Alias for step.
[c]ontinue           Run till next breakpoint.
[l]ist               List source code around current line.
[l]ist [line]        List source code around [line].
                     line = 0 means: current position.
[l]ist [line] [ctx]  In this form [ctx] specifies how many lines
                     to show before/after [line].
[w]hole              List all source code. Alias for 'list 1 1000000'.
[p]rint              Show all the local variables.
[p]rint <var>        Show the value of the specified variable.
                     Can also show global vars KEYS and ARGV.
[b]reak              Show all breakpoints.
[b]reak <line>       Add a breakpoint to the specified line.
[b]reak -<line>      Remove breakpoint from the specified line.
[b]reak 0            Remove all breakpoints.
[t]race              Show a backtrace.
[e]val <code>        Execute some Lua code (in a different callframe).
[r]edis <cmd>        Execute a Redis command.
[m]axlen [len]       Trim logged Redis replies and Lua var dumps to len.
                     Specifying zero as <len> means unlimited.
[a]bort              Stop the execution of the script. In sync
                     mode dataset changes will be retained.

Debugger functions you can call from Lua scripts:
redis.debug()        Produce logs in the debugger console.
redis.breakpoint()   Stop execution like if there was a breakpoint in the
                     next line of code.
`
