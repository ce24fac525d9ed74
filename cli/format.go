// This file prints replies as redis-cli does, for people (indented, typed) and for pipes (raw), and splits command lines
// by its quoting rules.
package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tidwall/resp"
)

// formatTyped renders a reply for people, ending in a newline: "text", (integer) 1, (nil), nested arrays indented.
func formatTyped(v resp.Value, indent string) string {
	switch {
	case v.IsNull():
		return "(nil)\n"
	case v.Type() == resp.Error:
		return "(error) " + v.String() + "\n"
	case v.Type() == resp.Integer:
		return "(integer) " + v.String() + "\n"
	case v.Type() == resp.BulkString:
		return quote(v.Bytes()) + "\n"
	case v.Type() == resp.SimpleString:
		return v.String() + "\n"
	}
	list := v.Array()
	if len(list) == 0 {
		return "(empty array)\n"
	}
	// The first element goes on the line its parent's number is on, the others are indented below it.
	width := len(strconv.Itoa(len(list)))
	inner := indent + strings.Repeat(" ", width+2)
	var b strings.Builder
	for i, e := range list {
		if i > 0 {
			b.WriteString(indent)
		}
		fmt.Fprintf(&b, "%*d) %s", width, i+1, formatTyped(e, inner))
	}
	return b.String()
}

// formatRaw renders a reply for pipes, without a newline at the end: nothing but the bytes, a line for each element.
func formatRaw(v resp.Value) string {
	switch {
	case v.IsNull():
		return ""
	case v.Type() == resp.Error:
		return v.String() + "\n" // one more than its own: as redis-cli
	case v.Type() == resp.Array:
		var lines []string
		for _, e := range v.Array() {
			lines = append(lines, formatRaw(e))
		}
		return strings.Join(lines, "\n")
	}
	return string(v.Bytes())
}

// quote renders bytes between double quotes, with escapes for all but printable ASCII.
func quote(b []byte) string {
	var s strings.Builder
	s.WriteByte('"')
	for _, c := range b {
		switch {
		case c == '\\' || c == '"':
			s.WriteByte('\\')
			s.WriteByte(c)
		case strings.IndexByte("\n\r\t\a\b", c) >= 0:
			s.WriteByte('\\')
			s.WriteByte("nrtab"[strings.IndexByte("\n\r\t\a\b", c)])
		case c >= ' ' && c <= '~':
			s.WriteByte(c)
		default:
			fmt.Fprintf(&s, `\x%02x`, c)
		}
	}
	s.WriteByte('"')
	return s.String()
}

// errQuotes is the text redis-cli prints.
//
//lint:ignore ST1005 redis-cli's words
var errQuotes = errors.New("Invalid argument(s)")

// split cuts a line into arguments: blanks separate, "..." takes the escapes \n \r \t \a \b \xHH \c, '...' only \'.
// After a closing quote a blank must follow.
func split(line string) ([]string, error) {
	var args []string
	for i := 0; ; {
		for i < len(line) && isBlank(line[i]) {
			i++
		}
		if i == len(line) {
			return args, nil
		}
		var arg []byte
		for i < len(line) && !isBlank(line[i]) {
			c := line[i]
			if c != '"' && c != '\'' {
				arg = append(arg, c)
				i++
				continue
			}
			text, next, ok := quoted(line, i)
			if !ok || next < len(line) && !isBlank(line[next]) {
				return nil, errQuotes
			}
			arg = append(arg, text...)
			i = next
		}
		args = append(args, string(arg))
	}
}

// quoted reads the quoted text that opens at line[i] and returns where it ends.
func quoted(line string, i int) (text []byte, next int, ok bool) {
	q := line[i]
	for i++; i < len(line); i++ {
		c := line[i]
		switch {
		case c == q:
			return text, i + 1, true
		case c != '\\' || i+1 == len(line) || q == '\'' && line[i+1] != '\'':
			text = append(text, c)
		case q == '\'':
			i++
			text = append(text, '\'')
		default:
			if i+3 < len(line) && line[i+1] == 'x' {
				if n, err := strconv.ParseUint(line[i+2:i+4], 16, 8); err == nil {
					text = append(text, byte(n))
					i += 3
					continue
				}
			}
			i++
			text = append(text, unescape(line[i]))
		}
	}
	return nil, 0, false
}

func unescape(c byte) byte {
	if i := strings.IndexByte("nrtab", c); i >= 0 {
		return "\n\r\t\a\b"[i]
	}
	return c
}

func isBlank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
