package lua

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"math/rand"
	"strings"
	"testing"
)

// running returns a state that behaves as one with a run under way, whose host is asked all the time.
func running(asked *int) *State {
	s := New()
	s.SetBudget(Budget{Slice: 1, OnSlice: func() error { *asked++; return nil }})
	s.running = true
	return s
}

func TestIndexInPieces(t *testing.T) {
	asked := 0
	s := running(&asked)
	text := bytes.Repeat([]byte("ab"), 3*pieceSize)
	for _, at := range []int{0, 1, pieceSize - 2, pieceSize - 1, pieceSize, 2*pieceSize + 7, len(text) - 3} {
		b := bytes.Clone(text)
		copy(b[at:], "xyz")
		if i := s.indexByte(b, 'x'); i != at {
			t.Errorf("indexByte: %d, not %d", i, at)
		}
		if i := s.index(b, []byte("xyz")); i != at {
			t.Errorf("index: %d, not %d", i, at)
		}
		long := append([]byte("xyz"), b[at+3:]...)
		if i := s.index(b, long); i != at {
			t.Errorf("index of %d bytes: %d, not %d", len(long), i, at)
		}
		if i := s.index(b, append(long, 'q')); i != -1 {
			t.Errorf("index of what is not there: %d", i)
		}
		if s.compareBytes(text, b) != bytes.Compare(text, b) || s.compareBytes(b, b[:len(b)-1]) != 1 || s.compareBytes(b, bytes.Clone(b)) != 0 {
			t.Errorf("compareBytes with a difference at %d", at)
		}
	}
	if i := s.index(text, nil); i != 0 {
		t.Errorf("index of nothing: %d", i)
	}
	if asked < 100 {
		t.Errorf("the host was asked %d times", asked)
	}
}

// A long number is what it is in exact arithmetic.
func TestLongNumbers(t *testing.T) {
	asked := 0
	s := running(&asked)
	rnd := rand.New(rand.NewSource(1))
	zeros := strings.Repeat("0", longNumber)
	check := func(text string) {
		t.Helper()
		f, ok := parseNumber([]byte(text))
		if exact, _, err := big.ParseFloat(strings.TrimSpace(text), 10, 12000, big.ToNearestEven); err == nil && !strings.Contains(text, "x") {
			f, _ = exact.Float64()
		}
		g, okLong := s.parseLongNumber([]byte(text))
		if ok != okLong || f != g && (f == f || g == g) {
			t.Errorf("%.30s... of %d bytes: %v %v, not %v %v", text, len(text), g, okLong, f, ok)
		}
	}
	for range 100 {
		digits := make([]byte, 1+rnd.Intn(3000))
		for i := range digits {
			digits[i] = '0' + byte(rnd.Intn(10))
		}
		mantissa := string(digits)
		if i := rnd.Intn(len(digits) + 1); rnd.Intn(3) > 0 {
			mantissa = mantissa[:i] + "." + mantissa[i:]
		}
		for _, sign := range []string{"", "-", "+", " ", "\t-"} {
			check(sign + mantissa)
			check(sign + zeros + mantissa)
			check(sign + mantissa + fmt.Sprintf("e%d", rnd.Intn(6000)-3000))
			check(sign + mantissa + "e" + zeros + "12 ")
			check(sign + "0x" + strings.ReplaceAll(mantissa, "9", "f"))
			check(sign + mantissa + "x")
			check(sign + mantissa + "e")
		}
	}
	for _, text := range []string{"", ".", "-", "0x", "0x.", "0x.8", "0x1p4", "inf", "-nan", "1e", "1e+", "1 2", zeros, "." + zeros, "1" + zeros, "." + zeros + "1", zeros + "1e-" + zeros, "1\x00x",
		"9007199254740993" + "." + zeros + "1", "9007199254740993" + "." + zeros, "1e99999999999999999999", "1e-99999999999999999999"} {
		check(text)
	}
}

// A table whose growth was stopped is what it was before.
func TestGrowthStopped(t *testing.T) {
	errStop := errors.New("stop")
	for asked := range 60 {
		s := New()
		n := 0
		s.SetBudget(Budget{Slice: 200, OnSlice: func() error {
			if n++; n > asked {
				return errStop
			}
			return nil
		}})
		table := s.NewTable(0, 0)
		s.running = true
		stopped := func() (stopped bool) {
			defer func() {
				if _, ok := recover().(thrown); ok {
					stopped = true
				}
			}()
			for i := 1; i <= 40000; i++ {
				table.SetInt(s, i, Int(i))
				table.SetInt(s, -i, Int(-i))
			}
			return false
		}()
		s.running = false
		last := 0
		for i := 1; i <= 40000 && !table.GetInt(i).IsNil(); i++ {
			last = i
		}
		for i := 1; i <= 40000; i++ {
			wantUp, wantDown := i <= last, i < last || i == last && !table.GetInt(-i).IsNil()
			if table.GetInt(i).IsNil() == wantUp || table.GetInt(-i).IsNil() == wantDown {
				t.Fatalf("stopped at slice %d with %d elements: %d is %v, %d is %v", asked, last, i, table.GetInt(i), -i, table.GetInt(-i))
			}
		}
		if stopped == (last == 40000) && last != 40000 {
			t.Fatalf("stopped %v with %d elements", stopped, last)
		}
	}
}

// A run is stopped in the middle of what is one call of a library function, or one operator, to it.
func TestStoppedInside(t *testing.T) {
	errStop := errors.New("stop")
	const before = `local A, B = string.rep('a', 4e6), string.rep('a', 4e6) local D, P = string.rep('1', 4e6), string.rep('a', 1e5) .. 'b'
		local J = '[' .. string.rep('1,', 1e6) .. '1]' local S = string.rep('a = a + 1 ', 4e4) local N, E = {}, {}
		for i = 1, 3e5 do N[i] = (i * 7919) % 1000003 E[i] = 1 end for i = 1, 3e5 do E[i] = nil end arm() `
	s := New()
	armed := -1
	s.SetGlobal("arm", s.NewNative("arm", func(*Call) int { armed = 0; return 0 }))
	for _, script := range []string{
		"string.rep('x', 1e7)", "local s = A .. A .. A", "string.format('%q', A)", "string.format('%s', A)", "table.sort(N)", "table.concat(N, ',')",
		"cjson.encode(N)", "cjson.encode(A)", "cmsgpack.pack(N)", "cjson.decode(J)", "A:find(P, 1, true)", "A:find('[^a]')", "A:find('a-b')",
		"A:find('a*b')", "A:find('%bab')", "A:sub(2)", "A:reverse()", "local r = A == B", "local r = A < B", "local r = N[A]", "tonumber(D)", "tonumber(D, 16)",
		"loadstring(S)", "table.insert(N, 1, 1)", "next(E)", "collectgarbage()", "struct.pack('s', A)",
	} {
		p := mustLoad(t, s, before+script)
		armed = -1
		s.SetBudget(Budget{Slice: 1000, OnSlice: func() error {
			if armed >= 0 {
				if armed++; armed == 3 {
					return errStop
				}
			}
			return nil
		}})
		if err := s.Run(p, nil); err == nil || !errors.Is(err, errStop) {
			t.Errorf("%s: the host was asked %d times, and it ended with %v", script, armed, err)
		}
	}
}
