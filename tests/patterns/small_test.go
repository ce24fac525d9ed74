// Latches and barriers, write-behind, sketches and counts: each against what it promises.
package patterns

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
)

func TestLatchAndBarrier(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		latch := keys("latch:{a}", "chan:{a}")
		c.unchanged("no latch", func() {
			c.want("[0 -1]", "latch_down", latch, "w1")
			c.want("[-1 0]", "latch_wait", latch[:1])
		})
		c.want("[1 2]", "latch_init", latch[:1], 2, 60000)
		c.want("[1 1]", "latch_down", latch, "w1")
		c.unchanged("the same again", func() {
			c.want("[0 1]", "latch_init", latch[:1], 5, 90000)
			c.want("[0 1]", "latch_down", latch, "w1")
		})
		if v := c.ints("latch_wait", latch[:1]); v[0] != 1 || v[1] <= 0 || v[1] > 60000 {
			t.Fatal(v)
		}
		c.want("[1 0]", "latch_down", latch, "w2")
		c.want("[0 0]", "latch_down", latch, "w2")
		c.unchanged("open", func() { c.want("[0 0]", "latch_down", latch, "w3") })

		var counted, last atomic.Int64
		crowd(func(w int) {
			for range 2 { // everyone sends its arrival twice
				v := c.must("barrier_arrive", keys("barrier:{a}", "chan:{a}"), fmt.Sprint("w", w), 100, 60000).([]any)
				counted.Add(v[0].(int64))
				if v[0] == int64(1) && v[1] == int64(0) {
					last.Add(1)
				}
			}
		})
		if counted.Load() != 100 || last.Load() != 1 {
			t.Fatalf("%d counted, %d were the last", counted.Load(), last.Load())
		}
		c.unchanged("full", func() { c.want("[0 0]", "barrier_arrive", keys("barrier:{a}"), "late", 100, 60000) })
	})
}

// The opening of a latch is told once, to those who listen on the channel.
func TestLatchTells(t *testing.T) {
	eachServer(t, func(t *testing.T, c *caller) {
		sub := c.rdb.SSubscribe(ctx, "chan:{a}")
		defer sub.Close()
		if _, err := sub.Receive(ctx); err != nil {
			t.Fatal(err)
		}
		c.call("latch_init", keys("latch:{a}"), 2, 60000)
		for _, id := range []string{"w1", "w1", "w2", "w2"} {
			c.call("latch_down", keys("latch:{a}", "chan:{a}"), id)
		}
		c.rdb.SPublish(ctx, "chan:{a}", "end")
		for _, want := range []string{"latch:{a}", "end"} {
			if m, err := sub.ReceiveMessage(ctx); err != nil || m.Payload != want {
				t.Fatalf("%v, %v; want %s", m, err, want)
			}
		}
	})
}

// Write-behind against a model: the newest value of every id is written in the end, and none is given up before.
func TestModelWriteBehind(t *testing.T) {
	models(t, func(m *modeler) func() {
		type value struct {
			text    string
			version int64
			due     int64 // ms
		}
		waiting := map[string]*value{}
		taken := map[string]int64{} // id to the version last taken
		k := keys("wb:{m}", "wb:{m}:dirty")
		last := int64(0)
		return func() {
			m.sometimes(5, 10)
			id := fmt.Sprint("id", m.rng.IntN(6))
			switch m.rng.IntN(4) {
			case 0, 1:
				text, delay := fmt.Sprint("v", m.rng.Int64()), m.rng.Int64N(8)
				got, now := m.timed("cache_wb_put", k, id, text, delay)
				last++
				m.check(got, fmt.Sprint(last), "put", id)
				if waiting[id] == nil {
					waiting[id] = &value{due: now/1000 + delay}
				}
				waiting[id].text, waiting[id].version = text, last
			case 2:
				n, lease := m.rng.IntN(3)+1, m.rng.Int64N(10)+1
				got, now := m.timed("cache_wb_take", k, n, lease)
				due := 0
				for _, v := range waiting {
					if v.due <= now/1000 {
						due++
					}
				}
				rows := chunks(got.([]any), 3)
				if len(rows) != min(n, due) {
					m.t.Fatalf("%d taken, %d due: %s", len(rows), due, text(got))
				}
				for _, row := range rows {
					v := waiting[row[0].(string)]
					if v == nil || v.due > now/1000 || row[1] != v.text || row[2] != v.version {
						m.t.Fatalf("took %v at %d, waiting is %+v", row, now/1000, v)
					}
					v.due, taken[row[0].(string)] = now/1000+lease, v.version
				}
			case 3:
				version := taken[id]
				if version == 0 {
					return
				}
				got, now := m.timed("cache_wb_ack", k, id, version)
				want := "1"
				switch v := waiting[id]; {
				case v == nil || v.version < version:
					want = "-1"
				case v.version > version:
					want = "0"
					v.due = min(v.due, now/1000)
				default:
					delete(waiting, id)
				}
				m.check(got, want, "ack", id, version)
			}
		}
	})
}

// A sketch of ten items among a thousand: every count is right within its error, and whoever has more than a tenth is in it.
func TestHotItems(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		k := keys("hot:{a}", "hot:{a}:e")
		exact, total := map[string]int64{}, int64(0)
		for i := range 3000 {
			item := fmt.Sprint("item", i*i%997)
			if i%3 == 0 {
				item = "hot"
			} else if i%8 == 1 {
				item = "warm"
			}
			weight := int64(i%2 + 1)
			exact[item] += weight
			total += weight
			c.call("hot_hit", k, item, weight, 10, 600000)
		}
		rows := chunks(c.call("hot_top", k, 1000).([]any), 3)
		if len(rows) != 10 || rows[0][0] != "hot" || rows[1][0] != "warm" {
			t.Fatal(rows)
		}
		kept := map[string]bool{}
		for i, row := range rows {
			item, count, off := row[0].(string), row[1].(int64), row[2].(int64)
			kept[item] = true
			if count < exact[item] || count-off > exact[item] || i > 0 && count > rows[i-1][1].(int64) {
				t.Errorf("%v, exactly %d", row, exact[item])
			}
			c.want(fmt.Sprintf("[%d %d]", count, off), "hot_hit", k, item, 0, 10, 600000)
		}
		for item, n := range exact {
			if n > total/10 && !kept[item] {
				t.Errorf("%s with %d of %d is not kept", item, n, total)
			}
		}
		c.want("[0 0]", "hot_hit", k, "never", 0, 10, 600000)
		for _, key := range k {
			if ttl := c.rdb.PTTL(ctx, key).Val(); ttl <= 0 {
				t.Errorf("%s lives %v", key, ttl)
			}
		}
		// A sketch of one item keeps its time to live when the item changes.
		one := keys("one:{a}", "one:{a}:e")
		for _, item := range strings.Fields("a b c") {
			c.call("hot_hit", one, item, 1, 1, 600000)
		}
		if c.rdb.PTTL(ctx, one[0]).Val() <= 0 || c.rdb.PTTL(ctx, one[1]).Val() <= 0 {
			t.Error("a sketch of one lost its time to live")
		}
		c.want("[c 3 2]", "hot_top", one, 5)
	})
}

// A sliding filter against a model: an id that came within the time is always known, one that came more than twice as long ago is
// not, and what did not come seldom seems known. Checking agrees with adding.
func TestModelBloom(t *testing.T) {
	models(t, func(m *modeler) func() {
		const ttl = 40
		k := keys("bl:{m}:a", "bl:{m}:b")
		first := map[string]int64{} // ms of the addition that was new
		mistakes, unknown := 0, 0
		return func() {
			m.sometimes(6, 30)
			id := fmt.Sprint("id", m.rng.IntN(60))
			if m.rng.IntN(3) == 0 {
				id = fmt.Sprint("other", m.rng.Int64())
			}
			known, _ := m.timed("bloom_check", k, 2000, 7, id)
			got, now := m.timed("bloom_add", k, 2000, 7, ttl, id)
			fresh := got.([]any)[0] == int64(1)
			at, came := first[id]
			age := now/1000 - at
			if text(known) == "[0]" && !fresh { // time passed in between: that only forgets
				m.t.Fatalf("%s was not known and is not new", id)
			}
			if m.server.clock != 0 { // no time passes until this call
				m.want("[1]", "bloom_check", k, 2000, 7, id)
			}
			switch {
			case came && age < ttl && fresh:
				m.t.Fatalf("%s came %d ms ago and is new", id, age)
			case !came || age > 2*ttl:
				if unknown++; !fresh {
					mistakes++
				}
			}
			if fresh {
				first[id] = now / 1000
			}
			if unknown > 300 && mistakes*50 > unknown {
				m.t.Fatalf("%d of %d new ids seemed known", mistakes, unknown)
			}
		}
	})
}

// The filter mistakes as many as its size says: of 1000 new ids beside 1000 known ones about ten at 10 bits an id and 7 hashes.
func TestBloomMistakes(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		k, mistakes := keys("bl:{a}:a", "bl:{a}:b"), 0
		batch := func(prefix string, from int) []any {
			var ids []any
			for i := range 100 {
				ids = append(ids, fmt.Sprint(prefix, from+i))
			}
			return ids
		}
		for from := 0; from < 1000; from += 100 {
			c.call("bloom_add", k, append([]any{10000, 7, 60000}, batch("in", from)...)...)
		}
		for from := 0; from < 1000; from += 100 {
			for _, known := range c.ints("bloom_check", k, append([]any{10000, 7}, batch("in", from)...)...) {
				if known != 1 {
					t.Fatal("an id that was added is not known")
				}
			}
			for _, known := range c.ints("bloom_check", k, append([]any{10000, 7}, batch("out", from)...)...) {
				mistakes += int(known)
			}
		}
		if mistakes > 30 {
			t.Errorf("%d of 1000 new ids seem known", mistakes)
		}
		if size := c.rdb.StrLen(ctx, k[0]).Val(); size > 1250 {
			t.Errorf("%d bytes for 10000 bits", size)
		}
	})
}

func TestCacheStats(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		k := keys("c:{a}", "c:{a}:stats")
		c.want("[0 0 0 0 0]", "cache_stats", k[1:])
		c.call("cache_get_or_lease", k, "one", 60000)
		c.call("cache_get_or_lease", k, "two", 60000)
		c.call("cache_get_or_lease", k[:1], "not counted", 60000)
		c.call("cache_fill", k[:1], "one", "value", 60000, 60000, 0, 0)
		for range 3 {
			c.call("cache_get_or_lease", k, "three", 60000)
		}
		c.call("cache_invalidate", k[:1], "soft", 60000)
		c.call("cache_get_or_lease", k, "four", 60000)
		c.call("cache_fill", k[:1], "four", "", 60000, 60000, 1, 0)
		c.call("cache_get_or_lease", k, "five", 60000)
		c.want("[3 1 1 1 1]", "cache_stats", k[1:])
		if ttl := c.rdb.PTTL(ctx, k[1]).Val(); ttl <= 0 {
			t.Errorf("the counts live %v", ttl)
		}
		for range 2000 {
			c.call("cache_get_or_lease", k, "six", 60000, 10)
		}
		if n := c.ints("cache_stats", k[1:]); n[4]%10 != 1 || n[4] < 1200 || n[4] > 2800 {
			t.Errorf("%v: one of ten of 2000 was to be counted, as ten", n)
		}
	})
}
