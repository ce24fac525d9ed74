// Splitting a line into words.
package reply

import (
	"errors"
	"strconv"
	"strings"
)

// Words splits a line as redis-cli does: words may be quoted, "..." with escapes or '...' with \' alone.
func Words(line string) (words []string, err error) {
	for i := 0; i < len(line); {
		if line[i] == ' ' || line[i] == '\t' {
			i++
			continue
		}
		var b strings.Builder
		quote := byte(0)
		for ; i < len(line) && (quote != 0 || line[i] != ' ' && line[i] != '\t'); i++ {
			c := line[i]
			switch {
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			case quote != 0 && c == quote:
				quote = 0
			case quote == '"' && c == '\\' && i+3 < len(line) && line[i+1] == 'x':
				n, err := strconv.ParseUint(line[i+2:i+4], 16, 8)
				if err != nil {
					return nil, err
				}
				b.WriteByte(byte(n))
				i += 3
			case quote == '"' && c == '\\' && i+1 < len(line):
				i++
				if at := strings.IndexByte("nrtba", line[i]); at >= 0 {
					b.WriteByte("\n\r\t\b\a"[at])
				} else {
					b.WriteByte(line[i])
				}
			case quote == '\'' && c == '\\' && i+1 < len(line) && line[i+1] == '\'':
				i++
				b.WriteByte('\'')
			default:
				b.WriteByte(c)
			}
		}
		if quote != 0 {
			return nil, errors.New("quote without its end")
		}
		words = append(words, b.String())
	}
	return words, nil
}

// Line joins words so that Words splits them again.
func Line(words []string) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		if plain(w) {
			b.WriteString(w)
		} else {
			b.WriteString(Quote(w))
		}
	}
	return b.String()
}

func plain(w string) bool {
	for i := range len(w) {
		if c := w[i]; c <= ' ' || c > '~' || c == '"' || c == '\'' || c == '\\' || c == '#' {
			return false
		}
	}
	return w != ""
}
