// Loading: members come in any order, the tree is built in order at the end, which takes half the time of as many insertions.
package zset

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/evald/evald/engine/dict"
)

// Load adds a member to a set that Build then completes; nothing else may be asked of it before. It tells whether the member is new.
func (z *ZSet) Load(member []byte, score float64) bool {
	if score != score {
		panic("zset: NaN score")
	}
	e := newEntry(member, score)
	if old := z.dict.Replace(member, e); old != nil {
		return false
	}
	z.entries += blockSize(len(member))
	return true
}

// Build puts the members given to Load in order.
func (z *ZSet) Build() {
	type pair struct {
		score float64
		e     dict.Entry
	}
	pairs := make([]pair, 0, z.dict.Len())
	z.dict.All(func(e dict.Entry) bool {
		pairs = append(pairs, pair{scoreOf(e), e})
		return true
	})
	slices.SortFunc(pairs, func(a, b pair) int {
		if c := cmp.Compare(a.score, b.score); c != 0 {
			return c
		}
		return bytes.Compare(memberOf(a.e), memberOf(b.e))
	})
	z.tree = newTree()
	for _, p := range pairs {
		z.tree.insert(p.score, p.e)
	}
}
