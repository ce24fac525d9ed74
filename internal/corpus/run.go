// Running a file.
package corpus

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/evald/evald/engine/double"
	"github.com/evald/evald/internal/reply"
)

// Target is what runs the commands.
type Target interface {
	// Do sends a command of a client, which begins to exist with its first one, and returns its reply: none if the client is blocked.
	Do(client string, args []string) ([]reply.Value, error)
	// Others returns, per client, what has come for others than the named one since the last command.
	Others(but string) (map[string][]reply.Value, error)
	// Advance moves the clock on.
	Advance(ms int64) error
	// Between is called after every line.
	Between()
}

// Output is what a block gave: lines of text, and for each of them the command that gave it.
type Output struct {
	Text []string
	By   []*Line
}

// Run runs all blocks and returns what each gave.
func (f *File) Run(t Target) (got []Output, err error) {
	for i := range f.Blocks {
		b := &f.Blocks[i]
		var out Output
		for i := range b.Lines {
			l := &b.Lines[i]
			lines, err := l.run(t)
			if err != nil {
				return got, fmt.Errorf("%s:%d: %q: %w", f.Path, b.Number, l.Args, err)
			}
			for _, text := range lines {
				out.Text, out.By = append(out.Text, text), append(out.By, l)
			}
			t.Between()
		}
		got = append(got, out)
	}
	return got, nil
}

func (l *Line) run(t Target) (out []string, err error) {
	if l.Advance > 0 {
		err = t.Advance(l.Advance.Milliseconds())
	} else {
		list, err := t.Do(l.Client, l.Args)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			out = append(out, "(blocked)")
		}
		for _, v := range list {
			out = append(out, strings.Split(l.text(v), "\n")...)
		}
	}
	if err != nil {
		return nil, err
	}
	others, err := t.Others(l.Client)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(others))
	for name := range others {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range others[name] {
			for _, text := range strings.Split(Normal(v).String(), "\n") {
				out = append(out, name+"< "+text)
			}
		}
	}
	return out, nil
}

// text prints the reply as the directives want it.
func (l *Line) text(v reply.Value) string {
	v = Normal(v)
	switch {
	case l.Loose && v.IsNull():
		return "(loose nil)"
	case l.Loose && v.Kind == '-':
		return "(loose error)"
	case l.Loose:
		return "(loose " + map[byte]string{'*': "array", '%': "map", '~': "set", '$': "string", ':': "integer", '+': "status", ',': "double"}[v.Kind] + ")"
	case l.Approx > 0:
		return fmt.Sprintf("%s +-%d", v, l.Approx)
	case l.Sorted:
		v = Arrange(v, 1)
	case l.Pairs:
		v = Arrange(v, 2)
	}
	return v.String()
}

// Arrange sorts the elements, step by step together, of the reply, or of the last element of a SCAN reply.
func Arrange(v reply.Value, step int) reply.Value {
	if !v.IsAggregate() || len(v.Elems) == 0 {
		return v
	}
	v.Elems = slices.Clone(v.Elems)
	if last := len(v.Elems) - 1; last == 1 && v.Elems[last].IsAggregate() && !v.Elems[0].IsAggregate() {
		v.Elems[last] = Arrange(v.Elems[last], step)
		return v
	}
	if v.Elems[0].IsAggregate() {
		step = 1
	}
	if v.Kind == '%' {
		step = 2
	}
	var groups [][]reply.Value
	for i := 0; i+step <= len(v.Elems); i += step {
		groups = append(groups, v.Elems[i:i+step])
	}
	slices.SortStableFunc(groups, func(a, b []reply.Value) int { return strings.Compare(a[0].String(), b[0].String()) })
	v.Elems = slices.Concat(groups...)
	return v
}

// Normal rewrites floats to their shortest form, which Redis prints since 7.2; the 7.0 that replies are recorded from prints 17 digits.
func Normal(v reply.Value) reply.Value {
	switch {
	case v.Kind == ',', v.Kind == '$' && long(v.Text):
		if f, err := strconv.ParseFloat(v.Text, 64); err == nil {
			v.Text = string(double.Append(nil, f))
		}
	case v.IsAggregate():
		v.Elems = slices.Clone(v.Elems)
		for i := range v.Elems {
			v.Elems[i] = Normal(v.Elems[i])
		}
	}
	return v
}

// long tells whether s looks like a float printed with %.17g: more digits than a shortest one ever has, or an exponent with two.
func long(s string) bool {
	digits, dot := 0, false
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '.' || c == 'e':
			dot = true
		case c != '-' && c != '+':
			return false
		}
	}
	return dot && digits >= 3 && (digits >= 16 || strings.Contains(s, "e"))
}

// Compare returns the first difference between what a block should give and what it gave, or "".
func Compare(want []string, got Output) string {
	for i := range max(len(want), len(got.Text)) {
		switch {
		case i >= len(got.Text):
			return fmt.Sprintf("no %q at the end", want[i])
		case i >= len(want):
			return fmt.Sprintf("%s\ngot  %s too much", reply.Line(got.By[i].Args), got.Text[i])
		case want[i] != got.Text[i] && !near(want[i], got.Text[i]):
			return fmt.Sprintf("%s\ngot  %s\nwant %s", reply.Line(got.By[i].Args), got.Text[i], want[i])
		}
	}
	return ""
}

// near compares integers printed with a tolerance.
func near(want, got string) bool {
	var a, b, tolerance, same int
	if n, _ := fmt.Sscanf(want, "(integer) %d +-%d", &a, &tolerance); n != 2 {
		return false
	}
	if n, _ := fmt.Sscanf(got, "(integer) %d +-%d", &b, &same); n != 2 {
		return false
	}
	return max(a-b, b-a) <= tolerance
}
