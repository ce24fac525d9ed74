package engine

import "math"

// touchKind says what a touch is about.
type touchKind uint8

const (
	touchEntry    touchKind = iota // a key's entry was made, changed or removed: its header row
	touchModified                  // a key's object changed: no row of its own, but WATCH, blocked clients and tracking see it
	touchAside                     // as touchModified, but of no interest to them: a stream's groups
	touchElement                   // one element of an object: its element row
	touchObject                    // an object was made (undo drops it) or removed (its element rows go)
	touchRows                      // the rows with a prefix go: elements of a removed object
	touchFlush                     // a whole database was emptied
	touchSwap                      // two databases changed places
	touchShape                     // what is no part of a value, such as an encoding's name: only undo looks at it
	touchNamed                     // a named row that is not a key: function library, script, ACL user ...
)

// A touch is one thing that changed. name points into the turn's arena and prev into the unit's, so that recording allocates nothing.
type touch struct {
	kind touchKind
	db   uint8  // id of the database
	had  bool   // element: it existed before; object, entry: it was removed (not made or changed)
	mute bool   // entry: its value stays, so WATCH, blocked clients and tracking do not see it
	obj  uint32 // object index
	id   uint64 // object id; swap: id of the other database
	name span   // key, element or row name
	prev span   // element: its previous row value; entry: its block before a change within it, if not empty; only under undo
	old  entry  // entry: the previous one, unless prev has it, or nil; only under undo
	undo any    // flush: the database's previous content; named, shape: func() that restores
}

type span struct{ from, to uint32 }

// turn is what happened since the last EncodeTurn.
type turn struct {
	seq     uint64 // number of the turn; the committer acknowledges by it
	touches []touch
	arena   []byte
	bytes   int // of the rows of its units, as they estimate them
}

// unit is the running unit: one command, one MULTI or one script.
type unit struct {
	active bool
	undo   bool
	undone bool   // undo was on at some time: blocks carry flagOwned
	first  int    // index of its first touch
	arena  int    // length of the arena when it began
	events int    // length of the event list when it began
	dirty  uint64 // stats.Dirty when it began
	saw    uint64 // newest turn, not yet durable, whose writes it read
	bytes  int    // of its rows, estimated: see UnitExceeds
}

// An Outcome is what a unit did, as the loop needs it.
type Outcome struct {
	Touched bool   // it changed something: its reply waits for this turn's commit
	Saw     uint64 // newest uncommitted turn that it read from, 0 for none: its reply waits for that commit
}

// BeginTurn freezes the time, unix us, for the units that follow. Time never runs backwards here.
func (ks *Keyspace) BeginTurn(nowMicros int64) {
	if nowMicros > ks.nowUs {
		ks.nowUs = nowMicros
		ks.now = nowMicros / 1000
	}
	if ks.turn.seq == 0 {
		ks.turn.seq = 1
	}
}

// Turn returns the current turn's number, counted from 1.
func (ks *Keyspace) Turn() uint64 { return ks.turn.seq }

// Begin starts a unit. With undo every touch also records what was before, so that Rollback can restore it.
func (ks *Keyspace) Begin(undo bool) {
	if ks.unit.active {
		panic("engine: Begin inside a unit")
	}
	ks.unit = unit{active: true, undo: undo, undone: undo, first: len(ks.turn.touches), arena: len(ks.turn.arena),
		events: len(ks.events.list), dirty: ks.stats.Dirty}
}

// InUnit tells whether a unit is running.
func (ks *Keyspace) InUnit() bool { return ks.unit.active }

// Undoable tells whether the running unit can be rolled back.
func (ks *Keyspace) Undoable() bool { return ks.unit.active && ks.unit.undo }

// UnitTouched tells whether the running unit has changed anything so far.
func (ks *Keyspace) UnitTouched() bool { return len(ks.turn.touches) > ks.unit.first }

// UnitTouches returns how many touches the running unit has left so far.
func (ks *Keyspace) UnitTouches() int { return len(ks.turn.touches) - ks.unit.first }

// End finishes the unit and keeps its effects.
func (ks *Keyspace) End() Outcome {
	u := &ks.unit
	if !u.active {
		panic("engine: End outside a unit")
	}
	o := Outcome{Touched: len(ks.turn.touches) > u.first, Saw: u.saw}
	if o.Touched {
		ks.turn.bytes += u.bytes
		ks.finishTouches(u)
	}
	ks.endUndo()
	u.active = false
	return o
}

// endUndo forgets what only the running unit's undo needed.
func (ks *Keyspace) endUndo() {
	if ks.undo = ks.undo[:0]; cap(ks.undo) > maxKeptArena {
		ks.undo = nil
	}
}

// maxKeptArena is how large an arena may be to be used again: one huge script must not keep its buffers for good.
const maxKeptArena = 4 << 20

// finishTouches notes the unit's writes in the gate and drops what only undo needed.
func (ks *Keyspace) finishTouches(u *unit) {
	ts := ks.turn.touches[u.first:]
	for i := range ts {
		t := &ts[i]
		switch t.kind {
		case touchEntry, touchModified, touchAside:
			ks.gate.wrote(t.db, ks.span(t.name), ks.turn.seq)
			if u.undone {
				ks.disownEntry(t)
				t.old = nil
			}
		case touchObject:
			if t.had {
				ks.objects.release(t.obj)
			}
		case touchFlush, touchSwap:
			ks.gate.wroteAll(ks.turn.seq)
			if f, ok := t.undo.(*flushed); ok {
				f.release(ks)
			}
			t.undo = nil
		default:
			t.undo = nil
		}
	}
}

// Rollback undoes everything the unit did: data, expiries, events, dirty count, durable rows. Only valid after Begin(true).
func (ks *Keyspace) Rollback() {
	u := &ks.unit
	if !u.active || !u.undo {
		panic("engine: Rollback of a unit without undo")
	}
	ks.undoTo(u.first, u.arena, u.events, u.dirty)
	ks.stats.RolledBack++
	ks.endUndo()
	u.active = false
}

// A Savepoint marks a place in a unit to which RollbackTo returns.
type Savepoint struct {
	touches, arena, events int
	dirty                  uint64
	undo                   bool
}

// Savepoint makes the running unit undoable from here on, whether it began so or not. It is ended by RollbackTo or Release.
func (ks *Keyspace) Savepoint() Savepoint {
	u := &ks.unit
	if !u.active {
		panic("engine: Savepoint outside a unit")
	}
	if u.undone {
		ks.disown(u) // blocks that the unit has made so far are what this savepoint returns to: they must be copied again
	}
	sp := Savepoint{len(ks.turn.touches), len(ks.turn.arena), len(ks.events.list), ks.stats.Dirty, u.undo}
	u.undo, u.undone = true, true
	return sp
}

// RollbackTo undoes everything since the savepoint and goes on with the unit.
func (ks *Keyspace) RollbackTo(sp Savepoint) {
	ks.undoTo(sp.touches, sp.arena, sp.events, sp.dirty)
	ks.stats.RolledBack++
	ks.unit.undo = sp.undo
}

// Release keeps everything since the savepoint.
func (ks *Keyspace) Release(sp Savepoint) { ks.unit.undo = sp.undo }

// disown clears the mark of the entries that the unit has touched: their next change copies them.
func (ks *Keyspace) disown(u *unit) {
	for i := u.first; i < len(ks.turn.touches); i++ {
		ks.disownEntry(&ks.turn.touches[i])
	}
}

// disownEntry does so for the entry of one touch. One that was removed is looked for by the touch that made it anew, if any did.
func (ks *Keyspace) disownEntry(t *touch) {
	if t.kind != touchEntry || t.had {
		return
	}
	if e := ks.byID[t.db].dict.Find(ks.span(t.name)); e != nil {
		*entryMeta(e) &^= flagOwned
	}
}

// meanwhileTouches is how many touches are undone between two calls of Meanwhile: some 100 us.
const meanwhileTouches = 256

// undoTo restores what the touches from index first on changed, newest first.
func (ks *Keyspace) undoTo(first, arena, events int, dirty uint64) {
	for i := len(ks.turn.touches) - 1; i >= first; i-- {
		if i%meanwhileTouches == 0 && ks.Meanwhile != nil {
			ks.Meanwhile()
		}
		t := &ks.turn.touches[i]
		switch t.kind {
		case touchEntry:
			old := t.old
			if t.prev.to > t.prev.from {
				old = entryOf(ks.undo[t.prev.from:t.prev.to])
			}
			ks.byID[t.db].restore(ks.span(t.name), old)
		case touchElement:
			v := ks.objects.at(t.obj).v
			before := v.memory()
			if t.had {
				if err := v.putElement(ks.span(t.name), ks.undo[t.prev.from:t.prev.to]); err != nil {
					panic("engine: undo of an element: " + err.Error())
				}
			} else {
				v.dropElement(ks.span(t.name))
			}
			ks.objects.used += v.memory() - before
			ks.retime(t.obj)
		case touchObject:
			ks.objects.at(t.obj).gone = !t.had
			ks.retime(t.obj)
			if !t.had {
				ks.objects.release(t.obj)
			}
		case touchFlush:
			ks.byID[t.db].restoreFlushed(t.undo.(*flushed))
		case touchSwap:
			ks.swap(ks.byID[t.db], ks.byID[t.id])
		case touchShape, touchNamed:
			if f, ok := t.undo.(func()); ok {
				f()
			}
		}
	}
	clear(ks.turn.touches[first:])
	ks.turn.touches = ks.turn.touches[:first]
	ks.turn.arena = ks.turn.arena[:arena]
	ks.events.list = ks.events.list[:events]
	ks.stats.Dirty = dirty
}

// Touched calls f for every key that the running unit has changed so far (some more than once); flushed databases give a nil key.
func (ks *Keyspace) Touched(f func(db int, key []byte)) {
	for i := ks.unit.first; i < len(ks.turn.touches); i++ {
		switch t := &ks.turn.touches[i]; t.kind {
		case touchEntry, touchModified:
			if t.mute {
				continue
			}
			f(ks.byID[t.db].index, ks.span(t.name))
		case touchFlush:
			f(ks.byID[t.db].index, nil)
		case touchSwap:
			f(ks.byID[t.db].index, nil)
			f(ks.byID[t.id].index, nil)
		}
	}
}

func (ks *Keyspace) span(s span) []byte { return ks.turn.arena[s.from:s.to] }

// save copies b into the turn's arena.
func (ks *Keyspace) save(b []byte) span {
	from := len(ks.turn.arena)
	if from+len(b) > math.MaxUint32 {
		panic("engine: one turn touched more than 4 GiB of names")
	}
	ks.turn.arena = append(ks.turn.arena, b...)
	return span{uint32(from), uint32(len(ks.turn.arena))}
}

// saveUndo copies b into the unit's arena.
func (ks *Keyspace) saveUndo(b []byte) span {
	from := len(ks.undo)
	ks.undo = append(ks.undo, b...)
	return ks.undoFrom(from)
}

// undoFrom is the end of the unit's arena.
func (ks *Keyspace) undoFrom(from int) span {
	if len(ks.undo) > math.MaxUint32 {
		panic("engine: one unit changed more than 4 GiB of elements under undo")
	}
	return span{uint32(from), uint32(len(ks.undo))}
}

// record appends a touch; every mutation must happen inside a unit.
func (ks *Keyspace) record(t touch) {
	if !ks.unit.active {
		panic("engine: mutation outside a unit")
	}
	ks.turn.touches = append(ks.turn.touches, t)
}

// touchElement records that element sub of the object is about to change. It is called BEFORE the change.
func (ks *Keyspace) touchElement(obj uint32, sub []byte) {
	o := ks.objects.at(obj)
	t := touch{kind: touchElement, obj: obj, id: o.id, name: ks.save(sub)}
	ks.unit.bytes += elementPrefix + len(sub)
	if ks.unit.undo {
		from := len(ks.undo)
		ks.undo, t.had = o.v.element(ks.undo, ks.span(t.name))
		t.prev = ks.undoFrom(from)
	}
	ks.record(t)
}

// touchWith is touchElement for an object that tells the previous value by itself.
func (ks *Keyspace) touchWith(obj uint32, sub, old []byte, had bool) {
	t := touch{kind: touchElement, obj: obj, id: ks.objects.at(obj).id, name: ks.save(sub), had: had}
	ks.unit.bytes += elementPrefix + len(sub)
	if ks.unit.undo && had {
		t.prev = ks.saveUndo(old)
	}
	ks.record(t)
}

// TouchRow records that the named row, which is not a key (a function library, a script, an ACL user), was changed; undo, which may
// be nil, puts back what was before. Its value is asked of the RowSource that was registered for its prefix.
func (ks *Keyspace) TouchRow(name []byte, undo func()) {
	ks.record(touch{kind: touchNamed, name: ks.save(name), undo: undo})
	ks.gate.wroteAll(ks.turn.seq)
}
