package engine

import (
	"crypto/sha1"
	"encoding/binary"
)

// ValueSum is the digest of Redis's DEBUG DIGEST: SHA-1 sums of the parts, mixed where their order matters and exclusive-ored where
// it does not. The zero value is that of no data.
type ValueSum [sha1.Size]byte

// Xor adds b, whatever the order.
func (s *ValueSum) Xor(b []byte) {
	h := sha1.Sum(b)
	for i := range s {
		s[i] ^= h[i]
	}
}

// Mix adds b to what was added so far.
func (s *ValueSum) Mix(b []byte) {
	s.Xor(b)
	*s = sha1.Sum(s[:])
}

// XorPair adds a name and its value, whatever the order of pairs.
func (s *ValueSum) XorPair(name, val []byte) {
	var pair ValueSum
	pair.Mix(name)
	pair.Mix(val)
	s.Xor(pair[:])
}

// DataSum returns the digest of all databases, as DEBUG DIGEST.
func (ks *Keyspace) DataSum() (sum ValueSum) {
	for i, db := range ks.dbs {
		if db.dict.Len() == 0 {
			continue
		}
		sum.Mix(binary.BigEndian.AppendUint32(nil, uint32(i)))
		db.Keys(func(key []byte) bool {
			var s ValueSum
			s.Mix(key)
			db.ValueDigest(key, &s)
			sum.Xor(s[:])
			return true
		})
	}
	return sum
}
