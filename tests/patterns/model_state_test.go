package patterns

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// sessionModel is one session.
type sessionModel struct {
	created, deadline, idle, expires, version int64
	fields                                    map[string]string
	flash                                     map[string]string
	from                                      string // the id before a rotation
}

func (s *sessionModel) touch(ms int64) { s.expires = min(ms+s.idle, s.deadline) }

// Sessions of one user: the cap holds, no session comes back, the index is the set of live sessions.
func TestModelSessions(t *testing.T) {
	models(t, func(m *modeler) func() {
		live := map[string]*sessionModel{}
		used := 0 // ids are never used twice, so a key left over is of no account
		return func() {
			m.sometimes(8, 10)
			expire := func(now int64) int64 {
				maps.DeleteFunc(live, func(_ string, s *sessionModel) bool { return s.expires <= now/1000 || s.deadline <= now/1000 })
				return now / 1000
			}
			sid := fmt.Sprint("s", used-m.rng.IntN(6))
			first := sessFirst(sid)
			switch m.rng.IntN(12) {
			case 0, 1, 2:
				used++
				sid = fmt.Sprint("s", used)
				idle, abs, cap, policy := m.rng.Int64N(30)+1, m.rng.Int64N(60)+1, m.rng.IntN(5), pick(m, "oldest", "lru", "reject")
				got, now := m.timed("sess_create", session(sid), sid, idle, abs, cap, policy, "n", "0")
				ms := expire(now)
				v := got.([]any)
				if cap > 0 && len(live) >= cap && policy == "reject" {
					m.check(got, "[0 LIMIT]", "create")
					return
				}
				over := 0
				if cap > 0 {
					over = max(0, len(live)+1-cap)
				}
				ended := v[3:]
				if len(ended) != over {
					m.t.Fatalf("create with cap %d of %d ended %v", cap, len(live), ended)
				}
				for _, e := range ended {
					s := live[e.(string)]
					if s == nil {
						m.t.Fatalf("ended %v, which is not live", e)
					}
					delete(live, e.(string))
					for other, o := range live {
						if slices.Contains(ended, any(other)) {
							continue
						}
						if policy == "oldest" && o.created < s.created || policy == "lru" && o.expires < s.expires {
							m.t.Fatalf("%s ended %v before %v", policy, *s, *o)
						}
					}
				}
				s := &sessionModel{created: ms, deadline: ms + abs, idle: idle, version: 1, fields: map[string]string{"n": "0"}, flash: map[string]string{}}
				s.touch(ms)
				live[sid] = s
				m.check(v[:3], fmt.Sprintf("[1 1 %d]", s.expires), "create")
			case 3, 4, 5:
				touch := m.rng.IntN(2)
				got, now := m.timed("sess_get", first, touch)
				ms, want := expire(now), "nil"
				if s := live[sid]; s != nil {
					if touch == 1 {
						s.touch(ms)
					}
					want = fmt.Sprintf("[%d %d %d %d%s]", s.version, s.expires-ms, s.idle, s.deadline-ms, pairs(s.fields))
				} else if v, ok := got.([]any); ok && v[0] == int64(-1) {
					if s := live[v[1].(string)]; s != nil && s.from != sid {
						m.t.Fatalf("alias of %s to %v", sid, v[1])
					}
					return
				}
				m.check(sorted(got), want, "get", sid)
			case 6:
				idle := m.rng.Int64N(20)
				got, now := m.timed("sess_touch", first, idle)
				ms, want := expire(now), "[0 0]"
				if s := live[sid]; s != nil {
					if idle > 0 {
						s.idle = idle
					}
					s.touch(ms)
					want = fmt.Sprintf("[1 %d]", s.expires-ms)
				}
				m.check(got, want, "touch", sid)
			case 7:
				expected, name := m.rng.Int64N(5)-1, pick(m, "a", "b")
				got, now := m.timed("sess_update", first, expected, 0, 1, name, "x", 1, "n")
				ms, want := expire(now), "[-1 0]"
				if s := live[sid]; s != nil {
					if want = fmt.Sprintf("[0 %d]", s.version); expected == -1 || expected == s.version {
						s.version++
						s.fields[name] = "x"
						delete(s.fields, "n")
						s.touch(ms)
						want = fmt.Sprintf("[1 %d]", s.version)
					}
				}
				m.check(got, want, "update", sid, expected)
			case 8:
				got, now := m.timed("sess_destroy", first)
				expire(now)
				want := 0
				if live[sid] != nil {
					want = 1
					delete(live, sid)
				}
				m.check(got, fmt.Sprint(want), "destroy", sid)
			case 9:
				used++
				to := fmt.Sprint("s", used)
				got, now := m.timed("sess_rotate", keys("s:{u}:"+sid, "s:{u}:"+to, "s:{u}:idx"), sid, to, m.rng.Int64N(10))
				expire(now)
				want := "[0 0]"
				if s := live[sid]; s != nil {
					delete(live, sid)
					s.from, live[to] = sid, s
					want = fmt.Sprintf("[1 %d]", s.version)
				}
				m.check(got, want, "rotate", sid, to)
			case 10:
				if m.rng.IntN(2) == 0 {
					got, now := m.timed("sess_flash_put", first, "f", "v")
					expire(now)
					want := 0
					if s := live[sid]; s != nil {
						want, s.flash["f"] = 1, "v"
					}
					m.check(got, fmt.Sprint(want), "flash_put", sid)
					return
				}
				got, now := m.timed("sess_flash_pop", first, "f")
				expire(now)
				want := "nil"
				if s := live[sid]; s != nil && s.flash["f"] != "" {
					want = "v"
					delete(s.flash, "f")
				}
				m.check(got, want, "flash_pop", sid)
			case 11:
				if m.rng.IntN(10) == 0 {
					got, now := m.timed("sess_destroy_all", keys("s:{u}:idx"), sid)
					expire(now)
					n := len(live)
					if live[sid] != nil {
						n--
					}
					maps.DeleteFunc(live, func(id string, _ *sessionModel) bool { return id != sid })
					m.check(got.([]any)[0], fmt.Sprint(n), "destroy_all")
					return
				}
				got, now := m.timed("sess_list", keys("s:{u}:idx"), 1000)
				expire(now)
				rows := got.([]any)
				for i := 0; i < len(rows); i += 3 {
					s := live[rows[i].(string)]
					if s == nil || rows[i+1] != s.expires || rows[i+2] != s.created {
						m.t.Fatalf("listed %v, live %v", rows[i:i+3], s)
					}
				}
				if len(rows) != 3*len(live) {
					m.t.Fatalf("%d listed, %d live", len(rows)/3, len(live))
				}
			}
		}
	})
}

func pairs(fields map[string]string) string {
	var s strings.Builder
	for _, k := range slices.Sorted(maps.Keys(fields)) {
		fmt.Fprintf(&s, " %s %s", k, fields[k])
	}
	return s.String()
}

// sorted puts the fields of sess_get in order of their names.
func sorted(reply any) any {
	v, ok := reply.([]any)
	if !ok || len(v) < 4 {
		return reply
	}
	fields := map[string]string{}
	for i := 4; i+1 < len(v); i += 2 {
		fields[v[i].(string)] = v[i+1].(string)
	}
	out := slices.Clone(v[:4])
	for _, k := range slices.Sorted(maps.Keys(fields)) {
		out = append(out, k, fields[k])
	}
	return out
}

// A cache entry: one lease at a time, and only what was loaded after the last invalidation is ever stored.
func TestModelCache(t *testing.T) {
	models(t, func(m *modeler) func() {
		type entry struct {
			value, owner        string
			fresh, gone, leased int64 // ms: until when fresh, kept, leased
			negative            bool
			version             int64
		}
		e := &entry{}
		source := 0 // what a load would return: it changes with every invalidation
		loads := map[string]string{}
		last := int64(0)
		k := keys("c:{m}")
		return func() {
			m.sometimes(6, 10)
			owner := pick(m, "a", "b", "c")
			// The entry's key goes by its TTL: on the millisecond of it both answers are right, so wait it out.
			if ms := m.now() / 1000; e.gone > 0 && ms >= e.gone-1 && ms <= e.gone+2 {
				m.until(e.gone + 3)
			}
			switch m.rng.IntN(7) {
			case 0, 1, 2:
				lease := m.rng.Int64N(15) + 1
				got, now := m.timed("cache_get_or_lease", k, owner, lease)
				ms, v := now/1000, got.([]any)
				if ms > e.gone {
					*e = entry{}
				}
				known := e.value != "" || e.negative
				state, mine := "", int64(0)
				switch {
				case known && ms < e.fresh && e.negative:
					state = "negative"
				case known && ms < e.fresh:
					state = "hit"
				default:
					state = "wait"
					if e.owner == "" || e.leased <= ms || e.owner == owner {
						state, mine = "miss", 1
					}
					if known {
						state = "stale"
					}
				}
				if v[0] != state || v[2] != mine || (v[1] != nil && v[1] != e.value) {
					m.t.Fatalf("get by %s at %d: %s, the model says %s, lease %d: %+v", owner, ms, text(got), state, mine, *e)
				}
				if state == "hit" && e.value != loads["stored"] {
					m.t.Fatalf("a value from before the invalidation: %s, %s was stored", e.value, loads["stored"])
				}
				if mine == 1 {
					if e.owner != owner || e.leased <= ms {
						e.leased = ms + lease
					}
					e.owner = owner
					e.gone = max(e.gone, e.leased)
					loads[owner] = fmt.Sprint("v", source)
				}
			case 3, 4:
				ttl, stale, negative := m.rng.Int64N(15)+1, m.rng.Int64N(10), m.rng.IntN(4)/3
				got, now := m.timed("cache_fill", k, owner, loads[owner], ttl, stale, negative, 0)
				ms, v := now/1000, got.([]any)
				if ms > e.gone {
					*e = entry{}
				}
				if ok := e.owner == owner; ok != (v[0] == int64(1) && v[1].(int64) > last) {
					m.t.Fatalf("fill by %s at %d: %s: %+v", owner, ms, text(got), *e)
				} else if ok {
					if loads[owner] != fmt.Sprint("v", source) {
						m.t.Fatalf("%s filled %s after the source changed to v%d", owner, loads[owner], source)
					}
					last = v[1].(int64)
					*e = entry{version: last, value: loads[owner], fresh: ms + ttl, gone: ms + ttl + stale, negative: negative == 1}
					loads["stored"] = loads[owner]
					if e.negative {
						e.value = ""
					}
				}
			case 5:
				got, now := m.timed("cache_abandon", k, owner)
				if now/1000 > e.gone {
					*e = entry{}
				}
				want := 0
				if e.owner == owner {
					want, e.owner = 1, ""
					if e.version == 0 {
						*e = entry{} // the lease was all there was
					}
				}
				m.check(got, fmt.Sprint(want), "abandon", owner)
			case 6:
				source++
				grace := m.rng.Int64N(10) + 5
				got, now := m.timed("cache_invalidate", k, pick(m, "hard", "hard", "soft"), grace)
				ms := now / 1000
				if ms > e.gone {
					*e = entry{}
				}
				m.check(got, map[bool]string{true: "1", false: "0"}[e.gone > 0], "invalidate")
				// What is kept now depends on the mode; the entry itself tells.
				at, _ := m.rdb.Do(ctx, "PEXPIRETIME", k[0]).Int64()
				v := m.rdb.HGet(ctx, k[0], "v").Val()
				n := m.rdb.HGet(ctx, k[0], "n").Val()
				*e = entry{value: v, negative: n == "1" && v == "", gone: max(at, 0), version: now}
				if e.gone == 0 {
					*e = entry{}
				} else {
					last = max(last, now) // its version is now at least; of nothing, none was given
				}
			}
		}
	})
}

// Stock: what is free, held and sold adds up, whatever runs out.
func TestModelStock(t *testing.T) {
	models(t, func(m *modeler) func() {
		const total = 50
		var holds []lease
		var sold int64
		k := keys("stock:{m}", "holds:{m}", "qty:{m}")
		fresh := func() {
			holds, sold = nil, 0
			m.rdb.FlushDB(ctx)
			m.rdb.Set(ctx, k[0], total, 0)
		}
		fresh()
		return func() {
			m.sometimes(8, 8)
			if sold > 40 {
				fresh()
			}
			id, n := fmt.Sprint("cart", m.rng.IntN(8)), m.rng.Int64N(15)
			free := func(now int64) int64 {
				holds = slices.DeleteFunc(holds, func(h lease) bool { return h.until <= now/1000 })
				left := total - sold
				for _, h := range holds {
					left -= h.weight
				}
				return left
			}
			find := func() int { return slices.IndexFunc(holds, func(h lease) bool { return h.owner == id }) }
			switch m.rng.IntN(5) {
			case 0, 1:
				ttl := m.rng.Int64N(15) + 1
				got, now := m.timed("stock_reserve", k, id, n, ttl)
				left := free(now)
				want := fmt.Sprintf("[1 %d]", left)
				if find() < 0 && n > left {
					want = fmt.Sprintf("[0 %d]", left)
				} else if find() < 0 && n > 0 {
					holds = append(holds, lease{id, now/1000 + ttl, n})
					want = fmt.Sprintf("[1 %d]", left-n)
				}
				m.check(got, want, "reserve", id, n)
			case 2:
				got, now := m.timed("stock_commit", k, id)
				free(now)
				want := int64(0)
				if i := find(); i >= 0 {
					want = holds[i].weight
					sold += want
					holds = slices.Delete(holds, i, i+1)
				}
				m.check(got, fmt.Sprint(want), "commit", id)
			case 3:
				got, now := m.timed("stock_cancel", k, id)
				want := fmt.Sprintf("[0 %d]", free(now))
				if i := find(); i >= 0 {
					holds = slices.Delete(holds, i, i+1)
					want = fmt.Sprintf("[1 %d]", free(now))
				}
				m.check(got, want, "cancel", id)
			case 4:
				got, now := m.timed("stock_reap", k, 100)
				if v := got.([]any); v[2] != free(now) {
					m.t.Fatalf("reap: %s, %d are free", text(got), free(now))
				}
			}
		}
	})
}

// A queue: every job is claimed by one worker at a time, in order of priority, and none is lost.
func TestModelQueue(t *testing.T) {
	models(t, func(m *modeler) func() {
		type job struct {
			prio, tries, most int64
			due, until        int64 // ms; until > 0: leased
			order             int
			dead              bool
		}
		jobs, order, used := map[string]*job{}, 0, 0
		k := keys("q:{m}:r", "q:{m}:d", "q:{m}:l", "q:{m}:b", "q:{m}:x")
		retry := func(j *job, delay, ms int64) {
			j.until = 0
			switch {
			case j.tries >= j.most:
				j.dead = true
			case delay > 0:
				j.due = ms + delay
			default:
				order++
				j.order = order
			}
		}
		return func() {
			m.sometimes(8, 8)
			id := fmt.Sprint("j", m.rng.IntN(max(1, used))+1)
			j := jobs[id]
			try := int64(1)
			if j != nil && m.rng.IntN(4) > 0 {
				try = max(1, j.tries)
			}
			holding := j != nil && j.until > 0 && j.tries == try
			switch m.rng.IntN(8) {
			case 0, 1, 2:
				if len(jobs) > 60 {
					return
				}
				used++
				id, delay, prio := fmt.Sprint("j", used), max(0, m.rng.Int64N(16)-8), m.rng.Int64N(3)
				n := &job{prio: prio, most: m.rng.Int64N(3) + 1}
				got, now := m.timed("queue_push", k, id, delay, prio, n.most, "payload of "+id)
				m.check(got, "1", "push")
				if delay > 0 {
					n.due = now/1000 + delay
				} else {
					order++
					n.order = order
				}
				jobs[id] = n
				m.check(m.call("queue_push", k, id, delay, prio, n.most, "again"), "0", "push again")
			case 3, 4:
				n, lease := m.rng.IntN(4)+1, m.rng.Int64N(12)+1
				got, now := m.timed("queue_claim", k, n, lease)
				var late []string
				for id, j := range jobs {
					if j.due > 0 && j.due <= now/1000 {
						late = append(late, id)
					}
				}
				slices.SortFunc(late, func(a, b string) int {
					if jobs[a].due != jobs[b].due {
						return int(jobs[a].due - jobs[b].due)
					}
					return strings.Compare(a, b)
				})
				for _, id := range late {
					order++
					jobs[id].due, jobs[id].order = 0, order
				}
				var ready []string
				for id, j := range jobs {
					if j.due == 0 && j.until == 0 && !j.dead {
						ready = append(ready, id)
					}
				}
				slices.SortFunc(ready, func(a, b string) int {
					if jobs[a].prio != jobs[b].prio {
						return int(jobs[a].prio - jobs[b].prio)
					}
					return jobs[a].order - jobs[b].order
				})
				want := ""
				for _, id := range ready[:min(n, len(ready))] {
					j := jobs[id]
					j.tries++
					j.until = now/1000 + lease
					want += fmt.Sprintf(" %s payload of %s %d", id, id, j.tries)
				}
				m.check(got, "["+strings.TrimPrefix(want, " ")+"]", "claim", n)
			case 5:
				m.check(m.call("queue_ack", k, id, try), map[bool]string{true: "1", false: "0"}[holding], "ack", id, try)
				if holding {
					delete(jobs, id)
				}
			case 6:
				delay := max(0, m.rng.Int64N(16)-8)
				got, now := m.timed("queue_nack", k, id, try, delay)
				want := "[0 0]"
				if holding {
					retry(j, delay, now/1000)
					want = map[bool]string{true: "[1 1]", false: "[1 0]"}[j.dead]
				}
				m.check(got, want, "nack", id, try)
				if holding && j.dead && m.rng.IntN(2) == 0 { // somebody looked at it and threw it away
					m.rdb.ZRem(ctx, k[4], id)
					m.rdb.HDel(ctx, k[3], "p:"+id, "t:"+id, "m:"+id, "r:"+id)
					delete(jobs, id)
				}
			case 7:
				got, now := m.timed("queue_reap", k, 100)
				var lost []string
				for id, j := range jobs {
					if j.until > 0 && j.until <= now/1000 {
						lost = append(lost, id)
					}
				}
				slices.SortFunc(lost, func(a, b string) int {
					if jobs[a].until != jobs[b].until {
						return int(jobs[a].until - jobs[b].until)
					}
					return strings.Compare(a, b)
				})
				dead := 0
				for _, id := range lost {
					if retry(jobs[id], 0, now/1000); jobs[id].dead {
						dead++
						m.rdb.ZRem(ctx, k[4], id)
						m.rdb.HDel(ctx, k[3], "p:"+id, "t:"+id, "m:"+id, "r:"+id)
						delete(jobs, id)
					}
				}
				m.check(got, fmt.Sprintf("[%d %d]", len(lost)-dead, dead), "reap")
			}
		}
	})
}

// Bounded counters, ids, deduplication.
func TestModelCounters(t *testing.T) {
	models(t, func(m *modeler) func() {
		var value, seq int64
		var lastID string
		seen := map[string]int64{}
		return func() {
			m.sometimes(20, 8)
			switch m.rng.IntN(4) {
			case 0:
				by, low, high, saturate := m.rng.Int64N(21)-10, -m.rng.Int64N(10), m.rng.Int64N(10), m.rng.IntN(2)
				target := min(high, max(low, value+by))
				if target != value+by && saturate == 0 || (target-value)*by <= 0 {
					target = value
				}
				m.check(m.call("counter_bounded", keys("n:{m}"), by, low, high, 600000, saturate), fmt.Sprintf("[%d %d]", target, target-value), by, low, high, saturate)
				value = target
			case 1:
				n := m.rng.Int64N(100) + 1
				m.check(m.call("seq_block", keys("seq:{m}"), n), fmt.Sprintf("[%d %d]", seq+1, seq+n), n)
				seq += n
			case 2:
				for _, id := range m.call("id_snowflake", keys("id:{m}"), 7, m.rng.IntN(20)+1).([]any) {
					s := id.(string)
					if len(s) < len(lastID) || len(s) == len(lastID) && s <= lastID {
						m.t.Fatalf("id %s after %s", s, lastID)
					}
					lastID = s
				}
			case 3:
				id, ttl := fmt.Sprint("e", m.rng.IntN(10)), m.rng.Int64N(10)+1
				got, now := m.timed("dedup_seen", keys("d:{m}"), id, ttl)
				want := "0"
				if seen[id] <= now/1000 {
					want, seen[id] = "1", now/1000+ttl
				}
				m.check(got, want, "dedup", id, ttl)
			}
		}
	})
}
