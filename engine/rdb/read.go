// Reading payloads: untrusted bytes.

package rdb

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/evald/evald/engine/stream"
)

// Decode reads the payload of a value. The error is ErrFooter or ErrFormat.
func Decode(payload []byte) (Value, error) {
	b, err := body(payload)
	if err != nil {
		return Value{}, err
	}
	if len(b) == 0 {
		return Value{}, ErrFormat
	}
	// Bytes behind the value are ignored, as in Redis.
	r := &decoder{rest: b[1:]}
	v := r.value(b[0])
	if r.bad {
		return Value{}, ErrFormat
	}
	return v, nil
}

// DecodeFunctions reads the payload of FUNCTION DUMP and returns the code of each library.
func DecodeFunctions(payload []byte) (code [][]byte, err error) {
	b, err := body(payload)
	if err != nil {
		return nil, err
	}
	for r := (&decoder{rest: b}); len(r.rest) > 0; {
		op := r.byte()
		text := r.string()
		if r.bad || op != opFunction2 {
			return nil, ErrFormat
		}
		code = append(code, text)
	}
	return code, nil
}

// decoder consumes a payload's body. Once bad, it gives zero values.
type decoder struct {
	rest   []byte
	bad    bool
	digits []byte // texts of numbers
}

func (r *decoder) fail() { r.bad, r.rest = true, nil }

// take returns the next n bytes.
func (r *decoder) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *decoder) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *decoder) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// header reads a length, or the encoding of a string if special.
func (r *decoder) header() (n uint64, special bool) {
	switch c := r.byte(); {
	case c>>6 == encoded:
		return uint64(c & 0x3F), true
	case c>>6 == len6:
		return uint64(c), false
	case c>>6 == len14:
		return uint64(c&0x3F)<<8 | uint64(r.byte()), false
	case c == len32:
		if b := r.take(4); b != nil {
			return uint64(binary.BigEndian.Uint32(b)), false
		}
	case c == len64:
		if b := r.take(8); b != nil {
			return binary.BigEndian.Uint64(b), false
		}
	default:
		r.fail()
	}
	return 0, false
}

func (r *decoder) length() uint64 {
	n, special := r.header()
	if special {
		r.fail()
		return 0
	}
	return n
}

// count reads a number of elements, each of at least size bytes: more than the rest can hold is corrupt.
func (r *decoder) count(size int) int {
	n := r.length()
	if n > uint64(len(r.rest)/size) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *decoder) string() []byte {
	n, special := r.header()
	if !special {
		return r.take(n)
	}
	switch n {
	case encInt8:
		return r.int(int64(int8(r.byte())))
	case encInt16:
		if b := r.take(2); b != nil {
			return r.int(int64(int16(binary.LittleEndian.Uint16(b))))
		}
	case encInt32:
		if b := r.take(4); b != nil {
			return r.int(int64(int32(binary.LittleEndian.Uint32(b))))
		}
	case encLZF:
		packed, size := r.length(), r.length()
		text, ok := decompress(r.take(packed), size)
		if r.bad || !ok {
			r.fail()
			return nil
		}
		return text
	default:
		r.fail()
	}
	return nil
}

// oldDouble reads the text form of a score: a length byte, where the largest values stand for NaN and the infinities.
func (r *decoder) oldDouble() float64 {
	switch n := r.byte(); n {
	case 253:
		return math.NaN()
	case 254:
		return math.Inf(1)
	case 255:
		return math.Inf(-1)
	default:
		return r.parseScore(r.take(uint64(n)))
	}
}

func (r *decoder) parseScore(text []byte) float64 {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		r.fail()
	}
	return f
}

// value reads a value of the type.
func (r *decoder) value(kind byte) Value {
	switch kind {
	case typeString:
		return Value{Kind: String, String: r.string()}
	case typeList:
		return r.list(r.strings())
	case typeListQuicklist, typeListQuicklist2:
		return r.list(r.quicklist(kind == typeListQuicklist2))
	case typeListZiplist:
		return r.list(r.ziplist(r.string()))
	case typeSet:
		return r.set(r.strings())
	case typeSetListpack:
		return r.set(r.listpack(r.string()))
	case typeSetIntset:
		return r.set(r.intset(r.string()))
	case typeZSet, typeZSet2:
		return r.zset(r.members(kind == typeZSet2))
	case typeZSetZiplist:
		return r.zset(r.memberPairs(r.ziplist(r.string())))
	case typeZSetListpack:
		return r.zset(r.memberPairs(r.listpack(r.string())))
	case typeHash:
		return r.hash(r.fields())
	case typeHashZipmap:
		return r.hash(r.fieldPairs(r.zipmap(r.string())))
	case typeHashZiplist:
		return r.hash(r.fieldPairs(r.ziplist(r.string())))
	case typeHashListpack:
		return r.hash(r.fieldPairs(r.listpack(r.string())))
	case typeHashMetadata, typeHashMetadataPre:
		return r.hash(r.expiringFields(kind == typeHashMetadata))
	case typeHashListpackEx, typeHashListpackExPre:
		if kind == typeHashListpackEx {
			r.uint64() // the earliest expiry, which the fields repeat
		}
		return r.hash(r.fieldTriples(r.listpack(r.string())))
	case typeStreamListpacks, typeStreamListpacks2, typeStreamListpacks3:
		return Value{Kind: Stream, Stream: r.stream(kind)}
	}
	r.fail()
	return Value{}
}

// strings reads a count and that many strings.
func (r *decoder) strings() [][]byte {
	items := make([][]byte, 0, r.count(1))
	for range cap(items) {
		items = append(items, r.string())
	}
	return items
}

func (r *decoder) list(items [][]byte) Value {
	if len(items) == 0 {
		r.fail()
	}
	return Value{Kind: List, Items: items}
}

func (r *decoder) set(items [][]byte) Value {
	r.unique(len(items), func(i int) []byte { return items[i] })
	return Value{Kind: Set, Items: items}
}

func (r *decoder) zset(members []Member) Value {
	r.unique(len(members), func(i int) []byte { return members[i].Name })
	for _, m := range members {
		if math.IsNaN(m.Score) {
			r.fail()
		}
	}
	return Value{Kind: ZSet, Members: members}
}

func (r *decoder) hash(fields []Field) Value {
	r.unique(len(fields), func(i int) []byte { return fields[i].Name })
	return Value{Kind: Hash, Fields: fields}
}

// unique checks that there are names and that no two are the same.
func (r *decoder) unique(n int, name func(int) []byte) {
	if r.bad || n == 0 {
		r.fail()
		return
	}
	seen := make(map[string]struct{}, n)
	for i := range n {
		seen[string(name(i))] = struct{}{}
	}
	if len(seen) != n {
		r.fail()
	}
}

// quicklist reads a list's nodes; plain ones hold a single item.
func (r *decoder) quicklist(listpacks bool) (items [][]byte) {
	for n := r.count(1); n > 0 && !r.bad; n-- {
		container := uint64(nodePacked)
		if listpacks {
			container = r.length()
		}
		node := r.string()
		switch {
		case len(node) == 0 || container != nodePlain && container != nodePacked:
			r.fail()
		case container == nodePlain:
			items = append(items, node)
		case listpacks:
			items = append(items, r.listpack(node)...)
		default:
			items = append(items, r.ziplist(node)...)
		}
	}
	return items
}

func (r *decoder) members(binaryScores bool) []Member {
	members := make([]Member, 0, r.count(2))
	for range cap(members) {
		m := Member{Name: r.string()}
		if binaryScores {
			m.Score = math.Float64frombits(r.uint64())
		} else {
			m.Score = r.oldDouble()
		}
		if r.bad {
			return nil
		}
		members = append(members, m)
	}
	return members
}

func (r *decoder) memberPairs(items [][]byte) []Member {
	if len(items)%2 != 0 {
		r.fail()
		return nil
	}
	members := make([]Member, 0, len(items)/2)
	for i := 0; i < len(items); i += 2 {
		members = append(members, Member{items[i], r.parseScore(items[i+1])})
	}
	return members
}

func (r *decoder) fields() []Field {
	fields := make([]Field, 0, r.count(2))
	for range cap(fields) {
		fields = append(fields, Field{Name: r.string(), Value: r.string()})
	}
	return fields
}

func (r *decoder) fieldPairs(items [][]byte) []Field {
	if len(items)%2 != 0 {
		r.fail()
		return nil
	}
	fields := make([]Field, 0, len(items)/2)
	for i := 0; i < len(items); i += 2 {
		fields = append(fields, Field{Name: items[i], Value: items[i+1]})
	}
	return fields
}

// expiringFields reads fields with their expiry in front: relative to the earliest one, from 1, or in early versions absolute.
func (r *decoder) expiringFields(relative bool) []Field {
	var earliest uint64
	if relative {
		earliest = r.uint64()
	}
	fields := make([]Field, 0, r.count(3))
	for range cap(fields) {
		at := r.length()
		if at != 0 && relative {
			at += earliest - 1
			if at < earliest {
				r.fail()
			}
		}
		fields = append(fields, Field{ExpireAt: r.expiry(at), Name: r.string(), Value: r.string()})
	}
	return fields
}

// expiry checks a point in time: Redis keeps field expiries in 48 bits.
func (r *decoder) expiry(at uint64) int64 {
	if at >= 1<<48 {
		r.fail()
		return 0
	}
	return int64(at)
}

func (r *decoder) fieldTriples(items [][]byte) []Field {
	if len(items)%3 != 0 {
		r.fail()
		return nil
	}
	fields := make([]Field, 0, len(items)/3)
	for i := 0; i < len(items); i += 3 {
		at, err := strconv.ParseUint(string(items[i+2]), 10, 64)
		if err != nil {
			r.fail()
		}
		fields = append(fields, Field{items[i], items[i+1], r.expiry(at)})
	}
	return fields
}

// id reads a stream ID given as two lengths.
func (r *decoder) id() stream.ID {
	ms := r.length()
	return stream.ID{Ms: ms, Seq: r.length()}
}

// rawID reads a stream ID given as 16 bytes.
func (r *decoder) rawID() stream.ID {
	if b := r.take(stream.IDSize); b != nil {
		return stream.DecodeID(b)
	}
	return stream.ID{}
}
