package engine

// walks lends buffers to walks over small collections, for the text of numbers: a buffer of the walk's own would move to the heap,
// since what it calls may be anything. Walks nest: one inside another has other buffers.
type walks struct {
	depth int
	text  [][2][32]byte
}

// enterWalk returns the buffers of a walk that begins; leaveWalk ends it.
func (ks *Keyspace) enterWalk() (a, b []byte) {
	w := &ks.walks
	if w.depth == len(w.text) {
		w.text = append(w.text, [2][32]byte{}) // outer walks keep the array that they have
	}
	pair := &w.text[w.depth]
	w.depth++
	return pair[0][:], pair[1][:]
}

func (ks *Keyspace) leaveWalk() { ks.walks.depth-- }
