// Payloads in the encodings of older versions, made by hand; the recording shows what a real server makes of them.

package rdb

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/evald/evald/engine/listpack"
)

type handmadePayload struct {
	name    string
	payload []byte
}

// ziplistOf makes a ziplist; integer items carry their encoding.
func ziplistOf(items ...any) string {
	b := make([]byte, 10)
	prev, last := 0, 10
	for _, item := range items {
		start := len(b)
		last = start
		if prev < 254 {
			b = append(b, byte(prev))
		} else {
			b = binary.LittleEndian.AppendUint32(append(b, 254), uint32(prev))
		}
		switch v := item.(type) {
		case string:
			switch n := len(v); {
			case n < 64:
				b = append(b, byte(n))
			case n < 1<<14:
				b = append(b, 0x40|byte(n>>8), byte(n))
			default:
				b = binary.BigEndian.AppendUint32(append(b, 0x80), uint32(n))
			}
			b = append(b, v...)
		case int8:
			b = append(b, 0xFE, byte(v))
		case int16:
			b = binary.LittleEndian.AppendUint16(append(b, 0xC0), uint16(v))
		case int32:
			b = binary.LittleEndian.AppendUint32(append(b, 0xD0), uint32(v))
		case int64:
			b = binary.LittleEndian.AppendUint64(append(b, 0xE0), uint64(v))
		case int: // 24 bits
			b = append(b, 0xF0, byte(v), byte(v>>8), byte(v>>16))
		case uint8: // 0 to 12, in the encoding byte
			b = append(b, 0xF1+v)
		}
		prev = len(b) - start
	}
	b = append(b, 0xFF)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint32(b[4:], uint32(last))
	binary.LittleEndian.PutUint16(b[8:], uint16(len(items)))
	return string(b)
}

func zipmapOf(pairs ...string) string {
	b := []byte{byte(len(pairs) / 2)}
	for i, s := range pairs {
		if len(s) < 254 {
			b = append(b, byte(len(s)))
		} else {
			b = binary.LittleEndian.AppendUint32(append(b, 254), uint32(len(s)))
		}
		unused := 0
		if i%2 == 1 {
			unused = i % 4
			b = append(b, byte(unused))
		}
		b = append(append(b, s...), make([]byte, unused)...)
	}
	return string(append(b, 0xFF))
}

func handmade() (out []handmadePayload) {
	w := &Writer{}
	add := func(name string, kind byte, f func()) {
		w.begin(kind)
		f()
		out = append(out, handmadePayload{name, append([]byte(nil), w.finish()...)})
	}
	all := ziplistOf("a", "", strings.Repeat("b", 100), strings.Repeat("c", 300), strings.Repeat("d", 20000), int8(-5), int16(-300), int32(-70000),
		int64(1<<40), -8388608, 70000, uint8(0), uint8(12), "last")
	pairs := ziplistOf("one", uint8(1), "two", int16(-300), "half", "0.5", "minus", "-inf")
	add("old list ziplist", typeListZiplist, func() { w.string([]byte(all)) })
	add("old list quicklist", typeListQuicklist, func() {
		w.length(2)
		w.string([]byte(all))
		w.string([]byte(pairs))
	})
	add("old list", typeList, func() {
		w.length(3)
		for _, s := range []string{"a", "123", strings.Repeat("long ", 20)} {
			w.string([]byte(s))
		}
	})
	add("old list with a plain node", typeListQuicklist2, func() {
		w.length(2)
		w.length(nodePlain)
		w.string([]byte("plain"))
		w.length(nodePacked)
		w.string(listpack.Append(listpack.New(0), []byte("packed")))
	})
	add("old zset ziplist", typeZSetZiplist, func() { w.string([]byte(pairs)) })
	add("old zset", typeZSet, func() {
		w.length(4)
		w.string([]byte("a"))
		w.buf = append(w.buf, "\x033.5"...)
		w.string([]byte("b"))
		w.buf = append(w.buf, 254)
		w.string([]byte("c"))
		w.buf = append(w.buf, 255)
		w.string([]byte("d"))
		w.buf = append(w.buf, "\x05-1e10"...)
	})
	add("old zset binary", typeZSet2, func() {
		w.length(1)
		w.string([]byte("a"))
		w.buf = binary.LittleEndian.AppendUint64(w.buf, math.Float64bits(-2.25))
	})
	add("old hash ziplist", typeHashZiplist, func() { w.string([]byte(pairs)) })
	add("old hash zipmap", typeHashZipmap, func() {
		w.string([]byte(zipmapOf("a", "1", "b", strings.Repeat("x", 300), "", "empty", "c", "")))
	})
	add("old stream", typeStreamListpacks, func() {
		lp := listpack.New(0)
		for _, v := range []int64{2, 1, 1} {
			lp = listpack.AppendInt(lp, v)
		}
		lp = listpack.Append(lp, []byte("f"))
		lp = listpack.AppendInt(lp, 0)
		for i, flags := range []int64{2, 3, 2} {
			for _, v := range []int64{flags, int64(i), 0, int64(i * 100), 4} {
				lp = listpack.AppendInt(lp, v)
			}
		}
		w.length(1)
		w.string([]byte("\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x01"))
		w.string(lp)
		w.length(2) // entries, then the last ID
		w.length(7)
		w.length(1)
		w.length(1) // groups
		w.string([]byte("g"))
		w.length(7)
		w.length(1)
		w.length(1) // pending, of the group
		w.buf = append(w.buf, "\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x01"...)
		w.buf = binary.LittleEndian.AppendUint64(w.buf, 1000)
		w.length(3)
		w.length(1) // consumers
		w.string([]byte("c"))
		w.buf = binary.LittleEndian.AppendUint64(w.buf, 2000)
		w.length(1)
		w.buf = append(w.buf, "\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x01"...)
	})
	return out
}

// newer are payloads of types after 7.0, which the recording server cannot read, with what they hold.
func newer() (out []recorded) {
	w := &Writer{}
	lp := func(items ...string) []byte {
		b := listpack.New(0)
		for _, s := range items {
			b = listpack.Append(b, []byte(s))
		}
		return b
	}
	add := func(name string, kind byte, version uint16, want string, f func()) {
		w.begin(kind)
		f()
		out = append(out, recorded{name, bytes.Clone(appendFooter(w.buf, version)), want})
	}
	triples := lp("a", "1", "1700000000000", "b", "2", "0")
	const wantHash = `hash ["a"="1"@1700000000000 "b"="2"]`
	add("set listpack", typeSetListpack, 11, `set ["12" "x" "y"]`, func() { w.string(lp("x", "12", "y")) })
	add("hash listpack with expiry", typeHashListpackEx, 12, wantHash, func() {
		w.buf = binary.LittleEndian.AppendUint64(w.buf, 1700000000000)
		w.string(triples)
	})
	add("hash listpack with expiry, early", typeHashListpackExPre, 12, wantHash, func() { w.string(triples) })
	add("hash with expiry, early", typeHashMetadataPre, 12, wantHash, func() {
		w.length(2)
		w.length(1700000000000)
		w.string([]byte("a"))
		w.string([]byte("1"))
		w.length(0)
		w.string([]byte("b"))
		w.string([]byte("2"))
	})
	add("stream 3", typeStreamListpacks3, 11, "", func() {
		w.buf = append(w.buf, "\x00\x00\x05\x01\x00\x00\x03\x01\x01"...) // no nodes or entries; last, first, largest deleted ID; added
		w.length(1)
		w.string([]byte("g"))
		w.buf = append(w.buf, "\x05\x01\x01\x00\x01"...) // last ID, read, no pending entries, one consumer
		w.string([]byte("c"))
		w.buf = binary.LittleEndian.AppendUint64(w.buf, 2000)
		w.buf = binary.LittleEndian.AppendUint64(w.buf, 1500)
		w.length(0)
	})
	return out
}

func TestNewerTypes(t *testing.T) {
	for _, c := range newer() {
		v, err := Decode(c.payload)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if v.Stream == nil {
			if render(v) != c.want {
				t.Errorf("%s: %s", c.name, render(v))
			}
			continue
		}
		if c := v.Stream.Group([]byte("g")).Consumer([]byte("c")); c == nil || c.SeenTime != 2000 || c.ActiveTime != 1500 {
			t.Errorf("stream 3: consumer %+v", c)
		}
	}
}
