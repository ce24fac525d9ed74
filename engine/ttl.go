package engine

import "github.com/evald/evald/engine/dict"

// timed is what a timeHeap holds: it keeps its index there, so that a changed or removed time costs O(log n) and nothing stale stays
// behind.
type timed interface {
	index() int
	setIndex(i int)
}

// timeHeap orders things by time: a 4-ary heap.
type timeHeap[T timed] struct {
	items []timeItem[T]
}

type timeItem[T timed] struct {
	when int64 // unix ms
	t    T
}

func (h *timeHeap[T]) place(i int, it timeItem[T]) {
	h.items[i] = it
	it.t.setIndex(i)
}

func (h *timeHeap[T]) up(i int) {
	it := h.items[i]
	for i > 0 {
		p := (i - 1) / 4
		if h.items[p].when <= it.when {
			break
		}
		h.place(i, h.items[p])
		i = p
	}
	h.place(i, it)
}

func (h *timeHeap[T]) down(i int) {
	it := h.items[i]
	for {
		c := 4*i + 1
		if c >= len(h.items) {
			break
		}
		least := c
		for j := c + 1; j < min(c+4, len(h.items)); j++ {
			if h.items[j].when < h.items[least].when {
				least = j
			}
		}
		if h.items[least].when >= it.when {
			break
		}
		h.place(i, h.items[least])
		i = least
	}
	h.place(i, it)
}

// put inserts t.
func (h *timeHeap[T]) put(t T, when int64) {
	h.items = append(h.items, timeItem[T]{when, t})
	h.up(len(h.items) - 1)
}

// take removes what stands at index i.
func (h *timeHeap[T]) take(i int) {
	last := len(h.items) - 1
	moved := h.items[last]
	h.items[last] = timeItem[T]{}
	h.items = h.items[:last]
	if i == last {
		return
	}
	h.place(i, moved)
	h.down(i)
	h.up(moved.t.index())
}

// change puts t, with its time, in the place of what stands at index i.
func (h *timeHeap[T]) change(i int, t T, when int64) {
	h.items[i] = timeItem[T]{when, t}
	h.down(i)
	h.up(t.index())
}

// next returns the earliest time, 0 if there is none.
func (h *timeHeap[T]) next() int64 {
	if len(h.items) == 0 {
		return 0
	}
	return h.items[0].when
}

// expiryHeap orders a database's entries by expiry.
type expiryHeap struct {
	timeHeap[keyTimer]
}

// keyTimer is an entry with an expiry; the index stands in its block.
type keyTimer struct{ e entry }

func (t keyTimer) index() int     { return entryHeapIndex(t.e) }
func (t keyTimer) setIndex(i int) { setEntryHeapIndex(t.e, i) }

// add inserts e, which carries its expiry.
func (h *expiryHeap) add(e entry) { h.put(keyTimer{e}, entryExpire(e)) }

// remove takes e out.
func (h *expiryHeap) remove(e entry) { h.take(entryHeapIndex(e)) }

// moved tells that an entry's block, or its expiry, is now another: e has the old one's heap index.
func (h *expiryHeap) moved(e entry) { h.change(entryHeapIndex(e), keyTimer{e}, entryExpire(e)) }

// first returns the entry that expires first, or nil, with its expiry.
func (h *expiryHeap) first() (entry, int64) {
	if len(h.items) == 0 {
		return nil, 0
	}
	return h.items[0].t.e, h.items[0].when
}

// fieldTimer is a hash's field with an expiry; the index stands in its block.
type fieldTimer struct{ e dict.Entry }

func (t fieldTimer) index() int     { return hashFieldIndex(t.e) }
func (t fieldTimer) setIndex(i int) { setHashFieldIndex(t.e, i) }

// hashTimer is a hash of which fields expire. Its time is that of the field that goes first.
type hashTimer struct{ h *bigHash }

func (t hashTimer) index() int     { return t.h.timer - 1 }
func (t hashTimer) setIndex(i int) { t.h.timer = i + 1 }
