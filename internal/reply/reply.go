// Package reply reads any RESP2 or RESP3 reply and prints it as text that shows its type, for tests that compare servers.
package reply

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Value is one reply.
type Value struct {
	// Kind is the first byte of the reply on the wire: + - : $ * _ , # ( = % ~ >
	Kind byte
	// Null is set for $-1 and *-1; _ is always null.
	Null bool
	// Text is the text of everything that is no aggregate: numbers as they came, errors with their code.
	Text string
	// Elems are the elements of an aggregate; those of a map stand key, value, key, value.
	Elems []Value
}

// maxElems bounds what a reply may announce, so that a broken stream does not eat the memory.
const maxElems = 1 << 24

// Read reads one reply.
func Read(r *bufio.Reader) (Value, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return Value{}, err
	}
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return Value{}, fmt.Errorf("reply line %q", line)
	}
	v := Value{Kind: line[0], Text: line[1 : len(line)-2]}
	switch v.Kind {
	case '+', '-', ':', ',', '#', '(', '_':
		return v, nil
	case '$', '=', '!':
		return readBulk(r, v)
	case '*', '%', '~', '>', '|':
		return readAggregate(r, v)
	}
	return v, fmt.Errorf("reply begins with %q", line)
}

func readBulk(r *bufio.Reader, v Value) (Value, error) {
	n, err := strconv.Atoi(v.Text)
	if err != nil || n > 1<<30 {
		return v, fmt.Errorf("bulk length %q", v.Text)
	}
	if v.Text = ""; n < 0 {
		v.Null = true
		return v, nil
	}
	b := make([]byte, n+2)
	if _, err := io.ReadFull(r, b); err != nil {
		return v, err
	}
	if b[n] != '\r' || b[n+1] != '\n' {
		return v, errors.New("bulk without its end")
	}
	v.Text = string(b[:n])
	return v, nil
}

func readAggregate(r *bufio.Reader, v Value) (Value, error) {
	n, err := strconv.Atoi(v.Text)
	if err != nil || n > maxElems {
		return v, fmt.Errorf("aggregate length %q", v.Text)
	}
	if v.Text = ""; n < 0 {
		v.Null = true
		return v, nil
	}
	if v.Kind == '%' || v.Kind == '|' {
		n *= 2
	}
	for range n {
		e, err := Read(r)
		if err != nil {
			return v, err
		}
		v.Elems = append(v.Elems, e)
	}
	if v.Kind == '|' { // attributes come before the reply that they belong to
		return Read(r)
	}
	return v, nil
}

// Parse reads all replies of b.
func Parse(b []byte) (list []Value, err error) {
	r := bufio.NewReader(strings.NewReader(string(b)))
	for {
		if _, err := r.Peek(1); err == io.EOF {
			return list, nil
		}
		v, err := Read(r)
		if err != nil {
			return list, err
		}
		list = append(list, v)
	}
}

// IsNull tells whether the reply is a null of any kind.
func (v Value) IsNull() bool { return v.Null || v.Kind == '_' }

// IsAggregate tells whether the reply has elements.
func (v Value) IsAggregate() bool {
	return !v.Null && (v.Kind == '*' || v.Kind == '%' || v.Kind == '~' || v.Kind == '>')
}

// String prints the reply as redis-cli does, but so that every type shows.
func (v Value) String() string {
	var b strings.Builder
	v.print(&b, "")
	return strings.TrimSuffix(b.String(), "\n")
}

func (v Value) print(b *strings.Builder, indent string) {
	if !v.IsAggregate() {
		b.WriteString(v.scalar())
		b.WriteByte('\n')
		return
	}
	name, mark := map[byte]string{'*': "array", '%': "map", '~': "set", '>': "push"}[v.Kind], map[byte]string{'*': ")", '%': "#", '~': "~", '>': ">"}[v.Kind]
	if len(v.Elems) == 0 {
		fmt.Fprintf(b, "(empty %s)\n", name)
		return
	}
	step := 1
	if v.Kind == '%' {
		step = 2
	}
	for i := 0; i < len(v.Elems); i += step {
		label := strconv.Itoa(i/step+1) + mark + " "
		if i > 0 {
			b.WriteString(indent)
		}
		b.WriteString(label)
		inner := indent + strings.Repeat(" ", len(label))
		v.Elems[i].print(b, inner)
		if step == 2 {
			b.WriteString(inner + "=> ")
			v.Elems[i+1].print(b, inner+"   ")
		}
	}
}

func (v Value) scalar() string {
	switch v.Kind {
	case '+':
		return v.Text
	case '-', '!':
		return "(error) " + v.Text
	case ':':
		return "(integer) " + v.Text
	case '_':
		return "(nil)"
	case '*':
		return "(nil array)"
	case ',':
		return "(double) " + v.Text
	case '#':
		return map[string]string{"t": "(true)", "f": "(false)"}[v.Text]
	case '(':
		return "(big number) " + v.Text
	case '=':
		return "(verbatim) " + Quote(v.Text)
	}
	if v.Null {
		return "(nil)"
	}
	return Quote(v.Text)
}

// Quote quotes bytes as redis-cli does.
func Quote(s string) string {
	b := []byte{'"'}
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c == '\t':
			b = append(b, '\\', 't')
		case c < ' ' || c > '~':
			b = fmt.Appendf(b, "\\x%02x", c)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}
