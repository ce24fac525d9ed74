package resp

import (
	"strconv"

	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/engine/double"
)

// Writer is the wire form of command.Reply: it appends to Buf. The zero value writes RESP2.
type Writer struct {
	Buf   []byte
	RESP3 bool
	// Limit is how many bytes in Buf are enough for Full; 0 is DefaultLimit.
	Limit int
	// Refused is set when Full has been answered with true: the reply in Buf is not whole.
	Refused bool
}

// DefaultLimit is how long a reply can be made by a command that repeats at the caller's will.
const DefaultLimit = 1 << 30

var _ command.Reply = (*Writer)(nil)

// Proto returns 2 or 3.
func (w *Writer) Proto() int {
	if w.RESP3 {
		return 3
	}
	return 2
}

func (w *Writer) header(c byte, n int) {
	if uint(n) < 10 {
		w.Buf = append(w.Buf, c, byte('0'+n), '\r', '\n')
		return
	}
	w.Buf = append(w.Buf, c)
	w.Buf = strconv.AppendInt(w.Buf, int64(n), 10)
	w.Buf = append(w.Buf, '\r', '\n')
}

func (w *Writer) line(c byte, s string) {
	w.Buf = append(w.Buf, c)
	w.Buf = append(w.Buf, s...)
	w.Buf = append(w.Buf, '\r', '\n')
}

// Int writes an integer.
func (w *Writer) Int(n int64) { w.header(':', int(n)) }

// Bulk writes a string.
func (w *Writer) Bulk(b []byte) {
	w.header('$', len(b))
	w.Buf = append(w.Buf, b...)
	w.Buf = append(w.Buf, '\r', '\n')
}

// BulkString writes a string.
func (w *Writer) BulkString(s string) {
	w.header('$', len(s))
	w.Buf = append(w.Buf, s...)
	w.Buf = append(w.Buf, '\r', '\n')
}

// Status writes a status line.
func (w *Writer) Status(s string) { w.line('+', s) }

// Error writes an error. Line breaks, which would end it early, become spaces, and those at its end are dropped, as in Redis.
func (w *Writer) Error(msg string) {
	for len(msg) > 0 && (msg[len(msg)-1] == '\r' || msg[len(msg)-1] == '\n') {
		msg = msg[:len(msg)-1]
	}
	from := len(w.Buf)
	w.line('-', msg)
	text := w.Buf[from : len(w.Buf)-2]
	for i, c := range text {
		if c == '\r' || c == '\n' {
			text[i] = ' '
		}
	}
}

// Nil writes the null that stands for a missing string.
func (w *Writer) Nil() {
	if w.RESP3 {
		w.Buf = append(w.Buf, "_\r\n"...)
	} else {
		w.Buf = append(w.Buf, "$-1\r\n"...)
	}
}

// NilArray writes the null that stands for a missing array.
func (w *Writer) NilArray() {
	if w.RESP3 {
		w.Buf = append(w.Buf, "_\r\n"...)
	} else {
		w.Buf = append(w.Buf, "*-1\r\n"...)
	}
}

// Double writes a number, in RESP2 as a string.
func (w *Writer) Double(f float64) {
	if w.RESP3 {
		w.Buf = append(w.Buf, ',')
		w.Buf = double.Append(w.Buf, f)
		w.Buf = append(w.Buf, '\r', '\n')
		return
	}
	var text [32]byte
	w.Bulk(double.Append(text[:0], f))
}

// Position writes a double with 17 decimals, in RESP2 as a string.
func (w *Writer) Position(f float64) {
	var text [48]byte
	b := double.AppendFixed(text[:0], f)
	if !w.RESP3 {
		w.Bulk(b)
		return
	}
	w.Buf = append(w.Buf, ',')
	w.Buf = append(w.Buf, b...)
	w.Buf = append(w.Buf, '\r', '\n')
}

// Full reports whether Buf has reached Limit.
func (w *Writer) Full() bool {
	limit := w.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	w.Refused = w.Refused || len(w.Buf) >= limit
	return w.Refused
}

// Bool writes a boolean, in RESP2 as 1 or 0.
func (w *Writer) Bool(b bool) {
	switch {
	case w.RESP3 && b:
		w.Buf = append(w.Buf, "#t\r\n"...)
	case w.RESP3:
		w.Buf = append(w.Buf, "#f\r\n"...)
	case b:
		w.Int(1)
	default:
		w.Int(0)
	}
}

// BigNumber writes a decimal integer of any size, in RESP2 as a string.
func (w *Writer) BigNumber(s string) {
	if w.RESP3 {
		w.line('(', s)
	} else {
		w.BulkString(s)
	}
}

// Verbatim writes text for a person to read, with its format, such as "txt"; in RESP2 as a plain string. The format is made three letters
// long: scripts may give any.
func (w *Writer) Verbatim(format, s string) {
	if !w.RESP3 {
		w.BulkString(s)
		return
	}
	w.header('=', len(s)+4)
	w.Buf = append(w.Buf, (format + "   ")[:3]...)
	w.Buf = append(w.Buf, ':')
	w.Buf = append(w.Buf, s...)
	w.Buf = append(w.Buf, '\r', '\n')
}

// Array begins an array of n elements.
func (w *Writer) Array(n int) { w.header('*', n) }

// Map begins a map of n pairs.
func (w *Writer) Map(n int) {
	if w.RESP3 {
		w.header('%', n)
	} else {
		w.header('*', 2*n)
	}
}

// Set begins a set of n elements.
func (w *Writer) Set(n int) {
	if w.RESP3 {
		w.header('~', n)
	} else {
		w.header('*', n)
	}
}

// Push begins an out-of-band message of n elements; in RESP2 it is an array.
func (w *Writer) Push(n int) {
	if w.RESP3 {
		w.header('>', n)
	} else {
		w.header('*', n)
	}
}

// deferred is the room left for a length that is not yet known. It fits one digit; more digits move what follows.
const deferred = "*0\r\n"

func (w *Writer) deferHeader() int {
	w.Buf = append(w.Buf, deferred...)
	return len(w.Buf) - len(deferred)
}

func (w *Writer) endHeader(c byte, mark, n int) {
	w.Buf[mark] = c
	if n < 10 {
		w.Buf[mark+1] = byte('0' + n)
		return
	}
	var digits [20]byte
	text := strconv.AppendInt(digits[:0], int64(n), 10)
	w.Buf = append(w.Buf, digits[:len(text)-1]...)
	copy(w.Buf[mark+len(text):], w.Buf[mark+1:len(w.Buf)-len(text)+1])
	copy(w.Buf[mark+1:], text)
}

// DeferArray begins an array whose length EndArray says.
func (w *Writer) DeferArray() int { return w.deferHeader() }

// EndArray says the length of the array begun at mark.
func (w *Writer) EndArray(mark, n int) { w.endHeader('*', mark, n) }

// DeferMap begins a map whose length EndMap says.
func (w *Writer) DeferMap() int { return w.deferHeader() }

// EndMap says the number of pairs of the map begun at mark.
func (w *Writer) EndMap(mark, n int) {
	if w.RESP3 {
		w.endHeader('%', mark, n)
	} else {
		w.endHeader('*', mark, 2*n)
	}
}

// DeferSet begins a set whose length EndSet says.
func (w *Writer) DeferSet() int { return w.deferHeader() }

// EndSet says the length of the set begun at mark.
func (w *Writer) EndSet(mark, n int) {
	if w.RESP3 {
		w.endHeader('~', mark, n)
	} else {
		w.endHeader('*', mark, n)
	}
}
