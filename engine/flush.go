package engine

import "github.com/evald/evald/engine/dict"

// flushed is what a database held before it was emptied: undo puts it back, and the unit's end lets its objects go.
type flushed struct {
	dict    *dict.Dict
	ttl     expiryHeap
	used    int64
	objects []uint32
}

func (f *flushed) release(ks *Keyspace) {
	for _, i := range f.objects {
		ks.objects.release(i)
	}
}

// Flush removes every key of the database and returns how many there were. Its rows go with two range deletes, unless big keys were
// moved between databases: then one for each of those, or for each big key.
func (db *DB) Flush() int {
	ks := db.ks
	old := &flushed{dict: db.dict, ttl: db.ttl, used: db.used}
	movedOut := false
	for i := range ks.objects.slots {
		switch o := &ks.objects.slots[i]; {
		case o.v == nil || o.gone:
		case o.owner == uint8(db.id):
			old.objects = append(old.objects, uint32(i))
			o.gone = true
			ks.retime(uint32(i))
		case o.home.db == uint8(db.id):
			movedOut = true
		}
	}
	for _, i := range old.objects {
		if o := ks.objects.at(i); movedOut || o.home.db != uint8(db.id) {
			ks.record(touch{kind: touchRows, name: ks.save(o.home.rowPrefix(nil, o.id))})
		}
	}
	ks.record(touch{kind: touchFlush, db: uint8(db.id), had: movedOut, undo: old})
	n := db.dict.Len()
	db.dict, db.ttl, db.used = dict.New(keyOffset), expiryHeap{}, 0
	ks.stats.Dirty += uint64(n)
	return n
}

func (db *DB) restoreFlushed(f *flushed) {
	db.dict, db.ttl, db.used = f.dict, f.ttl, f.used
	for _, i := range f.objects {
		db.ks.objects.at(i).gone = false
		db.ks.retime(i)
	}
}

// FlushAll removes every key of every database and returns how many there were.
func (ks *Keyspace) FlushAll() int {
	n := 0
	for _, db := range ks.dbs {
		if db.dict.Len() > 0 {
			n += db.Flush()
		}
	}
	return n
}

// Swap exchanges the contents of databases a and b. No key's row changes: rows carry the database's id, which is exchanged too.
func (ks *Keyspace) Swap(a, b int) {
	if a == b {
		return
	}
	x, y := ks.dbs[a], ks.dbs[b]
	ks.record(touch{kind: touchSwap, db: uint8(x.id), id: uint64(y.id)})
	ks.swap(x, y)
	ks.stats.Dirty++
}

func (ks *Keyspace) swap(x, y *DB) {
	x.id, y.id = y.id, x.id
	x.dict, y.dict = y.dict, x.dict
	x.ttl, y.ttl = y.ttl, x.ttl
	x.used, y.used = y.used, x.used
	ks.byID[x.id], ks.byID[y.id] = x, y
}
