package engine

import "math"

// EvictPolicy says which keys may go when memory is short, and in which order: redis.conf's maxmemory-policy.
type EvictPolicy uint8

// The policies.
const (
	NoEviction EvictPolicy = iota
	VolatileLRU
	VolatileLFU
	VolatileRandom
	VolatileTTL
	AllKeysLRU
	AllKeysLFU
	AllKeysRandom
)

// policyNames are the policies' names in redis.conf.
var policyNames = [...]string{"noeviction", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "allkeys-lru", "allkeys-lfu", "allkeys-random"}

// ParseEvictPolicy finds the policy of that name.
func ParseEvictPolicy(name string) (EvictPolicy, bool) {
	for i, n := range policyNames {
		if n == name {
			return EvictPolicy(i), true
		}
	}
	return NoEviction, false
}

func (p EvictPolicy) String() string { return policyNames[p] }

// LFU tells whether the policy goes by how often keys are used.
func (p EvictPolicy) LFU() bool { return p == VolatileLFU || p == AllKeysLFU }

func (p EvictPolicy) volatile() bool { return p >= VolatileLRU && p <= VolatileTTL }
func (p EvictPolicy) random() bool   { return p == VolatileRandom || p == AllKeysRandom }

const evictPoolSize = 16

// A candidate is a key that was sampled for eviction. A higher score goes first.
type candidate struct {
	score uint64
	db    int // database id
	key   []byte
}

// evictPool keeps the best candidates of all samples so far, best last, so that a few samples per eviction come near the true order.
type evictPool struct {
	policy     EvictPolicy
	candidates []candidate
	nextDB     int // for the random policies: databases take turns
}

// Evict removes keys as the policy says, sampling so many per step, until the data takes at most limit bytes or max keys are gone, and
// returns how many went and whether the limit is met. A unit of its own must surround it: the removals are ordinary deletes with
// their "evicted" events. It gives up when no key qualifies.
func (ks *Keyspace) Evict(policy EvictPolicy, samples int, limit int64, max int) (n int, ok bool) {
	if ks.pool.policy != policy {
		ks.pool = evictPool{policy: policy}
	}
	gone := ks.goneMemory()
	for ks.UsedMemory()-gone > limit {
		if n >= max || policy == NoEviction {
			return n, false
		}
		db, e := ks.victim(samples)
		if e == nil {
			return n, false
		}
		if entryKind(e).big() {
			gone += ks.objects.at(entryObject(e)).v.memory()
		}
		key := ks.span(ks.save(entryKey(e)))
		db.remove(key, e)
		ks.stats.Evicted++
		db.Notify(EventEvicted, "evicted", key)
		n++
	}
	return n, true
}

// goneMemory is the size of the objects that the running unit has removed: they are let go at its end.
func (ks *Keyspace) goneMemory() (n int64) {
	for i := ks.unit.first; i < len(ks.turn.touches); i++ {
		if t := &ks.turn.touches[i]; t.kind == touchObject && t.had {
			n += ks.objects.at(t.obj).v.memory()
		}
	}
	return n
}

// victim finds the key to remove, or nil.
func (ks *Keyspace) victim(samples int) (*DB, entry) {
	p := &ks.pool
	if p.policy.random() {
		for range ks.dbs {
			db := ks.dbs[p.nextDB]
			p.nextDB = (p.nextDB + 1) % len(ks.dbs)
			if e := db.sample(p.policy); e != nil {
				return db, e
			}
		}
		return nil, nil
	}
	for {
		found := false
		for _, db := range ks.dbs {
			found = ks.fillPool(db, samples) || found
		}
		if !found {
			return nil, nil
		}
		for len(p.candidates) > 0 {
			last := len(p.candidates) - 1
			c := p.candidates[last]
			p.candidates[last] = candidate{}
			p.candidates = p.candidates[:last]
			db := ks.byID[c.db]
			if e := db.dict.Find(c.key); e != nil && (!p.policy.volatile() || entryHas(e, flagTTL)) {
				return db, e
			}
		}
	}
}

// sample returns a random key that the policy may remove, or nil.
func (db *DB) sample(policy EvictPolicy) entry {
	rnd := db.ks.random
	if policy.volatile() {
		if n := len(db.ttl.items); n > 0 {
			return db.ttl.items[rnd()%uint64(n)].t.e
		}
		return nil
	}
	if db.dict.Len() == 0 {
		return nil
	}
	return db.dict.Random(rnd)
}

// fillPool samples keys of db into the pool and tells whether there was any.
func (ks *Keyspace) fillPool(db *DB, samples int) (found bool) {
	for range samples {
		e := db.sample(ks.pool.policy)
		if e == nil {
			return false
		}
		ks.pool.offer(db, e, ks.evictScore(e))
		found = true
	}
	return found
}

// evictScore is higher for keys that should go earlier.
func (ks *Keyspace) evictScore(e entry) uint64 {
	switch {
	case ks.pool.policy.LFU():
		return lfuCountMax - uint64(ks.access.decayed(ks, e))
	case ks.pool.policy == VolatileTTL:
		return math.MaxInt64 - uint64(entryExpire(e))
	}
	return uint64(ks.idle(e))
}

// offer puts a key into the pool if there is room or it is better than the worst there.
func (p *evictPool) offer(db *DB, e entry, score uint64) {
	list := p.candidates
	at := 0
	for at < len(list) && list[at].score < score {
		at++
	}
	for i := range list {
		if list[i].db == db.id && string(list[i].key) == string(entryKey(e)) {
			return // it waits there already
		}
	}
	if len(list) < evictPoolSize {
		list = append(list, candidate{})
		copy(list[at+1:], list[at:])
		p.candidates = list
	} else {
		if at == 0 {
			return
		}
		at--
		copy(list[:at], list[1:at+1])
	}
	list[at] = candidate{score, db.id, append([]byte(nil), entryKey(e)...)}
}
