package resp

import "bytes"

// inline reads a command that is one line of words, as typed into telnet. ok is false if the line has no end yet; an empty line
// gives no arguments.
func (r *Reader) inline() (args [][]byte, ok bool, err error) {
	rest := r.buf[r.pos:]
	end := bytes.IndexByte(rest, '\n')
	if end < 0 {
		return nil, false, r.incomplete("too big inline request")
	}
	line := rest[:end]
	if end > 0 && line[end-1] == '\r' {
		line = line[:end-1]
	}
	r.pos += end + 1
	r.base = r.pos
	if args, ok = splitWords(r.args[:0], line); !ok {
		return nil, false, ProtocolError("unbalanced quotes in request")
	}
	if cap(args) <= keepArgs {
		r.args = args
	}
	return args, true, nil
}

// splitWords appends the words of line to args. Words may be quoted as in redis-cli: "..." with escapes, or '...' with \' alone.
// Escapes are resolved in place. ok is false for a quote without end, or with something glued to its end.
func splitWords(args [][]byte, line []byte) (words [][]byte, ok bool) {
	for i := 0; ; {
		for i < len(line) && isSpace(line[i]) {
			i++
		}
		if i == len(line) {
			return args, true
		}
		from := i
		to, next, ok := word(line, i)
		if !ok {
			return args, false
		}
		args = append(args, line[from:to:to])
		i = next
	}
}

// word resolves the word at i in place: it ends at to, and what follows begins at next.
func word(line []byte, i int) (to, next int, ok bool) {
	to = i
	quote := byte(0)
	for ; i < len(line); i++ {
		c := line[i]
		switch {
		case quote == 0 && (isSpace(c) || c == 0):
			return to, i + 1, true
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
			continue
		case quote == '"' && c == '\\' && i+1 < len(line):
			c, i = escape(line, i)
		case quote == '\'' && c == '\\' && i+1 < len(line) && line[i+1] == '\'':
			i++
			c = '\''
		case quote != 0 && c == quote:
			return to, i + 1, i+1 == len(line) || isSpace(line[i+1])
		}
		line[to] = c
		to++
	}
	return to, i, quote == 0
}

// escape returns the byte that the escape at i stands for and the index of the escape's last byte.
func escape(line []byte, i int) (byte, int) {
	if line[i+1] == 'x' && i+3 < len(line) {
		hi, ok1 := hexDigit(line[i+2])
		lo, ok2 := hexDigit(line[i+3])
		if ok1 && ok2 {
			return hi<<4 | lo, i + 3
		}
	}
	switch c := line[i+1]; c {
	case 'n':
		return '\n', i + 1
	case 'r':
		return '\r', i + 1
	case 't':
		return '\t', i + 1
	case 'b':
		return '\b', i + 1
	case 'a':
		return '\a', i + 1
	default:
		return c, i + 1
	}
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// SplitWords splits a line as an inline command is split; redis.conf has the same rules. The words lie in line, which is changed.
func SplitWords(line []byte) (words [][]byte, ok bool) { return splitWords(nil, line) }
