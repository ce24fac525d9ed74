package engine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"

	"github.com/evald/evald/engine/compact"
	"github.com/evald/evald/engine/dict"
	"github.com/evald/evald/engine/zset"
)

// ZSet is a sorted set opened for one command. It is valid until another key of the database is changed. Members are ordered by
// score, then by their bytes; ranks count from 0. Scores are never NaN.
type ZSet struct {
	value
}

// ZSet opens key for reading.
func (db *DB) ZSet(key []byte) (ZSet, error) {
	v, err := db.open(key, TypeZSet, false)
	return ZSet{v}, err
}

// ZSetForUpdate opens key for changing it.
func (db *DB) ZSetForUpdate(key []byte) (ZSet, error) {
	v, err := db.open(key, TypeZSet, true)
	return ZSet{v}, err
}

func (z *ZSet) small() bool { return z.e == nil || entryKind(z.e) == KindZSetCompact }

func (z *ZSet) big() *zset.ZSet {
	_, o := z.object()
	return o.(*bigZSet).z
}

func elemScore(e compact.Elem) float64 {
	if e.IsInt() {
		return float64(e.Int())
	}
	return e.Float()
}

// Score returns the score of a member.
func (z *ZSet) Score(member []byte) (float64, bool) {
	if z.e == nil {
		return 0, false
	}
	if !z.small() {
		return z.big().Score(member)
	}
	b := z.inline()
	off := compact.Find(b, compact.First(b), member, 1)
	if off < 0 {
		return 0, false
	}
	return elemScore(compact.Get(b, compact.Next(b, off))), true
}

// Set gives a member its score. The key is made if absent.
func (z *ZSet) Set(member []byte, score float64) (old float64, existed bool) {
	old, existed = z.Score(member)
	z.Put(member, score, old, existed)
	return old, existed
}

// Put is Set for a caller that has just asked for the member's present score.
func (z *ZSet) Put(member []byte, score, old float64, existed bool) {
	if math.IsNaN(score) {
		panic("engine: a sorted set's score is NaN")
	}
	if z.small() {
		if existed && old == score && math.Signbit(old) == math.Signbit(score) {
			return
		}
		l := &z.db.ks.Limits
		if existed || z.Len() < l.ZSetMaxListpackEntries && len(member) <= l.ZSetMaxListpackValue {
			if score == 0 {
				score = 0 // the small encoding of Redis keeps no sign of zero
			}
			z.setCompact(member, score, existed)
			return
		}
		z.convert()
	}
	z.touch(member)
	_, o := z.object()
	before := o.memory()
	z.big().Set(member, score)
	z.grew(o, before)
}

// Expect makes an absent key big at once if n members, the longest of the given length, will not stay small.
func (z *ZSet) Expect(n, longest int) {
	if z.e == nil && n > 0 && !z.StaysSmall(n, longest) {
		z.convert()
	}
}

// StaysSmall tells whether n members, the longest of the given length, have the small encoding.
func (z *ZSet) StaysSmall(n, longest int) bool {
	l := &z.db.ks.Limits
	return n <= l.ZSetMaxListpackEntries && longest <= l.ZSetMaxListpackValue
}

// Fill makes an absent key of members that stay small, at least one, in the order of a sorted set.
func (z *ZSet) Fill(members [][]byte, scores []float64) {
	b := z.edit()
	for i, m := range members {
		score := scores[i]
		if score == 0 {
			score = 0 // as in Put
		}
		b = compact.AppendFloat(compact.Append(b, m), score)
	}
	z.setInline(KindZSetCompact, b)
}

// setCompact puts the pair in its place in the small encoding.
func (z *ZSet) setCompact(member []byte, score float64, existed bool) {
	b := z.edit()
	if existed {
		b = compact.Delete(b, compact.Find(b, compact.First(b), member, 1), 2)
	}
	var mb [32]byte
	last := compact.Last(b)
	if last < 0 || pairBelow(b, compact.Prev(b, last), last, member, score, mb[:]) {
		z.setInline(KindZSetCompact, compact.AppendFloat(compact.Append(b, member), score))
		return
	}
	for off := compact.First(b); off >= 0; {
		at := compact.Next(b, off)
		if !pairBelow(b, off, at, member, score, mb[:]) {
			b = compact.InsertBefore(b, off, member)
			z.setInline(KindZSetCompact, compact.InsertFloatBefore(b, compact.Next(b, off), score))
			return
		}
		off = compact.Next(b, at)
	}
	z.setInline(KindZSetCompact, compact.AppendFloat(compact.Append(b, member), score))
}

// scoreBelow tells whether the score at off is below the given one; true if there is none.
func scoreBelow(b []byte, off int, score float64) bool {
	return off < 0 || elemScore(compact.Get(b, off)) < score
}

// pairBelow tells whether the pair whose member is at off and score at `at` stands before another.
func pairBelow(b []byte, off, at int, member []byte, score float64, scratch []byte) bool {
	s := elemScore(compact.Get(b, at))
	return s < score || s == score && bytes.Compare(elemBytes(compact.Get(b, off), scratch), member) < 0
}

func (z *ZSet) convert() {
	big := newBigZSet()
	z.Walk(0, z.Len(), false, func(m []byte, s float64) bool { big.z.Set(m, s); return true })
	z.promote(KindZSetBig, big)
}

// Remove takes a member out and tells whether it was there. Finish then removes an empty key.
func (z *ZSet) Remove(member []byte) bool {
	if z.e == nil {
		return false
	}
	if z.small() {
		b := z.inline()
		off := compact.Find(b, compact.First(b), member, 1)
		if off < 0 {
			return false
		}
		z.setInline(KindZSetCompact, compact.Delete(z.edit(), off, 2))
		return true
	}
	if _, ok := z.big().Score(member); !ok {
		return false
	}
	z.touch(member)
	_, o := z.object()
	before := o.memory()
	z.big().Remove(member)
	z.grew(o, before)
	return true
}

// RemoveRange takes out the members of ranks from <= rank < to and returns how many.
func (z *ZSet) RemoveRange(from, to int) int {
	from, to = max(from, 0), min(to, z.Len())
	if from >= to {
		return 0
	}
	if z.small() {
		b := z.edit()
		z.setInline(KindZSetCompact, compact.Delete(b, compact.Index(b, 2*from), 2*(to-from)))
		return to - from
	}
	var member []byte
	for range to - from {
		m, _ := z.big().At(from)
		member = append(member[:0], m...)
		z.Remove(member)
	}
	return to - from
}

// Rank returns the rank and score of a member.
func (z *ZSet) Rank(member []byte) (rank int, score float64, ok bool) {
	if z.e == nil {
		return 0, 0, false
	}
	if !z.small() {
		if rank, ok = z.big().Rank(member); ok {
			score, _ = z.big().Score(member)
		}
		return rank, score, ok
	}
	b := z.inline()
	for off := compact.First(b); off >= 0; rank++ {
		at := compact.Next(b, off)
		if compact.Get(b, off).Equal(member) {
			return rank, elemScore(compact.Get(b, at)), true
		}
		off = compact.Next(b, at)
	}
	return 0, 0, false
}

// Walk calls f for up to n members from rank from on, in falling order if reverse, until it returns false. The bytes are valid during
// the call; f must not change the keyspace.
func (z *ZSet) Walk(from, n int, reverse bool, f func(member []byte, score float64) bool) {
	if z.e == nil || from < 0 || from >= z.Len() || n <= 0 {
		return
	}
	if z.small() {
		z.walkCompact(from, n, reverse, f)
		return
	}
	for cur := z.big().Seek(from); n > 0 && cur.Valid(); n-- {
		if !f(cur.Member(), cur.Score()) {
			return
		}
		if reverse {
			cur.Prev()
		} else {
			cur.Next()
		}
	}
}

func (z *ZSet) walkCompact(from, n int, reverse bool, f func(member []byte, score float64) bool) {
	ks := z.db.ks
	buf, _ := ks.enterWalk()
	defer ks.leaveWalk()
	b := z.inline()
	for off := compact.Index(b, 2*from); off >= 0 && n > 0; n-- {
		at := compact.Next(b, off)
		if !f(elemBytes(compact.Get(b, off), buf), elemScore(compact.Get(b, at))) {
			return
		}
		if !reverse {
			off = compact.Next(b, at)
		} else if off = compact.Prev(b, off); off >= 0 {
			off = compact.Prev(b, off)
		}
	}
}

// CountBelow returns how many members have a score below the given one, or at most it if orEqual: the rank where a range begins.
func (z *ZSet) CountBelow(score float64, orEqual bool) int {
	if z.e == nil {
		return 0
	}
	if !z.small() {
		return z.big().RankOfScore(score, orEqual)
	}
	b := z.inline()
	if scoreBelow(b, compact.Last(b), score) {
		return z.Len() // of every range to +inf, and of the newest entries of a log
	}
	n := 0
	for off := compact.First(b); off >= 0; n++ {
		at := compact.Next(b, off)
		if s := elemScore(compact.Get(b, at)); s > score || s == score && !orEqual {
			break
		}
		off = compact.Next(b, at)
	}
	return n
}

// CountBelowLex returns how many members sort before the given one, or are at most it if orEqual, in a set whose scores are all equal.
func (z *ZSet) CountBelowLex(member []byte, orEqual bool) int {
	if z.e == nil {
		return 0
	}
	if !z.small() {
		return z.big().RankOfLex(member, orEqual)
	}
	n := 0
	z.walkCompact(0, z.Len(), false, func(m []byte, _ float64) bool {
		if d := bytes.Compare(m, member); d > 0 || d == 0 && !orEqual {
			return false
		}
		n++
		return true
	})
	return n
}

// Scan calls f for the members of one step of ZSCAN and returns the next cursor; a small set is one step.
func (z *ZSet) Scan(cursor uint64, f func(member []byte, score float64)) uint64 {
	if z.e == nil {
		return 0
	}
	if z.small() {
		z.walkCompact(0, z.Len(), false, func(m []byte, s float64) bool { f(m, s); return true })
		return 0
	}
	return z.big().Scan(cursor, f)
}

// RandomRank returns a random rank; the set must not be empty.
func (z *ZSet) RandomRank() int { return int(z.db.ks.random() % uint64(z.Len())) }

// bigZSet is a sorted set in a dict and a B+tree. Row value: the score's bits, 8 bytes.
type bigZSet struct {
	z *zset.ZSet
}

func newBigZSet() *bigZSet { return &bigZSet{z: zset.New()} }

var errBadScore = errors.New("bad score")

func (z *bigZSet) element(dst, member []byte) ([]byte, bool) {
	s, ok := z.z.Score(member)
	if !ok {
		return dst, false
	}
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(s)), true
}

func (z *bigZSet) putElement(member, val []byte) error {
	s, err := rowScore(val)
	if err == nil {
		z.z.Set(member, s)
	}
	return err
}

func (z *bigZSet) newBlock(member, val []byte) (dict.Entry, error) {
	s, err := rowScore(val)
	if err != nil {
		return nil, err
	}
	return zset.NewEntry(member, s), nil
}

func (z *bigZSet) fill(blocks []dict.Entry) { z.z.Fill(blocks) }

func rowScore(val []byte) (float64, error) {
	if len(val) != 8 {
		return 0, errBadScore
	}
	s := math.Float64frombits(binary.BigEndian.Uint64(val))
	if math.IsNaN(s) {
		return 0, errBadScore
	}
	return s, nil
}

func (z *bigZSet) dropElement(member []byte) { z.z.Remove(member) }

func (z *bigZSet) elements(f func(member, val []byte) bool) {
	var buf [8]byte
	z.z.All(func(m []byte, s float64) bool {
		binary.BigEndian.PutUint64(buf[:], math.Float64bits(s))
		return f(m, buf[:])
	})
}

func (z *bigZSet) length() int          { return z.z.Len() }
func (z *bigZSet) memory() int64        { return int64(z.z.MemUsage()) + 16 }
func (z *bigZSet) mustNotBeEmpty() bool { return true }
