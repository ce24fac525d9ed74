// Entry IDs: their order, text form and parsing rules.

package stream

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"

	"github.com/evald/evald/engine/listpack"
)

// An ID names an entry: unix milliseconds and a sequence number within them.
type ID struct{ Ms, Seq uint64 }

// MaxID is the largest ID, "+". The smallest, "-", is the zero ID.
var MaxID = ID{math.MaxUint64, math.MaxUint64}

// Compare returns -1, 0 or 1.
func (a ID) Compare(b ID) int {
	if a.Ms != b.Ms {
		return cmp.Compare(a.Ms, b.Ms)
	}
	return cmp.Compare(a.Seq, b.Seq)
}

// Less tells whether a comes before b.
func (a ID) Less(b ID) bool { return a.Ms < b.Ms || a.Ms == b.Ms && a.Seq < b.Seq }

// IsZero tells whether a is 0-0, which no entry has.
func (a ID) IsZero() bool { return a == ID{} }

// Next returns the ID after a; ok is false if a is MaxID.
func (a ID) Next() (id ID, ok bool) {
	switch {
	case a.Seq < math.MaxUint64:
		return ID{a.Ms, a.Seq + 1}, true
	case a.Ms < math.MaxUint64:
		return ID{a.Ms + 1, 0}, true
	}
	return a, false
}

// Prev returns the ID before a; ok is false if a is 0-0.
func (a ID) Prev() (id ID, ok bool) {
	switch {
	case a.Seq > 0:
		return ID{a.Ms, a.Seq - 1}, true
	case a.Ms > 0:
		return ID{a.Ms - 1, math.MaxUint64}, true
	}
	return a, false
}

// AppendText appends "ms-seq".
func (a ID) AppendText(b []byte) []byte {
	b = strconv.AppendUint(b, a.Ms, 10)
	b = append(b, '-')
	return strconv.AppendUint(b, a.Seq, 10)
}

func (a ID) String() string { return string(a.AppendText(nil)) }

// IDSize is the size of an ID in its binary form.
const IDSize = 16

// AppendBinary appends the 16 bytes, big-endian, whose order is the order of IDs.
func (a ID) AppendBinary(b []byte) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, a.Ms), a.Seq)
}

// DecodeID reads the binary form; b holds at least IDSize bytes.
func DecodeID(b []byte) ID {
	return ID{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

// ParseID reads "ms-seq" or "ms", where the sequence number is missingSeq, or "-" and "+".
func ParseID(b []byte, missingSeq uint64) (id ID, ok bool) {
	switch string(cString(b)) {
	case "-":
		return ID{}, true
	case "+":
		return MaxID, true
	}
	return ParseStrictID(b, missingSeq)
}

// ParseStrictID is ParseID without "-" and "+".
func ParseStrictID(b []byte, missingSeq uint64) (id ID, ok bool) {
	ms, seq, full := bytes.Cut(cString(b), []byte{'-'})
	if id.Ms, ok = parseUint(ms); !ok {
		return ID{}, false
	}
	if !full {
		id.Seq = missingSeq
		return id, true
	}
	if id.Seq, ok = parseUint(seq); !ok {
		return ID{}, false
	}
	return id, true
}

// ParseNewID reads the ID argument of XADD other than "*": "ms-seq", "ms" (sequence number 0), or "ms-*", for which
// seqGiven is false.
func ParseNewID(b []byte) (id ID, seqGiven, ok bool) {
	if text := cString(b); bytes.HasSuffix(text, []byte("-*")) {
		id.Ms, ok = parseUint(text[:len(text)-2])
		return id, false, ok
	}
	id, ok = ParseStrictID(b, 0)
	return id, true, ok
}

// ParseBound reads the end of an interval: as ParseID, or exclusive with a leading "(", after which "-" and "+" are not
// valid.
func ParseBound(b []byte, missingSeq uint64) (id ID, exclusive, ok bool) {
	if len(b) > 1 && b[0] == '(' {
		id, ok = ParseStrictID(b[1:], missingSeq)
		return id, true, ok
	}
	id, ok = ParseID(b, missingSeq)
	return id, false, ok
}

// maxText is the longest text that Redis's parser looks at.
const maxText = 127

// cString cuts b at a NUL byte, as Redis's parser does; text that is too long is no ID.
func cString(b []byte) []byte {
	if len(b) > maxText {
		return nil
	}
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return b[:i]
	}
	return b
}

// parseUint reads a number as Redis does: canonical text, which may not be negative, or else whatever C's strtoull takes:
// leading spaces, zeros and signs, "-01" wrapping around (sic, TestParseID).
func parseUint(b []byte) (uint64, bool) {
	if v, ok := listpack.ParseInt(b); ok {
		return uint64(v), v >= 0
	}
	b = bytes.TrimLeft(b, " \t\n\v\f\r")
	neg := len(b) > 0 && b[0] == '-'
	if neg || len(b) > 0 && b[0] == '+' {
		b = b[1:]
	}
	if len(b) == 0 {
		return 0, false
	}
	var v uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		hi, lo := bits.Mul64(v, 10)
		sum, carry := bits.Add64(lo, uint64(c-'0'), 0)
		if hi != 0 || carry != 0 {
			return 0, false
		}
		v = sum
	}
	if neg {
		v = -v
	}
	return v, true
}
