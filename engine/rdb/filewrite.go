// Writing RDB files as a stream, from DUMP payloads.

package rdb

import (
	"encoding/binary"
	"fmt"
	"hash/crc64"
	"io"
)

// FileWriter writes a file: auxiliary fields, then functions, then databases with their keys, then Close. The file is of version 10,
// which Redis 7.0 reads, or of the later one that a payload needs. The first error stays.
type FileWriter struct {
	dst     io.ReadWriteSeeker
	w       Writer // its buffer is what has not been written yet
	sum     uint64
	version uint16
	err     error
}

// NewFileWriter starts a file in dst, which is empty.
func NewFileWriter(dst io.ReadWriteSeeker) *FileWriter {
	f := &FileWriter{dst: dst, sum: ^uint64(0), version: writeVersion}
	f.w.NoCompression = true // keys are short, and payloads come compressed
	f.header()
	return f
}

func (f *FileWriter) header() { f.w.buf = fmt.Appendf(f.w.buf, "%s%04d", fileMagic, f.version) }

// Aux writes an auxiliary field.
func (f *FileWriter) Aux(name, value string) {
	f.w.buf = append(f.w.buf, opAux)
	f.w.string([]byte(name))
	f.w.string([]byte(value))
}

// Functions writes the libraries of FUNCTION DUMP's payload.
func (f *FileWriter) Functions(payload []byte) error {
	b, err := body(payload)
	if err != nil {
		return err
	}
	f.w.buf = append(f.w.buf, b...)
	return f.flush()
}

// SelectDB starts a database of about so many keys and so many that expire.
func (f *FileWriter) SelectDB(db int, keys, expiring uint64) {
	f.w.buf = append(f.w.buf, opSelectDB)
	f.w.length(uint64(db))
	f.w.buf = append(f.w.buf, opResizeDB)
	f.w.length(keys)
	f.w.length(expiring)
}

// Key writes a key with DUMP's payload; expireAt is in unix milliseconds, 0 for never.
func (f *FileWriter) Key(key []byte, expireAt int64, payload []byte) error {
	b, err := body(payload)
	if err != nil {
		return err
	}
	if len(b) == 0 {
		return ErrFormat
	}
	f.version = max(f.version, typeVersion(b[0]))
	if expireAt != 0 {
		f.w.buf = binary.LittleEndian.AppendUint64(append(f.w.buf, opExpireMillis), uint64(expireAt))
	}
	f.w.buf = append(f.w.buf, b[0])
	f.w.string(key)
	f.w.buf = append(f.w.buf, b[1:]...)
	if len(f.w.buf) < 256<<10 {
		return f.err
	}
	return f.flush()
}

// Close ends the file and returns its version. It does not close dst.
func (f *FileWriter) Close() (version int, err error) {
	f.w.buf = append(f.w.buf, opEOF)
	if err := f.flush(); err != nil {
		return 0, err
	}
	if f.version != writeVersion {
		if err := f.rewriteHeader(); err != nil {
			return 0, fmt.Errorf("rdb: write the version: %w", err)
		}
	}
	f.w.buf = binary.LittleEndian.AppendUint64(f.w.buf, ^f.sum)
	return int(f.version), f.flush()
}

// rewriteHeader puts in the version that was found to be needed, and reads the file again for its checksum.
func (f *FileWriter) rewriteHeader() error {
	if _, err := f.dst.Seek(0, io.SeekStart); err != nil {
		return err
	}
	f.sum = ^uint64(0)
	f.header()
	if err := f.flush(); err != nil {
		return err
	}
	for buf := make([]byte, 256<<10); ; {
		n, err := f.dst.Read(buf)
		f.sum = crc64.Update(f.sum, crcTable, buf[:n])
		if err == io.EOF {
			return nil // at the end, where the checksum goes
		}
		if err != nil {
			return err
		}
	}
}

// flush writes out the buffer.
func (f *FileWriter) flush() error {
	if f.err != nil {
		return f.err
	}
	f.sum = crc64.Update(f.sum, crcTable, f.w.buf)
	if _, err := f.dst.Write(f.w.buf); err != nil {
		f.err = fmt.Errorf("rdb: write: %w", err)
	}
	f.w.buf = f.w.buf[:0]
	return f.err
}
