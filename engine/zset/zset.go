// Package zset is the big sorted set: members by score, by rank, and by name.
//
// Shape: a dict finds a member's entry, one block [score float64][member length u32][member]; a counted B+tree keeps the
// same entries in order of (score, member bytes). Leaves hold up to 62 (score, entry) pairs in 1 KB and are linked both
// ways; inner nodes hold up to 31 kids with the number of elements below each, so that rank to member and member to
// rank are both O(log n). About 58 bytes for each member of 10 bytes, everything included.
//
// Scores order as numbers (-0 equals 0), equal scores by bytes.Compare of the members. NaN is refused by a panic: the
// caller has an error to report for it.
package zset

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/evald/evald/engine/dict"
)

// keyOff is where the member starts in an entry's block.
const keyOff = 12

// ZSet is a sorted set. See New.
type ZSet struct {
	dict    *dict.Dict
	tree    tree
	entries int // bytes of all entry blocks
}

// New returns an empty sorted set.
func New() *ZSet {
	return &ZSet{dict: dict.New(keyOff), tree: newTree()}
}

func newEntry(member []byte, score float64) dict.Entry {
	b := make([]byte, keyOff+len(member))
	binary.LittleEndian.PutUint64(b, math.Float64bits(score))
	binary.LittleEndian.PutUint32(b[8:], uint32(len(member)))
	copy(b[keyOff:], member)
	return unsafe.Pointer(unsafe.SliceData(b))
}

func scoreOf(e dict.Entry) float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64((*[8]byte)(e)[:]))
}

func setScore(e dict.Entry, score float64) {
	binary.LittleEndian.PutUint64((*[8]byte)(e)[:], math.Float64bits(score))
}

func memberOf(e dict.Entry) []byte {
	n := binary.LittleEndian.Uint32((*[4]byte)(unsafe.Add(e, 8))[:])
	if n == 0 {
		return nil // keyOff may be the end of the block
	}
	return unsafe.Slice((*byte)(unsafe.Add(e, keyOff)), n)
}

// blockSize estimates what the allocator takes for an entry.
func blockSize(member int) int {
	if n := keyOff + member; n > 32 {
		return (n + 15) &^ 15
	}
	return (keyOff + member + 7) &^ 7
}

// Len returns the number of members.
func (z *ZSet) Len() int { return z.dict.Len() }

// Score returns the score of member, and whether it is there.
func (z *ZSet) Score(member []byte) (float64, bool) {
	e := z.dict.Find(member)
	if e == nil {
		return 0, false
	}
	return scoreOf(e), true
}

// Set gives member the score, adding it if it is new. It returns the score from before.
func (z *ZSet) Set(member []byte, score float64) (old float64, existed bool) {
	if score != score {
		panic("zset: NaN score")
	}
	e := z.dict.Find(member)
	if e == nil {
		e = newEntry(member, score)
		z.dict.Insert(e)
		z.tree.insert(score, e)
		z.entries += blockSize(len(member))
		return 0, false
	}
	old = scoreOf(e)
	if math.Float64bits(old) != math.Float64bits(score) {
		z.tree.move(old, e, score)
		setScore(e, score)
	}
	return old, true
}

// Remove takes member out and returns the score it had.
func (z *ZSet) Remove(member []byte) (old float64, existed bool) {
	e := z.dict.Delete(member)
	if e == nil {
		return 0, false
	}
	old = scoreOf(e)
	z.tree.remove(old, e)
	z.entries -= blockSize(len(member))
	return old, true
}

// DeleteRange removes the members of ranks from to to, both included, calling fn for each before it goes. The member
// that fn is given stays valid. fn may be nil.
func (z *ZSet) DeleteRange(from, to int, fn func(member []byte, score float64)) {
	from, to = max(from, 0), min(to, z.Len()-1)
	for left := to - from + 1; left > 0; {
		left -= z.tree.removeRun(from, left, func(score float64, e dict.Entry) {
			member := memberOf(e)
			if fn != nil {
				fn(member, score)
			}
			z.dict.Delete(member)
			z.entries -= blockSize(len(member))
		})
	}
}

// Rank returns how many members come before member.
func (z *ZSet) Rank(member []byte) (int, bool) {
	e := z.dict.Find(member)
	if e == nil {
		return 0, false
	}
	var p path
	_, i := z.tree.locate(&probe{by: byKey, score: scoreOf(e), member: member}, &p)
	return p.rank() + i, true
}

// RankOfScore returns how many members have a score below score, or with afterEqual, at most score.
func (z *ZSet) RankOfScore(score float64, afterEqual bool) int {
	return z.rankOf(&probe{by: byScore, score: score, orEqual: afterEqual})
}

// RankOfLex returns how many members come before member in byte order, or with afterEqual, up to and including it. It
// has a meaning only if all scores are equal.
func (z *ZSet) RankOfLex(member []byte, afterEqual bool) int {
	return z.rankOf(&probe{by: byLex, member: member, orEqual: afterEqual})
}

func (z *ZSet) rankOf(pr *probe) int {
	var p path
	_, i := z.tree.locate(pr, &p)
	return p.rank() + i
}

// At returns the member of a rank, which must be in 0..Len()-1. The member is a view that stays valid.
func (z *ZSet) At(rank int) (member []byte, score float64) {
	c := z.Seek(rank)
	return c.Member(), c.Score()
}

// Random returns a member, each with the same probability; the set must not be empty.
func (z *ZSet) Random(rnd func() uint64) (member []byte, score float64) {
	return z.At(int(rnd() % uint64(z.Len()))) // the bias is below n in 2^64
}

// Scan calls fn for the members at the cursor and returns the next one; see dict.Dict.Scan. fn may remove members.
func (z *ZSet) Scan(cursor uint64, fn func(member []byte, score float64)) uint64 {
	return z.dict.Scan(cursor, func(e dict.Entry) { fn(memberOf(e), scoreOf(e)) })
}

// All calls fn for every member in order until it returns false. fn must not change the set.
func (z *ZSet) All(fn func(member []byte, score float64) bool) {
	for c := z.Seek(0); c.Valid(); c.Next() {
		if !fn(c.Member(), c.Score()) {
			return
		}
	}
}

// Reserve makes room in the dict for n members in all.
func (z *ZSet) Reserve(n int) { z.dict.Reserve(n) }

// MemUsage returns the bytes that the set takes, members included.
func (z *ZSet) MemUsage() int {
	return int(unsafe.Sizeof(*z)) + z.dict.MemUsage() + z.tree.memUsage() + z.entries
}
