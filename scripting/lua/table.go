// Tables with PUC Lua's array part and hash part, so that borders (#), sizes and the order of pairs are PUC's.
package lua

import (
	"math"
	"math/bits"
	"unsafe"
)

// Table is a Lua table. The array part holds the keys 1 to asize; the hash part is a power of two of nodes, chained
// inside the node array with Brent's variation: a node out of its main position moves when that position is needed.
type Table struct {
	header
	readonly bool
	// absent has a bit per metamethod known not to be here, when this table serves as a metatable.
	absent   uint8
	lsize    uint8 // log2 of the number of nodes
	id       uint32
	asize    uint32
	lastFree uint32 // every node at or above it is in use
	arr      unsafe.Pointer
	node     unsafe.Pointer
	meta     *Table
}

// node is one key of the hash part. next counts in nodes from this one, 0 ends the chain. A node whose value is nil
// keeps its key, so that next() can go on from a key that was just removed; the next rehash drops it.
type node struct {
	val  Value
	key  Value
	next int32
}

const (
	nodeSize  = unsafe.Sizeof(node{})
	valueSize = unsafe.Sizeof(Value{})
	tableSize = int64(unsafe.Sizeof(Table{}))

	maxArrayBits = 26
)

// noNode is the hash part of every table that has none; nothing is ever written to it.
var noNode node

// noValue is what a lookup that finds nothing points to; nothing is ever written to it.
var noValue Value

func (t *Table) value() Value { return Value{unsafe.Pointer(t), tagTable} }

func (t *Table) slot(i uint32) *Value { return (*Value)(unsafe.Add(t.arr, uintptr(i)*valueSize)) }

func (t *Table) nodeAt(i uint32) *node { return (*node)(unsafe.Add(t.node, uintptr(i)*nodeSize)) }

func (n *node) nextNode() *node {
	return (*node)(unsafe.Add(unsafe.Pointer(n), int(n.next)*int(nodeSize)))
}

// distance returns how many nodes b is after a.
func distance(a, b *node) int32 {
	return int32((int64(uintptr(unsafe.Pointer(b))) - int64(uintptr(unsafe.Pointer(a)))) / int64(nodeSize))
}

func (t *Table) modPosition(h uint32) *node { return t.nodeAt(h % ((1<<t.lsize - 1) | 1)) }

func (t *Table) numberPosition(f float64) *node {
	if f == 0 {
		return t.nodeAt(0)
	}
	b := math.Float64bits(f)
	return t.modPosition(uint32(b) + uint32(b>>32))
}

func (t *Table) stringPosition(s *String) *node {
	return t.nodeAt(s.hashOf() & (1<<t.lsize - 1))
}

// mainPosition returns the node where key belongs.
func (t *Table) mainPosition(key Value) *node {
	switch {
	case key.n > maxTag:
		return t.numberPosition(key.Number())
	case key.n == tagString:
		return t.stringPosition(key.string())
	case key.n <= tagTrue:
		return t.nodeAt(uint32(key.n-tagFalse) & (1<<t.lsize - 1))
	}
	return t.modPosition(objectID(key))
}

// find returns the slot of the value of key, noValue if the key is absent.
func (t *Table) find(key Value) *Value {
	switch {
	case key.n == tagString:
		return t.findString(key.string())
	case key.n > maxTag:
		f := key.Number()
		if i := int64(f); float64(i) == f {
			return t.findInt(i)
		}
		return t.findFloat(f)
	case key.n == tagNil:
		return &noValue
	}
	n := t.mainPosition(key)
	for {
		if n.key.n == key.n && (n.key.p == key.p || key.n <= tagTrue) {
			return &n.val
		}
		if n.next == 0 {
			return &noValue
		}
		n = n.nextNode()
	}
}

func (t *Table) findInt(i int64) *Value {
	if uint64(i-1) < uint64(t.asize) {
		return t.slot(uint32(i - 1))
	}
	if t.node == unsafe.Pointer(&noNode) {
		return &noValue
	}
	return t.findFloat(float64(i))
}

func (t *Table) findFloat(f float64) *Value {
	n := t.numberPosition(f)
	for {
		if n.key.n > maxTag && n.key.Number() == f {
			return &n.val
		}
		if n.next == 0 {
			return &noValue
		}
		n = n.nextNode()
	}
}

func (t *Table) findString(s *String) *Value {
	n := t.stringPosition(s)
	for {
		if n.key.p == unsafe.Pointer(s) {
			return &n.val
		}
		if n.key.n == tagString {
			if k := n.key.string(); k.hash == s.hash && k.equal(s) {
				return &n.val
			}
		}
		if n.next == 0 {
			return &noValue
		}
		n = n.nextNode()
	}
}

// findConstant is findString for a constant of the code. It makes the table use that very object as its key, so that the
// next lookup by this constant finds it by address.
func (t *Table) findConstant(s *String) *Value {
	n := t.nodeAt(s.hash & (1<<t.lsize - 1))
	for {
		if n.key.p == unsafe.Pointer(s) {
			return &n.val
		}
		if n.key.n == tagString {
			if k := n.key.string(); k.hash == s.hash && k.equal(s) {
				n.key.p = unsafe.Pointer(s)
				return &n.val
			}
		}
		if n.next == 0 {
			return &noValue
		}
		n = n.nextNode()
	}
}

func (t *Table) findText(key string) *Value {
	h := hashBytes(key)
	n := t.nodeAt(h & (1<<t.lsize - 1))
	for {
		if n.key.n == tagString && n.key.string().hash == h && n.key.string().str() == key {
			return &n.val
		}
		if n.next == 0 {
			return &noValue
		}
		n = n.nextNode()
	}
}

// Get returns t[key] without metamethods, nil if there is none.
func (t *Table) Get(key Value) Value { return *t.find(key) }

// GetInt returns t[i] without metamethods.
func (t *Table) GetInt(i int) Value { return *t.findInt(int64(i)) }

// GetStr returns t[key] without metamethods.
func (t *Table) GetStr(key string) Value { return *t.findText(key) }

// Set makes t[key] = v without metamethods. It raises an error if t is read-only or key is nil or NaN.
func (t *Table) Set(s *State, key, v Value) {
	t.checkWritable(s)
	t.set(s, key, v)
}

// SetInt makes t[i] = v without metamethods. It raises an error if t is read-only.
func (t *Table) SetInt(s *State, i int, v Value) {
	t.checkWritable(s)
	t.setInt(s, int64(i), v)
}

// SetStr makes t[key] = v without metamethods. It raises an error if t is read-only.
func (t *Table) SetStr(s *State, key string, v Value) {
	t.checkWritable(s)
	t.setText(s, key, v)
}

// Readonly reports whether writing to t raises an error.
func (t *Table) Readonly() bool { return t.readonly }

func (t *Table) checkWritable(s *State) {
	if t.readonly {
		s.throwReadonly()
	}
}

func (t *Table) set(s *State, key, v Value) {
	t.absent = 0
	slot := t.find(key)
	if slot == &noValue {
		slot = t.newKey(s, key.clean())
	}
	*slot = v.clean()
}

func (t *Table) setInt(s *State, i int64, v Value) {
	slot := t.findInt(i)
	if slot == &noValue {
		slot = t.newKey(s, Number(float64(i)))
	}
	*slot = v.clean()
}

func (t *Table) setText(s *State, key string, v Value) {
	t.absent = 0
	slot := t.findText(key)
	if slot == &noValue {
		slot = t.newKey(s, s.internOrNew(key))
	}
	*slot = v.clean()
}

// newKey puts key, which is absent, into the hash part and returns the slot of its value.
func (t *Table) newKey(s *State, key Value) *Value {
	if key.n == tagNil {
		s.throwRuntime("table index is nil")
	}
	if key.n > maxTag && key.Number() != key.Number() {
		s.throwRuntime("table index is NaN")
	}
	mp := t.mainPosition(key)
	if mp.val.n != tagNil || mp == &noNode {
		free := t.freeNode()
		if free == nil {
			t.rehash(s, key)
			slot := t.find(key)
			if slot == &noValue {
				slot = t.newKey(s, key)
			}
			return slot
		}
		if other := t.mainPosition(mp.key); other != mp {
			// The node here is out of its main position: move it to the free one.
			for other.nextNode() != mp {
				other = other.nextNode()
			}
			other.next = distance(other, free)
			*free = *mp
			if mp.next != 0 {
				free.next = mp.next - distance(mp, free)
				mp.next = 0
			}
			mp.val = Nil
		} else {
			// The node here is where it belongs: the new key goes to the free one.
			free.next = 0
			if mp.next != 0 {
				free.next = mp.next - distance(mp, free)
			}
			mp.next = distance(mp, free)
			mp = free
		}
	}
	mp.key = key
	return &mp.val
}

func (t *Table) freeNode() *node {
	for t.lastFree > 0 {
		t.lastFree--
		if n := t.nodeAt(t.lastFree); n.key.n == tagNil {
			return n
		}
	}
	return nil
}

// rehash resizes both parts for the keys present and one more: the array part becomes the largest power of two more
// than half of which is in use.
func (t *Table) rehash(s *State, extra Value) {
	var counts [maxArrayBits + 1]uint32 // counts[i] is the number of keys in (2^(i-1), 2^i]
	inArray := t.countArray(s, &counts)
	total := inArray
	size := uint32(1) << t.lsize
	for i := size; i > 0; i-- {
		if n := t.nodeAt(i - 1); n.val.n != tagNil {
			inArray += countIndex(n.key, &counts)
			total++
		}
		s.every(int(i))
	}
	inArray += countIndex(extra, &counts)
	total++
	narr, used := arraySize(&counts, inArray)
	t.resize(s, int(narr), int(total-used))
}

func (t *Table) countArray(s *State, counts *[maxArrayBits + 1]uint32) uint32 {
	total, i := uint32(0), uint32(1)
	for lg, limit := 0, uint32(1); lg <= maxArrayBits; lg, limit = lg+1, limit*2 {
		end := limit
		if end > t.asize {
			end = t.asize
			if i > end {
				break
			}
		}
		c := uint32(0)
		for ; i <= end; i++ {
			if t.slot(i-1).n != tagNil {
				c++
			}
			s.every(int(i))
		}
		counts[lg] += c
		total += c
	}
	return total
}

// countIndex counts key if it could be in an array part.
func countIndex(key Value, counts *[maxArrayBits + 1]uint32) uint32 {
	if key.n <= maxTag {
		return 0
	}
	f := key.Number()
	if !(f >= 1 && f <= 1<<maxArrayBits) || f != math.Trunc(f) {
		return 0
	}
	counts[bits.Len32(uint32(f)-1)]++
	return 1
}

func arraySize(counts *[maxArrayBits + 1]uint32, candidates uint32) (size, used uint32) {
	sum := uint32(0)
	for i, power := 0, uint32(1); power/2 < candidates; i, power = i+1, power*2 {
		if counts[i] > 0 {
			sum += counts[i]
			if sum > power/2 {
				size, used = power, sum
			}
		}
		if sum == candidates {
			break
		}
	}
	return size, used
}

// resize gives t room for narr array elements and nhash keys and moves every element to where it now belongs. If the run is stopped
// meanwhile, t is what it was before: a library's tables live on.
func (t *Table) resize(s *State, narr, nhash int) {
	old := *t
	s.charge(int64(max(narr-int(old.asize), 0)) * int64(valueSize))
	arr := old.arr
	if narr != int(old.asize) {
		arr = unsafe.Pointer(unsafe.SliceData(allot[Value](s, narr)))
	}
	nodes, lsize := unsafe.Pointer(&noNode), uint8(0)
	if nhash > 0 {
		lsize = uint8(bits.Len32(uint32(nhash - 1)))
		s.charge(int64(nodeSize) << lsize)
		nodes = unsafe.Pointer(unsafe.SliceData(allot[node](s, 1<<lsize)))
	}
	// From here on nothing but draw can end the run.
	t.arr, t.asize, t.node, t.lsize, t.lastFree = arr, uint32(narr), nodes, lsize, 0
	if nhash > 0 {
		t.lastFree = 1 << lsize
	}
	if err := t.refill(s, &old); err != nil {
		*t = old
		s.stop(err)
	}
	s.charge(int64(min(narr-int(old.asize), 0)) * int64(valueSize))
	if old.node != unsafe.Pointer(&noNode) {
		s.charge(-int64(nodeSize) << old.lsize)
	}
}

// refill puts into t, which is empty, what is in old. The error is that of draw.
func (t *Table) refill(s *State, old *Table) error {
	elements := unsafe.Slice((*Value)(old.arr), old.asize)
	if t.arr != old.arr {
		kept := min(len(elements), int(t.asize))
		if err := s.copyValues(unsafe.Slice((*Value)(t.arr), kept), elements[:kept]); err != nil {
			return err
		}
		for i, v := range elements[kept:] {
			if v.n != tagNil {
				t.setInt(s, int64(kept+i)+1, v)
			}
			if i%pieceValues == pieceValues-1 {
				if err := s.draw(pieceValues >> 2); err != nil {
					return err
				}
			}
		}
	}
	if old.node == unsafe.Pointer(&noNode) {
		return nil
	}
	for i := uint32(1) << old.lsize; i > 0; i-- {
		n := old.nodeAt(i - 1)
		if n.val.n != tagNil {
			slot := t.find(n.key)
			if slot == &noValue {
				slot = t.newKey(s, n.key)
			}
			*slot = n.val
		}
		if i%pieceValues == 0 {
			if err := s.draw(pieceValues >> 2); err != nil {
				return err
			}
		}
	}
	return nil
}

// Len returns a border of t, the one that PUC Lua finds.
func (t *Table) Len() int {
	if j := t.asize; j > 0 && t.slot(j-1).n == tagNil {
		i := uint32(0)
		for j-i > 1 {
			m := (i + j) / 2
			if t.slot(m-1).n == tagNil {
				j = m
			} else {
				i = m
			}
		}
		return int(i)
	}
	if t.node == unsafe.Pointer(&noNode) {
		return int(t.asize)
	}
	return t.unboundSearch()
}

func (t *Table) unboundSearch() int {
	i, j := int64(t.asize), int64(t.asize)+1
	for t.findInt(j).n != tagNil {
		i = j
		j *= 2
		if j > math.MaxInt32 {
			// Built for this: the linear search ends at the first hole.
			for i = 1; t.findInt(i).n != tagNil; i++ {
			}
			return int(i - 1)
		}
	}
	for j-i > 1 {
		m := (i + j) / 2
		if t.findInt(m).n == tagNil {
			j = m
		} else {
			i = m
		}
	}
	return int(i)
}

// Next returns the entry after key in the order of pairs, the first one for nil. more is false at the end; ok is false
// if key is not in the table.
func (t *Table) Next(key Value) (k, v Value, more, ok bool) {
	i, ok := t.position(key)
	if !ok {
		return Nil, Nil, false, false
	}
	k, v, more = t.entryFrom(nil, i)
	return k, v, more, true
}

// position returns the number of entries, used or not, up to and including key.
func (t *Table) position(key Value) (uint32, bool) {
	if key.n == tagNil {
		return 0, true
	}
	if key.n > maxTag {
		if f := key.Number(); f >= 1 && f <= float64(t.asize) && f == math.Trunc(f) {
			return uint32(f), true
		}
	}
	slot := t.find(key)
	if slot == &noValue {
		return 0, false
	}
	first := t.nodeAt(0)
	return t.asize + uint32(distance(first, (*node)(unsafe.Pointer(slot)))) + 1, true
}

// entryFrom returns the first entry at or after position i. The steps for finding it are drawn from s, which may be nil.
func (t *Table) entryFrom(s *State, i uint32) (k, v Value, more bool) {
	for first := i; i < t.asize; i++ {
		if v := *t.slot(i); v.n != tagNil {
			s.looked(i - first)
			return Number(float64(i + 1)), v, true
		}
		if i-first == pieceValues {
			s.looked(i - first)
			first = i
		}
	}
	for first := i; i-t.asize < 1<<t.lsize; i++ {
		if n := t.nodeAt(i - t.asize); n.val.n != tagNil {
			s.looked(i - first)
			return n.key, n.val, true
		}
		if i-first == pieceValues {
			s.looked(i - first)
			first = i
		}
	}
	return Nil, Nil, false
}

// looked draws steps for n places in a table that were empty.
func (s *State) looked(n uint32) {
	if s != nil && n > 0 {
		s.work(int(n >> 3))
	}
}

// SetMetatable gives t the metatable m, nil for none, without asking anybody.
func (t *Table) SetMetatable(m *Table) { t.meta = m }

// Metatable returns the metatable of t, nil if it has none.
func (t *Table) Metatable() *Table { return t.meta }
