package scripting

import (
	"iter"
	"math"
	"strconv"
	"strings"

	"github.com/evald/evald/engine/double"
	"github.com/evald/evald/scripting/lua"
)

// How the debugger writes: log lines, source lines, Lua values, commands and their replies.

// log adds a line to what the client gets next.
func (d *session) log(line string) { d.logs = append(d.logs, oneLine(line)) }

// flush sends the log.
func (d *session) flush() {
	d.console.Send(d.logs)
	d.logs = d.logs[:0]
}

// logSource adds a line of the source, marked if it has a breakpoint or is about to run.
func (d *session) logSource(line int) {
	text := "<out of range source code line>"
	if line >= 1 && line <= len(d.source) {
		text = d.source[line-1]
	}
	mark := "   "
	switch here, stop := line == d.line, d.isBreakpoint(line); {
	case here && stop:
		mark = "->#"
	case here:
		mark = "-> "
	case stop:
		mark = "  #"
	}
	number := strconv.Itoa(line)
	for len(number) < 3 {
		number += " "
	}
	d.log(mark + number + " " + text)
}

// logTrimmed adds what w holds, cut to maxlen bytes.
func (d *session) logTrimmed(w *valueWriter) {
	s := w.String()
	if d.maxlen == 0 || len(s) <= d.maxlen {
		d.log(s)
		return
	}
	d.log(s[:d.maxlen] + " ...")
	if !d.hinted {
		d.hinted = true
		d.log("<hint> The above reply was trimmed. Use 'maxlen 0' to disable trimming.")
	}
}

func (d *session) logValue(prefix string, v lua.Value) {
	w := d.writer()
	w.text(prefix)
	w.value(v, 0)
	d.logTrimmed(w)
}

// stepping returns the session if one is being stepped through: then redis.call is logged.
func (r *Runtime) stepping() *session {
	if d := r.debug.session; d != nil && d.step {
		return d
	}
	return nil
}

// maxLoggedArgs is how many arguments of a command are logged.
const maxLoggedArgs = 10

// logCall logs a command that the script calls.
func (d *session) logCall(args [][]byte) {
	var b strings.Builder
	b.WriteString("<redis>")
	for i, a := range args {
		b.WriteByte(' ')
		if i == maxLoggedArgs {
			b.WriteString("... (" + strconv.Itoa(len(args)-i-1) + " more)") // sic: one too few
			break
		}
		b.Write(a)
	}
	d.log(b.String())
}

// logReply logs the reply of a command. failed tells that it is an error.
func (d *session) logReply(v lua.Value, failed bool) {
	if failed && v.IsTable() {
		d.log("<error> -" + v.Table().Get(d.r.values.err).Str())
	}
	w := d.writer()
	w.text("<reply> ")
	w.reply(v, 0)
	d.logTrimmed(w)
}

// logError logs an error of the redis functions themselves, which Redis logs without the code ERR.
func (d *session) logError(msg string) {
	if short, found := strings.CutPrefix(msg, "ERR "); found {
		d.log("<error> " + short)
	} else {
		d.log("<error> -" + msg)
	}
}

// valueWriter writes values for people, up to a limit of bytes.
type valueWriter struct {
	strings.Builder
	d     *session
	limit int
}

// maxValue is the longest text of a value if maxlen does not limit it: nested tables may hold each other many times.
const maxValue = 1 << 20

// writer returns a writer for a log line that logTrimmed takes.
func (d *session) writer() *valueWriter {
	w := &valueWriter{d: d, limit: maxValue}
	if d.maxlen > 0 {
		w.limit = min(w.limit, d.maxlen+1) // one more, which shows that it is cut
	}
	return w
}

// pairs are the pairs of a table, without metamethods.
func pairs(t *lua.Table) iter.Seq2[lua.Value, lua.Value] {
	return func(yield func(k, v lua.Value) bool) {
		for k := lua.Nil; ; {
			key, v, more, _ := t.Next(k)
			if !more || !yield(key, v) {
				return
			}
			k = key
		}
	}
}

func (w *valueWriter) full() bool { return w.Len() >= w.limit }

func (w *valueWriter) text(s string) { w.WriteString(s) }

// quoted writes a string in quotes, with escapes as redis-cli shows them.
func (w *valueWriter) quoted(s string) {
	const escaped, letters = "\\\"\n\r\t\a\b", "\\\"nrtab"
	w.WriteByte('"')
	for i := 0; i < len(s) && !w.full(); i++ {
		c := s[i]
		if at := strings.IndexByte(escaped, c); at >= 0 {
			w.WriteByte('\\')
			w.WriteByte(letters[at])
		} else if c < ' ' || c > '~' {
			const digits = "0123456789abcdef"
			w.WriteString(`\x`)
			w.WriteByte(digits[c>>4])
			w.WriteByte(digits[c&15])
		} else {
			w.WriteByte(c)
		}
	}
	w.WriteByte('"')
}

// maxPrintDepth is how deep nested tables are shown.
const maxPrintDepth = 10

// value writes a Lua value: strings quoted, numbers with six digits, tables with their keys unless they are arrays.
func (w *valueWriter) value(v lua.Value, depth int) {
	if depth == maxPrintDepth {
		w.text("<max recursion level reached! Nested table?>")
		return
	}
	switch {
	case v.IsString():
		w.quoted(v.Str())
	case v.IsNumber():
		w.text(shortNumber(v.Number()))
	case v.IsNil():
		w.text("nil")
	case v.IsBool():
		w.text(strconv.FormatBool(v.Truthy()))
	case v.IsTable():
		w.table(v.Table(), depth+1)
	default:
		name := v.TypeName()
		if v.IsLightUserdata() {
			name = "light-userdata"
		}
		w.text(`"` + name + "@" + v.Address() + `"`)
	}
}

func (w *valueWriter) table(t *lua.Table, depth int) {
	array, n := true, 0
	for k := range pairs(t) {
		n++
		if !k.IsNumber() || k.Number() != float64(n) {
			array = false
			break
		}
	}
	w.text("{")
	separator := ""
	for k, v := range pairs(t) {
		if w.full() {
			break
		}
		w.text(separator)
		separator = "; "
		if !array {
			w.text("[")
			w.value(k, depth)
			w.text("]=")
		}
		w.value(v, depth)
	}
	w.text("}")
}

// shortNumber is C's %g.
func shortNumber(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return lua.FormatNumber(f)
	}
	return strconv.FormatFloat(f, 'g', 6, 64)
}

// reply writes the reply of a command, which has become a Lua value, as Redis shows it.
func (w *valueWriter) reply(v lua.Value, depth int) {
	n := &w.d.r.values
	switch {
	case v.IsString():
		w.quoted(v.Str())
	case v.IsNumber():
		w.text(strconv.FormatInt(truncate(v.Number()), 10))
	case v.IsNil():
		w.text("(null)")
	case v.IsBool() && w.d.r.run.sink.proto < 3:
		w.text("NULL")
	case v.IsBool():
		w.text("#" + strconv.FormatBool(v.Truthy()))
	case !v.IsTable() || depth == maxPrintDepth*maxPrintDepth: // no command nests so deep
		w.text("?")
	default:
		t := v.Table()
		if f := t.Get(n.err); f.IsString() {
			w.quoted("-" + f.Str())
		} else if f := t.Get(n.ok); f.IsString() {
			w.quoted("+" + f.Str())
		} else if f := t.Get(n.double); f.IsNumber() {
			w.text("(double) " + string(double.Append(nil, f.Number())))
		} else if f := t.Get(n.bigNumber); f.IsString() {
			w.text("(" + f.Str())
		} else if f := t.Get(n.verbatim); f.IsTable() {
			w.quoted(f.Table().Get(n.str).Str())
		} else if f := t.Get(n.mapField); f.IsTable() {
			w.entries("{", f.Table(), depth, true, "}")
		} else if f := t.Get(n.set); f.IsTable() {
			w.entries("~(", f.Table(), depth, false, ")")
		} else {
			w.elements(t, depth)
		}
	}
}

// elements writes an array. Nulls of RESP3 have left holes in it; what stands behind the last element is not seen.
func (w *valueWriter) elements(t *lua.Table, depth int) {
	last := 0
	for k := range pairs(t) {
		if k.IsNumber() {
			last = max(last, int(k.Number()))
		}
	}
	w.text("[")
	for i := 1; i <= last && !w.full(); i++ {
		if i > 1 {
			w.text(",")
		}
		w.reply(t.GetInt(i), depth+1)
	}
	w.text("]")
}

// entries writes a map, or a set, whose members are the keys of its table.
func (w *valueWriter) entries(begin string, t *lua.Table, depth int, values bool, end string) {
	w.text(begin)
	separator := ""
	for k, v := range pairs(t) {
		if w.full() {
			break
		}
		w.text(separator)
		separator = ","
		w.reply(k, depth+1)
		if values {
			w.text(" => ")
			w.reply(v, depth+1)
		}
	}
	w.text(end)
}
