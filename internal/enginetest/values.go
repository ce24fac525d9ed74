// Random changes of collections.
package enginetest

import (
	"github.com/evald/evald/engine"
)

func (w *Workload) hash(db *engine.DB, key []byte) {
	h, err := db.HashForUpdate(key)
	if err != nil {
		return
	}
	changed := false
	for range 1 + w.rng.IntN(6) {
		if h.Exists() && h.Len() > 0 && w.rng.IntN(3) == 0 {
			changed = h.Delete(w.text()) || changed
		} else {
			h.Set(w.text(), w.text())
			changed = true
		}
	}
	if changed {
		h.Finish(engine.EventHash, "hset")
	}
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
		s.Finish(engine.EventSet, "sadd")
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
		z.Finish(engine.EventZSet, "zadd")
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
	l.Finish(engine.EventList, "lpush")
}

// Streams join when the engine has their mutators.
func (w *Workload) stream(*engine.DB, []byte) {}
