package engine

import (
	"encoding/binary"
	"strconv"
	"unsafe"

	"github.com/evald/evald/engine/compact"
	"github.com/evald/evald/engine/dict"
	"github.com/evald/evald/engine/intset"
)

// Set is a set opened for one command. It is valid until another key of the database is changed.
type Set struct {
	value
}

// Set opens key for reading.
func (db *DB) Set(key []byte) (Set, error) {
	v, err := db.open(key, TypeSet, false)
	return Set{v}, err
}

// SetForUpdate opens key for changing it.
func (db *DB) SetForUpdate(key []byte) (Set, error) {
	v, err := db.open(key, TypeSet, true)
	return Set{v}, err
}

// Has tells whether m is a member.
func (s *Set) Has(m []byte) bool {
	if s.e == nil {
		return false
	}
	switch entryKind(s.e) {
	case KindSetInts:
		n, ok := canonicalInt(m)
		if ok {
			_, ok = intset.Find(s.inline(), n)
		}
		return ok
	case KindSetCompact:
		b := s.inline()
		return compact.Find(b, compact.First(b), m, 0) >= 0
	}
	return s.big().d.Find(m) != nil
}

func (s *Set) big() *bigSet {
	_, o := s.object()
	return o.(*bigSet)
}

// Add makes m a member and tells whether it is new. The key is made if absent.
func (s *Set) Add(m []byte) bool {
	if s.Has(m) {
		return false
	}
	l := &s.db.ks.Limits
	n, isInt := canonicalInt(m)
	kind := KindSetCompact
	if s.e != nil {
		kind = entryKind(s.e)
	} else if isInt && l.SetMaxIntsetEntries > 0 {
		kind = KindSetInts
	}
	if kind == KindSetInts {
		if isInt && s.Len() < l.SetMaxIntsetEntries {
			b, _ := intset.Add(s.edit(), n)
			s.setInline(KindSetInts, b)
			return true
		}
		if kind = KindSetBig; !isInt && s.compactWith(m) {
			s.intsToCompact()
			kind = KindSetCompact
		}
	}
	if kind == KindSetCompact && s.compactWith(m) {
		s.setInline(KindSetCompact, compact.Append(s.edit(), m))
		return true
	}
	s.convert()
	s.touch(m)
	o := s.big()
	before := o.memory()
	o.add(m)
	s.grew(o, before)
	return true
}

// compactWith tells whether the set stays small when m joins it.
func (s *Set) compactWith(m []byte) bool {
	l := &s.db.ks.Limits
	return s.Len() < l.SetMaxListpackEntries && len(m) <= l.SetMaxListpackValue
}

func (s *Set) intsToCompact() {
	var b []byte
	s.Each(func(m []byte) bool { b = compact.Append(b, m); return true })
	s.setInline(KindSetCompact, b)
}

// convert makes a small or absent set big.
func (s *Set) convert() {
	if s.e != nil && entryKind(s.e) == KindSetBig {
		return
	}
	big := newBigSet()
	s.Each(func(m []byte) bool { big.add(m); return true })
	s.promote(KindSetBig, big)
}

// Remove takes m out and tells whether it was a member. Finish then removes an empty key.
func (s *Set) Remove(m []byte) bool {
	if !s.Has(m) {
		return false
	}
	switch entryKind(s.e) {
	case KindSetInts:
		n, _ := canonicalInt(m)
		b, _ := intset.Remove(s.edit(), n)
		s.setInline(KindSetInts, b)
	case KindSetCompact:
		b := s.edit()
		s.setInline(KindSetCompact, compact.Delete(b, compact.Find(b, compact.First(b), m, 0), 1))
	default:
		s.touch(m)
		o := s.big()
		before := o.memory()
		o.dropElement(m)
		s.grew(o, before)
	}
	return true
}

// Each calls f for every member until it returns false. The bytes are valid during the call; f must not change the keyspace.
func (s *Set) Each(f func(m []byte) bool) {
	if s.e == nil {
		return
	}
	ks := s.db.ks
	buf, _ := ks.enterWalk()
	defer ks.leaveWalk()
	switch b := s.inline(); entryKind(s.e) {
	case KindSetInts:
		for i := range intset.Len(b) {
			if !f(strconv.AppendInt(buf[:0], intset.At(b, i), 10)) {
				return
			}
		}
	case KindSetCompact:
		for off := compact.First(b); off >= 0; off = compact.Next(b, off) {
			if !f(elemBytes(compact.Get(b, off), buf)) {
				return
			}
		}
	default:
		s.big().d.All(func(e dict.Entry) bool { return f(setMember(e)) })
	}
}

// Random calls f with a random member; the set must not be empty.
func (s *Set) Random(f func(m []byte)) {
	rnd := s.db.ks.random
	buf, _ := s.db.ks.enterWalk()
	defer s.db.ks.leaveWalk()
	switch b := s.inline(); entryKind(s.e) {
	case KindSetInts:
		f(strconv.AppendInt(buf[:0], intset.At(b, int(rnd()%uint64(intset.Len(b)))), 10))
	case KindSetCompact:
		f(elemBytes(compact.Get(b, compact.Index(b, int(rnd()%uint64(compact.Len(b))))), buf))
	default:
		f(setMember(s.big().d.Random(rnd)))
	}
}

// Scan calls f for the members of one step of SSCAN and returns the next cursor; a small set is one step.
func (s *Set) Scan(cursor uint64, f func(m []byte)) uint64 {
	if s.e == nil {
		return 0
	}
	if entryKind(s.e) != KindSetBig {
		s.Each(func(m []byte) bool { f(m); return true })
		return 0
	}
	return s.big().d.Scan(cursor, func(e dict.Entry) { f(setMember(e)) })
}

// bigSet is a set in a dict. Its entries: member length u32, member. Row value: empty.
type bigSet struct {
	d    *dict.Dict
	used int64
}

const setMemberOffset = 4

func newBigSet() *bigSet { return &bigSet{d: dict.New(setMemberOffset)} }

func setMember(e dict.Entry) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(e, setMemberOffset)), int(*word(e, 0)))
}

func setBlock(member int) int64 { return int64(sizeClass(setMemberOffset + member)) }

func newSetMember(m []byte) dict.Entry {
	b := make([]byte, setBlock(len(m)))
	binary.LittleEndian.PutUint32(b, uint32(len(m)))
	copy(b[setMemberOffset:], m)
	return dict.Entry(unsafe.Pointer(unsafe.SliceData(b)))
}

func (s *bigSet) add(m []byte) {
	s.d.Insert(newSetMember(m))
	s.used += setBlock(len(m))
}

func (s *bigSet) newBlock(m, _ []byte) (dict.Entry, error) { return newSetMember(m), nil }

func (s *bigSet) fill(blocks []dict.Entry) {
	s.d.Reserve(len(blocks))
	s.d.InsertAll(blocks)
	for _, e := range blocks {
		s.used += setBlock(len(setMember(e)))
	}
}

func (s *bigSet) element(dst, m []byte) ([]byte, bool) { return dst, s.d.Find(m) != nil }

func (s *bigSet) putElement(m, _ []byte) error {
	if s.d.Find(m) == nil {
		s.add(m)
	}
	return nil
}

func (s *bigSet) dropElement(m []byte) {
	if s.d.Delete(m) != nil {
		s.used -= setBlock(len(m))
	}
}

func (s *bigSet) elements(f func(m, val []byte) bool) {
	s.d.All(func(e dict.Entry) bool { return f(setMember(e), nil) })
}

func (s *bigSet) length() int          { return s.d.Len() }
func (s *bigSet) memory() int64        { return s.used + int64(s.d.MemUsage()) + 48 }
func (s *bigSet) mustNotBeEmpty() bool { return true }
