package engine

import (
	"crypto/sha256"
	"encoding/binary"
)

// Digest returns a hash of everything that must survive a restart: every key of every database with its kind, expiry and value, big
// collections element by element. It depends neither on the order of tables nor on object ids, and is slow: for tests and DEBUG.
func (ks *Keyspace) Digest() (sum [32]byte) {
	var buf []byte
	mix := func() {
		h := sha256.Sum256(buf)
		for i := range sum {
			sum[i] ^= h[i]
		}
	}
	field := func(b []byte) { buf = append(binary.AppendUvarint(buf, uint64(len(b))), b...) }
	for _, db := range ks.dbs {
		db.dict.All(func(e entry) bool {
			buf = append(buf[:0], byte(db.index))
			field(entryKey(e))
			buf = append(buf, byte(entryKind(e)), byte(*entryMeta(e)&(flagTTL|flagGrown)))
			buf = binary.BigEndian.AppendUint64(buf, uint64(entryExpire(e)))
			if !entryKind(e).big() {
				field(entryValue(e))
				mix()
				return true
			}
			mix()
			head := len(buf)
			ks.objects.at(entryObject(e)).v.elements(func(sub, val []byte) bool {
				buf = buf[:head]
				field(sub)
				field(val)
				mix()
				return true
			})
			return true
		})
	}
	return sum
}
