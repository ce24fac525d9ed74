// When Pebble compacts: as much as it wants, but not while the store is being loaded. A store that was closed with much to compact would
// otherwise start with that, and the load has half of the processors.
package persistence

import (
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// compactions is Pebble's scheduler. Pebble calls it with its own lock held, but for Unregister and Done; it calls Pebble without mu.
type compactions struct {
	mu      sync.Mutex
	db      pebble.DBForCompaction
	running int
	resting bool // a load is to come, or under way
	ended   bool
	turn    sync.Mutex // held while Pebble is offered to compact
}

var (
	_ pebble.CompactionScheduler   = (*compactions)(nil)
	_ pebble.CompactionGrantHandle = (*compactions)(nil)
)

// Register is called once, when the database has been opened.
func (c *compactions) Register(_ int, db pebble.DBForCompaction) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.db = db
}

// Unregister returns when Pebble is not and will not be called any more.
func (c *compactions) Unregister() {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.turn.Lock()
	defer c.turn.Unlock()
}

// TrySchedule tells whether a compaction may begin now.
func (c *compactions) TrySchedule() (bool, pebble.CompactionGrantHandle) {
	if !c.begin() {
		return false, nil
	}
	return true, c
}

func (c *compactions) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.db == nil || c.ended || c.resting || c.running >= c.db.GetAllowedWithoutPermission() {
		return false
	}
	c.running++
	return true
}

func (c *compactions) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running--
}

// Done is called when a compaction has ended.
func (c *compactions) Done() {
	c.end()
	c.offer()
}

// UpdateGetAllowedWithoutPermission is called when more compactions may be allowed than before.
func (c *compactions) UpdateGetAllowedWithoutPermission() { go c.offer() }

// offer has Pebble begin the compactions that wait.
func (c *compactions) offer() {
	c.turn.Lock()
	defer c.turn.Unlock()
	for c.begin() {
		if waiting, _ := c.db.GetWaitingCompaction(); !waiting || !c.db.Schedule(c) {
			c.end()
			return
		}
	}
}

// wake ends the rest.
func (c *compactions) wake() {
	c.mu.Lock()
	was := c.resting
	c.resting = false
	c.mu.Unlock()
	if was {
		c.offer()
	}
}

// Started, MeasureCPU and CumulativeStats tell what nobody here asks.
func (c *compactions) Started()                                          {}
func (c *compactions) MeasureCPU(pebble.CompactionGoroutineKind)         {}
func (c *compactions) CumulativeStats(pebble.CompactionGrantHandleStats) {}
