// Package rdb is Redis's serialisation of single values, which DUMP gives and RESTORE takes, of function libraries, and the files that
// hold them.
//
// A payload is a type byte, the value, a version (uint16 LE) and a CRC64 of all that. Writer makes payloads that Redis 7.0 reads
// (version 10), except for hashes with field expiry, which need 7.4 (version 12). Decode reads all types up to version 12 from
// untrusted bytes: it checks everything it hands out and allocates in proportion to the bytes at hand, never to a length they
// announce. FileReader and FileWriter hand payloads on without decoding them.
package rdb

import (
	"encoding/binary"
	"errors"
	"hash/crc64"

	"github.com/evald/evald/engine/stream"
)

const (
	writeVersion      = 10 // Redis 7.0
	writeVersionField = 12 // Redis 7.4, for hashes with field expiry
	maxVersion        = 12
	footerSize        = 10
)

// Value types.
const (
	typeString            = 0
	typeList              = 1
	typeSet               = 2
	typeZSet              = 3
	typeHash              = 4
	typeZSet2             = 5
	typeHashZipmap        = 9
	typeListZiplist       = 10
	typeSetIntset         = 11
	typeZSetZiplist       = 12
	typeHashZiplist       = 13
	typeListQuicklist     = 14
	typeStreamListpacks   = 15
	typeHashListpack      = 16
	typeZSetListpack      = 17
	typeListQuicklist2    = 18
	typeStreamListpacks2  = 19
	typeSetListpack       = 20
	typeStreamListpacks3  = 21
	typeHashMetadataPre   = 22
	typeHashListpackExPre = 23
	typeHashMetadata      = 24
	typeHashListpackEx    = 25

	opFunction2 = 245
)

// Lengths and string encodings: the top two bits of a length's first byte.
const (
	len6    = 0
	len14   = 1
	len32   = 0x80
	len64   = 0x81
	encoded = 3

	encInt8  = 0
	encInt16 = 1
	encInt32 = 2
	encLZF   = 3

	nodePlain  = 1
	nodePacked = 2
)

var (
	// ErrFooter says that a payload's version is too new or its checksum is wrong.
	ErrFooter = errors.New("rdb: version or checksum of the payload is wrong")
	// ErrFormat says that a payload's value is corrupt, empty or of an unknown type.
	ErrFormat = errors.New("rdb: bad data format")
)

// Kind is a type of value.
type Kind uint8

// Kinds of values.
const (
	String Kind = iota
	List
	Set
	ZSet
	Hash
	Stream
)

// Value is a decoded value. Which field is used depends on Kind. Slices may alias the payload.
type Value struct {
	Kind    Kind
	String  []byte
	Items   [][]byte // list elements in order, or set members, each once
	Members []Member
	Fields  []Field
	Stream  *stream.Stream
}

// Member is a sorted set's member; each occurs once and no score is NaN.
type Member struct {
	Name  []byte
	Score float64
}

// Field is a hash's field; each occurs once. ExpireAt is in unix milliseconds, 0 for never.
type Field struct {
	Name, Value []byte
	ExpireAt    int64
}

// crcTable is for the polynomial of Jones, reflected as this package of the standard library wants it.
var crcTable = crc64.MakeTable(0x95ac9329ac4bc9b5)

// checksum is Redis's crc64: without the inversions that the standard library adds.
func checksum(b []byte) uint64 { return ^crc64.Update(^uint64(0), crcTable, b) }

// appendFooter closes a payload.
func appendFooter(b []byte, version uint16) []byte {
	b = binary.LittleEndian.AppendUint16(b, version)
	return binary.LittleEndian.AppendUint64(b, checksum(b))
}

// body checks a payload's footer and returns what precedes it.
func body(payload []byte) ([]byte, error) {
	n := len(payload) - footerSize
	if n < 0 || binary.LittleEndian.Uint16(payload[n:]) > maxVersion ||
		binary.LittleEndian.Uint64(payload[n+2:]) != checksum(payload[:n+2]) {
		return nil, ErrFooter
	}
	return payload[:n:n], nil
}
