// Tests against payloads recorded from redis-server 7.0.15: go test -record writes them anew.

package rdb

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/evald/evald/engine/stream"
	"github.com/evald/evald/internal/liveredis"
)

var record = flag.Bool("record", false, "record goldens from a redis-server in PATH")

const golden = "testdata/payloads.txt"

// setup is a named sequence of commands that makes the key k.
type setup struct {
	name     string
	commands [][]any
}

func setups() []setup {
	r := rand.New(rand.NewPCG(11, 11))
	var out []setup
	add := func(name string, commands ...[]any) { out = append(out, setup{name, commands}) }
	random := make([]byte, 100)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	words := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteString([]string{"lorem ", "ipsum ", "dolor ", "sit ", "amet, ", "consectetur ", "x"}[r.IntN(7)])
		}
		return b.String()
	}
	for i, s := range []string{"", "a", "0", "-1", "127", "128", "-128", "-129", "32767", "32768", "2147483647", "-2147483648", "2147483648",
		"9223372036854775807", "0123", "-0", "12345678901", strings.Repeat("x", 20), strings.Repeat("x", 21), strings.Repeat("ab", 500),
		string(random), string(random[:63]), string(random[:64]), string(random) + string(random), words(30), words(900), strings.Repeat("x", 70000),
		words(3000) + string(random) + words(3000)} {
		add(fmt.Sprintf("string%d", i), []any{"SET", "k", s})
	}
	items := func(n int, f func(i int) string) []any {
		out := []any{"", "k"}
		for i := range n {
			out = append(out, f(i))
		}
		return out
	}
	command := func(name string, args []any) []any { args[0] = name; return args }
	add("list small", []any{"RPUSH", "k", "a", "1", "", "70000", "-5", strings.Repeat("y", 70)})
	add("list long", command("RPUSH", items(1500, func(i int) string { return fmt.Sprint("item number ", i*i) })))
	add("list of large items", command("RPUSH", items(7, func(i int) string { return words(900 * i) })))
	for _, bits := range []int{8, 14, 20, 40} {
		add(fmt.Sprintf("set of %d-bit integers", bits), command("SADD", items(40, func(int) string {
			return fmt.Sprint(r.Int64N(1<<bits) - 1<<(bits-1))
		})))
	}
	add("set small", []any{"SADD", "k", "a", "b", "17", "word"})
	add("set large", command("SADD", items(300, func(i int) string { return fmt.Sprint("member ", i) })))
	scores := []string{"1", "-1", "0", "-0", "0.1", "3.14159", "1e300", "-1e-300", "inf", "-inf", "100000", "4503599627370497", "123456789012345678", "1e16", "1e17", "1e21"}
	add("zset small", command("ZADD", items(2*len(scores), func(i int) string {
		if i%2 == 0 {
			return scores[i/2]
		}
		return fmt.Sprint("member", i)
	})))
	add("zset large", command("ZADD", items(400, func(i int) string {
		if i%2 == 0 {
			return fmt.Sprint(r.NormFloat64())
		}
		return fmt.Sprint("member", i)
	})))
	add("hash small", []any{"HSET", "k", "a", "1", "name", "value", "12", "-70000", "", ""})
	add("hash large", command("HSET", items(1200, func(i int) string { return fmt.Sprint("text ", i) })))
	add("hash of long values", []any{"HSET", "k", "f", strings.Repeat("value", 30), "g", "1"})
	var events [][]any
	for i := range 250 {
		if i%7 == 0 {
			events = append(events, []any{"XADD", "k", fmt.Sprintf("%d-%d", 1000+i*3, i), "other", fmt.Sprint(i), "field", words(3)})
		} else {
			events = append(events, []any{"XADD", "k", fmt.Sprintf("%d-%d", 1000+i*3, i), "sensor", fmt.Sprint(i % 10), "temperature", fmt.Sprint(20 + i)})
		}
	}
	var large [][]any
	for i := range 60 {
		large = append(large, []any{"XADD", "k", fmt.Sprintf("%d-1", i+1), "text", strings.Repeat("x", i*i), "n", fmt.Sprint(i * 1000)})
	}
	add("stream of large entries", large...)
	add("stream one", []any{"XADD", "k", "1-1", "f", "v"})
	add("stream long", events...)
	add("stream empty", []any{"XADD", "k", "1-1", "f", "v"}, []any{"XDEL", "k", "1-1"})
	add("stream with groups", append(slices.Clone(events), []any{"XGROUP", "CREATE", "k", "g", "0"}, []any{"XGROUP", "CREATE", "k", "empty", "1100"},
		[]any{"XGROUP", "CREATE", "k", "h", "1100-0", "ENTRIESREAD", "12"}, []any{"XREADGROUP", "GROUP", "g", "alice", "COUNT", "30", "STREAMS", "k", ">"},
		[]any{"XREADGROUP", "GROUP", "g", "bob", "COUNT", "20", "STREAMS", "k", ">"}, []any{"XREADGROUP", "GROUP", "h", "zoe", "COUNT", "3", "STREAMS", "k", ">"},
		[]any{"XGROUP", "CREATECONSUMER", "k", "g", "idle"}, []any{"XACK", "k", "g", "1003-1"}, []any{"XDEL", "k", "1006-2", "1009-3"},
		[]any{"XCLAIM", "k", "g", "bob", "0", "1012-4", "RETRYCOUNT", "300"}, []any{"XTRIM", "k", "MAXLEN", "180"})...)
	return out
}

// contents asks the server for the value of k, in the form of render.
func contents(c *liveredis.Client) string {
	kind := c.Do("TYPE", "k").(string)
	list := func(v any) (out []string) {
		for _, x := range v.([]any) {
			out = append(out, x.(string))
		}
		return out
	}
	pairs := func(in []string) (out []string) {
		for i := 0; i < len(in); i += 2 {
			out = append(out, fmt.Sprintf("%q=%q", in[i], in[i+1]))
		}
		slices.Sort(out)
		return out
	}
	switch kind {
	case "string":
		return fmt.Sprintf("string %q", c.Do("GET", "k"))
	case "list":
		return fmt.Sprintf("list %q", list(c.Do("LRANGE", "k", 0, -1)))
	case "set":
		members := list(c.Do("SMEMBERS", "k"))
		slices.Sort(members)
		return fmt.Sprintf("set %q", members)
	case "zset":
		return fmt.Sprint("zset ", pairs(list(c.Do("ZRANGE", "k", 0, -1, "WITHSCORES"))))
	case "hash":
		return fmt.Sprint("hash ", pairs(list(c.Do("HGETALL", "k"))))
	}
	var b strings.Builder
	b.WriteString("stream")
	for _, e := range c.Do("XRANGE", "k", "-", "+").([]any) {
		e := e.([]any)
		fmt.Fprintf(&b, " %v:%q", e[0], list(e[1]))
	}
	for _, g := range c.Do("XINFO", "GROUPS", "k").([]any) {
		g := g.([]any)
		fmt.Fprintf(&b, " group %v pending %v last %v read %v", g[1], g[5], g[7], g[9])
		for _, p := range c.Do("XPENDING", "k", g[1], "-", "+", 1000).([]any) {
			p := p.([]any)
			fmt.Fprintf(&b, " %v:%v:%v", p[0], p[1], p[3])
		}
	}
	return b.String()
}

// render shows a decoded value.
func render(v Value) string {
	var lines []string
	switch v.Kind {
	case String:
		return fmt.Sprintf("string %q", v.String)
	case List:
		return fmt.Sprintf("list %q", v.Items)
	case Set:
		for _, m := range v.Items {
			lines = append(lines, string(m))
		}
		slices.Sort(lines)
		return fmt.Sprintf("set %q", lines)
	case ZSet:
		for _, m := range v.Members {
			lines = append(lines, fmt.Sprintf("%q=%q", m.Name, appendScore(nil, m.Score)))
		}
		slices.Sort(lines)
		return fmt.Sprint("zset ", lines)
	case Hash:
		for _, f := range v.Fields {
			line := fmt.Sprintf("%q=%q", f.Name, f.Value)
			if f.ExpireAt != 0 {
				line += fmt.Sprint("@", f.ExpireAt)
			}
			lines = append(lines, line)
		}
		slices.Sort(lines)
		return fmt.Sprint("hash ", lines)
	}
	var b strings.Builder
	b.WriteString("stream")
	for it := v.Stream.Range(stream.ID{}, stream.MaxID, false); it.Next(); {
		var pairs []string
		for it.NextPair() {
			pairs = append(pairs, string(it.Name()), string(it.Value()))
		}
		fmt.Fprintf(&b, " %v:%q", it.ID(), pairs)
	}
	for _, g := range v.Stream.Groups() {
		read := any(g.EntriesRead)
		if g.EntriesRead == stream.UnknownRead {
			read = nil
		}
		fmt.Fprintf(&b, " group %v pending %v last %v read %v", g.Name, g.PendingCount(), g.LastID, read)
		for p, ok := g.NextPending(stream.ID{}); ok; p, ok = nextPending(p.ID, g.NextPending) {
			fmt.Fprintf(&b, " %v:%v:%v", p.ID, p.Consumer.Name, p.Count)
		}
	}
	return b.String()
}

// encode writes v in the type that the payload had.
func encode(w *Writer, v Value, kind byte) []byte {
	items := slices.Values(v.Items)
	switch kind {
	case typeString:
		return w.String(v.String)
	case typeListQuicklist2:
		return w.List(items, DefaultListNode)
	case typeSetIntset:
		return w.IntSet(len(v.Items), func(yield func(int64) bool) {
			for _, m := range v.Items {
				n, _ := strconv.ParseInt(string(m), 10, 64)
				if !yield(n) {
					return
				}
			}
		})
	case typeSet:
		return w.Set(len(v.Items), items)
	case typeZSetListpack, typeZSet2:
		seq := func(yield func([]byte, float64) bool) {
			for _, m := range v.Members {
				if !yield(m.Name, m.Score) {
					return
				}
			}
		}
		if kind == typeZSet2 {
			return w.ZSet(len(v.Members), seq)
		}
		return w.ZSetListpack(seq)
	case typeHashListpack, typeHash:
		seq := func(yield func(a, b []byte) bool) {
			for _, f := range v.Fields {
				if !yield(f.Name, f.Value) {
					return
				}
			}
		}
		if kind == typeHash {
			return w.Hash(len(v.Fields), seq)
		}
		return w.HashListpack(seq)
	case typeHashMetadata:
		return w.HashExpiring(len(v.Fields), slices.Values(v.Fields))
	case typeStreamListpacks2:
		return w.Stream(v.Stream)
	}
	return nil
}

func digest(s string) string {
	if len(s) < 100 {
		return s
	}
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func recordPayloads(t *testing.T) {
	c := liveredis.Start(t)
	var b bytes.Buffer
	w := &Writer{}
	for _, s := range setups() {
		c.Do("DEL", "k")
		for _, cmd := range s.commands {
			if err, failed := c.Do(cmd...).(liveredis.Error); failed {
				t.Fatalf("%s: %s", s.name, err)
			}
		}
		payload := []byte(c.Do("DUMP", "k").(string))
		fmt.Fprintf(&b, "%s\t%s\t%s\n", s.name, base64.StdEncoding.EncodeToString(payload), digest(contents(c)))
		v, err := Decode(payload)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		c.Do("DEL", "copy")
		if reply := c.Do("RESTORE", "copy", 0, encode(w, v, payload[0])); reply != "OK" {
			t.Errorf("%s: server refuses our payload: %v", s.name, reply)
		}
		if d := c.Do("DEBUG", "DIGEST-VALUE", "k", "copy").([]any); d[0] != d[1] {
			t.Errorf("%s: digests of the original and the copy differ", s.name)
		}
	}
	for _, p := range handmade() {
		c.Do("DEL", "k")
		if reply := c.Do("RESTORE", "k", 0, p.payload); reply != "OK" {
			t.Errorf("%s: server refuses it: %v", p.name, reply)
			continue
		}
		fmt.Fprintf(&b, "%s\t%s\t%s\n", p.name, base64.StdEncoding.EncodeToString(p.payload), digest(contents(c)))
	}
	if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

type recorded struct {
	name    string
	payload []byte
	want    string
}

func readGolden(t testing.TB) (out []recorded) {
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		w := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		payload, err := base64.StdEncoding.DecodeString(w[1])
		if err != nil || len(w) != 3 {
			t.Fatalf("bad line %.60q", line)
		}
		out = append(out, recorded{w[0], payload, w[2]})
	}
	return out
}

func TestRecordedPayloads(t *testing.T) {
	if *record {
		recordPayloads(t)
	}
	w := &Writer{}
	for _, g := range readGolden(t) {
		v, err := Decode(g.payload)
		if err != nil {
			t.Errorf("%s: %v", g.name, err)
			continue
		}
		if got := digest(render(v)); got != g.want {
			t.Errorf("%s:\ngot  %s\nwant %s", g.name, got, g.want)

		}
		if v.Stream != nil {
			if err := v.Stream.Check(); err != nil {
				t.Errorf("%s: %v", g.name, err)
			}
		}
		if strings.HasPrefix(g.name, "old ") {
			continue
		}
		if again := encode(w, v, g.payload[0]); !bytes.Equal(again, g.payload) {
			t.Errorf("%s: written anew it has %d bytes instead of %d, or other ones", g.name, len(again), len(g.payload))
		}
	}
}

// Entries appended here fall into the very nodes that the server made of them.
func TestAppendedStreamsAsRedis(t *testing.T) {
	w := &Writer{}
	tested := 0
	for _, g := range readGolden(t) {
		if g.name != "stream one" && g.name != "stream long" && g.name != "stream of large entries" {
			continue
		}
		tested++
		v, err := Decode(g.payload)
		if err != nil {
			t.Fatal(err)
		}
		s := stream.New()
		for it := v.Stream.Range(stream.ID{}, stream.MaxID, false); it.Next(); {
			id := it.ID()
			pairs, err := stream.DecodePairs(nil, it.AppendPairs(nil))
			if err != nil {
				t.Fatal(err)
			}
			s.Append(id, pairs, stream.DefaultLimits)
		}
		if got := w.Stream(s); !bytes.Equal(got, g.payload) {
			t.Errorf("%s: %d bytes, want %d, or other ones", g.name, len(got), len(g.payload))
		}
	}
	if tested != 3 {
		t.Errorf("%d streams tested", tested)
	}
}

func TestFooter(t *testing.T) {
	w := &Writer{}
	if checksum([]byte("123456789")) != 0xe9c6d914c4b8d9ca {
		t.Error("checksum differs from the catalogued one")
	}
	good := bytes.Clone(w.String([]byte("value")))
	if v, err := Decode(good); err != nil || string(v.String) != "value" {
		t.Fatalf("Decode: %v", err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if _, err := Decode(bad); err != ErrFooter {
			t.Errorf("byte %d changed: %v", i, err)
		}
		if _, err := Decode(good[:i]); err != ErrFooter {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
	}
	if _, err := Decode(appendFooter([]byte{typeString, 1, 'a'}, 13)); err != ErrFooter {
		t.Errorf("version 13: %v", err)
	}
	if _, err := Decode(appendFooter(nil, 10)); err != ErrFormat {
		t.Errorf("empty body: %v", err)
	}
}

func TestExpiringFields(t *testing.T) {
	fields := []Field{{[]byte("a"), []byte("1"), 1700000000123}, {[]byte("b"), []byte("2"), 0}, {[]byte("c"), []byte("3"), 1700000000000}}
	w := &Writer{}
	payload := w.HashExpiring(len(fields), slices.Values(fields))
	// The bytes follow from the format: earliest expiry, count, then per field 1 + distance to the earliest (0 for none), name, value.
	want := appendFooter([]byte("\x18\x00\x68\xe5\xcf\x8b\x01\x00\x00\x03\x40\x7c\x01a\xc0\x01\x00\x01b\xc0\x02\x01\x01c\xc0\x03"), 12)
	if !bytes.Equal(payload, want) {
		t.Errorf("got  %x\nwant %x", payload, want)
	}
	v, err := Decode(payload)
	if err != nil || render(v) != `hash ["a"="1"@1700000000123 "b"="2" "c"="3"@1700000000000]` {
		t.Errorf("%s, %v", render(v), err)
	}
}

func TestFunctions(t *testing.T) {
	w := &Writer{}
	code := [][]byte{[]byte("#!lua name=a\nredis.register_function('f', function() return 1 end)"), []byte("#!lua name=b\n")}
	got, err := DecodeFunctions(w.Functions(slices.Values(code)))
	if err != nil || !slices.EqualFunc(got, code, bytes.Equal) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := DecodeFunctions(w.Functions(slices.Values([][]byte(nil)))); err != nil || len(got) != 0 {
		t.Errorf("no libraries: %q, %v", got, err)
	}
	if _, err := DecodeFunctions(appendFooter([]byte{opFunction2, 5, 'a'}, 10)); err != ErrFormat {
		t.Errorf("cut off: %v", err)
	}
	if _, err := DecodeFunctions(appendFooter([]byte{246, 1, 'a'}, 10)); err != ErrFormat {
		t.Errorf("other opcode: %v", err)
	}
}

func TestCorruptValues(t *testing.T) {
	for name, b := range map[string]string{
		"unknown type":                "\x08\x01a",
		"module":                      "\x07\x01a",
		"empty list":                  "\x12\x00",
		"empty set":                   "\x02\x00",
		"empty hash":                  "\x04\x00",
		"empty sorted set":            "\x05\x00",
		"huge announced count":        "\x02\x81\x00\xff\xff\xff\xff\xff\xff\xff",
		"huge announced string":       "\x00\x81\x00\x00\x00\x7f\xff\xff\xff\xff",
		"huge uncompressed size":      "\x00\xc3\x03\x80\x7f\xff\xff\xff\xe0\xff\x00",
		"bad compression":             "\x00\xc3\x03\x14\xff\xff\xff",
		"bad string encoding":         "\x00\xc4",
		"bad length":                  "\x00\x85\x00",
		"duplicate set members":       "\x02\x02\x01a\x01a",
		"duplicate fields":            "\x04\x02\x01a\x01b\x01a\x01c",
		"NaN score":                   "\x03\x01\x01a\xfd",
		"odd listpack":                "\x10\x0a\x0a\x00\x00\x00\x01\x00\x81a\x02\xff",
		"unsorted integers":           "\x0b\x0c\x02\x00\x00\x00\x02\x00\x00\x00\x02\x00\x01\x00",
		"expiry out of range":         "\x18\x00\x00\x00\x00\x00\x00\x00\x80\x01\x02\x01a\x01b",
		"plain node without bytes":    "\x12\x01\x01\x00",
		"unknown node container":      "\x12\x01\x03\x01a",
		"stream length without nodes": "\x0f\x00\x05\x01\x01\x00",
		"stream node without entries": "\x0f\x01\x10aaaaaaaabbbbbbbb\x07\x07\x00\x00\x00\x00\x00\xff\x00\x01\x01\x00",
	} {
		if v, err := Decode(appendFooter([]byte(b), 10)); err != ErrFormat {
			t.Errorf("%s: %s, %v", name, render(v), err)
		}
	}
}

func TestCompressionAgainstItself(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	table := new(lzfTable)
	for range 3000 {
		src := make([]byte, 21+r.IntN(3000))
		letters := 1 + r.IntN(20)
		for i := range src {
			src[i] = byte('a' + r.IntN(letters))
			if i > 300 && r.IntN(40) == 0 {
				copy(src[i:], src[i-300:i-r.IntN(299)-1])
			}
		}
		packed, ok := table.compress(nil, src, len(src)-4)
		if !ok {
			continue
		}
		got, ok := decompress(packed, uint64(len(src)))
		if !ok || !bytes.Equal(got, src) || len(packed) > len(src)-4 {
			t.Fatalf("%d bytes came back as %d", len(src), len(got))
		}
	}
	table.base = math.MaxUint32 - 100
	if packed, ok := table.compress(nil, bytes.Repeat([]byte("ab"), 100), 190); !ok || len(packed) > 12 || table.base > 300 {
		t.Errorf("wrapping around: %d bytes, %v, base %d", len(packed), ok, table.base)
	}
}

func TestWriterDoesNotAllocate(t *testing.T) {
	w := &Writer{}
	s := bytes.Repeat([]byte("compressible "), 30)
	w.String(s)
	if n := testing.AllocsPerRun(100, func() { w.String(s) }); n != 0 {
		t.Errorf("%v allocations per String", n)
	}
}

// FuzzDecode gives Decode bodies with a correct footer, since a random one would never pass.
func FuzzDecode(f *testing.F) {
	for _, g := range readGolden(f) {
		if len(g.payload) < 2000 {
			f.Add(g.payload[:len(g.payload)-footerSize])
		}
	}
	w := &Writer{}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Decode(appendFooter(bytes.Clone(b), 10))
		if err != nil {
			return
		}
		if v.Stream != nil {
			if err := v.Stream.Check(); err != nil {
				t.Fatal(err)
			}
		}
		kinds := map[Kind]byte{String: typeString, List: typeListQuicklist2, Set: typeSet, ZSet: typeZSet2, Hash: typeHashMetadata, Stream: typeStreamListpacks2}
		again, err := Decode(bytes.Clone(encode(w, v, kinds[v.Kind])))
		if err != nil || render(again) != render(v) {
			t.Fatalf("%v\ngot  %s\nwant %s", err, render(again), render(v))
		}
	})
}

func FuzzDecompress(f *testing.F) {
	f.Add([]byte("\x00a\xe0\x05\x00"), uint64(15))
	f.Fuzz(func(t *testing.T, b []byte, size uint64) {
		out, ok := decompress(b, size)
		if ok && (uint64(len(out)) != size || cap(out) > len(b)*lzfMaxRatio) {
			t.Fatalf("%d bytes, capacity %d", len(out), cap(out))
		}
	})
}

func BenchmarkStringLZF(b *testing.B) {
	w := &Writer{}
	s := []byte(strings.Repeat("some text that repeats itself, some text; ", 20))
	b.SetBytes(int64(len(s)))
	for range b.N {
		w.String(s)
	}
}
