// Native fuzzing of the library functions that read formats and documents: no panic, no more steps or bytes than allowed.
package lua

import (
	"errors"
	"testing"
	"time"
)

const (
	fuzzMemory = 16 << 20
	fuzzSteps  = 2_000_000
)

// fuzzScript returns a function that runs the script with the global strings A, B, C and D, within limits.
func fuzzScript(f *testing.F, script string) func(t *testing.T, args ...string) {
	s := New()
	proto, err := s.Load(script, "@user_script")
	if err != nil {
		f.Fatal(err)
	}
	return func(t *testing.T, args ...string) {
		s.SetBudget(Budget{})
		for i, arg := range args {
			s.SetGlobal(string(rune('A'+i)), s.NewText(arg))
		}
		limited(t, s, fuzzMemory, fuzzSteps)
		start := time.Now()
		_, err := runProto(s, proto)
		if took := time.Since(start); took > time.Second {
			t.Errorf("took %v", took)
		}
		if e := (*Error)(nil); err != nil && (!errors.As(err, &e) || e.Stop == nil) {
			t.Errorf("the script failed: %v", err)
		}
	}
}

func FuzzFormat(f *testing.F) {
	run := fuzzScript(f, `return pcall(string.format, A, B, C, tonumber(B) or 3.7, tonumber(C) or -1e10)`)
	for _, s := range []string{"%d", "%5.2f|%-10s|%q", "%#x %+.3e % g %c", "%99.99f", "%s%s%s", "%", "%5", "%-----d", "%.100d", "%i%u%o%X%E%G"} {
		f.Add(s, "12.5", "a\x00b")
	}
	f.Fuzz(func(t *testing.T, format, a, b string) { run(t, format, a, b) })
}

func FuzzPattern(f *testing.F) {
	run := fuzzScript(f, `pcall(string.find, A, B) pcall(string.match, A, B, 2) pcall(string.gsub, A, B, C)
		pcall(function() for a, b in A:gmatch(B) do C = nil end end)
		return pcall(string.gsub, A, B, function(...) return select('#', ...) end)`)
	for _, p := range []string{"", "a-b", "(a*)%1", "%b()", "%f[%w]%w+", "[^%s]-$", "()", "((a)(.))", "[a-", "%", "(.-)%s*$", ".-.-.-x", "[]]", "[%a-z]+"} {
		f.Add("key=value, (a(b)c) aaaa", p, "<%1>")
	}
	f.Fuzz(func(t *testing.T, subject, pattern, repl string) { run(t, subject, pattern, repl) })
}

func FuzzCjsonDecode(f *testing.F) {
	run := fuzzScript(f, `local ok, v = pcall(cjson.decode, A) if ok then local ok, text = pcall(cjson.encode, v)
		if ok then pcall(cjson.decode, text) end end`)
	for _, d := range []string{`{"a":[1,2.5e3,{"b":null}],"c":"\u00e9\n"}`, `[[[]]]`, `nan`, `-0x1f`, `"\ud83d\ude00"`, `[1,`, `{"a"`, "\x00", `1e999`} {
		f.Add(d)
	}
	f.Fuzz(func(t *testing.T, document string) { run(t, document) })
}

func FuzzCmsgpackUnpack(f *testing.F) {
	run := fuzzScript(f, `local r = {pcall(cmsgpack.unpack, A)} pcall(cmsgpack.unpack_limit, A, 3, 1)
		if r[1] then pcall(cmsgpack.unpack, cmsgpack.pack(unpack(r, 1, 100))) end`)
	for _, d := range []string{"\x01\x02", "\x93\x01\xc0\x03", "\x82\xa1a\x01\xa1b\x90", "\xdd\xff\xff\xff\xff", "\xdb\x00\x00\x00\x01a", "\xca\x3f\xc0\x00\x00", "\xc1", "\x81\xc0\x01"} {
		f.Add(d)
	}
	f.Fuzz(func(t *testing.T, data string) { run(t, data) })
}

func FuzzStructUnpack(f *testing.F) {
	run := fuzzScript(f, `pcall(struct.unpack, A, B) pcall(struct.unpack, A, B, 3) pcall(struct.size, A)
		return pcall(struct.pack, A, B, 1.5, B, -3, 7, B, 2^40)`)
	for _, s := range []string{"b", "<i4>I2", "!8bhil", "Bc0s", "fd", "i16", "c3", "!bd", " x", "i33", "c99999999999"} {
		f.Add(s, "\x03abc\x00defghijklmnopqrstuvwxyz")
	}
	f.Fuzz(func(t *testing.T, format, data string) { run(t, format, data) })
}
