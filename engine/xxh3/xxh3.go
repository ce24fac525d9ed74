// Package xxh3 computes XXH3's 64-bit hash of a byte string, without a seed and with the default secret, as its specification says.
package xxh3

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
)

const (
	prime32x1 = 0x9E3779B1
	prime32x2 = 0x85EBCA77
	prime32x3 = 0xC2B2AE3D
	prime64x1 = 0x9E3779B185EBCA87
	prime64x2 = 0xC2B2AE3D27D4EB4F
	prime64x3 = 0x165667B19E3779F9
	prime64x4 = 0x85EBCA77C2B2AE63
	prime64x5 = 0x27D4EB2F165667C5
	primeMX1  = 0x165667919E3779F9
	primeMX2  = 0x9FB21C651E98DF25

	stripe          = 64
	secretSize      = 192
	stripesPerBlock = (secretSize - stripe) / 8
)

// secret is the default secret of the specification.
const secret = "\xb8\xfe\x6c\x39\x23\xa4\x4b\xbe\x7c\x01\x81\x2c\xf7\x21\xad\x1c\xde\xd4\x6d\xe9\x83\x90\x97\xdb\x72\x40\xa4\xa4\xb7\xb3\x67\x1f" +
	"\xcb\x79\xe6\x4e\xcc\xc0\xe5\x78\x82\x5a\xd0\x7d\xcc\xff\x72\x21\xb8\x08\x46\x74\xf7\x43\x24\x8e\xe0\x35\x90\xe6\x81\x3a\x26\x4c" +
	"\x3c\x28\x52\xbb\x91\xc3\x00\xcb\x88\xd0\x65\x8b\x1b\x53\x2e\xa3\x71\x64\x48\x97\xa2\x0d\xf9\x4e\x38\x19\xef\x46\xa9\xde\xac\xd8\xa8" +
	"\xfa\x76\x3f\xe3\x9c\x34\x3f\xf9\xdc\xbb\xc7\xc7\x0b\x4f\x1d\x8a\x51\xe0\x4b\xcd\xb4\x59\x31\xc8\x9f\x7e\xc9\xd9\x78\x73\x64\xea" +
	"\xc5\xac\x83\x34\xd3\xeb\xc3\xc5\x81\xa0\xff\xfa\x13\x63\xeb\x17\x0d\xdd\x51\xb7\xf0\xda\x49\xd3\x16\x55\x26\x29\xd4\x68\x9e\x2b" +
	"\x16\xbe\x58\x7d\x47\xa1\xfc\x8f\xf8\xb8\xd1\x7a\xd0\x31\xce\x45\xcb\x3a\x8f\x95\x16\x04\x28\xaf\xd7\xfb\xca\xbb\x4b\x40\x7e"

// HexSize is the length of AppendHex's text.
const HexSize = 16

// AppendHex appends the hash of b in 16 lower-case hexadecimal digits.
func AppendHex(dst, b []byte) []byte {
	var sum [8]byte
	binary.BigEndian.PutUint64(sum[:], Sum64(b))
	return hex.AppendEncode(dst, sum[:])
}

// Sum64 returns the hash of b.
func Sum64(b []byte) uint64 {
	n := len(b)
	switch {
	case n <= 16:
		return short(b)
	case n <= 128:
		return medium(b)
	case n <= 240:
		return larger(b)
	}
	return long(b)
}

func u32(b []byte, i int) uint64 { return uint64(binary.LittleEndian.Uint32(b[i:])) }
func u64(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// key returns the 8 bytes of the secret at i.
func key(i int) uint64 {
	s := secret[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// fold multiplies to 128 bits and returns the two halves xor-ed.
func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

func avalanche(h uint64) uint64 {
	h ^= h >> 37
	h *= primeMX1
	return h ^ h>>32
}

// avalanche64 is that of XXH64, which the shortest inputs use.
func avalanche64(h uint64) uint64 {
	h ^= h >> 33
	h *= prime64x2
	h ^= h >> 29
	h *= prime64x3
	return h ^ h>>32
}

// short hashes up to 16 bytes.
func short(b []byte) uint64 {
	n := len(b)
	switch {
	case n > 8:
		lo := u64(b, 0) ^ key(24) ^ key(32)
		hi := u64(b, n-8) ^ key(40) ^ key(48)
		return avalanche(uint64(n) + bits.ReverseBytes64(lo) + hi + fold(lo, hi))
	case n >= 4:
		h := u32(b, n-4) + u32(b, 0)<<32
		h ^= key(8) ^ key(16)
		h ^= bits.RotateLeft64(h, 49) ^ bits.RotateLeft64(h, 24)
		h *= primeMX2
		h ^= h>>35 + uint64(n)
		h *= primeMX2
		return h ^ h>>28
	case n > 0:
		h := uint64(b[0])<<16 | uint64(b[n>>1])<<24 | uint64(b[n-1]) | uint64(n)<<8
		k := key(0)
		return avalanche64(h ^ (k^k>>32)&0xffffffff)
	}
	return avalanche64(key(56) ^ key(64))
}

// mix hashes the 16 bytes of b at i with the secret at k.
func mix(b []byte, i, k int) uint64 { return fold(u64(b, i)^key(k), u64(b, i+8)^key(k+8)) }

// medium hashes 17 to 128 bytes, from both ends.
func medium(b []byte) uint64 {
	n := len(b)
	h := uint64(n) * prime64x1
	for i := (n - 1) / 32; i >= 0; i-- {
		h += mix(b, 16*i, 32*i) + mix(b, n-16*(i+1), 32*i+16)
	}
	return avalanche(h)
}

// larger hashes 129 to 240 bytes.
func larger(b []byte) uint64 {
	n := len(b)
	h := uint64(n) * prime64x1
	for i := range 8 {
		h += mix(b, 16*i, 16*i)
	}
	h = avalanche(h)
	for i := 8; i < n/16; i++ {
		h += mix(b, 16*i, 16*(i-8)+3)
	}
	return avalanche(h + mix(b, n-16, 136-17))
}

// long hashes more than 240 bytes: eight lanes over stripes of 64 bytes, scrambled after every block of 16 stripes.
func long(b []byte) uint64 {
	lanes := [8]uint64{prime32x3, prime64x1, prime64x2, prime64x3, prime64x4, prime32x2, prime64x5, prime32x1}
	n := len(b)
	stripes := (n - 1) / stripe
	for i := range stripes {
		accumulate(&lanes, b[i*stripe:], i%stripesPerBlock*8)
		if i%stripesPerBlock == stripesPerBlock-1 {
			for l := range lanes {
				lanes[l] = (lanes[l] ^ lanes[l]>>47 ^ key(secretSize-stripe+8*l)) * prime32x1
			}
		}
	}
	accumulate(&lanes, b[n-stripe:], secretSize-stripe-7)
	h := uint64(n) * prime64x1
	for i := range 4 {
		h += fold(lanes[2*i]^key(11+16*i), lanes[2*i+1]^key(11+16*i+8))
	}
	return avalanche(h)
}

// accumulate adds one stripe to the lanes, with the secret at k.
func accumulate(lanes *[8]uint64, b []byte, k int) {
	b = b[:stripe]
	for l := range lanes {
		v := u64(b, 8*l)
		x := v ^ key(k+8*l)
		lanes[l^1] += v
		lanes[l] += x & 0xffffffff * (x >> 32)
	}
}
