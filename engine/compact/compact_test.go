// Tests of the sequence against a slice of texts, of untrusted bytes, of sizes, and that nothing but growth allocates.
package compact

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func texts(b []byte) []string {
	var all []string
	for off := First(b); off >= 0; off = Next(b, off) {
		all = append(all, string(Get(b, off).AppendTo(nil)))
	}
	return all
}

// same verifies b against the model in every way of reading it.
func same(t testing.TB, b []byte, model []string) {
	t.Helper()
	if err := Valid(b); err != nil {
		t.Fatal(err)
	}
	if got := texts(b); !slices.Equal(got, model) {
		t.Fatalf("have %q\nwant %q", got, model)
	}
	if Len(b) != len(model) {
		t.Fatalf("Len %d, want %d", Len(b), len(model))
	}
	i := len(model)
	for off := Last(b); off >= 0; off = Prev(b, off) {
		i--
		if e := Get(b, off); !e.IsFloat() && (!e.Equal([]byte(model[i])) || e.Len() != len(model[i])) {
			t.Fatalf("backwards %d: %q", i, model[i])
		}
		if Index(b, i) != off || Index(b, i-len(model)) != off {
			t.Fatalf("Index(%d) = %d and %d, want %d", i, Index(b, i), Index(b, i-len(model)), off)
		}
	}
	if i != 0 || Index(b, len(model)) != -1 || Index(b, -len(model)-1) != -1 {
		t.Fatalf("ends: %d", i)
	}
}

var samples = []string{"", "a", "0", "-0", "00", "1", "-1", "127", "128", "4095", "4096", "-4096", "-4097", "32767", "32768",
	"-32768", "-32769", "8388607", "8388608", "-8388608", "-8388609", "2147483647", "2147483648", "-2147483648",
	"-2147483649", "140737488355327", "140737488355328", "-140737488355328", "-140737488355329", "9223372036854775807",
	"9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "99999999999999999999",
	"1.5", "+1", " 1", "1 ", "-", "12a", "01", "-01", "0x10", strings.Repeat("s", 63), strings.Repeat("m", 64),
	strings.Repeat("m", 4095), strings.Repeat("l", 4096), strings.Repeat("l", 20000), strings.Repeat("b", 126),
	strings.Repeat("b", 127), "\x00\xff\x80"}

func TestTextsComeBack(t *testing.T) {
	var b []byte
	for i, s := range samples {
		b = Append(b, []byte(s))
		same(t, b, samples[:i+1])
		v, err := strconv.ParseInt(s, 10, 64)
		looks := err == nil && strconv.FormatInt(v, 10) == s
		if got := Get(b, Last(b)).IsInt(); got != looks {
			t.Errorf("%q stored as integer: %v", s, got)
		}
	}
	for i, s := range samples {
		if off := Find(b, First(b), []byte(s), 0); off != Index(b, i) {
			t.Errorf("Find(%q) = %d, want %d", s, off, Index(b, i))
		}
	}
}

func TestFloats(t *testing.T) {
	for _, f := range []float64{0, math.Copysign(0, -1), 1, -1, 0.5, 0.1, 3.14, 1e10, 1e10 + 1, 1757000000123, 1 << 46, 1 << 53,
		1<<53 + 2, 1e300, -1e300, math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64, 2147483648, -2147483649} {
		b := AppendFloat(nil, f)
		e := Get(b, First(b))
		if math.Float64bits(e.Float()) != math.Float64bits(f) {
			t.Errorf("%v came back as %v", f, e.Float())
		}
		if err := Valid(b); err != nil {
			t.Errorf("%v: %v", f, err)
		}
	}
}

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		text string
		size int // with the back length; Redis's listpack takes the same, but 10 for the 48-bit integer
	}{{"5", 2}, {"-5", 3}, {"1000", 3}, {"30000", 4}, {"8000000", 5}, {"2000000000", 6}, {"1757000000123", 8},
		{"9000000000000000000", 10}, {"", 2}, {"hello", 7}, {strings.Repeat("x", 63), 65}, {strings.Repeat("x", 64), 67}} {
		if got := len(Append(nil, []byte(c.text))) - headerSize; got != c.size {
			t.Errorf("%q takes %d bytes, want %d", c.text, got, c.size)
		}
		if got := SizeOf([]byte(c.text)); got != c.size {
			t.Errorf("SizeOf(%q) = %d, want %d", c.text, got, c.size)
		}
	}
	if got := len(AppendFloat(nil, 0.25)) - headerSize; got != 6 {
		t.Errorf("0.25 takes %d", got)
	}
}

func TestAgainstSlice(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 1))
		pick := func() string {
			switch r.IntN(3) {
			case 0:
				return samples[r.IntN(len(samples))]
			case 1:
				return strconv.FormatInt(r.Int64()>>r.IntN(64), 10)
			}
			return fmt.Sprint("field", r.IntN(20))
		}
		var b []byte
		var model []string
		for range 400 {
			s := pick()
			i := 0
			if len(model) > 0 {
				i = r.IntN(len(model))
			}
			switch op := r.IntN(6); {
			case op == 0 || len(model) == 0:
				b, model = Append(b, []byte(s)), append(model, s)
			case op == 1:
				b, model = InsertBefore(b, Index(b, i), []byte(s)), slices.Insert(model, i, s)
			case op == 2:
				b, model[i] = Replace(b, Index(b, i), []byte(s)), s
			case op == 3:
				v := r.Int64() >> r.IntN(64)
				b, model[i] = ReplaceInt(b, Index(b, i), v), strconv.FormatInt(v, 10)
			case op == 4 && r.IntN(3) == 0:
				n := r.IntN(4)
				b = Delete(b, Index(b, i), n)
				model = slices.Delete(model, i, min(i+n, len(model)))
			default:
				skip := r.IntN(3)
				want := -1
				for j := i; j < len(model); j += 1 + skip {
					if model[j] == s {
						want = Index(b, j)
						break
					}
				}
				if off := Find(b, Index(b, i), []byte(s), skip); off != want {
					t.Fatalf("Find(%q from %d skip %d) = %d, want %d", s, i, skip, off, want)
				}
			}
		}
		same(t, b, model)
	}
}

func TestUncounted(t *testing.T) {
	var b []byte
	for i := range 70_000 {
		b = AppendInt(b, int64(i&7))
	}
	if Len(b) != 70_000 {
		t.Fatalf("Len %d", Len(b))
	}
	b = Delete(b, First(b), 69_000)
	if err := Valid(b); err != nil || Len(b) != 1000 {
		t.Fatalf("Len %d, %v", Len(b), err)
	}
	b = Delete(b, First(b), 1000)
	if Len(b) != 0 || First(b) != -1 || Last(b) != -1 || Find(b, First(b), nil, 0) != -1 {
		t.Fatalf("not empty: %v", b)
	}
}

// FuzzValid gives arbitrary bytes; what Valid accepts can be read, searched, changed, and built again byte for byte.
func FuzzValid(f *testing.F) {
	var all []byte
	for _, s := range samples[:40] {
		all = Append(all, []byte(s))
	}
	f.Add(AppendFloat(AppendFloat(AppendFloat(all, 0.1), 0.5), 7))
	f.Add([]byte{1, 0, 0xf0, 1, 0, 0, 0, 'a', 6})
	f.Add([]byte{0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		if Valid(b) != nil {
			return
		}
		var again []byte
		for off := First(b); off >= 0; off = Next(b, off) {
			e := Get(b, off)
			switch {
			case e.IsFloat():
				again = AppendFloat(again, e.Float())
			case e.IsInt():
				again = AppendInt(again, e.Int())
			default:
				again = Append(again, e.Bytes())
			}
			if text := e.AppendTo(nil); !e.IsFloat() && !Get(b, Find(b, First(b), text, 0)).Equal(text) {
				t.Fatalf("%q is not found", text)
			}
		}
		if len(again) > 0 && !bytes.Equal(again[headerSize:], b[headerSize:]) {
			t.Fatalf("built again as %x, was %x", again, b)
		}
		same(t, b, texts(b))
		if off := Index(b, Len(b)/2); off >= 0 {
			b = Replace(b, off, []byte("replaced"))
			b = InsertBefore(b, off, []byte("12345"))
			b = Delete(b, off, 1)
			same(t, b, texts(b))
		}
	})
}

func TestAllocs(t *testing.T) {
	var b []byte
	for i := range 100 {
		b = Append(b, fmt.Append(nil, "field", i))
		b = AppendFloat(b, float64(i)/3)
	}
	key, short, long := []byte("field50"), []byte("12"), []byte("field5x")
	b = slices.Grow(b, 64)
	buf := make([]byte, 0, 64)
	for name, fn := range map[string]func(){
		"Find":          func() { Find(b, First(b), key, 1) },
		"Get":           func() { buf = Get(b, Index(b, 77)).AppendTo(buf[:0]) },
		"Replace":       func() { b = Replace(Replace(b, 2, short), 2, long) },
		"ReplaceFloat":  func() { b = ReplaceFloat(b, Index(b, 1), 0.7) },
		"Insert/Delete": func() { b = Delete(InsertBefore(b, First(b), key), First(b), 1) },
	} {
		if n := testing.AllocsPerRun(100, fn); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	var c []byte
	for i := range 128 {
		c = Append(c, fmt.Append(nil, "field:", i))
		c = Append(c, fmt.Append(nil, "value of it ", i))
	}
	for _, i := range []int{5, 127} {
		key := fmt.Append(nil, "field:", i)
		b.Run(fmt.Sprint("of 128/", i), func(b *testing.B) {
			for b.Loop() {
				Find(c, First(c), key, 1)
			}
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	field := []byte("field:12")
	for b.Loop() {
		var c []byte
		for range 20 {
			c = Append(c, field)
		}
	}
}

func BenchmarkWalk(b *testing.B) {
	var c []byte
	for i := range 256 {
		c = Append(c, fmt.Append(nil, "item:", i))
	}
	for b.Loop() {
		for off := First(c); off >= 0; off = Next(c, off) {
			Get(c, off)
		}
	}
}
