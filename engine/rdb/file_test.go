// Tests of files: what is written is read back, what is damaged is refused, and sizes that a file announces cost nothing.

package rdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// writeFile returns what f writes as a file.
func writeFile(t testing.TB, f func(w *FileWriter) error) []byte {
	t.Helper()
	dst, err := os.Create(filepath.Join(t.TempDir(), "dump.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	defer dst.Close()
	w := NewFileWriter(dst)
	if err := f(w); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(dst.Name())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// readFile returns all entries, as text, up to the first error.
func readFile(r io.Reader) (out []string, err error) {
	f := NewFileReader(r)
	for {
		e, err := f.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		text := fmt.Sprintf("%v db%d %q %d %d %d ", e.Function, e.DB, e.Key, e.ExpireAt, e.Idle, e.Freq)
		out = append(out, text+string(e.Payload[:len(e.Payload)-footerSize]))
		if _, err := body(e.Payload); err != nil {
			return out, err
		}
	}
}

// file is a value made by hand: opcodes and values, then the end with the right checksum.
func file(version int, parts ...string) []byte {
	b := fmt.Appendf(nil, "REDIS%04d%s\xff", version, strings.Join(parts, ""))
	if version < 5 {
		return b
	}
	return binary.LittleEndian.AppendUint64(b, checksum(b))
}

// everything is a file with every type, all written with a key before and behind in which an error of one byte would show.
func everything(t testing.TB, most int) (b []byte, want []string) {
	values := append(readGolden(t), newer()...)
	functions := (&Writer{}).Functions(slices.Values([][]byte{[]byte("#!lua name=a\n"), []byte(strings.Repeat("#!lua name=b\n", 10))}))
	b = writeFile(t, func(w *FileWriter) error {
		w.Aux("redis-ver", "7.0.15")
		w.Aux("aof-base", "0")
		err := w.Functions(functions)
		for db := range 2 {
			w.SelectDB(db*7, 100, 3)
			for i, v := range values {
				if len(v.payload) > most {
					continue
				}
				at := int64(i%3) * 1900000000123
				err = errors.Join(err, w.Key([]byte(v.name), at, v.payload))
				want = append(want, fmt.Sprintf("false db%d %q %d -1 -1 %s", db*7, v.name, at, v.payload[:len(v.payload)-footerSize]))
			}
		}
		return err
	})
	got, err := readFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) < 2 || !strings.HasPrefix(got[0], "true ") || !strings.HasPrefix(got[1], "true ") {
		t.Fatalf("no functions: %.200q", got)
	}
	return b, append(slices.Clone(got[:2]), want...)
}

func TestFileRoundTrip(t *testing.T) {
	b, want := everything(t, 1<<30)
	for _, r := range []io.Reader{bytes.NewReader(b), iotest.OneByteReader(bytes.NewReader(b)), iotest.DataErrReader(bytes.NewReader(b))} {
		got, err := readFile(r)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%d entries instead of %d, %v", len(got), len(want), err)
		}
	}
	if string(b[:9]) != "REDIS0012" {
		t.Errorf("header %q of a file with types of version 12", b[:9])
	}
}

// TestFileVersion makes sure that a file is of no later version than its values need, so that Redis 7.0 reads it.
func TestFileVersion(t *testing.T) {
	for _, tt := range []struct {
		kind byte
		want string
	}{{typeString, "REDIS0010"}, {typeSetListpack, "REDIS0011"}, {typeHashListpackExPre, "REDIS0012"}} {
		b := writeFile(t, func(w *FileWriter) error {
			w.SelectDB(0, 1, 0)
			return w.Key([]byte("k"), 0, appendFooter([]byte{tt.kind, 1, 'x'}, 12))
		})
		if string(b[:9]) != tt.want {
			t.Errorf("type %d: %s, want %s", tt.kind, b[:9], tt.want)
		}
		if _, err := readFile(bytes.NewReader(b)); err != nil {
			t.Error(err)
		}
	}
}

// TestPayloadVersion: old servers take payloads of the types they know.
func TestPayloadVersion(t *testing.T) {
	for kind, want := range map[byte]uint16{typeString: 6, typeListQuicklist: 7, typeZSet2: 8, typeStreamListpacks: 9, typeHashListpack: 10,
		typeStreamListpacks2: 10, typeSetListpack: 11, typeStreamListpacks3: 11, typeHashMetadataPre: 12, typeHashListpackEx: 12} {
		if got := typeVersion(kind); got != want {
			t.Errorf("type %d: %d, want %d", kind, got, want)
		}
	}
}

func TestFileOpcodes(t *testing.T) {
	const millis, secs = "\xfc\x40\xe2\x01\x00\x00\x00\x00\x00", "\xfd\x10\x00\x00\x00"
	w := &Writer{}
	w.string(bytes.Repeat([]byte("a"), 30))
	packedA := string(w.buf)
	for _, tt := range []struct {
		name string
		file []byte
		want []string
	}{
		{"empty", file(10), nil},
		{"before checksums", file(4, "\xfe\x00\x00\x01k\x01v"), []string{`false db0 "k" 0 -1 -1 ` + "\x00\x01v"}},
		{"no checksum", append(file(10)[:10], make([]byte, 8)...), nil},
		{"milliseconds", file(10, millis, "\x00\x01k\x01v"), []string{`false db0 "k" 123456 -1 -1 ` + "\x00\x01v"}},
		{"seconds", file(6, secs, "\x00\x01k\x01v"), []string{`false db0 "k" 16000 -1 -1 ` + "\x00\x01v"}},
		{"the epoch is not never", file(6, "\xfc\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01k\x01v"), []string{`false db0 "k" 1 -1 -1 ` + "\x00\x01v"}},
		{"idle", file(9, "\xf8\x41\x00\x00\x01k\x01v\x00\x01l\x01v"),
			[]string{`false db0 "k" 0 256 -1 ` + "\x00\x01v", `false db0 "l" 0 -1 -1 ` + "\x00\x01v"}},
		{"frequency", file(9, "\xf9\x07\x00\x01k\x01v"), []string{`false db0 "k" 0 -1 7 ` + "\x00\x01v"}},
		{"integer and packed keys", file(10, "\xfe\x0f\x00\xc0\x05\x00\x00"+packedA+"\x00"),
			[]string{`false db15 "5" 0 -1 -1 ` + "\x00\x00", `false db15 "` + strings.Repeat("a", 30) + `" 0 -1 -1 ` + "\x00\x00"}},
		{"fields of modules, slots", file(12, "\xf7\x81\x00\x00\x00\x00\x00\x00\x00\x01\x02\x02\x05\x03abc\x02\x07\x03abcd\x04abcdefgh\x00", "\xf4\x01\x02\x03"), nil},
		{"function", file(10, "\xf5\x03abc"), []string{`true db0 "" 0 -1 -1 ` + "\xf5\x03abc"}},
	} {
		got, err := readFile(bytes.NewReader(tt.file))
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, %v\nwant %q", tt.name, got, err, tt.want)
		}
	}
}

func TestBadFiles(t *testing.T) {
	wrong := file(10, "\x00\x01k\x01v")
	wrong[len(wrong)-1] ^= 1
	huge := "\x81\x00\x00\x00\x00\xff\xff\xff\xff"
	for _, tt := range []struct{ name, file, want string }{
		{"empty", "", "not an RDB file"},
		{"something else", "*1\r\n$4\r\nPING\r\n", "not an RDB file"},
		{"short", "REDIS", "not an RDB file"},
		{"newer", string(file(13)), "of version 13, versions 1 to 12"},
		{"version 0", string(file(0)), "of version 0"},
		{"header only", "REDIS0010", "ends in the middle, after 9 bytes"},
		{"checksum", string(wrong), "checksum of the file is wrong"},
		{"behind the end", string(file(10)) + "*1\r\n", "byte 18: more follows the end"},
		{"module", string(file(10, "\x07\x01k\x05")), `the value of key "k" belongs to a module`},
		{"unknown type", string(file(10, "\x63\x01k\x05")), "unknown type or opcode 99"},
		{"release candidate", string(file(10, "\xf6\x01k")), "release candidate"},
		{"encoding of a string", string(file(10, "\x00\xc5")), "unknown encoding of a string"},
		{"length", string(file(10, "\x00\x85")), "a length is corrupt"},
		{"encoding for a length", string(file(10, "\x02\x01k\xc0")), "a length is corrupt"},
		{"packed key", string(file(10, "\x00\xc3\x01\x14\x05")), "a key's name is corrupt"},
		{"database", string(file(10, "\xfe"+huge)), "number of a database"},
		{"data of a module", string(file(10, "\xf7\x01\x01\x01\x09")), "data of a module is corrupt"},
		{"huge string", "REDIS0010\x00\x01k\x80\xf0\x00\x00\x00", "ends in the middle"},
		{"huge count", "REDIS0010\x02\x01k" + huge, "ends in the middle"},
		{"more than is held", "REDIS0010\x00\x01k\x81\x00\xff\xff\xff\xff\xff\xff\xff", "more than 4 GB"},
	} {
		before := allocated()
		_, err := readFile(strings.NewReader(tt.file))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		if n := allocated() - before; n > 4<<20 {
			t.Errorf("%s: %d bytes allocated", tt.name, n)
		}
	}
	if _, err := readFile(iotest.ErrReader(io.ErrClosedPipe)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a file that cannot be read: %v", err)
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// TestDamagedFiles cuts a file everywhere, and flips a bit of every seventh byte.
func TestDamagedFiles(t *testing.T) {
	b, want := everything(t, 200)
	for n := range b {
		got, err := readFile(bytes.NewReader(b[:n]))
		if err == nil || len(got) > len(want) || !slices.Equal(got, want[:len(got)]) {
			t.Fatalf("cut at %d of %d: %d entries, %v", n, len(b), len(got), err)
		}
	}
	for i := 0; i < len(b); i += 7 {
		damaged := bytes.Clone(b)
		damaged[i] ^= 1 << (i / 7 % 8)
		if _, err := readFile(bytes.NewReader(damaged)); err == nil || strings.Contains(err.Error(), "\n") {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
	}
}

func TestFileWriterRefuses(t *testing.T) {
	dst, err := os.Create(filepath.Join(t.TempDir(), "x"))
	if err != nil {
		t.Fatal(err)
	}
	w := NewFileWriter(dst)
	if err := w.Key([]byte("k"), 0, []byte("not a payload")); err != ErrFooter {
		t.Error(err)
	}
	if err := w.Key([]byte("k"), 0, appendFooter(nil, 10)); err != ErrFormat {
		t.Error(err)
	}
	if err := w.Functions([]byte("short")); err != ErrFooter {
		t.Error(err)
	}
	dst.Close()
	if _, err := w.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a file that cannot be written: %v", err)
	}
}

// FuzzFile reads anything as a file: in whatever pieces it comes, the entries and the error are the same.
func FuzzFile(f *testing.F) {
	b, _ := everything(f, 100)
	f.Add(b)
	f.Add(file(12, "\xf7\x01\x02\x03\x05\x01a\x00", "\xfd\x10\x00\x00\x00\x00\x01k\x01v"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := readFile(bytes.NewReader(b))
		again, err2 := readFile(iotest.HalfReader(bytes.NewReader(b)))
		if !slices.Equal(got, again) || fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Fatalf("%d entries, %v; in pieces %d, %v", len(got), err, len(again), err2)
		}
	})
}

// BenchmarkFileReader reads a file of short strings.
func BenchmarkFileReader(b *testing.B) {
	w := &Writer{}
	data := writeFile(b, func(f *FileWriter) error {
		f.SelectDB(0, 10000, 0)
		for i := range 10000 {
			if err := f.Key(fmt.Appendf(nil, "key:%d", i), 0, w.String([]byte("a value of some thirty-odd bytes"))); err != nil {
				return err
			}
		}
		return nil
	})
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		f := NewFileReader(bytes.NewReader(data))
		for {
			if _, err := f.Next(); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}
