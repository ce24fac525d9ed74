// Conformance: one-line scripts whose answers were recorded from a real Redis.
package lua

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

//go:embed testdata/snippets.tsv
var snippets string

// unstable are the snippets whose answer is an address.
var unstable = map[string]bool{
	"return tostring(string.dump)": true,
	"return tostring(bit)":         true,
}

// answer returns what a script returns in the notation of snippets.tsv.
func answer(s *State, source string) string {
	p, err := s.Load(source, "@user_script")
	if err != nil {
		return "CE " + strconv.Quote(err.Error())
	}
	var values []string
	e := s.Run(p, func(c *Call) {
		for i := 1; i <= c.N(); i++ {
			values = append(values, notation(c.Arg(i)))
		}
	})
	if e != nil {
		return "RE " + notation(e.Value)
	}
	return strings.Join(values, " ")
}

func notation(v Value) string {
	switch v.Kind() {
	case KindNil:
		return "nil"
	case KindBoolean:
		return fmt.Sprintf("b:%v", v.Truthy())
	case KindNumber:
		return "n:" + strconv.FormatFloat(v.Number(), 'g', -1, 64)
	case KindString:
		return "s:" + strconv.Quote(v.Str())
	}
	return v.TypeName()
}

// canonical rewrites a recorded answer as notation writes it.
func canonical(t *testing.T, recorded string) string {
	var out []string
	rest := recorded
	for rest != "" {
		rest = strings.TrimLeft(rest, " ")
		switch {
		case strings.HasPrefix(rest, "RE "), strings.HasPrefix(rest, "CE "):
			out, rest = append(out, rest[:2]), rest[3:]
		case strings.HasPrefix(rest, `s:"`), strings.HasPrefix(rest, `"`):
			prefix := rest[:strings.IndexByte(rest, '"')]
			quoted, err := strconv.QuotedPrefix(rest[len(prefix):])
			if err != nil {
				t.Fatalf("%s: %v", recorded, err)
			}
			text, _ := strconv.Unquote(quoted)
			out, rest = append(out, prefix+strconv.Quote(text)), rest[len(prefix)+len(quoted):]
		default:
			word, tail, _ := strings.Cut(rest, " ")
			if f, err := strconv.ParseFloat(strings.TrimPrefix(word, "n:"), 64); err == nil {
				word = "n:" + strconv.FormatFloat(f, 'g', -1, 64)
			}
			out, rest = append(out, word), tail
		}
	}
	return strings.Join(out, " ")
}

func TestConformance(t *testing.T) {
	s := New()
	count := 0
	for line := range strings.Lines(snippets) {
		source, recorded, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			t.Fatalf("no answer in %q", line)
		}
		count++
		if unstable[source] {
			continue
		}
		if got, want := answer(s, source), canonical(t, recorded); got != want {
			t.Errorf("%s\n\tgot  %s\n\twant %s", source, got, want)
		}
	}
	if count < 383 {
		t.Errorf("only %d snippets", count)
	}
}
