package engine

// EventClass is a class of keyspace events, one bit each, as the letters of notify-keyspace-events select them.
type EventClass uint32

// The classes, with their letters in redis.conf.
const (
	EventKeyspace EventClass = 1 << iota // K
	EventKeyevent                        // E
	EventGeneric                         // g
	EventString                          // $
	EventList                            // l
	EventSet                             // s
	EventHash                            // h
	EventZSet                            // z
	EventExpired                         // x
	EventEvicted                         // e
	EventStream                          // t
	EventKeyMiss                         // m
	EventModule                          // d
	EventNew                             // n
)

// An Event is one keyspace event of the running unit.
type Event struct {
	Class EventClass
	DB    int
	Name  string
	key   span
}

// Events collects the events of the running unit while any class is selected.
type Events struct {
	Selected EventClass
	list     []Event
}

// Events returns the event settings, which CONFIG SET notify-keyspace-events changes.
func (ks *Keyspace) Events() *Events { return &ks.events }

// Notify adds an event of the running unit if its class is selected. It is dropped if the unit is rolled back.
func (db *DB) Notify(class EventClass, name string, key []byte) {
	ev := &db.ks.events
	if ev.Selected&class == 0 {
		return
	}
	ev.list = append(ev.list, Event{class, db.index, name, db.ks.save(key)})
}

// EachEvent calls f for the events that the running unit has collected so far, oldest first, and forgets them. The loop calls it
// when the unit is about to end; key is valid during the call.
func (ks *Keyspace) EachEvent(f func(e Event, key []byte)) {
	for _, e := range ks.events.list {
		f(e, ks.span(e.key))
	}
	ks.events.list = ks.events.list[:0]
}

// HasEvents tells whether the running unit has collected events.
func (ks *Keyspace) HasEvents() bool { return len(ks.events.list) > 0 }
