// Reading RDB files as a stream: keys and values are found and handed on as DUMP payloads; values are not decoded.

package rdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
)

// What stands in a file besides types of values.
const (
	fileMagic = "REDIS"

	typeModulePre = 6
	typeModule    = 7

	opSlotInfo     = 244
	opFunctionPre  = 246
	opModuleAux    = 247
	opIdle         = 248
	opFreq         = 249
	opAux          = 250
	opResizeDB     = 251
	opExpireMillis = 252
	opExpireSecs   = 253
	opSelectDB     = 254
	opEOF          = 255
)

// maxItem bounds the bytes of one key or value that are held in memory.
const maxItem = 4 << 30

// Entry is one key of a file, or one function library.
type Entry struct {
	Function bool   // a library: only Payload counts, for FUNCTION RESTORE
	DB       int    // the key's database
	Key      []byte // valid until the next call of Next
	Payload  []byte // for RESTORE; valid until the next call of Next
	ExpireAt int64  // unix milliseconds, 0 for never
	Idle     int64  // seconds since the last access, -1 if not known
	Freq     int    // access frequency as OBJECT FREQ has it, -1 if not known
}

// FileReader reads a file of version 1 to 12, from untrusted bytes. It holds one entry at a time and allocates in proportion to what it
// has read, never to a length the file announces. What modules keep beside the keys is skipped, as are auxiliary fields; values of modules
// are refused.
type FileReader struct {
	src     io.Reader
	buf     []byte // unread is buf[pos:]
	pos     int
	summed  int    // buf[:summed] is in sum
	sum     uint64 // checksum in the standard library's form
	base    int64  // place of buf[0] in the file
	version int
	db      int
	item    []byte // key and value, as they stand in the file
	key     []byte // the key's name
	err     error  // the first error
}

// NewFileReader reads a file from its start.
func NewFileReader(r io.Reader) *FileReader {
	return &FileReader{src: r, buf: make([]byte, 0, 256<<10), sum: ^uint64(0)}
}

// Offset is how many bytes of the file have been read.
func (f *FileReader) Offset() int64 { return f.base + int64(f.pos) }

// Next returns the next entry, or io.EOF behind the last one when the file's checksum is right.
func (f *FileReader) Next() (Entry, error) {
	if f.version == 0 && f.err == nil {
		f.header()
	}
	e := Entry{Idle: -1, Freq: -1}
	for f.err == nil {
		f.item = f.item[:0]
		switch op := f.byte(); op {
		case opAux:
			f.skipStrings(2)
		case opSelectDB:
			f.selectDB()
		case opResizeDB:
			f.skipLengths(2)
		case opSlotInfo:
			f.skipLengths(3)
		case opExpireSecs:
			e.ExpireAt = expiry(int64(int32(f.little(4))) * 1000)
		case opExpireMillis:
			e.ExpireAt = expiry(int64(f.little(8)))
		case opIdle:
			e.Idle = int64(min(f.length(), 1<<40))
		case opFreq:
			e.Freq = int(f.byte())
		case opModuleAux:
			f.skipModuleAux()
		case opFunction2:
			f.string() // behind the opcode, which byte has left in the item
			e.Function, e.Payload = true, f.seal(f.item, writeVersion)
			return e, f.err
		case opFunctionPre:
			f.fail("function libraries of a release candidate of Redis 7.0 cannot be read")
		case opEOF:
			f.end()
		default:
			e.DB = f.db
			f.entry(&e, op)
			return e, f.err
		}
	}
	return Entry{}, f.err
}

// expiry keeps a time at the epoch, which is long past, apart from none.
func expiry(at int64) int64 {
	if at == 0 {
		return 1
	}
	return at
}

// entry reads a key and its value.
func (f *FileReader) entry(e *Entry, kind byte) {
	f.item = f.item[:0]
	f.string()
	if f.err != nil {
		return
	}
	d := decoder{rest: f.item}
	key := d.string()
	if d.bad {
		f.fail("a key's name is corrupt")
		return
	}
	f.key = append(f.key[:0], key...) // it may alias the item
	f.item = append(f.item[:0], kind)
	f.value(kind)
	e.Key, e.Payload = f.key, f.seal(f.item, typeVersion(kind))
}

// typeVersion is the first version that has the type. With it any server that can read the value takes the payload.
func typeVersion(kind byte) uint16 {
	switch {
	case kind >= typeHashMetadataPre:
		return 12
	case kind >= typeSetListpack:
		return 11
	case kind >= typeHashListpack:
		return 10
	case kind == typeStreamListpacks:
		return 9
	case kind == typeZSet2:
		return 8
	case kind == typeListQuicklist:
		return 7
	}
	return 6
}

// seal makes a payload of the item.
func (f *FileReader) seal(item []byte, version uint16) []byte {
	if f.err != nil {
		return nil
	}
	f.item = appendFooter(item, version)
	return f.item
}

func (f *FileReader) header() {
	f.raw(uint64(len(fileMagic) + 4))
	if f.err != nil && !errors.Is(f.err, errTruncated) {
		return
	}
	if len(f.item) < len(fileMagic)+4 || string(f.item[:len(fileMagic)]) != fileMagic {
		f.err = errors.New("rdb: not an RDB file")
		return
	}
	for _, c := range f.item[len(fileMagic):] {
		if c < '0' || c > '9' {
			f.err = errors.New("rdb: not an RDB file")
			return
		}
		f.version = f.version*10 + int(c-'0')
	}
	if f.version < 1 || f.version > maxVersion {
		f.err = fmt.Errorf("rdb: the file is of version %d, versions 1 to %d can be read", f.version, maxVersion)
	}
}

func (f *FileReader) selectDB() {
	n := f.length()
	if n > 1<<31 {
		f.fail("the number of a database is corrupt")
		return
	}
	f.db = int(n)
}

// end checks what closes the file: its checksum, 0 for none, and nothing behind.
func (f *FileReader) end() {
	if f.version >= 5 {
		f.addSum()
		sum := ^f.sum
		if stored := f.little(8); f.err == nil && stored != 0 && stored != sum {
			f.err = errors.New("rdb: the checksum of the file is wrong")
		}
	}
	if f.err != nil {
		return
	}
	switch err := f.fill(); {
	case err == nil && f.pos < len(f.buf):
		f.fail("more follows the end, as in an append-only file that starts with a snapshot")
	case err != nil && err != io.EOF:
		f.err = err
	default:
		f.err = io.EOF
	}
}

// value reads a value of the type into the item.
func (f *FileReader) value(kind byte) {
	switch kind {
	case typeString, typeHashZipmap, typeListZiplist, typeSetIntset, typeZSetZiplist, typeHashZiplist, typeHashListpack,
		typeZSetListpack, typeSetListpack, typeHashListpackExPre:
		f.string()
	case typeHashListpackEx:
		f.raw(8)
		f.string()
	case typeList, typeSet, typeListQuicklist:
		f.each(f.string)
	case typeHash:
		f.each(func() { f.strings(2) })
	case typeZSet:
		f.each(func() { f.string(); f.oldDouble() })
	case typeZSet2:
		f.each(func() { f.string(); f.raw(8) })
	case typeListQuicklist2:
		f.each(func() { f.length(); f.string() })
	case typeHashMetadata:
		f.raw(8)
		fallthrough
	case typeHashMetadataPre:
		f.each(func() { f.length(); f.strings(2) })
	case typeStreamListpacks, typeStreamListpacks2, typeStreamListpacks3:
		f.stream(kind)
	case typeModulePre, typeModule:
		f.fail("the value of key " + shortQuote(f.key) + " belongs to a module")
	default:
		f.fail(fmt.Sprintf("unknown type or opcode %d", kind))
	}
}

func (f *FileReader) stream(kind byte) {
	f.each(func() { f.strings(2) })
	f.lengths(3) // number of entries, last ID
	if kind != typeStreamListpacks {
		f.lengths(5) // first ID, greatest deleted ID, entries added
	}
	f.each(func() { // groups
		f.string()
		f.lengths(2)
		if kind != typeStreamListpacks {
			f.length()
		}
		f.each(func() { f.raw(16 + 8); f.length() })
		f.each(func() { // consumers
			f.string()
			f.raw(8)
			if kind == typeStreamListpacks3 {
				f.raw(8)
			}
			f.each(func() { f.raw(16) })
		})
	})
}

// each reads a count and calls read that often. A count too large ends with the file.
func (f *FileReader) each(read func()) {
	for n := f.length(); n > 0 && f.err == nil; n-- {
		read()
	}
}

func (f *FileReader) strings(n int) {
	for range n {
		f.string()
	}
}

func (f *FileReader) lengths(n int) {
	for range n {
		f.length()
	}
}

// skipStrings and skipLengths read what is of no use; the item does not grow.
func (f *FileReader) skipStrings(n int) {
	for range n {
		f.string()
		f.item = f.item[:0]
	}
}

func (f *FileReader) skipLengths(n int) {
	f.lengths(n)
	f.item = f.item[:0]
}

// skipModuleAux skips what a module keeps beside the keys: its identity, then tagged fields up to a 0.
func (f *FileReader) skipModuleAux() {
	f.skipLengths(3)
	for f.err == nil {
		f.item = f.item[:0]
		switch f.length() {
		case 0:
			return
		case 1, 2:
			f.length()
		case 3:
			f.raw(4)
		case 4:
			f.raw(8)
		case 5:
			f.string()
		default:
			f.fail("the data of a module is corrupt")
		}
	}
}

// string reads a string as it is encoded.
func (f *FileReader) string() {
	n, special := f.lengthOrEncoding()
	if !special {
		f.raw(n)
		return
	}
	switch n {
	case encInt8:
		f.raw(1)
	case encInt16:
		f.raw(2)
	case encInt32:
		f.raw(4)
	case encLZF:
		packed := f.length()
		f.length()
		f.raw(packed)
	default:
		f.fail("unknown encoding of a string")
	}
}

func (f *FileReader) oldDouble() {
	if n := f.byte(); n < 253 {
		f.raw(uint64(n))
	}
}

func (f *FileReader) length() uint64 {
	n, special := f.lengthOrEncoding()
	if special {
		f.fail("a length is corrupt")
		return 0
	}
	return n
}

func (f *FileReader) lengthOrEncoding() (n uint64, special bool) {
	switch c := f.byte(); {
	case c>>6 == encoded:
		return uint64(c & 0x3F), true
	case c>>6 == len6:
		return uint64(c), false
	case c>>6 == len14:
		return uint64(c&0x3F)<<8 | uint64(f.byte()), false
	case c == len32:
		if b := f.raw(4); b != nil {
			return uint64(binary.BigEndian.Uint32(b)), false
		}
	case c == len64:
		if b := f.raw(8); b != nil {
			return binary.BigEndian.Uint64(b), false
		}
	default:
		f.fail("a length is corrupt")
	}
	return 0, false
}

func (f *FileReader) byte() byte {
	if b := f.raw(1); b != nil {
		return b[0]
	}
	return 0
}

func (f *FileReader) little(n int) (v uint64) {
	for i, c := range f.raw(uint64(n)) {
		v |= uint64(c) << (8 * i)
	}
	return v
}

// raw appends the next n bytes to the item and returns them, nil after an error.
func (f *FileReader) raw(n uint64) []byte {
	start := len(f.item)
	if n > maxItem-uint64(min(start, maxItem)) {
		f.fail("a key or value has more than 4 GB")
	}
	for n > 0 && f.err == nil {
		if f.pos == len(f.buf) {
			if err := f.fill(); err != nil {
				f.err = err
				if err == io.EOF {
					f.err = fmt.Errorf("%w after %d bytes", errTruncated, f.Offset())
				}
				break
			}
		}
		part := f.buf[f.pos:min(len(f.buf), f.pos+int(min(n, uint64(cap(f.buf)))))]
		f.item = append(f.item, part...)
		f.pos += len(part)
		n -= uint64(len(part))
	}
	if f.err != nil {
		return nil
	}
	return f.item[start:]
}

var errTruncated = errors.New("rdb: the file ends in the middle,")

// fill reads the next part of the file when the last one is used up; io.EOF means there is none.
func (f *FileReader) fill() error {
	if f.pos < len(f.buf) {
		return nil
	}
	f.addSum()
	f.base += int64(f.pos)
	f.pos, f.summed = 0, 0
	n, err := io.ReadAtLeast(f.src, f.buf[:cap(f.buf)], 1)
	f.buf = f.buf[:n]
	switch {
	case n > 0:
		return nil
	case err == io.EOF:
		return io.EOF
	}
	return fmt.Errorf("rdb: read: %w", err)
}

// addSum adds to the checksum what has been read.
func (f *FileReader) addSum() {
	f.sum = crc64.Update(f.sum, crcTable, f.buf[f.summed:f.pos])
	f.summed = f.pos
}

// fail records the first error, with its place.
func (f *FileReader) fail(what string) {
	if f.err == nil {
		f.err = fmt.Errorf("rdb: byte %d: %s", f.Offset(), what)
	}
}

// shortQuote quotes the start of a name.
func shortQuote(b []byte) string {
	const most = 64
	if len(b) > most {
		return fmt.Sprintf("%q...", b[:most])
	}
	return fmt.Sprintf("%q", b)
}
