// Lua values in 16 bytes, without boxing: a pointer word and a number word. Pure functions.
package lua

import (
	"bytes"
	"math"
	"unsafe"
)

// Value is one Lua value. The zero Value is nil.
//
// n is the tag of the value, or, if it is over maxTag, the complement of the bits of a float64. So a number is read and
// written through n alone and costs no write barrier, and zeroed memory is nil. p points to the object of a string,
// table, function, userdata or thread.
//
// In a register p may be a stale pointer while n is a number, nil or a boolean: only n says what a value is. Everything
// that leaves the registers (tables, closed upvalues, arguments read by natives) has p cleared, so == on Values is
// still wrong for NaN and -0: compare with RawEqual.
type Value struct {
	p unsafe.Pointer
	n uint64
}

// Tags. Falsehood is n <= tagFalse, a number is n > maxTag.
const (
	tagNil = iota
	tagFalse
	tagTrue
	tagLight
	tagString
	tagTable
	tagFunction // a function in Lua
	tagNative   // a function in Go
	tagUserdata
	tagThread
	maxTag = 15
)

// Nil is the nil value, which is also the zero Value.
var Nil Value

// lightIDs gives every light userdata an address; nothing is ever written to it.
var lightIDs [16]byte

// Kind is the type of a value as Lua's type() sees it.
type Kind uint8

// The kinds. The order of the names in kindNames is theirs.
const (
	KindNil Kind = iota
	KindBoolean
	KindLightUserdata
	KindNumber
	KindString
	KindTable
	KindFunction
	KindUserdata
	KindThread
)

var kindNames = [...]string{"nil", "boolean", "userdata", "number", "string", "table", "function", "userdata", "thread"}

var tagKinds = [maxTag + 1]Kind{
	tagNil: KindNil, tagFalse: KindBoolean, tagTrue: KindBoolean, tagLight: KindLightUserdata, tagString: KindString, tagTable: KindTable,
	tagFunction: KindFunction, tagNative: KindFunction, tagUserdata: KindUserdata, tagThread: KindThread,
}

func (k Kind) String() string { return kindNames[k] }

// Number returns f as a value.
func Number(f float64) Value {
	n := ^math.Float64bits(f)
	if n <= maxTag {
		// A NaN whose payload looks like a tag; every NaN of that sign is as good.
		n = ^math.Float64bits(math.Copysign(math.NaN(), -1))
	}
	return Value{n: n}
}

// Int returns i as a value.
func Int(i int) Value { return Value{n: ^math.Float64bits(float64(i))} }

// Bool returns b as a value.
func Bool(b bool) Value {
	if b {
		return Value{n: tagTrue}
	}
	return Value{n: tagFalse}
}

// LightUserdata returns the light userdata with that id, 0 to 15; id 0 is C's NULL, which is cjson.null.
func LightUserdata(id int) Value { return Value{unsafe.Pointer(&lightIDs[id]), tagLight} }

// Kind returns the type of v.
func (v Value) Kind() Kind {
	if v.n > maxTag {
		return KindNumber
	}
	return tagKinds[v.n]
}

// TypeName returns the name that type() gives.
func (v Value) TypeName() string { return kindNames[v.Kind()] }

func (v Value) IsNil() bool           { return v.n == tagNil }
func (v Value) IsBool() bool          { return v.n-tagFalse <= tagTrue-tagFalse }
func (v Value) IsNumber() bool        { return v.n > maxTag }
func (v Value) IsString() bool        { return v.n == tagString }
func (v Value) IsTable() bool         { return v.n == tagTable }
func (v Value) IsFunction() bool      { return v.n-tagFunction <= tagNative-tagFunction }
func (v Value) IsLightUserdata() bool { return v.n == tagLight }

// Truthy reports whether v is neither nil nor false.
func (v Value) Truthy() bool { return v.n > tagFalse }

// Number returns the number that v is; v.IsNumber must hold.
func (v Value) Number() float64 { return math.Float64frombits(^v.n) }

// Bytes returns the bytes of the string that v is; v.IsString must hold. They must not be changed.
func (v Value) Bytes() []byte { return (*String)(v.p).bytes() }

// Str returns the text of the string that v is, without copying it; v.IsString must hold.
func (v Value) Str() string { return (*String)(v.p).str() }

// Table returns the table that v is, nil if it is none.
func (v Value) Table() *Table {
	if v.n != tagTable {
		return nil
	}
	return (*Table)(v.p)
}

// clean returns v with p cleared if v is not an object.
func (v Value) clean() Value {
	if v.n > maxTag || v.n <= tagTrue {
		v.p = nil
	}
	return v
}

func (v Value) table() *Table       { return (*Table)(v.p) }
func (v Value) string() *String     { return (*String)(v.p) }
func (v Value) closure() *closure   { return (*closure)(v.p) }
func (v Value) native() *native     { return (*native)(v.p) }
func (v Value) userdata() *userdata { return (*userdata)(v.p) }
func (v Value) thread() *Thread     { return (*Thread)(v.p) }

// RawEqual is Lua's == without metamethods.
func RawEqual(a, b Value) bool {
	if a.n > maxTag || b.n > maxTag {
		return a.n > maxTag && b.n > maxTag && a.Number() == b.Number()
	}
	if a.n != b.n {
		return false
	}
	if a.n <= tagTrue || a.p == b.p {
		return true
	}
	return a.n == tagString && a.string().equal(b.string())
}

// Same reports whether a and b are one and the same: equal numbers, or one object. Unlike RawEqual it never compares
// the bytes of two strings, so a call site can recognise its own constant with it.
func Same(a, b Value) bool { return a.n == b.n && (a.n > maxTag || a.n <= tagTrue || a.p == b.p) }

// header starts every object, so that memory can be counted through a stale pointer. kind is a tag; mark is the number
// of the count that saw the object last.
type header struct{ kind, mark uint8 }

// String is an immutable Lua string: this header, with the bytes right behind it in the same allocation, which the
// garbage collector therefore never scans.
type String struct {
	header
	hashed bool
	hash   uint32
	size   int
}

const stringHeader = unsafe.Sizeof(String{})

// emptyString is what every empty string is.
var emptyString = allocString(0)

// allocString returns a new string of n zero bytes, to be filled through bytes() before anything else sees it.
func allocString(n int) *String { return stringIn(make([]byte, stringRoom(n)), n) }

// makeString is allocString with the bytes charged, for strings of any length. The bytes need not be zero.
func (s *State) makeString(n int) *String {
	s.chargeString(n)
	b := allotBytes(s, stringRoom(n))
	clear(b[:stringHeader])
	return stringIn(b, n)
}

// stringRoom is what a string of n bytes takes: one byte at least, or the pointer to the bytes of an empty string would be outside of it.
func stringRoom(n int) int { return int(stringHeader) + max(n, 1) }

// stringIn makes b, which is that large and whose header is zero, a string of n bytes.
func stringIn(b []byte, n int) *String {
	s := (*String)(unsafe.Pointer(unsafe.SliceData(b)))
	s.kind = tagString
	s.size = n
	return s
}

// The first short strings of a run are cut from blocks, which costs a fifth of an allocation each. A block stays while any string of
// it does, which a script could use to keep many times the memory it is charged for: hence the first ones only.
const (
	maxShort    = 64  // bytes of a short string, header included
	shortBlock  = 512 // bytes
	shortBlocks = 16  // of a run
)

// shortRoom returns n zero bytes, n <= maxShort.
func (s *State) shortRoom(n int) []byte {
	size := (n + 7) &^ 7 // a header is aligned to 8 bytes
	if len(s.short) < size {
		if s.shortLeft == 0 {
			return make([]byte, n)
		}
		s.shortLeft--
		s.short = make([]byte, shortBlock)
	}
	b := s.short[:n]
	s.short = s.short[size:]
	return b
}

func newString(b string) *String {
	if len(b) == 0 {
		return emptyString
	}
	s := allocString(len(b))
	copy(s.bytes(), b)
	return s
}

func (s *String) bytes() []byte {
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(s), stringHeader)), s.size)
}

func (s *String) str() string {
	return unsafe.String((*byte)(unsafe.Add(unsafe.Pointer(s), stringHeader)), s.size)
}

func (s *String) value() Value { return Value{unsafe.Pointer(s), tagString} }

// equal compares by content. Two strings that both know their hash differ for the price of that.
func (s *String) equal(t *String) bool {
	if s == t {
		return true
	}
	if s.size != t.size || (s.hashed && t.hashed && s.hash != t.hash) {
		return false
	}
	return bytes.Equal(s.bytes(), t.bytes())
}

// hashOf returns the hash of s, computed on first use. It is that of Redis's Lua, because pairs() shows its order.
func (s *String) hashOf() uint32 {
	if !s.hashed {
		s.hash = hashBytes(s.str())
		s.hashed = true
	}
	return s.hash
}

// hashBytes looks at every byte, as Redis's Lua does (PUC skips some of long strings).
func hashBytes(b string) uint32 { return hashOn(uint32(len(b)), b) }

// hashOn goes on with the hash h by the bytes of b, the last one first.
func hashOn[T string | []byte](h uint32, b T) uint32 {
	for i := len(b) - 1; i >= 0; i-- {
		h ^= h<<5 + h>>2 + uint32(b[i])
	}
	return h
}

// userdata is what newproxy makes: no data, a metatable and an environment.
type userdata struct {
	header
	id   uint32
	meta *Table
	env  *Table
}

// toNumber converts as Lua does: a number, or a string that reads as one. Reading a long string draws steps.
func (t *Thread) toNumber(v Value) (float64, bool) {
	if v.n > maxTag {
		return v.Number(), true
	}
	if v.n == tagString {
		if v.string().size > longNumber {
			return t.s.parseLongNumber(v.Bytes())
		}
		return parseNumber(v.Bytes())
	}
	return 0, false
}

// toInteger is C's conversion of a double to a 64-bit integer on x86: what does not fit is the smallest integer.
func toInteger(f float64) int64 {
	if f >= -0x1p63 && f < 0x1p63 {
		return int64(f)
	}
	return math.MinInt64
}
