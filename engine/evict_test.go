package engine

import (
	"fmt"
	"testing"
)

// evictionTest fills a keyspace with n keys of the same size: key i was last used in second i, is used the more often the greater i
// is, and every second one expires, those with a small i first.
func evictionTest(t *testing.T, n int, lfu bool) (*Keyspace, *DB) {
	ks := newTest(t)
	*ks.Access() = AccessPolicy{LFU: lfu, LogFactor: 10, DecayTime: 1}
	db := ks.DB(0)
	for i := range n {
		ks.BeginTurn(1_700_000_000_000_000 + int64(i)*1_000_000)
		ks.Begin(false)
		expire := NoTTL
		if i%2 == 0 {
			expire = ks.Now() + 1_000_000 + int64(i)*1000
		}
		key := fmt.Appendf(nil, "key:%04d", i)
		db.SetString(key, make([]byte, 100), expire)
		if lfu {
			db.SetAccess(key, -1, i*255/n)
		}
		ks.End()
	}
	return ks, db
}

// evict removes count keys and returns which are gone.
func evict(t *testing.T, ks *Keyspace, db *DB, p EvictPolicy, n, count int) (gone []int) {
	t.Helper()
	ks.Events().Selected = EventEvicted
	ks.Begin(false)
	got, ok := ks.Evict(p, 10, 0, count)
	events := 0
	ks.EachEvent(func(e Event, _ []byte) {
		if e.Name == "evicted" {
			events++
		}
	})
	ks.End()
	if ok || got != count || events != count || ks.Stats().Evicted != uint64(count) {
		t.Fatalf("%d of %d keys gone, %d events, limit met: %v", got, count, events, ok)
	}
	for i := range n {
		if db.dict.Find(fmt.Appendf(nil, "key:%04d", i)) == nil {
			gone = append(gone, i)
		}
	}
	if len(gone) != count {
		t.Fatalf("%d keys are missing, %d were removed", len(gone), count)
	}
	for _, err := range ks.Check() {
		t.Error(err)
	}
	return gone
}

func TestEvictTakesTheKeysThePolicySays(t *testing.T) {
	const n, count = 400, 80
	for p := VolatileLRU; p <= AllKeysRandom; p++ {
		ks, db := evictionTest(t, n, p.LFU())
		gone := evict(t, ks, db, p, n, count)
		early := 0
		for _, i := range gone {
			if p.volatile() && i%2 == 1 {
				t.Errorf("%s: key %d does not expire", p, i)
			}
			if i < n/2 {
				early++
			}
		}
		switch {
		case p.random():
			if early < count/4 || early > count*3/4 {
				t.Errorf("%s: %d of %d are of the first half", p, early, count)
			}
		case early < count*9/10: // sampling may miss a few
			t.Errorf("%s: only %d of %d are of the half that should go first", p, early, count)
		}
	}
}

func TestEvictStops(t *testing.T) {
	ks, db := evictionTest(t, 100, false)
	for _, tt := range []struct {
		policy EvictPolicy
		limit  int64
		max    int
		n      int
		ok     bool
	}{
		{NoEviction, 0, 1000, 0, false},
		{AllKeysLRU, 1 << 40, 1000, 0, true},
		{AllKeysLRU, 0, 3, 3, false},
		{VolatileTTL, 0, 1000, -1, false}, // all that expire
		{VolatileLRU, 0, 1000, 0, false},
	} {
		if tt.n < 0 {
			tt.n = db.Expires()
		}
		ks.Begin(false)
		n, ok := ks.Evict(tt.policy, 5, tt.limit, tt.max)
		ks.End()
		if ok != tt.ok || n != tt.n {
			t.Errorf("%s, limit %d, max %d: %d, %v; want %d, %v", tt.policy, tt.limit, tt.max, n, ok, tt.n, tt.ok)
		}
	}
	used, left := ks.UsedMemory(), db.Len()
	ks.Begin(false)
	n, ok := ks.Evict(AllKeysRandom, 5, used-1000, 1000)
	ks.End()
	if !ok || n == 0 || n > 10 || ks.UsedMemory() > used-1000 {
		t.Errorf("%d keys went for 1000 bytes: %v, used %d of %d", n, ok, ks.UsedMemory(), used)
	}
	if db.Len() != left-n {
		t.Errorf("%d keys left", db.Len())
	}
}

// TestEvictCountsBigValues: a big value's memory counts as free at once, although the value goes at the end of the unit.
func TestEvictCountsBigValues(t *testing.T) {
	ks := newTest(t)
	ks.BeginTurn(1_700_000_000_000_000)
	ks.Begin(false)
	for i := range 10 {
		h, _ := ks.DB(i % 3).HashForUpdate(fmt.Appendf(nil, "h%d", i))
		for j := range 1000 {
			h.Set(fmt.Appendf(nil, "field%d", j), []byte("value"))
		}
	}
	ks.End()
	used := ks.UsedMemory()
	ks.Begin(true)
	n, ok := ks.Evict(AllKeysLRU, 5, used*3/4, 100)
	if !ok || n < 2 || n > 4 {
		t.Errorf("%d of 10 equal keys went for a quarter of the memory: %v", n, ok)
	}
	ks.Rollback()
	if ks.DB(0).Len()+ks.DB(1).Len()+ks.DB(2).Len() != 10 {
		t.Error("rolled back, but keys are gone")
	}
	for _, err := range ks.Check() {
		t.Error(err)
	}
}
