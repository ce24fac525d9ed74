package patterns

import (
	"fmt"
	"slices"
	"testing"
)

// lease is something held until a moment (ms).
type lease struct {
	owner  string
	until  int64
	weight int64
}

// lapse says whether something that lives until a key's TTL ends is gone at now (us), the time the last call saw. Redis takes the
// expiry's now when a script begins, which may be long before the script asks for the time: what ran out in between is not sure.
func (m *modeler) lapse(until, now int64) (gone, sure bool) {
	ms := now / 1000
	return ms > until, ms <= until || m.before/1000 > until
}

// A mutex and its fence: one owner at a time, and each acquisition has a higher fence.
func TestModelMutex(t *testing.T) {
	models(t, func(m *modeler) func() {
		var held lease
		var fence int64
		k := keys("lock:{m}", "fence:{m}")
		return func() {
			m.sometimes(10, 12)
			owner, ttl := pick(m, "a", "b", "c"), m.rng.Int64N(12)+1
			switch m.rng.IntN(5) {
			case 0, 1:
				got, now := m.timed("lock_acquire", k, owner, ttl)
				v := got.([]any)
				gone, sure := m.lapse(held.until, now)
				mine := held.owner == owner
				if sure && (v[0] == int64(1)) != (gone || mine || held.owner == "") {
					m.t.Fatalf("acquire by %s at %d while held by %v: %s", owner, now/1000, held, text(got))
				}
				if v[0] == int64(1) {
					if fresh := !mine || v[1] != fence; fresh {
						if v[1] != fence+1 {
							m.t.Fatalf("fence %v after %d", v[1], fence)
						}
						if sure && mine && !gone {
							m.t.Fatalf("a new fence for the holder %v at %d", held, now/1000)
						}
						fence++
					} else if sure && gone {
						m.t.Fatalf("the old fence for a new acquisition")
					}
					held = lease{owner: owner, until: m.expiry(k[0], now/1000+ttl)}
				}
			case 2:
				got, now := m.timed("lock_release", k[:1], owner)
				gone, sure := m.lapse(held.until, now)
				want := "0"
				if gone || held.owner == "" {
					want = "-1"
				} else if held.owner == owner {
					want = "1"
				}
				if sure {
					m.check(got, want, "release by", owner, held, now/1000)
				}
				if got == int64(1) || got == int64(-1) {
					held = lease{}
				}
			case 3:
				limit := int64(0)
				args := []any{owner, ttl}
				if m.rng.IntN(2) == 0 {
					limit = m.now()/1000 + m.rng.Int64N(20) - 5
					args = append(args, limit)
				}
				got, now := m.timed("lock_extend", k[:1], args...)
				gone, sure := m.lapse(held.until, now)
				ok := got.([]any)[0] == int64(1)
				if sure && ok != (!gone && held.owner == owner) {
					m.t.Fatalf("extend by %s at %d of %v: %s", owner, now/1000, held, text(got))
				}
				if ok {
					before := held.until
					held.until = m.expiry(k[0], 0)
					if held.until == 0 {
						held.until = before // it has run out since
					}
					if held.until < before || (limit > 0 && held.until > max(before, limit)+2) {
						m.t.Fatalf("extend to %d from %d, limit %d", held.until, before, limit)
					}
				}
			case 4:
				got, now := m.timed("lock_inspect", k)
				if gone, sure := m.lapse(held.until, now); sure {
					if v := got.([]any); v[0] == int64(1) && v[1] != held.owner || (v[0] == int64(1)) != (!gone && held.owner != "") {
						m.t.Fatalf("inspect at %d of %v: %s", now/1000, held, text(got))
					}
				}
			}
		}
	})
}

// expiry reads when a key expires; it must be near want, unless want is 0. A key that is gone already was to be by now.
func (m *modeler) expiry(key string, want int64) int64 {
	at, err := m.rdb.Do(ctx, "PEXPIRETIME", key).Int64()
	if err != nil {
		m.t.Fatal(err)
	}
	if at < 0 {
		return want
	}
	if want > 0 && at < want-2 {
		m.t.Fatalf("%s expires at %d, want %d or later", key, at, want)
	}
	return at
}

// A semaphore with weights: the sum never exceeds the maximum, next_free is exact.
func TestModelSemaphore(t *testing.T) {
	models(t, func(m *modeler) func() {
		var permits []lease
		k := keys("sem:{m}", "sem:{m}:w")
		const most = 6
		live := func(ms int64) (used int64) {
			permits = slices.DeleteFunc(permits, func(p lease) bool { return p.until <= ms })
			for _, p := range permits {
				used += p.weight
			}
			return used
		}
		return func() {
			m.sometimes(8, 10)
			id, weight, ttl := fmt.Sprint("h", m.rng.IntN(6)), m.rng.Int64N(8), m.rng.Int64N(14)+1
			find := func() int { return slices.IndexFunc(permits, func(p lease) bool { return p.owner == id }) }
			switch m.rng.IntN(4) {
			case 0, 1:
				got, now := m.timed("sem_acquire", k, id, most, weight, ttl)
				ms := now / 1000
				used, i := live(ms), find()
				want := fmt.Sprintf("[1 %d %d]", used, most)
				switch {
				case i >= 0:
					if weight > 0 {
						permits[i].until = max(permits[i].until, ms+ttl)
					}
				case weight > most:
					want = fmt.Sprintf("[0 %d -1]", used)
				case used+max(weight, 1) > most:
					need := used + max(weight, 1) - most
					slices.SortFunc(permits, func(a, b lease) int { return int(a.until - b.until) })
					for _, p := range permits {
						if need -= p.weight; need <= 0 {
							want = fmt.Sprintf("[0 %d %d]", used, p.until-ms)
							break
						}
					}
				case weight > 0:
					permits = append(permits, lease{id, ms + ttl, weight})
					want = fmt.Sprintf("[1 %d %d]", used+weight, most)
				}
				m.check(got, want, "acquire", id, weight, permits)
			case 2:
				got, now := m.timed("sem_release", k, id)
				live(now / 1000)
				want := "-1"
				if i := find(); i >= 0 {
					want, permits = "1", slices.Delete(permits, i, i+1)
				}
				m.check(got, want, "release", id)
			case 3:
				got, now := m.timed("sem_refresh", k, id, ttl)
				live(now / 1000)
				want := "[-1 0]"
				if i := find(); i >= 0 {
					permits[i].until = max(permits[i].until, now/1000+ttl)
					want = fmt.Sprintf("[1 %d]", permits[i].until-now/1000)
				}
				m.check(got, want, "refresh", id)
			}
		}
	})
}

// A read-write lock: never a writer beside a reader or another writer.
func TestModelReadWrite(t *testing.T) {
	models(t, func(m *modeler) func() {
		readers := map[string]int64{}
		var writer lease
		k := keys("r:{m}", "w:{m}", "q:{m}")
		return func() {
			m.sometimes(8, 10)
			id, ttl := pick(m, "a", "b", "c", "d"), m.rng.Int64N(12)+1
			// others returns how many but id hold the lock for sure at now.
			others := func(now int64, withReaders bool) (n int) {
				for r, until := range readers {
					if withReaders && r != id && until > now/1000 {
						n++
					}
				}
				if gone, sure := m.lapse(writer.until, now); writer.owner != "" && writer.owner != id && sure && !gone {
					n++
				}
				return n
			}
			switch m.rng.IntN(5) {
			case 0, 1:
				got, now := m.timed("rwlock_read", k, id, ttl)
				v := got.([]any)
				if v[0] == int64(1) {
					if others(now, false) > 0 {
						m.t.Fatalf("%s reads beside the writer %v at %d", id, writer, now/1000)
					}
					readers[id] = max(readers[id], now/1000+ttl)
					n := int64(0)
					for _, until := range readers {
						if until > now/1000 {
							n++
						}
					}
					if v[1] != n {
						m.t.Fatalf("%v readers, want %d", v[1], n)
					}
				}
			case 2:
				got, now := m.timed("rwlock_write", k, id, ttl, m.rng.Int64N(10))
				v, ok := got.([]any)
				gone, sure := m.lapse(writer.until, now)
				if !ok { // UPGRADE
					if readers[id] <= now/1000 {
						m.t.Fatalf("%v for %s, which does not read", got, id)
					}
				} else if v[0] == int64(1) {
					if others(now, true) > 0 {
						if !(writer.owner == id && !gone && others(now, false) == 0) { // it wrote first, then let readers in: none can be
							m.t.Fatalf("%s writes beside %v, %v at %d", id, readers, writer, now/1000)
						}
					}
					writer = lease{owner: id, until: m.expiry(k[1], 0)}
				} else if sure && writer.owner == id && !gone {
					m.t.Fatalf("refused to its writer")
				}
			case 3:
				got, now := m.timed("rwlock_release", k, id, "read")
				want := "-1"
				if readers[id] > now/1000 {
					want = "1"
				}
				delete(readers, id)
				m.check(got, want, "release read", id)
			case 4:
				got, now := m.timed("rwlock_release", k, id, "write")
				if gone, sure := m.lapse(writer.until, now); sure {
					want := "-1"
					if writer.owner == id && !gone {
						want = "1"
					}
					m.check(got, want, "release write", id, writer, now/1000)
				}
				if writer.owner == id {
					writer = lease{}
				}
			}
		}
	})
}

// A fair lock: whoever gets it was the first of those alive in the queue.
func TestModelFairLock(t *testing.T) {
	models(t, func(m *modeler) func() {
		var queue []lease // in order of tickets; until = end of the heartbeat
		var held lease
		var fence int64
		k := keys("f:{m}", "f:{m}:q", "f:{m}:a", "f:{m}:s")
		return func() {
			m.sometimes(6, 8)
			id := fmt.Sprint("w", m.rng.IntN(5))
			switch m.rng.IntN(6) {
			case 0:
				got, now := m.timed("fairlock_release", k, id)
				if gone, sure := m.lapse(held.until, now); sure {
					m.check(got == int64(1), fmt.Sprintf("bool(%v)", held.owner == id && !gone), "release", id, held)
				}
				if held.owner == id {
					held = lease{}
				}
			case 1:
				got, now := m.timed("fairlock_cancel", k[:3], id)
				queue = slices.DeleteFunc(queue, func(l lease) bool { return l.until <= now/1000 })
				i, want := slices.IndexFunc(queue, func(l lease) bool { return l.owner == id }), "0"
				if i >= 0 {
					queue, want = slices.Delete(queue, i, i+1), "1"
				}
				m.check(got, want, "cancel", id, queue)
			default:
				beat := m.rng.Int64N(25) + 5
				got, now := m.timed("fairlock_acquire", k, id, m.rng.Int64N(6)+1, beat)
				v, ms := got.([]any), now/1000
				queue = slices.DeleteFunc(queue, func(l lease) bool { return l.until <= ms })
				i := slices.IndexFunc(queue, func(l lease) bool { return l.owner == id })
				gone, sure := m.lapse(held.until, now)
				if v[0] == int64(1) {
					if again := held.owner == id && v[1] == fence; !again {
						if sure && !gone && held.owner != "" {
							m.t.Fatalf("%s got the lock of %v at %d", id, held, ms)
						}
						if len(queue) > 0 && i != 0 {
							m.t.Fatalf("%s got the lock before %v", id, queue)
						}
						if v[1].(int64) <= fence {
							m.t.Fatalf("fence %v after %d", v[1], fence)
						}
						fence = v[1].(int64)
						if i >= 0 {
							queue = slices.Delete(queue, i, i+1)
						}
					}
					held = lease{owner: id, until: m.expiry(k[0], 0)}
					return
				}
				if i < 0 {
					i, queue = len(queue), append(queue, lease{owner: id})
				}
				queue[i].until = ms + beat
				if v[1] != int64(i+1) {
					m.t.Fatalf("%s is told position %v of %v", id, v[1], queue)
				}
				if (held.owner == "" || gone && sure) && i == 0 {
					m.t.Fatalf("the lock is free and %s is first, but: %s", id, text(got))
				}
			}
		}
	})
}
