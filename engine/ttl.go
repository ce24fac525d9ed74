package engine

// expiryHeap orders entries by expiry: a 4-ary heap that keeps each entry's index in the entry itself, so that a changed or
// removed expiry costs O(log n) and nothing stale stays behind.
type expiryHeap struct {
	items []expiryItem
}

type expiryItem struct {
	when int64 // unix ms
	e    entry
}

func (h *expiryHeap) place(i int, it expiryItem) {
	h.items[i] = it
	setEntryHeapIndex(it.e, i)
}

func (h *expiryHeap) up(i int) {
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

func (h *expiryHeap) down(i int) {
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

// add inserts e, which carries its expiry.
func (h *expiryHeap) add(e entry) {
	h.items = append(h.items, expiryItem{entryExpire(e), e})
	h.up(len(h.items) - 1)
}

// remove takes e out.
func (h *expiryHeap) remove(e entry) {
	i, last := entryHeapIndex(e), len(h.items)-1
	moved := h.items[last]
	h.items[last] = expiryItem{}
	h.items = h.items[:last]
	if i == last {
		return
	}
	h.place(i, moved)
	h.down(i)
	h.up(entryHeapIndex(moved.e))
}

// moved tells that an entry's block, or its expiry, is now another: e has the old one's heap index.
func (h *expiryHeap) moved(e entry) {
	i := entryHeapIndex(e)
	h.items[i] = expiryItem{entryExpire(e), e}
	h.down(i)
	h.up(entryHeapIndex(e))
}

// first returns the entry that expires first, or nil, with its expiry.
func (h *expiryHeap) first() (entry, int64) {
	if len(h.items) == 0 {
		return nil, 0
	}
	return h.items[0].e, h.items[0].when
}
