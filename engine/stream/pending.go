// Lists ordered by entry ID, in chunks: the pending entries of a group and of each consumer.

package stream

import (
	"slices"
	"sort"
)

const chunkItems = 64

// item pairs an ID with its value. The value comes first: an empty one at the end would be padded.
type item[V any] struct {
	v  V
	id ID
}

// list is a sorted sequence of chunks of sorted items. Entries come in at the end and mostly leave at the front, which
// are the cheap places; the middle costs a move within one chunk.
type list[V any] struct {
	chunks [][]item[V]
	n      int
}

// seek returns the place of the first item at or above id: chunk and index, chunk == len(chunks) if there is none.
func (l *list[V]) seek(id ID) (c, i int) {
	c = sort.Search(len(l.chunks), func(c int) bool {
		chunk := l.chunks[c]
		return !chunk[len(chunk)-1].id.Less(id)
	})
	if c == len(l.chunks) {
		return c, 0
	}
	chunk := l.chunks[c]
	return c, sort.Search(len(chunk), func(i int) bool { return !chunk[i].id.Less(id) })
}

// find returns the item id, to read or to change, or nil.
func (l *list[V]) find(id ID) *item[V] {
	c, i := l.seek(id)
	if c == len(l.chunks) || l.chunks[c][i].id != id {
		return nil
	}
	return &l.chunks[c][i]
}

// next returns the first item at or above id, or nil.
func (l *list[V]) next(id ID) *item[V] {
	c, i := l.seek(id)
	if c == len(l.chunks) {
		return nil
	}
	return &l.chunks[c][i]
}

// last returns the last item, or nil.
func (l *list[V]) last() *item[V] {
	if l.n == 0 {
		return nil
	}
	chunk := l.chunks[len(l.chunks)-1]
	return &chunk[len(chunk)-1]
}

// put adds the item id, which is not there yet.
func (l *list[V]) put(id ID, v V) {
	l.n++
	x := item[V]{v, id}
	c, i := l.seek(id)
	if c == len(l.chunks) {
		if c == 0 || len(l.chunks[c-1]) >= chunkItems {
			l.chunks = append(l.chunks, append([]item[V](nil), x))
			return
		}
		c--
		i = len(l.chunks[c])
	}
	chunk := l.chunks[c]
	if len(chunk) >= chunkItems {
		half := slices.Clone(chunk[chunkItems/2:])
		clear(chunk[chunkItems/2:])
		l.chunks[c] = chunk[:chunkItems/2]
		l.chunks = slices.Insert(l.chunks, c+1, half)
		if i > chunkItems/2 {
			c, i = c+1, i-chunkItems/2
		}
	}
	l.chunks[c] = slices.Insert(l.chunks[c], i, x)
}

// remove takes the item id out.
func (l *list[V]) remove(id ID) bool {
	c, i := l.seek(id)
	if c == len(l.chunks) || l.chunks[c][i].id != id {
		return false
	}
	l.n--
	chunk := l.chunks[c]
	switch {
	case len(chunk) == 1:
		l.cut(c)
		return true
	case i == 0:
		chunk[0] = item[V]{}
		chunk = chunk[1:]
	default:
		chunk = slices.Delete(chunk, i, i+1)
	}
	l.chunks[c] = chunk
	if c+1 < len(l.chunks) && len(chunk)+len(l.chunks[c+1]) <= chunkItems/4 {
		l.chunks[c] = append(chunk, l.chunks[c+1]...)
		l.cut(c + 1)
	}
	return true
}

// cut removes the chunk c, cheaply at the front.
func (l *list[V]) cut(c int) {
	if c == 0 {
		l.chunks[0] = nil
		l.chunks = l.chunks[1:]
		return
	}
	l.chunks = slices.Delete(l.chunks, c, c+1)
}
