// Random changes of collections.
package enginetest

import (
	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/stream"
)

func (w *Workload) hash(db *engine.DB, key []byte) {
	h, err := db.HashForUpdate(key)
	if err != nil {
		return
	}
	changed := false
	for range 1 + w.rng.IntN(6) {
		field := w.text()
		switch _, ok := h.Expire(field); {
		case h.Exists() && h.Len() > 0 && w.rng.IntN(3) == 0:
			changed = h.Delete(field) || changed
		case ok && w.rng.IntN(2) == 0:
			h.SetExpire(field, w.fieldExpiry())
			changed = true
		case w.rng.IntN(3) == 0:
			h.Update(field, w.text())
			changed = true
		default:
			h.Set(field, w.text())
			changed = true
		}
	}
	if changed {
		h.Finish(engine.EventHash, "hset", 1)
	}
}

func (w *Workload) fieldExpiry() int64 {
	if w.rng.IntN(4) == 0 {
		return 0
	}
	return w.KS.Now() + 1 + w.rng.Int64N(1000)
}

func (w *Workload) set(db *engine.DB, key []byte) {
	s, err := db.SetForUpdate(key)
	if err != nil {
		return
	}
	changed := false
	for range 1 + w.rng.IntN(6) {
		if s.Exists() && s.Len() > 0 && w.rng.IntN(3) == 0 {
			changed = s.Remove(w.text()) || changed
		} else {
			changed = s.Add(w.text()) || changed
		}
	}
	if changed {
		s.Finish(engine.EventSet, "sadd", 1)
	}
}

func (w *Workload) zset(db *engine.DB, key []byte) {
	z, err := db.ZSetForUpdate(key)
	if err != nil {
		return
	}
	changed := false
	for range 1 + w.rng.IntN(6) {
		switch {
		case z.Exists() && z.Len() > 0 && w.rng.IntN(4) == 0:
			changed = z.Remove(w.text()) || changed
		case z.Exists() && z.Len() > 0 && w.rng.IntN(6) == 0:
			from := w.rng.IntN(z.Len())
			changed = z.RemoveRange(from, from+w.rng.IntN(3)) > 0 || changed
		default:
			z.Set(w.text(), float64(w.rng.IntN(8))/float64(1+w.rng.IntN(3)))
			changed = true
		}
	}
	if changed {
		z.Finish(engine.EventZSet, "zadd", 1)
	}
}

func (w *Workload) list(db *engine.DB, key []byte) {
	l, err := db.ListForUpdate(key)
	if err != nil {
		return
	}
	for range 1 + w.rng.IntN(6) {
		n := l.Len()
		if n == 0 {
			l.PushTail(w.text())
			continue
		}
		switch w.rng.IntN(10) {
		case 0, 1, 2:
			l.PushHead(w.text())
		case 3, 4, 5:
			l.PushTail(w.text())
		case 6:
			l.Pop(w.rng.IntN(2) == 0, nil)
		case 7:
			l.Set(w.rng.IntN(n), w.text())
		case 8:
			l.Insert(w.rng.IntN(n+1), w.text())
		case 9:
			if from := w.rng.IntN(n); w.rng.IntN(2) == 0 {
				l.Trim(from, from+1+w.rng.IntN(n-from))
			} else {
				l.Remove(w.text(), 1)
			}
		}
	}
	l.Finish(engine.EventList, "lpush", 1)
}

func (w *Workload) stream(db *engine.DB, key []byte) {
	s, err := db.StreamForUpdate(key)
	if err != nil {
		return
	}
	if !s.Exists() {
		s.Create()
	}
	for range 1 + w.rng.IntN(6) {
		switch data := s.Data(); w.rng.IntN(9) {
		case 0:
			s.Delete(w.entryID(data))
		case 1:
			s.Trim(stream.TrimSpec{MaxLen: uint64(w.rng.IntN(6)), Approximate: w.rng.IntN(2) == 0})
		case 2:
			s.Trim(stream.TrimSpec{ByID: true, MinID: w.entryID(data), Approximate: w.rng.IntN(2) == 0})
		case 3:
			m := data.Meta()
			m.LastID.Ms++
			m.EntriesAdded += 3
			s.SetMeta(m)
		case 4, 5:
			w.group(&s, data)
		default:
			if id, ok := data.NextSeq(data.Meta().LastID.Ms + uint64(w.rng.IntN(2))); ok {
				s.Add(id, [][]byte{w.text(), w.text()})
			}
		}
	}
	s.Finish(engine.EventStream, "xadd", 1)
}

// entryID returns the ID of some entry, or of none.
func (w *Workload) entryID(data *stream.Stream) stream.ID {
	id := data.FirstID()
	id.Ms += uint64(w.rng.IntN(4))
	id.Seq += uint64(w.rng.IntN(3))
	return id
}

// group changes a consumer group.
func (w *Workload) group(s *engine.Stream, data *stream.Stream) {
	name := []byte{'g', byte('0' + w.rng.IntN(2))}
	s.CreateGroup(name, stream.ID{}, stream.UnknownRead)
	g := data.Group(name)
	c, _ := s.Consumer(g, []byte{'c', byte('0' + w.rng.IntN(3))})
	switch w.rng.IntN(8) {
	case 0:
		s.DestroyGroup(g)
	case 1:
		s.DeleteConsumer(g, c)
	case 2:
		s.SetGroup(g, w.entryID(data), int64(w.rng.IntN(5)))
	case 3:
		s.Ack(g, w.entryID(data))
	default:
		s.See(g, c, w.rng.IntN(2) == 0)
		for it := data.Range(w.entryID(data), stream.MaxID, false); it.Next(); {
			s.Advance(g, it.ID())
			s.SetPending(g, stream.Pending{ID: it.ID(), Consumer: c, Time: w.KS.Now(), Count: 1})
		}
	}
}
