// Package engine is the keyspace: data, expiry, undo and the record of what changed.
//
// It has one owner, the command loop. It starts no goroutine, takes no mutex, does no I/O and has no clock or randomness of its
// own: the loop passes the time in with BeginTurn and the dice with Options. Work comes in units (a command, a MULTI, a script):
//
//	ks.BeginTurn(now)
//	ks.Begin(undo)   // one unit
//	...              // lookups and typed mutators
//	ks.End()         // or ks.Rollback()
//	ks.EncodeTurn(w) // the durable rows of every element the turn touched
//
// Typed mutators (string.go, hash.go, ...) are the only code that changes data. Every one leaves a Touch, and from the touches come
// the durable rows, undo, WATCH, blocked-client wake-ups, client tracking: a command handler cannot forget one.
package engine

import (
	"github.com/evald/evald/engine/dict"
	"github.com/evald/evald/engine/rdb"
)

// Options are fixed for a keyspace's life.
type Options struct {
	Databases int           // number of databases, default 16
	Random    func() uint64 // dice for RANDOMKEY, SPOP, eviction sampling ...
}

// Limits are the encoding thresholds, named after redis.conf's parameters. They may change at any time.
type Limits struct {
	HashMaxListpackEntries int
	HashMaxListpackValue   int
	SetMaxIntsetEntries    int
	SetMaxListpackEntries  int
	SetMaxListpackValue    int
	ZSetMaxListpackEntries int
	ZSetMaxListpackValue   int
	ListMaxListpackSize    int // as in redis.conf: a count, or -1..-5 for 4..64 KiB
	StreamNodeMaxBytes     int
	StreamNodeMaxEntries   int
	HLLSparseMaxBytes      int
}

// DefaultLimits are Redis 7's defaults.
func DefaultLimits() Limits {
	return Limits{
		HashMaxListpackEntries: 128, HashMaxListpackValue: 64,
		SetMaxIntsetEntries: 512, SetMaxListpackEntries: 128, SetMaxListpackValue: 64,
		ZSetMaxListpackEntries: 128, ZSetMaxListpackValue: 64,
		ListMaxListpackSize: -2, StreamNodeMaxBytes: 4096, StreamNodeMaxEntries: 100,
		HLLSparseMaxBytes: 3000,
	}
}

// Keyspace is all databases and what one turn and one unit changed in them.
type Keyspace struct {
	Limits Limits

	dbs     []*DB // by number
	byID    []*DB // by id
	random  func() uint64
	objects objectTable
	hashes  timeHeap[hashTimer] // hashes of which fields expire
	now     int64               // unix ms, frozen during a unit
	nowUs   int64
	turn    turn
	unit    unit
	undo    []byte // what the touches of the running unit need to be undone
	gate    gate
	events  Events
	access  AccessPolicy
	stats   Stats
	named   map[byte]RowSource
	rowBuf  rowBuffers
	scratch []byte // for edits of small collections
	walks   walks
	dumper  rdb.Writer
	pool    evictPool
	// NoTouch keeps reads from updating access clocks (CLIENT NO-TOUCH); set by the loop for each command.
	NoTouch bool
	// ActiveExpire false leaves expired keys in place until something looks them up (DEBUG SET-ACTIVE-EXPIRE).
	ActiveExpire bool
	// Meanwhile, if it is set, is called now and then while much is undone. It must not look at the keyspace.
	Meanwhile func()
	// ExpirePaused hides expired keys without removing them (CLIENT PAUSE).
	ExpirePaused bool
}

// Stats are counters since start or the last CONFIG RESETSTAT.
type Stats struct {
	Hits, Misses        uint64
	Expired, Evicted    uint64
	ExpiredTimeCapCount uint64
	Dirty               uint64 // changes since start: INFO's rdb_changes_since_last_save builds on it
	LazyFreed           uint64
	ExpiredFields       uint64
	RolledBack          uint64
}

// New returns an empty keyspace.
func New(o Options) *Keyspace {
	if o.Databases == 0 {
		o.Databases = 16
	}
	if o.Random == nil {
		panic("engine: Options.Random is required")
	}
	ks := &Keyspace{Limits: DefaultLimits(), random: o.Random, ActiveExpire: true, named: map[byte]RowSource{}}
	ks.objects.next = 1
	for i := range o.Databases {
		ks.dbs = append(ks.dbs, newDB(ks, i))
		ks.byID = append(ks.byID, ks.dbs[i])
	}
	return ks
}

// DB returns database i.
func (ks *Keyspace) DB(i int) *DB { return ks.dbs[i] }

// Databases returns how many databases there are.
func (ks *Keyspace) Databases() int { return len(ks.dbs) }

// Now returns the instant of the turn, or of the running script: unix ms.
func (ks *Keyspace) Now() int64 { return ks.now }

// NowMicros returns the same instant in unix us.
func (ks *Keyspace) NowMicros() int64 { return ks.nowUs }

// Random returns 64 random bits.
func (ks *Keyspace) Random() uint64 { return ks.random() }

// Stats returns the counters, which the caller may reset.
func (ks *Keyspace) Stats() *Stats { return &ks.stats }

// UsedMemory returns the bytes of all entries and objects.
func (ks *Keyspace) UsedMemory() int64 {
	n := ks.objects.used + int64(len(ks.hashes.items))*16
	for _, db := range ks.dbs {
		n += db.used + int64(db.dict.MemUsage()) + int64(len(db.ttl.items))*16
	}
	return n
}

// DB is one database.
type DB struct {
	ks    *Keyspace
	index int // what SELECT calls it
	id    int // what its rows call it: SWAPDB exchanges ids, not rows
	dict  *dict.Dict
	ttl   expiryHeap // keys by expiry
	used  int64      // bytes of the entries
}

func newDB(ks *Keyspace, index int) *DB {
	return &DB{ks: ks, index: index, id: index, dict: dict.New(keyOffset)}
}

// Index returns the database's number.
func (db *DB) Index() int { return db.index }

// Len returns the number of keys, expired ones that nothing has looked at included, as DBSIZE counts.
func (db *DB) Len() int { return db.dict.Len() }

// Expires returns the number of keys with an expiry.
func (db *DB) Expires() int { return len(db.ttl.items) }

// Overhead returns the bytes that the tables take besides the entries: of all keys, and of those with an expiry.
func (db *DB) Overhead() (main, expires int64) {
	return int64(db.dict.MemUsage()), int64(len(db.ttl.items)) * 16
}

// AvgTTL returns the mean time to live in ms over at most 64 keys of the heap, as an estimate for INFO.
func (db *DB) AvgTTL() int64 {
	n, sum := min(64, len(db.ttl.items)), int64(0)
	for _, it := range db.ttl.items[:n] {
		sum += max(0, it.when-db.ks.now)
	}
	if n == 0 {
		return 0
	}
	return sum / int64(n)
}
