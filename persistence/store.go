// Package persistence keeps the keyspace's rows in Pebble: the present state, one row per key or element, no command log.
//
// A Store takes the rows of one turn at a time from the command loop and makes them durable in its own goroutine, while the loop
// goes on with the next turn: what gathers meanwhile is the next group commit. At start Load gives every row back.
//
// There is one failure policy: an error of the log, a sync, the manifest or a checksum ends the process, so that nothing that may
// be lost is ever acknowledged. Only a disk that gets full is handled before it comes to that (disk.go).
package persistence

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options say how a store is opened. Zero values mean the defaults.
type Options struct {
	Dir    string // the store lives in its subdirectory "store"
	FS     vfs.FS // default: the operating system's
	Policy Policy // default: Always

	MemTableSize  int64         // bytes; default 64 MiB, less on a small disk
	LogBytes      int64         // size at which the log goes on in its other file; default: that of a memtable
	QueueBytes    int           // rows that may wait for a commit before Batch blocks; default 16 MiB
	LowDiskBytes  int64         // free space below which writes are to be refused; default: four memtables, or 5% of the disk up to 1 GiB
	BallastBytes  int64         // size of the file that is given up when the disk is full; default one memtable, negative: none
	SyncEvery     time.Duration // period of everysec's sync and of the disk check; default 1 s, negative: only when a test asks
	ReadOnly      bool          // for Check: nothing is written
	LoadBlockSize int           // bytes of rows handed from reader to loader at once; default 256 KiB

	WillLoad bool // Load comes next: Pebble compacts nothing before it has ended

	// Logf takes one line per event worth knowing. Default: discarded.
	Logf func(format string, args ...any)
	// Fatal ends the process after an error that may have lost rows. It must not return. Default: prints the line, exits with 1.
	Fatal func(line string)
}

func (o *Options) ensureDefaults() {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.QueueBytes == 0 {
		o.QueueBytes = 16 << 20
	}
	if o.SyncEvery == 0 {
		o.SyncEvery = time.Second
	}
	if o.LoadBlockSize == 0 {
		o.LoadBlockSize = 256 << 10
	}
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	if o.Fatal == nil {
		o.Fatal = func(line string) {
			fmt.Fprintln(os.Stderr, line)
			os.Exit(1)
		}
	}
}

// Version of the rows. A store with a higher one was written by a newer program.
const rowVersion = 1

// Rows of the store itself; the engine ignores rows that begin with '!' and are not its own.
var (
	formatRow = []byte("!format") // version u8
	commitRow = []byte("!commit") // number of the newest commit among the rows, u64: see wal.go
	saltRow   = []byte("!wal")    // what the checksums of the log are seeded with, u64
)

// Store is an open store.
type Store struct {
	opts        Options
	dir         string
	fs          vfs.FS // as given; Pebble writes through one that watches for a full disk
	lock        *pebble.Lock
	db          *pebble.DB
	pebble      *pebble.Options
	cache       *pebble.Cache
	compactions compactions
	health      interface{ Close() error }

	queue            // queue.go: rows between the loop and the committer
	wal      wal     // wal.go: what the committer made durable
	applier  applier // apply.go: from there to Pebble
	policy   atomic.Int32
	disk     disk
	counters counters

	opened atomic.Bool // Open is through: from here on corruption is fatal
	failed atomic.Bool // Fatal was called: nothing is acknowledged any more
	stop   chan struct{}
	done   sync.WaitGroup
}

// Open opens the store under o.Dir, which it makes if there is none, and starts its committer.
func Open(o Options) (*Store, error) {
	o.ensureDefaults()
	s := &Store{opts: o, fs: o.FS, dir: o.FS.PathJoin(o.Dir, "store"), stop: make(chan struct{})}
	s.policy.Store(int32(o.Policy))
	if err := s.open(); err != nil {
		s.close()
		return nil, err
	}
	s.opened.Store(true)
	if !o.ReadOnly {
		s.start()
	}
	return s, nil
}

func (s *Store) open() error {
	if s.opts.ReadOnly {
		if _, err := s.fs.Stat(s.dir); err != nil {
			return fmt.Errorf("no store in %s: %w", s.opts.Dir, err)
		}
	} else if err := s.makeDir(); err != nil {
		return err
	}
	if _, err := s.recognize(); err != nil { // before a file is made in what is not a store
		return err
	}
	lock, err := pebble.LockDirectory(s.dir, s.fs)
	if err != nil {
		return s.lockError(err)
	}
	s.lock = lock
	exists, err := s.recognize()
	if err != nil {
		return err
	}
	s.disk.size(s)
	if s.opts.ReadOnly {
		return s.openPebble(true)
	}
	var log walContents
	if exists {
		if log, err = s.inspect(); err != nil {
			return err
		}
	}
	if err := s.openPebble(false); err != nil {
		return err
	}
	if err := s.checkFormat(); err != nil {
		return err
	}
	if !exists {
		if log, err = s.readWAL(); err != nil {
			return err
		}
	}
	return s.recoverWAL(log)
}

// inspect reads, without changing anything, what tells a store that can be opened from one that must be refused, and returns what the log
// has: an open for writing removes every file that a damaged manifest does not name.
func (s *Store) inspect() (log walContents, err error) {
	if err := s.openPebble(true); err != nil {
		return log, err
	}
	if err = s.checkFormat(); err == nil {
		log, err = s.readWAL()
	}
	closed := errors.Join(s.db.Close(), s.health.Close())
	s.cache.Unref()
	s.db, s.health, s.cache = nil, nil, nil
	if err == nil && closed != nil {
		err = s.openError(closed)
	}
	return log, err
}

func (s *Store) openPebble(readOnly bool) error {
	if err := s.openPebbleAs(readOnly); err != nil {
		return s.openError(err)
	}
	return nil
}

// openPebbleAs opens the database. Pebble panics when it cannot sync a directory or change log files; at start that is an error like
// any other.
func (s *Store) openPebbleAs(readOnly bool) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked(p)
		}
	}()
	s.pebble = s.pebbleOptions(readOnly)
	s.pebble.EnsureDefaults()
	s.db, err = pebble.Open(s.dir, s.pebble)
	return err
}

// panicked returns what a panic was about.
func panicked(p any) error {
	if err, ok := p.(error); ok {
		return err
	}
	return fmt.Errorf("%v", p)
}

// makeDir makes the store's directory and makes its name durable.
func (s *Store) makeDir() error {
	if _, err := s.fs.Stat(s.dir); err == nil {
		return nil
	}
	if err := s.fs.MkdirAll(s.dir, 0o755); err != nil {
		return fmt.Errorf("cannot write to directory %s: %w", s.opts.Dir, reason(err))
	}
	for dir := s.dir; ; {
		parent := s.fs.PathDir(dir)
		if parent == dir {
			return nil
		}
		if err := syncDir(s.fs, parent); err != nil {
			return fmt.Errorf("cannot sync directory %s: %w", parent, reason(err))
		}
		if dir = parent; dir == "." || dir == "/" {
			return nil
		}
	}
}

func syncDir(v vfs.FS, dir string) error {
	if dir == "" {
		dir = "."
	}
	d, err := v.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// reason strips the path from a system error, for messages that name it already.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func (s *Store) lockError(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("cannot write to directory %s: %w", s.opts.Dir, p.Err)
	}
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) || err.Error() == "lock held by current process" {
		return fmt.Errorf("directory %s is in use by another process", s.opts.Dir)
	}
	return fmt.Errorf("cannot lock directory %s: %w", s.opts.Dir, err)
}

// newStoreFiles are what a crash during the making of a store may leave before the store counts as made.
var newStoreFiles = regexp.MustCompile(`^(LOCK|ballast|marker\..*|MANIFEST-\d+|OPTIONS-\d+|temporary\..*|\d+\.dbtmp)$`)

// recognize refuses a directory that holds something else than a store, before anything in it is touched, and tells whether there is one.
func (s *Store) recognize() (exists bool, err error) {
	desc, err := pebble.Peek(s.dir, s.fs)
	if err != nil {
		return false, s.openError(err)
	}
	if desc.Exists {
		return true, nil
	}
	names, err := s.fs.List(s.dir)
	if err != nil {
		return false, fmt.Errorf("cannot read directory %s: %w", s.dir, reason(err))
	}
	for _, name := range names {
		if !newStoreFiles.MatchString(name) {
			return false, fmt.Errorf("%s is not a store, or an incomplete copy of one: it holds %s but no manifest", s.dir, name)
		}
	}
	if s.opts.ReadOnly {
		return false, fmt.Errorf("no store in %s", s.opts.Dir)
	}
	return false, nil
}

var errNewer = errors.New("was written by a newer version of evald")

var (
	unknownFormat  = regexp.MustCompile(`unknown format major version (\d+)`)
	otherComparer  = regexp.MustCompile(`comparer name from file "([^"]*)"`)
	incompleteCopy = regexp.MustCompile(`could not open manifest|unknown to the objstorage provider|object size mismatch|not pristine`)
	newlineInError = regexp.MustCompile(`\s*\n\s*`)
)

// openError says in one line why Pebble does not open the store.
func (s *Store) openError(err error) error {
	text := newlineInError.ReplaceAllString(err.Error(), "; ")
	switch {
	case unknownFormat.MatchString(text):
		return fmt.Errorf("the store in %s %w", s.opts.Dir, errNewer)
	case otherComparer.MatchString(text):
		return fmt.Errorf("%s holds the database of another program", s.dir)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("cannot open the store in %s: the disk is full; free some space and start again", s.opts.Dir)
	case incompleteCopy.MatchString(text):
		return fmt.Errorf("the store in %s is damaged, or an incomplete copy of one: %s", s.opts.Dir, text)
	case pebble.IsCorruptionError(err):
		return fmt.Errorf("the store in %s is damaged: %s; restore a backup, or see what is intact with evald check", s.opts.Dir, text)
	}
	return fmt.Errorf("cannot open the store in %s: %s", s.opts.Dir, text)
}

// checkFormat reads the version row before any other row is looked at, and writes it into a new store.
func (s *Store) checkFormat() error {
	v, closer, err := s.db.Get(formatRow)
	if err == nil {
		version := append([]byte(nil), v...)
		closer.Close()
		switch {
		case len(version) != 1 || version[0] == 0:
			return fmt.Errorf("the store in %s is damaged: bad version row %q", s.opts.Dir, version)
		case version[0] > rowVersion:
			return fmt.Errorf("the store in %s %w: its rows have version %d, this program reads up to %d",
				s.opts.Dir, errNewer, version[0], rowVersion)
		}
		return nil
	}
	if !errors.Is(err, pebble.ErrNotFound) {
		return s.openError(err)
	}
	it, err := s.db.NewIter(nil)
	if err != nil {
		return s.openError(err)
	}
	empty := !it.First()
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return s.openError(err)
	}
	if _, err := s.fs.Stat(s.walPath(0)); err == nil || !empty { // the log is made after the row is on disk
		return fmt.Errorf("the store in %s is damaged: its version row is missing", s.opts.Dir)
	}
	if s.pebble.ReadOnly {
		return nil
	}
	b := s.db.NewBatch()
	err = errors.Join(b.Set(formatRow, []byte{rowVersion}, nil), b.Set(saltRow, newSalt(), nil), b.Commit(pebble.NoSync), b.Close())
	if err := errors.Join(err, s.db.Flush()); err != nil {
		return s.openError(err)
	}
	return nil
}

// comparer orders rows as bytes. Its name keeps other programs' databases and this one's apart before either is written to.
var comparer = func() *pebble.Comparer {
	c := *pebble.DefaultComparer
	c.Name = "evald.rows"
	return &c
}()

func (s *Store) pebbleOptions(readOnly bool) *pebble.Options {
	watched, health := vfs.WithDiskHealthChecks(failStop{vfs.OnDiskFull(s.fs, s.diskFull), s}, 5*time.Second, nil, func(info vfs.DiskSlowInfo) {
		s.counters.slowDisk.Add(1)
		s.opts.Logf("disk is slow: %s", info.String())
	})
	s.health = health
	s.cache = pebble.NewCache(16 << 20)
	o := &pebble.Options{
		FS: watched, Lock: s.lock, Comparer: comparer, Cache: s.cache, ReadOnly: readOnly,
		FormatMajorVersion: pebble.FormatNewest, // the default would be the oldest, without the checks of torn and damaged logs
		Logger:             logger{s},
		EventListener:      s.listener(),

		DisableWAL:                  true, // wal.go
		MemTableSize:                uint64(s.opts.MemTableSize),
		MemTableStopWritesThreshold: stopMemTables,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       1000, // rows are only read at start, so many tables cost little
		LBaseMaxBytes:               max(64<<20, s.opts.MemTableSize),
		MaxOpenFiles:                1000,
		BytesPerSync:                512 << 10,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 2 },
	}
	if !readOnly { // it serves one database
		s.compactions.resting = s.opts.WillLoad
		o.Experimental.CompactionScheduler = &s.compactions
	}
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionFastest })
	return o
}

// Close makes every row that was handed over durable and closes the store. The loop must have stopped handing over.
func (s *Store) Close() error {
	if s.opened.Load() && !s.opts.ReadOnly {
		s.finish()
	}
	return s.close()
}

func (s *Store) close() error {
	var errs []error
	errs = append(errs, s.wal.close())
	if s.db != nil {
		// On a full disk Pebble fails to end the empty file of its own log, which nobody needs.
		if err := s.db.Close(); !errors.Is(err, syscall.ENOSPC) {
			errs = append(errs, err)
		}
		s.db = nil
	}
	if s.cache != nil {
		s.cache.Unref()
		s.cache = nil
	}
	if s.health != nil {
		errs = append(errs, s.health.Close())
		s.health = nil
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
		s.lock = nil
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}
