package lua

import (
	"fmt"
	"testing"
)

// TestReusedClosures: closures and upvalues that served an earlier run are as good as new, whatever that run did with them.
func TestReusedClosures(t *testing.T) {
	s := New()
	// Each variable of a loop is captured by a closure of its own, by two closures, or by none, and more of them than are kept for reuse.
	const source = `
		local n, made = %d, {}
		for i = 1, n do
			local v, w = i * 10, i
			if i %% 3 == 0 then made[#made + 1] = function() v = v + 1 return v end end
			if i %% 2 == 0 then
				local inner = function() v = v + 1 return v + w end
				made[#made + 1] = function() return inner() end
			end
		end
		local sum, seen = 0, {}
		for _, f in ipairs(made) do
			assert(not seen[f])
			seen[f] = true
			sum = sum + f()
		end
		for _, f in ipairs(made) do sum = sum * 3 %% 1000003 + f() end
		return #made .. ' ' .. sum`
	for _, n := range []int{2, 40, 3, 7, 100, 1, 12, 6} {
		script := fmt.Sprintf(source, n)
		want := answer(New(), script)
		for range 3 {
			if got := answer(s, script); got != want {
				t.Errorf("%d variables: %s, on a new state %s", n, got, want)
			}
			answer(s, "local x = {} local function f() x.f = f error(f) end local g = coroutine.wrap(function() f() end) setfenv(f, x) g()")
		}
	}
}

// TestReuseLetsGo: a value that only the last run's closures refer to is not kept by them.
func TestReuseLetsGo(t *testing.T) {
	s := New()
	answer(s, "local big = ('x'):rep(100) local function f() return big end local function g() return f() end return g()")
	for _, c := range s.reuse.closures {
		if c != nil && *c != (closure4{}) {
			t.Error("a closure still refers to something")
		}
	}
	for _, u := range s.reuse.upvalues {
		if u != nil && *u != (upvalue{}) {
			t.Error("an upvalue still refers to something")
		}
	}
}

// TestKeepAlive: what the host lets outlive a run is not used again.
func TestKeepAlive(t *testing.T) {
	s := New()
	var kept Value
	s.SetGlobal("keep", s.NewNative("keep", func(c *Call) int {
		s.KeepAlive()
		kept = c.Arg(1)
		return c.Return0()
	}))
	answer(s, "local n = 0 local function up() n = n + 1 return n end local function twice() up() return up() end keep(twice)")
	for want := 2; want < 12; want += 2 {
		if got := answer(s, "local a, b = 1 local function f() return a end local function g() b = f() return b end return g()"); got != "n:1" {
			t.Fatal(got)
		}
		got := 0
		if e := s.CallFunction(kept, func(c *Call) { got = int(c.Arg(1).Number()) }); e != nil {
			t.Fatal(e)
		}
		if got != want {
			t.Errorf("the kept function returned %d, not %d", got, want)
		}
	}
}
