// What each area's workers do while the server crashes, and what must hold then.
package patterns

import (
	"strconv"
	"sync"
	"sync/atomic"
)

// crashArea makes one area's worker, which is called with ids that never repeat, and its check.
type crashArea struct {
	name  string
	begin func(c *crasher) (work func(worker int, id string), check func())
}

func crashAreas() []crashArea {
	return []crashArea{{"lock", crashLock}, {"ratelimit", crashLimit}, {"session", crashSession}, {"leaderboard", crashBoard},
		{"cache", crashCache}, {"util", crashUtil}}
}

const hour = 3600000 // ms: nothing runs out while a test runs

// No lock is held twice, and no fence is given twice.
func crashLock(c *crasher) (work func(int, string), check func()) {
	var inside atomic.Int64
	var fences sync.Map
	return func(_ int, id string) {
		if c.again("lock_acquire", keys("l:{a}", "f:{a}"), id, hour).([]any)[0] != int64(1) {
			return
		}
		// The same token again: the same fence, whatever happened in between.
		fence := c.again("lock_acquire", keys("l:{a}", "f:{a}"), id, hour).([]any)[1]
		if inside.Add(1) != 1 {
			c.t.Error("two hold the lock")
		}
		if other, taken := fences.LoadOrStore(fence, id); taken {
			c.t.Errorf("fence %v of %v and %s", fence, other, id)
		}
		inside.Add(-1)
		c.again("lock_release", keys("l:{a}"), id)
	}, func() {}
}

// A limit of 1000 admits 1000, whatever replies were lost: the receipt charges a repeated call once.
func crashLimit(c *crasher) (work func(int, string), check func()) {
	var admitted atomic.Int64
	return func(_ int, id string) {
			if c.again("rl_fixed", keys("rl:{a}", "rl:{a}:"+id), 1000, hour, 1).([]any)[0] == int64(0) {
				admitted.Add(1)
			}
		}, func() {
			if state := c.ints("rl_fixed", keys("rl:{a}"), 1000, hour, 0); admitted.Load() != 1000 || state[2] != 0 {
				c.t.Errorf("%d of %d calls were admitted by a limit of 1000, the server says %v", admitted.Load(), c.calls.Load(), state)
			}
		}
}

// The cap of 5 holds, and the index is the live sessions.
func crashSession(c *crasher) (work func(int, string), check func()) {
	return func(_ int, id string) {
			c.again("sess_create", keys("s:{u}:idx", "s:{u}:"+id), id, hour, hour, 5, "oldest")
		}, func() {
			sids := c.call("sess_list", keys("s:{u}:idx"), 1000).([]any)
			if len(sids) != 15 {
				c.t.Errorf("%d sessions with a cap of 5", len(sids)/3)
			}
			for i := 0; i < len(sids); i += 3 {
				if c.call("sess_get", keys("s:{u}:"+sids[i].(string), "s:{u}:idx"), 0) == nil {
					c.t.Errorf("session %v is in the index and not there", sids[i])
				}
			}
		}
}

// Every player's best acknowledged score stands, and all parts of the board agree.
func crashBoard(c *crasher) (work func(int, string), check func()) {
	board := keys("lb:{a}", "lb:{a}:m", "lb:{a}:d", "lb:{a}:c", "lb:{a}:f")
	var best [100]int // each worker writes its own
	return func(w int, id string) {
			score := (best[w]*7 + w) % 50
			c.again("lb_submit", board, "mdf", strconv.Itoa(w), score, "best", "desc", 0, 0, id)
			best[w] = max(best[w], score)
		}, func() {
			scores, counted := map[string]bool{}, 0
			rows := c.call("lb_top", board, "mdf", "desc", "dense", 1000).([]any)
			for i := 1; i < len(rows); i += 4 {
				w, _ := strconv.Atoi(rows[i+1].(string))
				scores[rows[i+2].(string)] = true
				if rows[i+2] != strconv.Itoa(best[w]) {
					c.t.Errorf("player %d has %v, acknowledged was %d", w, rows[i+2], best[w])
				}
			}
			for _, n := range c.rdb.HVals(ctx, board[3]).Val() {
				k, _ := strconv.Atoi(n)
				counted += k
			}
			members, distinct := c.rdb.ZCard(ctx, board[0]).Val(), c.rdb.ZCard(ctx, board[2]).Val()
			if members != rows[0] || int64(counted) != members || int(distinct) != len(scores) {
				c.t.Errorf("%d members, %d counted, %d scores of %d", members, counted, distinct, len(scores))
			}
		}
}

// One lease at a time, and no version of two loads. A fill that was sent once has its lease: on an entry that only runs out always, on
// one that is invalidated unless an invalidation was sent again, which takes the lease of whoever came in between.
func crashCache(c *crasher) (work func(int, string), check func()) {
	invalidated, runsOut := newCrashEntry(c, "c:{a}"), newCrashEntry(c, "e:{a}")
	var resent atomic.Int64
	return func(w int, id string) {
			if w%2 == 0 {
				runsOut.load(id, 1, hour) // fresh for a millisecond: the next one loads it anew
			} else if invalidated.load(id, hour, 0) {
				_, calls := c.until("cache_invalidate", keys("c:{a}"), "hard", hour)
				resent.Add(int64(calls - 1))
			}
		}, func() {
			if runsOut.lost.Load() != 0 || invalidated.lost.Load() > resent.Load() {
				c.t.Errorf("%d and %d leases were lost by fills that were sent once, %d invalidations were sent again",
					runsOut.lost.Load(), invalidated.lost.Load(), resent.Load())
			}
			if runsOut.filled.Load() == 0 || invalidated.filled.Load() == 0 {
				c.t.Error("nobody got to load")
			}
		}
}

// crashEntry is a cache entry that workers load.
type crashEntry struct {
	c                    *crasher
	key                  []string
	inside, filled, lost atomic.Int64 // lost: fills that were sent once and refused
	versions             sync.Map
}

func newCrashEntry(c *crasher, key string) *crashEntry { return &crashEntry{c: c, key: keys(key)} }

// load fills the entry if the caller gets the lease, and tells whether it did.
func (e *crashEntry) load(id string, ttl, stale int64) bool {
	if e.c.again("cache_get_or_lease", e.key, id, hour).([]any)[2] != int64(1) {
		return false
	}
	if e.inside.Add(1) != 1 {
		e.c.t.Error("two load the entry")
	}
	e.inside.Add(-1)
	reply, calls := e.c.until("cache_fill", e.key, id, "value", ttl, stale, 0, 0)
	v := reply.([]any)
	if v[0] != int64(1) {
		if calls == 1 {
			e.lost.Add(1)
		}
		return false
	}
	if other, taken := e.versions.LoadOrStore(v[1], id); taken {
		e.c.t.Errorf("version %v of %v and %s", v[1], other, id)
	}
	e.filled.Add(1)
	return true
}

// No job is lost, none is run more often than its push was sent (once it is acknowledged its id is free again), no number is drawn
// twice, stock adds up. Claims, acknowledgements and sales whose replies were lost are unknown to the workers, so theirs are bounds.
func crashUtil(c *crasher) (work func(int, string), check func()) {
	const units = 100000
	queue, stock := keys("q:{a}:r", "q:{a}:d", "q:{a}:l", "q:{a}:b", "q:{a}:x"), keys("s:{a}", "s:{a}:h", "s:{a}:q")
	c.rdb.Set(ctx, stock[0], units, 0)
	var pushes, done, sold, sales atomic.Int64
	var blocks sync.Map
	var mu sync.Mutex
	sent, claims := map[any]int{}, map[any]int{} // by job
	return func(_ int, id string) {
			_, calls := c.until("queue_push", queue, id, 0, 0, 3, "payload")
			pushes.Add(int64(calls))
			mu.Lock()
			sent[id] = calls
			mu.Unlock()
			for _, job := range chunks(c.again("queue_claim", queue, 1, hour).([]any), 3) {
				mu.Lock()
				claims[job[0]]++
				mu.Unlock()
				done.Add(c.again("queue_ack", queue, job[0], job[2]).(int64))
			}
			first := c.again("seq_block", keys("seq:{a}"), 10).([]any)[0]
			if other, taken := blocks.LoadOrStore(first, id); taken {
				c.t.Errorf("block %v was drawn by %v and %s", first, other, id)
			}
			if c.again("stock_reserve", stock, id, 2, hour).([]any)[0] == int64(1) {
				sales.Add(2)
				sold.Add(c.again("stock_commit", stock, id).(int64))
			}
		}, func() {
			waiting := c.rdb.ZCard(ctx, queue[0]).Val() + c.rdb.ZCard(ctx, queue[2]).Val()
			if ran := pushes.Load() - waiting; ran < done.Load() || waiting*4+1 != c.rdb.HLen(ctx, queue[3]).Val() {
				c.t.Errorf("%d pushes, %d jobs waiting or leased, %d acknowledged", pushes.Load(), waiting, done.Load())
			}
			for job, n := range claims {
				if n > sent[job] {
					c.t.Errorf("job %v was claimed %d times and pushed %d times", job, n, sent[job])
				}
			}
			free, _ := c.rdb.Get(ctx, stock[0]).Int64()
			if gone := units - free; gone < sold.Load() || gone != sales.Load() || c.rdb.HLen(ctx, stock[2]).Val() != 0 {
				c.t.Errorf("%d units gone, %d sold, %d known to be sold", gone, sales.Load(), sold.Load())
			}
		}
}
