// Properties of runs that a host relies on: no allocation, isolation, budgets, limits.
package lua

import (
	"errors"
	"strings"
	"testing"
)

func mustLoad(t testing.TB, s *State, source string) *Proto {
	t.Helper()
	p, err := s.Load(source, "@user_script")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRunAllocatesNothing(t *testing.T) {
	s := New()
	for _, source := range []string{
		"return 1",
		"local s = 0 for i = 1, 100 do s = s + i % 7 end return s",
		"local function f(a, b) if a > 10 then return b end return a + b end local x = 0 for i = 1, 50 do x = f(i, x) end return x",
		"return math.floor(3.7) + #string.sub('hello', 2, 2)",
		"local ok, v = pcall(math.max, 1, 2) return v",
		"local n = 0 local function add(d) n = n + d end local function twice(d) add(d) add(d) end twice(4) return n",
	} {
		p := mustLoad(t, s, source)
		if n := testing.AllocsPerRun(100, func() {
			if e := s.Run(p, nil); e != nil {
				t.Fatal(e)
			}
		}); n > 0 {
			t.Errorf("%s: %v allocations", source, n)
		}
	}
}

// TestIsolation runs scripts that try to leave something behind, each followed by one that looks for it.
func TestIsolation(t *testing.T) {
	s := New()
	for _, c := range []struct{ attack, probe, want string }{
		{"leaked = 1", "return tostring(rawget(_G, 'leaked'))", `s:"nil"`},
		{"rawset(_G, 'leaked', 1)", "return tostring(rawget(_G, 'leaked'))", `s:"nil"`},
		{"string.rep = nil", "return ('x'):rep(2)", `s:"xx"`},
		{"getmetatable('').__index = {upper = function() return 'poison' end}", "return ('x'):upper()", `s:"X"`},
		{"table.insert(string, 1)", "return #string", "n:0"},
		{"setmetatable(_G, nil)", "return x", `RE s:"user_script:1: Script attempted to access nonexistent global variable 'x'"`},
		{"setmetatable(math, {__index = function() return 'poison' end})", "return tostring(math.nope)", `s:"nil"`},
		{"setfenv(0, {}) setfenv(1, {})", "return type(string)", `s:"table"`},
		{"setfenv(1, {tostring = function() return 'poison' end})", "return tostring(1)", `s:"1"`},
		{"getmetatable(_G).__index = nil", "return x", `RE s:"user_script:1: Script attempted to access nonexistent global variable 'x'"`},
		{"for i = 1, 100 do coroutine.wrap(function() coroutine.yield() end)() end error('x')", "return tostring(coroutine.running())", `s:"nil"`},
		{"local function f() return f() + 1 end f()", "local n = 0 local function f(d) n = d if d < 10000 then f(d + 1) end end f(1) return n", "n:10000"},
		{"pcall(error, setmetatable({}, {__index = function() error('again') end}))", "return 1", "n:1"},
		{"KEYS = {1}", "return rawget(_G, 'KEYS')", "nil"},
	} {
		answer(s, c.attack)
		if got := answer(s, c.probe); got != c.want {
			t.Errorf("after %s\n\t%s gives %s, not %s", c.attack, c.probe, got, c.want)
		}
	}
}

var errKilled = errors.New("killed")

// stubborn are scripts that try not to be stopped.
var stubborn = []string{
	"while true do end",
	"repeat until false",
	"for i = 1, 1/0 do end",
	"while true do pcall(function() while true do end end) end",
	"while true do xpcall(function() while true do end end, function() while true do end end) end",
	"local function f() return f() end f()",
	"local f f = function() pcall(f) end while true do f() end",
	"local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do pcall(co) end",
	"while true do coroutine.wrap(function() while true do end end)() end",
	"local t = setmetatable({}, {__index = function(t, k) while true do end end}) return pcall(function() return t.x end)",
	"local t = {} for i = 1, 1000 do t[i] = i end while true do table.sort(t, function(a, b) return a < b end) end",
	"while true do for k, v in pairs({1, 2, 3}) do end end",
	"for i in function() return 1 end do end",
	"while true do string.rep('x', 100):gsub('x', function() end) end",
	"goto1 = 1 while true do end",
	"local s = string.rep('a', 30) return s:find(string.rep('a-', 30) .. 'b')",
	"return load(function() return ' ' end)",
	"local t = {} for i = 1, 1000000 do t[i] = 1 end for i = 1, 1000000 do t[i] = nil end while true do next(t) end",
	"local a, b = string.rep('x', 1e7), string.rep('x', 1e7) while a == b do end",
	"local a, b = string.rep('x', 1e7), string.rep('x', 1e7) local t = {[a] = 1} while t[b] do end",
	"local a, b = string.rep('x', 1e7), string.rep('x', 1e7) while a <= b do end",
}

func TestStop(t *testing.T) {
	s := New()
	for _, source := range stubborn {
		slices := 0
		s.SetBudget(Budget{Memory: 64 << 20, OnSlice: func() error {
			if slices++; slices > 20 {
				return errKilled
			}
			return nil
		}})
		if strings.HasPrefix(source, "goto1") {
			source = strings.TrimPrefix(source, "goto1 = 1 ")
		}
		e := s.Run(mustLoad(t, s, source), nil)
		if e == nil && !strings.Contains(source, "load(") || e != nil && !errors.Is(e, errKilled) && !errors.Is(e, ErrMemory) && !strings.Contains(source, "load(") {
			t.Errorf("%s ended with %v", source, e)
		}
		if got := answer(s, "return 1"); got != "n:1" {
			t.Fatalf("after %s: %s", source, got)
		}
	}
}

// TestMemory runs scripts that take ever more memory.
func TestMemory(t *testing.T) {
	s := New()
	const limit = 16 << 20
	for _, source := range []string{
		"local t = {} while true do t[#t + 1] = #t end",
		"local t = {} while true do t[#t + 1] = {} end",
		"local s = 'x' while true do s = s .. s end",
		"local t = {} while true do t[#t + 1] = string.rep('x', 1000) .. #t end",
		"local t = {} local i = 0 while true do i = i + 1 t['k' .. i] = i end",
		"local t = {} while true do local n = #t t[n + 1] = function() return n end end",
		"local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
		"local t while true do t = {t} end",
		"local function f(...) return f(1, ...) end f()",
		"local function f(n) local s = string.rep('x', 100000) .. n return f(n + 1) .. s end f(1)",
		"local t = {} while true do t = {t, pcall(string.rep, 'x', 2^28)} end",
		"local s = '' while true do s = s .. string.char(1, 2, 3, 4, 5, 6, 7, 8):rep(1000) end",
		"local t = {} for i = 1, 1e9 do t[i] = loadstring('return ' .. i) end",
	} {
		slices := 0
		s.SetBudget(Budget{Memory: limit, OnSlice: func() error {
			if slices++; slices > 5000 {
				return errKilled
			}
			return nil
		}})
		e := s.Run(mustLoad(t, s, source), nil)
		if e == nil || !errors.Is(e, ErrMemory) && !errors.Is(e, errKilled) && !strings.Contains(e.Error(), "stack overflow") {
			t.Errorf("%s ended with %v", source, e)
		}
	}
	// Garbage does not count.
	for _, source := range []string{
		"for i = 1, 1000000 do local t = {i} end return 1",
		"local s for i = 1, 2000 do s = string.rep('x', 100000) end return 1",
		"local t = {} for i = 1, 2000000 do t['k' .. i] = 1 t['k' .. i] = nil end return 1",
		"for i = 1, 20000 do coroutine.wrap(function() coroutine.yield() end)() end return 1",
	} {
		s.SetBudget(Budget{Memory: limit})
		if got := answer(s, source); got != "n:1" {
			t.Errorf("%s gives %s", source, got)
		}
	}
}

// TestHostileSource compiles source that is long, deep, or both.
func TestHostileSource(t *testing.T) {
	s := New()
	for _, c := range []struct{ name, source, want string }{
		{"braces", "return " + strings.Repeat("{", 900000), "user_script:1: chunk has too many syntax levels"},
		{"parentheses", "return " + strings.Repeat("(", 900000), "user_script:1: chunk has too many syntax levels"},
		{"not", "return " + strings.Repeat("not ", 200000) + "1", "user_script:1: chunk has too many syntax levels"},
		{"index", "return " + strings.Repeat("a[", 400000), "user_script:1: chunk has too many syntax levels"},
		{"concat", "return 'a'" + strings.Repeat("..'a'", 150000), "user_script:1: chunk has too many syntax levels"},
		{"function", strings.Repeat("function f() ", 60000), "user_script:1: chunk has too many syntax levels"},
		{"do", strings.Repeat("do ", 300000), "user_script:1: chunk has too many syntax levels"},
		{"and", "return 1" + strings.Repeat(" and x", 30000), ""},
		{"elseif", "if x then " + strings.Repeat("elseif x then ", 30000) + "end", ""},
		{"break", "while x do " + strings.Repeat("if x then break end ", 30000) + "end", ""},
		{"far", "while x do " + strings.Repeat("if x then break end ", 40000) + "end", "user_script:1: control structure too long near 'end'"},
		{"locals", strings.Repeat("local a ", 100000), "user_script:1: main function has more than 200 local variables"},
		{"fields", "return x" + strings.Repeat(".x", 400000), ""},
		{"closures", strings.Repeat("f(function() end) ", 50000), ""},
		{"comment", "--[==[" + strings.Repeat("]=]", 300000), "user_script:1: unfinished long comment near '<eof>'"},
		{"items", "return {" + strings.Repeat("1,", 400000) + "}", ""},
		{"large", strings.Repeat(" ", DefaultMaxSource+1), ErrTooLarge.Error()},
	} {
		text := ""
		if _, err := s.Load(c.source, "@user_script"); err != nil {
			text = err.Error()
		}
		if text != c.want {
			t.Errorf("%s: %q", c.name, text)
		}
	}
}
