// This file counts replies in a byte stream without keeping them.
package bench

import (
	"bytes"
	"fmt"
)

// skipper finds the end of each reply, over reads cut at any byte. It only looks inside a reply to see an error at its top.
type skipper struct {
	values int // values of the current reply still to come, 0 between replies
	body   int // bytes of a bulk string still to come, its CRLF included
	errors int
	first  string // text of the first error reply
}

// feed skips over b and returns the bytes used and the replies that ended in them. What is left is the beginning of a
// line, to be fed again with more after it.
func (s *skipper) feed(b []byte) (used, replies int, err error) {
	for used < len(b) {
		if s.body > 0 {
			n := min(s.body, len(b)-used)
			used += n
			s.body -= n
			if s.body > 0 {
				return used, replies, nil
			}
			replies += s.end()
			continue
		}
		i := bytes.IndexByte(b[used:], '\n')
		if i < 0 {
			return used, replies, nil
		}
		line := b[used : used+i]
		used += i + 1
		if len(line) < 2 || line[i-1] != '\r' {
			return used, replies, fmt.Errorf("bad line in a reply: %q", line)
		}
		if s.values == 0 {
			s.values = 1
			if line[0] == '-' {
				if s.errors == 0 {
					s.first = string(line[1 : i-1])
				}
				s.errors++
			}
		}
		done, err := s.line(line[0], line[1:i-1])
		if err != nil {
			return used, replies, err
		}
		if done {
			replies += s.end()
		}
	}
	return used, replies, nil
}

// line takes the first line of a value and reports whether the value ends with it.
func (s *skipper) line(kind byte, rest []byte) (done bool, err error) {
	switch kind {
	case '+', '-', ':':
		return true, nil
	case '$', '*':
		n, ok := length(rest)
		switch {
		case !ok:
			return false, fmt.Errorf("bad length in a reply: %q", rest)
		case kind == '*':
			s.values += max(n, 0)
			return true, nil
		case n < 0:
			return true, nil
		}
		s.body = n + len("\r\n")
		return false, nil
	}
	return false, fmt.Errorf("reply of unknown type %q", kind)
}

// end closes a value and reports 1 if the whole reply has ended.
func (s *skipper) end() int {
	s.values--
	if s.values == 0 {
		return 1
	}
	return 0
}

// length parses the decimal after $ or *, which may be -1.
func length(b []byte) (n int, ok bool) {
	if len(b) == 2 && b[0] == '-' && b[1] == '1' {
		return -1, true
	}
	if len(b) == 0 || len(b) > 10 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
