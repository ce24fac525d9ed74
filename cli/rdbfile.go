// This file is Redis's file format as import and export see it; main hands in who speaks it.
package cli

import "io"

// RDBFormat reads and writes RDB files.
type RDBFormat struct {
	Read       func(io.Reader) RDBReader
	Write      func(io.ReadWriteSeeker) RDBWriter
	CheckValue func(payload []byte) error // whether RESTORE would take it
	CheckCode  func(payload []byte) error // whether FUNCTION RESTORE would, the code itself aside
}

// RDBReader gives the entries of a file, then io.EOF if the file is whole.
type RDBReader interface {
	Next() (RDBEntry, error)
	Offset() int64 // bytes read
}

// RDBEntry is one key, or one function library. Key and Payload are valid until the next one is read.
type RDBEntry struct {
	Function bool // a library: only Payload counts, for FUNCTION RESTORE
	DB       int
	Key      []byte
	Payload  []byte // as DUMP gives it
	ExpireAt int64  // unix milliseconds, 0 for never
	Idle     int64  // seconds, -1 if not known
	Freq     int    // -1 if not known
}

// RDBWriter writes a file: fields, functions, then databases with their keys.
type RDBWriter interface {
	Aux(name, value string)
	Functions(payload []byte) error // as FUNCTION DUMP gives it
	SelectDB(db int, keys, expiring uint64)
	Key(key []byte, expireAt int64, payload []byte) error
	Close() (version int, err error)
}
