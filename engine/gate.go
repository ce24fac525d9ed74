package engine

import "hash/maphash"

// gate answers whether a read saw something that is not yet durable. It keeps, for a hash of every key, the last turn that wrote it;
// keys that share one of its 65,536 places make a reply wait at most for one commit too many, never too few.
type gate struct {
	seed      maphash.Seed
	places    []uint64
	all       uint64 // last turn that wrote a whole database or a named row
	last      uint64 // last turn that wrote anything
	committed uint64 // all turns up to this one are durable
	off       bool   // nothing is ever durable, so nothing waits
}

const gatePlaces = 1 << 16

func (g *gate) place(db uint8, key []byte) *uint64 {
	if g.places == nil {
		g.places, g.seed = make([]uint64, gatePlaces), maphash.MakeSeed()
	}
	return &g.places[(maphash.Bytes(g.seed, key)+uint64(db)*0x9e37)&(gatePlaces-1)]
}

func (g *gate) wrote(db uint8, key []byte, turn uint64) {
	if g.off {
		return
	}
	*g.place(db, key) = turn
	g.last = turn
}

func (g *gate) wroteAll(turn uint64) {
	if !g.off {
		g.all, g.last = turn, turn
	}
}

// read notes in the unit that key was looked at.
func (ks *Keyspace) read(db *DB, key []byte) {
	g := &ks.gate
	if g.last <= g.committed {
		return
	}
	if t := max(*g.place(uint8(db.id), key), g.all); t > g.committed && t > ks.unit.saw {
		ks.unit.saw = t
	}
}

// ReadAll notes in the unit that something about all keys, or a named row, was looked at.
func (ks *Keyspace) ReadAll() {
	if g := &ks.gate; g.last > g.committed {
		ks.unit.saw = max(ks.unit.saw, g.last)
	}
}

// OpenGate tells that there is no store: no reply waits for one.
func (ks *Keyspace) OpenGate() { ks.gate.off = true }

// Committed tells that every turn up to seq is durable.
func (ks *Keyspace) Committed(seq uint64) { ks.gate.committed = max(ks.gate.committed, seq) }
