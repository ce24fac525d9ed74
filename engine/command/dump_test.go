package command_test

import (
	"encoding/binary"
	"hash/crc64"
	"testing"

	"github.com/evald/evald/internal/inprocess"
	"github.com/evald/evald/internal/reply"
)

// seal closes the body of a payload with a right version and checksum, so that what stands in it is looked at.
func seal(body []byte) []byte {
	b := binary.LittleEndian.AppendUint16(append([]byte(nil), body...), 10)
	table := crc64.MakeTable(0x95ac9329ac4bc9b5)
	return binary.LittleEndian.AppendUint64(b, ^crc64.Update(^uint64(0), table, b))
}

// run runs one command and returns its reply.
func run(t *testing.T, c *inprocess.Client, args ...string) reply.Value {
	t.Helper()
	b := make([][]byte, len(args))
	for i, a := range args {
		b[i] = []byte(a)
	}
	c.Do(b)
	v, err := reply.Parse(c.Take())
	if err != nil || len(v) != 1 {
		t.Fatalf("%.80q: %d replies, %v", args, len(v), err)
	}
	return v[0]
}

// FuzzRestore gives RESTORE payloads with right checksums and any content: it refuses them or makes a sound key, whose own payload
// gives the same value again.
func FuzzRestore(f *testing.F) {
	source := inprocess.New(func(what string) { f.Error(what) }).NewClient()
	for _, args := range [][]string{
		{"SET", "k", "hello"}, {"SET", "k", "-77"}, {"RPUSH", "k", "a", "7", "b"}, {"SADD", "k", "1", "2"}, {"SADD", "k", "a", "b"},
		{"ZADD", "k", "1", "a", "2.5", "b"}, {"HSET", "k", "f", "v"}, {"HSETEX", "k", "EX", "100", "FIELDS", "2", "f", "v", "g", "w"},
		{"XADD", "k", "1-1", "a", "b", "c", "d"},
	} {
		for _, words := range [][]string{{"DEL", "k"}, args, {"DUMP", "k"}} {
			b := make([][]byte, len(words))
			for i, w := range words {
				b[i] = []byte(w)
			}
			source.Do(b)
			out, err := reply.Parse(source.Take())
			if err != nil {
				f.Fatal(err)
			}
			if words[0] == "DUMP" {
				f.Add([]byte(out[0].Text[:len(out[0].Text)-10]))
			}
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := inprocess.New(func(what string) { t.Error(what) })
		c := s.NewClient()
		if v := run(t, c, "RESTORE", "k", "0", string(seal(body))); v.Kind == '-' {
			if v.Text != "ERR Bad data format" {
				t.Fatalf("refused with %q", v.Text)
			}
			return
		}
		if run(t, c, "EXISTS", "k").Text == "0" {
			return // all fields of the hash had expired
		}
		payload := run(t, c, "DUMP", "k").Text
		if v := run(t, c, "RESTORE", "again", "0", payload); v.Text != "OK" {
			t.Fatalf("its own payload: %s", v)
		}
		if run(t, c, "DEBUG", "DIGEST-VALUE", "k").String() != run(t, c, "DEBUG", "DIGEST-VALUE", "again").String() {
			t.Fatal("its own payload gives another value")
		}
		if v := run(t, c, "DEBUG", "RELOAD"); v.Text != "OK" {
			t.Fatalf("reload: %s", v)
		}
		for _, err := range s.KS.Check() {
			t.Error(err)
		}
	})
}
