package server

import (
	"time"

	"github.com/evald/evald/engine"
)

// Store makes turns durable; package persistence is one. The loop calls every method but Durable from its own goroutine, in this
// order: Load once, then Batch and Commit for every turn that changed something, at the end Close.
type Store interface {
	// Load gives every stored row to an empty keyspace. It calls progress now and then with the rows done and an estimate of all
	// of them; the loop answers clients there, with LOADING. An error of progress ends the load and is returned.
	Load(ks *engine.Keyspace, progress func(done, total int) error) error
	// Batch returns the writer for the rows of the next turn.
	Batch() engine.RowWriter
	// Commit hands the batch over as turn seq, or makes it durable itself and returns true, where it expects that not to take long. It waits
	// for a sync only if the caller is patient. Lest the disk be slower than expected, it calls wait before, if that is not nil: from then on
	// another goroutine may make the loop's calls, before Commit has returned.
	Commit(seq uint64, patient bool, wait func()) (direct bool)
	// Durable returns the newest turn whose replies may go: on disk under appendfsync always, with the OS otherwise. Turns become
	// durable in order. Any goroutine may call it.
	Durable() uint64
	// Notify names the function to call, from any goroutine, whenever Durable has advanced other than in Commit. It is called once, before
	// Commit.
	Notify(f func())
	// WriteError returns the error that writes are to be answered while the disk is about to be full, else nil.
	WriteError() error
	// SetFsync changes the policy: always, everysec or no.
	SetFsync(policy string) error
	// Sync returns when every turn handed over is on disk, whatever the policy: SAVE and SHUTDOWN.
	Sync() error
	// Checkpoint makes dir, which must not hold a store, a copy of the store as of the turns handed over so far.
	Checkpoint(dir string) error
	// SlowestCommit returns how long the longest commit since it was asked last has taken, 0 if there was none.
	SlowestCommit() time.Duration
	// AppendInfo appends lines for INFO persistence, "name:value\r\n" each.
	AppendInfo(dst []byte) []byte
	// Close finishes what was handed over and closes the store.
	Close() error
}
