// Package resp is the Redis serialization protocol, versions 2 and 3, on the server's side: a Reader that cuts commands out of
// received bytes without copying them, and a Writer that is the wire form of command.Reply. Nothing here knows of sockets.
package resp

import (
	"bytes"

	"github.com/evald/evald/engine/command"
)

// Limits on what a client may announce. They never cause memory to be set aside: buffers grow as bytes arrive.
const (
	MaxInline      = 64 << 10  // bytes of an inline command, or of a length line, without its end
	MaxArgs        = 1<<31 - 1 // arguments of one command
	unauthMaxArgs  = 10
	unauthMaxBulk  = 16 << 10
	DefaultMaxBulk = 512 << 20
	keepArgs       = 1024     // a longer argument slice is not kept for the next command
	keepBuffer     = 64 << 10 // nor is a longer buffer, once it is empty
)

// ProtocolError is a violation that ends the connection, with the text of Redis's reply.
type ProtocolError string

func (e ProtocolError) Error() string { return "ERR Protocol error: " + string(e) }

// Reader cuts commands out of the bytes of one connection. The zero value is ready but for MaxBulk.
//
// Bytes come in two ways. Feed lends a buffer, and Keep saves what is left of it before the lender uses it again. Or, when Pending
// bytes of an unfinished command exist, the caller reads straight into Space and calls Filled: a large argument is then received
// where it stays.
type Reader struct {
	MaxBulk         int  // longest argument, bytes
	Unauthenticated bool // stricter limits apply

	buf  []byte // base..len: not yet consumed
	own  []byte // storage of buf unless it is lent
	base int    // where the current command begins
	pos  int    // how far it has been parsed
	left int    // arguments of it that are still to come
	bulk int    // 1 + length of the argument that is arriving; 0: its length line is still to come

	spans []span
	args  [][]byte
}

// span is the place of one argument, relative to the command's begin.
type span struct{ from, to int }

// Pending is the number of received bytes that belong to no finished command.
func (r *Reader) Pending() int { return len(r.buf) - r.base }

// Feed lends the reader b. If unfinished bytes exist b is copied behind them.
func (r *Reader) Feed(b []byte) {
	if r.Pending() == 0 {
		r.buf, r.base, r.pos = b, 0, 0
		return
	}
	copy(r.Space(len(b)), b)
	r.Filled(len(b))
}

// Keep takes back what Feed lent: unfinished bytes move into the reader's own buffer.
func (r *Reader) Keep() {
	n := r.Pending()
	if n == 0 {
		r.buf, r.base, r.pos = nil, 0, 0
		if cap(r.own) > keepBuffer {
			r.own = nil
		}
		return
	}
	if r.lent() {
		r.own = append(r.own[:0], r.buf[r.base:]...)
		r.buf, r.pos, r.base = r.own, r.pos-r.base, 0
	}
}

func (r *Reader) lent() bool {
	return cap(r.own) == 0 || len(r.buf) == 0 || &r.buf[0] != &r.own[:1][0]
}

// Space returns at least n bytes behind the unfinished ones, for the caller to read into. It must follow Keep.
func (r *Reader) Space(n int) []byte {
	r.Keep()
	if r.base > 0 && cap(r.buf)-len(r.buf) < n {
		r.own = r.own[:copy(r.own[:cap(r.own)], r.buf[r.base:])]
		r.buf, r.pos, r.base = r.own, r.pos-r.base, 0
	}
	if len(r.buf) == 0 {
		r.buf = r.own[:0]
	}
	if cap(r.buf)-len(r.buf) < n {
		grown := make([]byte, len(r.buf), max(2*cap(r.buf), len(r.buf)+n))
		copy(grown, r.buf)
		r.buf, r.own = grown, grown
	}
	return r.buf[len(r.buf):cap(r.buf)]
}

// Filled tells that n bytes of Space were filled.
func (r *Reader) Filled(n int) {
	r.buf = r.buf[:len(r.buf)+n]
	r.own = r.buf
}

// Buffered returns the size of the reader's memory, for CLIENT LIST: bytes in use, those of the command that runs included, and bytes free.
func (r *Reader) Buffered() (used, free int) { return len(r.buf), max(0, cap(r.own)-len(r.buf)) }

// Release gives the memory of an idle reader back.
func (r *Reader) Release() {
	if r.Pending() == 0 {
		r.buf, r.own, r.base, r.pos, r.args, r.spans = nil, nil, 0, 0, nil, nil
	}
}

// Next returns the next command, or nil if it has not fully arrived. The arguments lie in the buffer: they are valid until the next
// call of any method. An error is a ProtocolError, and the connection is of no more use.
func (r *Reader) Next() ([][]byte, error) {
	for {
		if r.left == 0 {
			r.base = r.pos
			if r.pos >= len(r.buf) {
				return nil, nil
			}
			if r.buf[r.pos] != '*' {
				args, ok, err := r.inline()
				if !ok || err != nil || len(args) > 0 {
					return args, err
				}
				continue
			}
			n, next, ok := r.number(r.pos + 1)
			if next == 0 {
				return nil, r.incomplete("too big mbulk count string")
			}
			if !ok || n > MaxArgs {
				return nil, ProtocolError("invalid multibulk length")
			}
			if n > unauthMaxArgs && r.Unauthenticated {
				return nil, ProtocolError("unauthenticated multibulk length")
			}
			r.pos = next
			if n <= 0 {
				continue
			}
			r.left, r.spans = n, r.spans[:0]
		}
		return r.multibulk()
	}
}

// multibulk goes on with the arguments of the current command.
func (r *Reader) multibulk() ([][]byte, error) {
	buf := r.buf
	for r.left > 0 {
		if r.bulk == 0 {
			if r.pos >= len(buf) {
				return nil, nil
			}
			if buf[r.pos] == '\r' && r.pos+1 < len(buf) {
				return nil, ProtocolError("expected '$', got ' '") // an empty line: sic
			}
			n, next, ok := r.number(r.pos + 1)
			if next == 0 {
				return nil, r.incomplete("too big bulk count string")
			}
			if buf[r.pos] != '$' {
				return nil, ProtocolError("expected '$', got '" + string(buf[r.pos:r.pos+1]) + "'")
			}
			if !ok || n < 0 || n > r.MaxBulk {
				return nil, ProtocolError("invalid bulk length")
			}
			if n > unauthMaxBulk && r.Unauthenticated {
				return nil, ProtocolError("unauthenticated bulk length")
			}
			r.pos, r.bulk = next, n+1
		}
		end := r.pos + r.bulk - 1
		if end+2 > len(buf) {
			return nil, nil
		}
		r.spans = append(r.spans, span{r.pos - r.base, end - r.base})
		r.pos, r.bulk = end+2, 0 // the two bytes after the argument are not looked at, as in Redis
		r.left--
	}
	args := r.argSlice(len(r.spans))
	cmd := buf[r.base:]
	for i, s := range r.spans {
		args[i] = cmd[s.from:s.to:s.to]
	}
	if cap(r.spans) > keepArgs {
		r.spans = nil
	}
	r.base = r.pos
	return args, nil
}

func (r *Reader) argSlice(n int) [][]byte {
	if n > keepArgs {
		return make([][]byte, n)
	}
	if cap(r.args) < n {
		r.args = make([][]byte, max(8, 2*n))
	}
	return r.args[:n]
}

// number parses the decimal line at i and returns the place after it. next is 0 if the line is not complete.
func (r *Reader) number(i int) (n, next int, ok bool) {
	buf, start := r.buf, i
	for ; i < len(buf) && i < start+9; i++ {
		d := buf[i] - '0'
		if d > 9 {
			break
		}
		n = n*10 + int(d)
	}
	if i+1 < len(buf) && buf[i] == '\r' && i > start && (buf[start] != '0' || i == start+1) {
		return n, i + 2, true
	}
	end := bytes.IndexByte(buf[start:], '\r')
	if end < 0 || start+end+1 >= len(buf) {
		return 0, 0, false
	}
	v, ok := command.ParseInt(buf[start : start+end])
	return int(v), start + end + 2, ok
}

// incomplete is the error for a line that has grown too long without an end, or nil.
func (r *Reader) incomplete(text ProtocolError) error {
	if len(r.buf)-r.pos > MaxInline {
		return text
	}
	return nil
}
