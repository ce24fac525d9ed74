// Package enginetest makes random work for a keyspace and compares keyspaces. Tests of the engine, of persistence and of replication
// share it.
package enginetest

import (
	"math/rand/v2"
	"strconv"

	"github.com/evald/evald/engine"
)

// Databases is how many databases the keyspaces of New have.
const Databases = 4

// New returns an empty keyspace with limits so low that values change between the small and the big encodings all the time.
func New(seed uint64) *engine.Keyspace {
	ks := engine.New(engine.Options{Databases: Databases, Random: rand.New(rand.NewPCG(seed, 1)).Uint64})
	l := &ks.Limits
	l.HashMaxListpackEntries, l.HashMaxListpackValue = 4, 16
	l.SetMaxIntsetEntries, l.SetMaxListpackEntries, l.SetMaxListpackValue = 4, 6, 16
	l.ZSetMaxListpackEntries, l.ZSetMaxListpackValue = 4, 16
	l.ListMaxListpackSize = 4
	l.StreamNodeMaxEntries = 4
	return ks
}

// A Workload runs random units on a keyspace. The same seed gives the same units.
type Workload struct {
	KS *engine.Keyspace
	// Start is the time of the first turn, unix us. It grows by random steps.
	Now int64
	// MaxUnits bounds the units of one turn, MaxOps the operations of one unit.
	MaxUnits, MaxOps int
	// Fault, if set, may tell what is wrong after a unit was rolled back.
	Fault func(what string)

	rng *rand.Rand
	buf []byte
}

// NewWorkload returns the workload of a seed for ks.
func NewWorkload(ks *engine.Keyspace, seed uint64) *Workload {
	return &Workload{KS: ks, Now: 1_700_000_000_000_000, MaxUnits: 3, MaxOps: 5, rng: rand.New(rand.NewPCG(seed, 2)),
		Fault: func(what string) { panic(what) }}
}

// Turn begins a turn and runs its units. The caller ends the turn with EncodeTurn.
func (w *Workload) Turn() {
	w.Now += w.rng.Int64N(200_000)
	w.KS.BeginTurn(w.Now)
	for range 1 + w.rng.IntN(w.MaxUnits) {
		w.unit()
	}
}

func (w *Workload) unit() {
	undo := w.rng.IntN(3) == 0
	rollback := undo && w.rng.IntN(2) == 0
	var before [32]byte
	if rollback {
		before = w.KS.Digest()
	}
	w.KS.Begin(undo)
	for range 1 + w.rng.IntN(w.MaxOps) {
		if w.rng.IntN(8) == 0 {
			w.savepoint()
		}
		w.op()
	}
	if !rollback {
		w.KS.End()
		return
	}
	w.KS.Rollback()
	if w.KS.Digest() != before {
		w.Fault("a rolled-back unit has left something behind")
	}
}

// savepoint runs some operations that it then keeps or takes back, as a script does with a part of its work.
func (w *Workload) savepoint() {
	sp, before := w.KS.Savepoint(), w.KS.Digest()
	for range 1 + w.rng.IntN(3) {
		w.op()
	}
	if w.rng.IntN(2) == 0 {
		w.KS.Release(sp)
		return
	}
	w.KS.RollbackTo(sp)
	if w.KS.Digest() != before {
		w.Fault("a savepoint has not taken everything back")
	}
}

func (w *Workload) db() *engine.DB { return w.KS.DB(w.rng.IntN(Databases)) }

func (w *Workload) key() []byte { return strconv.AppendInt([]byte("key:"), w.rng.Int64N(12), 10) }

// text returns a field, member or value: small numbers, short words, now and then a long one.
func (w *Workload) text() []byte {
	switch w.rng.IntN(8) {
	case 0:
		return strconv.AppendInt(nil, int64(w.rng.Uint64())>>w.rng.UintN(64), 10)
	case 1:
		b := make([]byte, w.rng.IntN(120))
		for i := range b {
			b[i] = byte(w.rng.Uint32())
		}
		return b
	}
	return strconv.AppendInt([]byte("t"), w.rng.Int64N(20), 10)
}

func (w *Workload) op() {
	ops := [...]func(*engine.DB, []byte){
		w.setString, w.setString, w.incr, w.grow, w.hash, w.hash, w.hash, w.set, w.set, w.set, w.zset, w.zset, w.zset,
		w.list, w.list, w.list, w.stream, w.stream,
		w.remove, w.remove, w.expire, w.expire, w.transfer, w.transfer, w.transfer, w.whole,
	}
	ops[w.rng.IntN(len(ops))](w.db(), w.key())
}

func (w *Workload) when() int64 {
	switch w.rng.IntN(6) {
	case 0:
		return engine.KeepTTL
	case 1:
		return w.KS.Now() + 1 + w.rng.Int64N(2000)
	}
	return engine.NoTTL
}

func (w *Workload) setString(db *engine.DB, key []byte) { db.SetString(key, w.text(), w.when()) }

func (w *Workload) incr(db *engine.DB, key []byte) {
	if n, ok, err := db.StringInt(key); err == nil && ok {
		db.IncrBy(key, n^int64(w.rng.IntN(100)))
	}
}

func (w *Workload) grow(db *engine.DB, key []byte) {
	v, _, err := db.StringForUpdate(key, w.buf)
	if err != nil {
		return
	}
	n := len(v) + w.rng.IntN(40)
	if n == 0 {
		return
	}
	b := db.GrowString(key, n)
	b[w.rng.IntN(len(b))] = 'x'
}

func (w *Workload) remove(db *engine.DB, key []byte) { db.Delete(key) }

func (w *Workload) expire(db *engine.DB, key []byte) {
	switch {
	case w.rng.IntN(3) == 0:
		w.KS.ExpireDue(1 + w.rng.IntN(5))
	case db.Has(key):
		at := int64(0)
		if w.rng.IntN(4) > 0 {
			at = w.KS.Now() + 1 + w.rng.Int64N(3000)
		}
		db.SetExpire(key, at)
	}
}

func (w *Workload) transfer(db *engine.DB, key []byte) {
	if !db.Has(key) {
		return
	}
	to, dst := w.key(), w.db()
	switch w.rng.IntN(3) {
	case 0:
		if string(key) != string(to) {
			db.Rename(key, to)
		}
	case 1:
		if dst != db && !dst.Has(key) {
			db.Move(key, dst)
		}
	case 2:
		if dst != db || string(key) != string(to) {
			db.Copy(key, dst, to)
		}
	}
}

func (w *Workload) whole(db *engine.DB, _ []byte) {
	switch w.rng.IntN(8) {
	case 0:
		w.KS.FlushAll()
	case 1, 2:
		db.Flush()
	case 3, 4, 5:
		w.KS.Swap(db.Index(), w.rng.IntN(Databases))
	}
}
