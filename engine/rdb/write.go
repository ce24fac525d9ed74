// Writing payloads.

package rdb

import (
	"encoding/binary"
	"iter"
	"math"
	"strconv"

	"github.com/evald/evald/engine/listpack"
	"github.com/evald/evald/engine/stream"
)

// DefaultListNode is Redis's list-max-listpack-size.
const DefaultListNode = -2

// Writer makes payloads, one at a time: each method returns one, valid until the next call. It keeps its buffers, among them a
// quarter of a megabyte for compression, so it is best kept too.
type Writer struct {
	// NoCompression leaves out LZF, as rdbcompression no.
	NoCompression bool

	buf    []byte
	lp     []byte
	text   []byte
	packed []byte
	lzf    *lzfTable
}

func (w *Writer) begin(kind byte) { w.buf = append(w.buf[:0], kind) }

func (w *Writer) finish() []byte {
	w.buf = appendFooter(w.buf, writeVersion)
	return w.buf
}

// String serialises a string.
func (w *Writer) String(s []byte) []byte {
	w.begin(typeString)
	w.string(s)
	return w.finish()
}

// List serialises the items of a list in nodes bounded by nodeSize, which is list-max-listpack-size: a number of items, or from -1
// to -5 a number of bytes.
func (w *Writer) List(items iter.Seq[[]byte], nodeSize int) []byte {
	const maxItem = 1 << 30 // what is longer is a node of its own
	var nodes []byte
	count, inNode := 0, 0
	w.buf = w.buf[:0]
	flush := func() {
		if inNode > 0 {
			w.length(nodePacked)
			w.string(w.lp)
			count++
		}
		inNode = 0
	}
	for item := range items {
		if len(item) >= maxItem {
			flush()
			w.length(nodePlain)
			w.string(item)
			count++
			continue
		}
		if inNode == 0 || !fitsNode(nodeSize, len(w.lp)+len(item), inNode) {
			flush()
			w.newListpack()
		}
		w.lp = listpack.Append(w.lp, item)
		inNode++
	}
	flush()
	nodes = append(nodes, w.buf...)
	w.begin(typeListQuicklist2)
	w.length(uint64(count))
	w.buf = append(w.buf, nodes...)
	return w.finish()
}

// fitsNode tells whether a node of count items may grow to size bytes, by quicklist's estimate of the overhead.
func fitsNode(nodeSize, size, count int) bool {
	const overhead, safety = 8, 8192
	size += overhead
	if nodeSize >= 0 {
		return size <= safety && count < max(nodeSize, 1)
	}
	return size <= 4096<<min(-nodeSize-1, 4)
}

// newListpack empties the scratch listpack.
func (w *Writer) newListpack() {
	if w.lp == nil {
		w.lp = listpack.New(256)
		return
	}
	w.lp = append(w.lp[:0], listpack.New(0)...)
}

// IntSet serialises a set of integers, given in ascending order.
func (w *Writer) IntSet(n int, members iter.Seq[int64]) []byte {
	width := 2
	for v := range members {
		switch {
		case v < math.MinInt32 || v > math.MaxInt32:
			width = 8
		case v < math.MinInt16 || v > math.MaxInt16:
			width = max(width, 4)
		}
	}
	b := binary.LittleEndian.AppendUint32(w.lp[:0], uint32(width))
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	for v := range members {
		switch width {
		case 2:
			b = binary.LittleEndian.AppendUint16(b, uint16(v))
		case 4:
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		default:
			b = binary.LittleEndian.AppendUint64(b, uint64(v))
		}
	}
	w.lp = b
	w.begin(typeSetIntset)
	w.string(b)
	return w.finish()
}

// Set serialises a set of n members.
func (w *Writer) Set(n int, members iter.Seq[[]byte]) []byte {
	w.begin(typeSet)
	w.length(uint64(n))
	for m := range members {
		w.string(m)
	}
	return w.finish()
}

// ZSetListpack serialises a small sorted set, given in ascending order.
func (w *Writer) ZSetListpack(members iter.Seq2[[]byte, float64]) []byte {
	const maxInt = 1 << 62 // whole numbers beyond are text
	w.newListpack()
	for m, score := range members {
		w.lp = listpack.Append(w.lp, m)
		if v := int64(score); score >= -maxInt && score <= maxInt && float64(v) == score {
			w.lp = listpack.AppendInt(w.lp, v) // -0 becomes 0 (sic, TestRecordedPayloads)
			continue
		}
		w.text = appendScore(w.text[:0], score)
		w.lp = listpack.Append(w.lp, w.text)
	}
	w.begin(typeZSetListpack)
	w.string(w.lp)
	return w.finish()
}

// appendScore appends the text of a score as Redis 7.0 writes it, with 17 digits.
func appendScore(b []byte, score float64) []byte {
	switch {
	case math.IsInf(score, 1):
		return append(b, "inf"...)
	case math.IsInf(score, -1):
		return append(b, "-inf"...)
	}
	return strconv.AppendFloat(b, score, 'g', 17, 64)
}

// ZSet serialises a sorted set of n members, given in descending order.
func (w *Writer) ZSet(n int, members iter.Seq2[[]byte, float64]) []byte {
	w.begin(typeZSet2)
	w.length(uint64(n))
	for m, score := range members {
		w.string(m)
		w.buf = binary.LittleEndian.AppendUint64(w.buf, math.Float64bits(score))
	}
	return w.finish()
}

// HashListpack serialises a small hash.
func (w *Writer) HashListpack(fields iter.Seq2[[]byte, []byte]) []byte {
	w.newListpack()
	for name, value := range fields {
		w.lp = listpack.Append(w.lp, name)
		w.lp = listpack.Append(w.lp, value)
	}
	w.begin(typeHashListpack)
	w.string(w.lp)
	return w.finish()
}

// Hash serialises a hash of n fields.
func (w *Writer) Hash(n int, fields iter.Seq2[[]byte, []byte]) []byte {
	w.begin(typeHash)
	w.length(uint64(n))
	for name, value := range fields {
		w.string(name)
		w.string(value)
	}
	return w.finish()
}

// HashExpiring serialises a hash of n fields of which some expire. Only Redis 7.4 and later read it.
func (w *Writer) HashExpiring(n int, fields iter.Seq[Field]) []byte {
	earliest := int64(math.MaxInt64)
	for f := range fields {
		if f.ExpireAt != 0 {
			earliest = min(earliest, f.ExpireAt)
		}
	}
	w.begin(typeHashMetadata)
	w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(earliest))
	w.length(uint64(n))
	for f := range fields {
		ttl := uint64(0)
		if f.ExpireAt != 0 {
			ttl = uint64(f.ExpireAt-earliest) + 1 // 0 stands for none
		}
		w.length(ttl)
		w.string(f.Name)
		w.string(f.Value)
	}
	w.buf = appendFooter(w.buf, writeVersionField)
	return w.buf
}

// Stream serialises a stream with its groups.
func (w *Writer) Stream(s *stream.Stream) []byte {
	w.begin(typeStreamListpacks2)
	w.length(uint64(s.Nodes()))
	s.EachNode(func(first stream.ID, lp []byte) bool {
		w.text = first.AppendBinary(w.text[:0])
		w.string(w.text)
		w.string(lp)
		return true
	})
	m := s.Meta()
	w.length(uint64(s.Len()))
	w.id(m.LastID)
	w.id(s.FirstID())
	w.id(m.MaxDeletedID)
	w.length(m.EntriesAdded)
	w.length(uint64(len(s.Groups())))
	for _, g := range s.Groups() {
		w.group(g)
	}
	return w.finish()
}

func (w *Writer) group(g *stream.Group) {
	w.string([]byte(g.Name))
	w.id(g.LastID)
	w.length(uint64(g.EntriesRead))
	w.length(uint64(g.PendingCount()))
	for p, ok := g.NextPending(stream.ID{}); ok; p, ok = nextPending(p.ID, g.NextPending) {
		w.buf = p.ID.AppendBinary(w.buf)
		w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(p.Time))
		w.length(uint64(p.Count))
	}
	w.length(uint64(len(g.Consumers())))
	for _, c := range g.Consumers() {
		w.string([]byte(c.Name))
		w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(c.SeenTime))
		w.length(uint64(c.PendingCount()))
		of := func(from stream.ID) (stream.Pending, bool) { return g.NextPendingOf(c, from) }
		for p, ok := of(stream.ID{}); ok; p, ok = nextPending(p.ID, of) {
			w.buf = p.ID.AppendBinary(w.buf)
		}
	}
}

// nextPending asks for the pending entry after id.
func nextPending(id stream.ID, from func(stream.ID) (stream.Pending, bool)) (stream.Pending, bool) {
	id, ok := id.Next()
	if !ok {
		return stream.Pending{}, false
	}
	return from(id)
}

// Functions serialises function libraries (FUNCTION DUMP), given by their code.
func (w *Writer) Functions(code iter.Seq[[]byte]) []byte {
	w.buf = w.buf[:0]
	for c := range code {
		w.buf = append(w.buf, opFunction2)
		w.string(c)
	}
	return w.finish()
}

func (w *Writer) id(id stream.ID) {
	w.length(id.Ms)
	w.length(id.Seq)
}

// length writes a number in the fewest bytes.
func (w *Writer) length(n uint64) {
	switch {
	case n < 1<<6:
		w.buf = append(w.buf, len6<<6|byte(n))
	case n < 1<<14:
		w.buf = append(w.buf, len14<<6|byte(n>>8), byte(n))
	case n < 1<<32:
		w.buf = binary.BigEndian.AppendUint32(append(w.buf, len32), uint32(n))
	default:
		w.buf = binary.BigEndian.AppendUint64(append(w.buf, len64), n)
	}
}

// string writes s as an integer, compressed or as it is, whichever Redis would.
func (w *Writer) string(s []byte) {
	const minCompressed, gain = 20, 4
	if len(s) <= 11 {
		if v, ok := listpack.ParseInt(s); ok && v >= math.MinInt32 && v <= math.MaxInt32 {
			w.int(int32(v))
			return
		}
	}
	if len(s) > minCompressed && !w.NoCompression && w.compressed(s, len(s)-gain) {
		return
	}
	w.length(uint64(len(s)))
	w.buf = append(w.buf, s...)
}

func (w *Writer) int(v int32) {
	switch {
	case v >= math.MinInt8 && v <= math.MaxInt8:
		w.buf = append(w.buf, encoded<<6|encInt8, byte(v))
	case v >= math.MinInt16 && v <= math.MaxInt16:
		w.buf = binary.LittleEndian.AppendUint16(append(w.buf, encoded<<6|encInt16), uint16(v))
	default:
		w.buf = binary.LittleEndian.AppendUint32(append(w.buf, encoded<<6|encInt32), uint32(v))
	}
}

// compressed writes s with LZF if that takes at most limit bytes.
func (w *Writer) compressed(s []byte, limit int) bool {
	if w.lzf == nil {
		w.lzf = new(lzfTable)
	}
	packed, ok := w.lzf.compress(w.packed[:0], s, limit)
	w.packed = packed
	if !ok {
		return false
	}
	w.buf = append(w.buf, encoded<<6|encLZF)
	w.length(uint64(len(packed)))
	w.length(uint64(len(s)))
	w.buf = append(w.buf, packed...)
	return true
}
