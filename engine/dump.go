package engine

import (
	"encoding/binary"
	"iter"
	"math"
	"strconv"

	"github.com/evald/evald/engine/intset"
	"github.com/evald/evald/engine/rdb"
	"github.com/evald/evald/engine/stream"
)

// DUMP and RESTORE: one value as Redis serialises it.

// Dump returns the payload of key's value, valid until the next call; false if the key does not exist.
func (db *DB) Dump(key []byte) ([]byte, bool) {
	e := db.findRead(key)
	if e == nil {
		return nil, false
	}
	return db.dumpEntry(key, e), true
}

func (db *DB) dumpEntry(key []byte, e entry) []byte {
	w, v := &db.ks.dumper, value{db: db, key: key, e: e}
	switch entryKind(e).Type() {
	case TypeString:
		var scratch [20]byte
		text, _ := stringValue(e, scratch[:])
		return w.String(text)
	case TypeHash:
		return (&Hash{v}).dump(w)
	case TypeSet:
		s := Set{v}
		if entryKind(e) == KindSetInts {
			return w.IntSet(s.Len(), s.ints())
		}
		return w.Set(s.Len(), s.Each)
	case TypeZSet:
		z := ZSet{v}
		walk := func(reverse bool) iter.Seq2[[]byte, float64] {
			from := 0
			if reverse {
				from = z.Len() - 1
			}
			return func(f func([]byte, float64) bool) { z.Walk(from, z.Len(), reverse, f) }
		}
		if z.small() {
			return w.ZSetListpack(walk(false))
		}
		return w.ZSet(z.Len(), walk(true))
	case TypeList:
		l := List{v}
		return w.List(func(f func([]byte) bool) { l.Walk(0, l.Len(), false, f) }, db.ks.Limits.ListMaxListpackSize)
	default:
		return w.Stream((&Stream{value: v}).Data())
	}
}

func (h *Hash) dump(w *rdb.Writer) []byte {
	switch {
	case entryKind(h.e) == KindHashCompact:
		return w.HashListpack(h.Each)
	case !h.Expiring():
		return w.Hash(h.Len(), h.Each)
	}
	_, o := h.object()
	d := o.(*bigHash).d
	return w.HashExpiring(h.Len(), func(f func(rdb.Field) bool) {
		d.All(func(e entry) bool {
			return f(rdb.Field{Name: hashField(e), Value: hashValue(e), ExpireAt: fieldExpire(e)})
		})
	})
}

// ints iterates over a set of integers.
func (s *Set) ints() iter.Seq[int64] {
	b := s.inline()
	return func(f func(int64) bool) {
		for i := range intset.Len(b) {
			if !f(intset.At(b, i)) {
				return
			}
		}
	}
}

// Restore makes key, which is absent, the value v. Fields of a hash whose time is over are left out.
func (db *DB) Restore(key []byte, v rdb.Value) {
	absent := value{db: db, key: key}
	switch v.Kind {
	case rdb.String:
		db.SetString(key, v.String, NoTTL)
	case rdb.List:
		l := List{absent}
		for _, b := range v.Items {
			l.PushTail(b)
		}
	case rdb.Set:
		s := Set{absent}
		for _, b := range v.Items {
			s.Add(b)
		}
	case rdb.ZSet:
		z := ZSet{absent}
		for _, m := range v.Members {
			z.Set(m.Name, m.Score)
		}
	case rdb.Hash:
		h := Hash{absent}
		for _, f := range v.Fields {
			if f.ExpireAt != 0 && f.ExpireAt < db.ks.now {
				continue
			}
			if h.Set(f.Name, f.Value); f.ExpireAt != 0 {
				h.SetExpire(f.Name, f.ExpireAt)
			}
		}
	case rdb.Stream:
		(&Stream{value: absent}).adopt(v.Stream)
	}
}

// ValueDigest calls mix and xor with what makes up the value of key, in the order of Redis's DEBUG DIGEST; false if the key does not
// exist. It notes no access.
func (db *DB) ValueDigest(key []byte, d *ValueSum) bool {
	e := db.find(key)
	if e == nil {
		return false
	}
	v := value{db: db, key: key, e: e}
	t := entryKind(e).Type()
	d.Mix(binary.BigEndian.AppendUint32(nil, digestTypes[t]))
	switch t {
	case TypeString:
		var scratch [20]byte
		text, _ := stringValue(e, scratch[:])
		d.Mix(text)
	case TypeList:
		l := List{v}
		l.Walk(0, l.Len(), false, func(b []byte) bool { d.Mix(b); return true })
	case TypeSet:
		(&Set{v}).Each(func(b []byte) bool { d.Xor(b); return true })
	case TypeZSet:
		z := ZSet{v}
		z.Walk(0, z.Len(), false, func(m []byte, score float64) bool {
			d.XorPair(m, appendScore(nil, score))
			return true
		})
	case TypeHash:
		(&Hash{v}).Each(func(f, val []byte) bool { d.XorPair(f, val); return true })
	case TypeStream:
		s := Stream{value: v}
		for it := s.Data().Range(stream.ID{}, stream.MaxID, false); it.Next(); {
			id := strconv.AppendUint(nil, it.ID().Ms, 10)
			d.Mix(strconv.AppendUint(append(id, '.'), it.ID().Seq, 10))
			for it.NextPair() {
				d.Mix(it.Name())
				d.Mix(it.Value())
			}
		}
	}
	if entryHas(e, flagTTL) {
		d.Xor([]byte("!!expire!!"))
	}
	return true
}

// appendScore appends a score with 17 digits, as C prints it.
func appendScore(dst []byte, score float64) []byte {
	switch {
	case math.IsInf(score, 1):
		return append(dst, "inf"...)
	case math.IsInf(score, -1):
		return append(dst, "-inf"...)
	}
	return strconv.AppendFloat(dst, score, 'g', 17, 64)
}

// digestTypes are Redis's numbers of the types.
var digestTypes = map[Type]uint32{TypeString: 0, TypeList: 1, TypeSet: 2, TypeZSet: 3, TypeHash: 4, TypeStream: 6}
