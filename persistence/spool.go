// The spool: under the policies everysec and no, the commits that the operating system has but Pebble's log file may not have yet.
//
// Pebble's log keeps up to a block of rows in this process until a sync is asked for, so that a commit without sync can be lost to
// a mere kill. A spooled commit is first written to a file of its own, which is never synced: it need not survive more than the
// process. Commits are numbered, and the number is a row of the commit itself, so that at start only those are taken from the spool
// that Pebble does not have, and only without a gap. There are two files in turn: once a sync of Pebble's log is through, the file
// that was filled before it began is free.
package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

type spool struct {
	mu     sync.Mutex
	number uint64 // of the newest spooled commit
	files  [2]vfs.File
	sizes  [2]int64
	active int
	clean  [2]bool // what the file holds is on disk in Pebble's log
	epoch  int     // how often the files were dropped
	buf    []byte
}

// A record is: length of the batch u32, CRC-32C of number and batch u32, number u64, all big-endian, then Pebble's batch.
const spoolHeader = 16

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// spoolLarge is the size at which the spool asks for a sync before its time.
const spoolLarge = 64 << 20

func (s *Store) spoolName(i int) string { return s.fs.PathJoin(s.dir, fmt.Sprintf("spool.%d", i)) }

// commit gives b to the operating system and to Pebble. The two steps are one for rotate: a file must not count as free while one of
// its commits is still on the way to Pebble's log.
func (p *spool) commit(s *Store, b *pebble.Batch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.append(s, b)
	s.must("commit", b.Commit(pebble.NoSync))
}

// append adds the commit's number to b and writes b to the active file.
func (p *spool) append(s *Store, b *pebble.Batch) {
	p.number++
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], p.number)
	s.must("commit", b.Set(commitRow, n[:], nil))

	repr := b.Repr()
	p.buf = binary.BigEndian.AppendUint32(p.buf[:0], uint32(len(repr)))
	p.buf = binary.BigEndian.AppendUint32(p.buf, 0)
	p.buf = append(append(p.buf, n[:]...), repr...)
	binary.BigEndian.PutUint32(p.buf[4:], crc32.Checksum(p.buf[8:], castagnoli))

	f := p.files[p.active]
	if f == nil {
		f = p.create(s, p.active)
	}
	_, err := f.Write(p.buf)
	s.must("write the spool", err)
	p.sizes[p.active] += int64(len(p.buf))
	p.clean[p.active] = false
	if cap(p.buf) > retainedBatch {
		p.buf = nil
	}
}

// create makes file i anew, empty.
func (p *spool) create(s *Store, i int) vfs.File {
	if p.files[i] != nil {
		s.must("close the spool", p.files[i].Close())
	}
	f, err := s.fs.Create(s.spoolName(i), vfs.WriteCategoryUnspecified)
	s.must("make the spool", err)
	p.files[i], p.sizes[i] = f, 0
	return f
}

// A filled is the file that a sync will free.
type filled struct {
	file, epoch int
	any         bool
}

// rotate makes the other file the active one, if its commits are on disk, and returns which file a sync that begins now will free.
func (p *spool) rotate(s *Store) filled {
	p.mu.Lock()
	defer p.mu.Unlock()
	other := 1 - p.active
	if p.files[p.active] == nil || p.files[other] != nil && !p.clean[other] {
		return filled{}
	}
	p.create(s, other)
	p.active = other
	return filled{1 - other, p.epoch, true}
}

// synced tells that a sync of Pebble's log, begun after rotate returned f, is through.
func (p *spool) synced(f filled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.any && f.epoch == p.epoch {
		p.clean[f.file] = true
	}
}

// used tells whether a commit was spooled since the last rotation.
func (p *spool) used() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sizes[p.active] > 0
}

func (p *spool) large() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sizes[p.active] > spoolLarge
}

// drop removes the files: everything they hold is on disk in Pebble's log.
func (p *spool) drop(s *Store) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.epoch++
	for i, f := range p.files {
		if f == nil {
			continue
		}
		s.must("close the spool", f.Close())
		s.must("remove the spool", s.fs.Remove(s.spoolName(i)))
		p.files[i], p.sizes[i], p.clean[i] = nil, 0, false
	}
}

// replaySpool gives Pebble, at start, the commits that only the spool has.
func (s *Store) replaySpool() error {
	applied, err := s.spooledCommit()
	if err != nil {
		return err
	}
	s.spool.number = applied
	var records [2][]spoolRecord
	for i := range records {
		if records[i], err = s.readSpool(i); err != nil {
			return err
		}
	}
	if len(records[0]) > 0 && len(records[1]) > 0 && records[1][0].number < records[0][0].number {
		records[0], records[1] = records[1], records[0]
	}
	for _, r := range append(records[0], records[1]...) {
		if r.number <= s.spool.number {
			continue
		}
		if r.number != s.spool.number+1 {
			break // a gap: after a power failure the file system may have kept the younger rows only
		}
		b := s.db.NewBatch()
		if err := b.SetRepr(r.batch); err != nil {
			return fmt.Errorf("the spool in %s is damaged: %w", s.dir, err)
		}
		if err := b.Commit(pebble.NoSync); err != nil {
			return s.openError(err)
		}
		s.spool.number = r.number
	}
	if s.spool.number > applied {
		if err := s.db.LogData(nil, pebble.Sync); err != nil {
			return s.openError(err)
		}
		s.opts.Logf("%d commits taken from the spool", s.spool.number-applied)
	}
	for i := range records {
		if err := s.fs.Remove(s.spoolName(i)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove the spool in %s: %w", s.dir, reason(err))
		}
	}
	return nil
}

// spooledCommit returns the number of the newest spooled commit that Pebble has.
func (s *Store) spooledCommit() (uint64, error) {
	v, closer, err := s.db.Get(commitRow)
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, s.openError(err)
	}
	defer closer.Close()
	if len(v) != 8 {
		return 0, fmt.Errorf("the store in %s is damaged: bad row %q", s.opts.Dir, commitRow)
	}
	return binary.BigEndian.Uint64(v), nil
}

type spoolRecord struct {
	number uint64
	batch  []byte
}

// readSpool returns the whole records of file i. What follows the last whole one was never acknowledged.
func (s *Store) readSpool(i int) ([]spoolRecord, error) {
	f, err := s.fs.Open(s.spoolName(i))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the spool in %s: %w", s.dir, reason(err))
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("read the spool in %s: %w", s.dir, reason(err))
	}
	var rs []spoolRecord
	for len(data) >= spoolHeader {
		n := int64(binary.BigEndian.Uint32(data))
		if n > int64(len(data)-spoolHeader) || crc32.Checksum(data[8:spoolHeader+n], castagnoli) != binary.BigEndian.Uint32(data[4:]) {
			break
		}
		rs = append(rs, spoolRecord{binary.BigEndian.Uint64(data[8:]), data[spoolHeader : spoolHeader+n : spoolHeader+n]})
		data = data[spoolHeader+n:]
	}
	return rs, nil
}
