package lua

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
)

// allProtos returns p and the functions in it.
func allProtos(p *Proto) []*Proto {
	all := []*Proto{p}
	for _, q := range p.protos {
		all = append(all, allProtos(q)...)
	}
	return all
}

// runHooked runs a script with its lines hooked and returns its first result as text. It checks that the hook leaves the code as it was.
func runHooked(t *testing.T, s *State, script string, hook Native) (string, error) {
	t.Helper()
	p, err := s.Load(script, "@user_script")
	if err != nil {
		return "", err
	}
	var before [][]uint64
	for _, q := range allProtos(p) {
		before = append(before, slices.Clone(q.fast))
	}
	s.SetBudget(Budget{Slice: 1})
	defer s.SetBudget(Budget{})
	s.HookLines(p, hook)
	text := ""
	e := s.Run(p, func(c *Call) {
		b, _ := c.ToBytes(c.Arg(1))
		text = string(b)
	})
	s.UnhookLines()
	for i, q := range allProtos(p) {
		if !slices.Equal(q.fast, before[i]) {
			t.Fatalf("the code of %q is not what it was", script)
		}
	}
	if e != nil {
		return "", e
	}
	return text, nil
}

// Lines are those at which the debugger of a real Redis stops.
func TestHookLines(t *testing.T) {
	for _, c := range []struct {
		script string
		want   []int
	}{
		{"", []int{1}},
		{"local a = 1\nlocal b = 2\n\nreturn a + b", []int{1, 2, 4}},
		{"for i = 1, 3 do end return 1", []int{1, 1, 1, 1}},
		{"local n = 0 while n < 2 do n = n + 1 end", []int{1, 1, 1}},
		{"local n = 2\nrepeat n = n - 1 until n == 0\nreturn n", []int{1, 2, 2, 3}},
		{"local function f(n)\n if n == 0 then return 0 end\n return 1 + f(n - 1)\nend\nreturn f(2)", []int{4, 5, 2, 3, 2, 3, 2}},
		{"for k, v in pairs({5, 6}) do\n v = k\nend", []int{1, 2, 1, 2, 1, 3}},
		{"local co = coroutine.wrap(function()\n coroutine.yield(1)\n coroutine.yield(2)\nend)\nco()\nco()", []int{1, 4, 1, 5, 2, 6, 3}},
		{"pcall(function()\n error('x')\nend)\nreturn 1", []int{1, 3, 1, 2, 4}},
		{"local f = loadstring('\\n\\nreturn 1')\nreturn f()", []int{1, 2}},
	} {
		s := New()
		var got []int
		if _, err := runHooked(t, s, c.script, func(c *Call) int {
			got = append(got, c.Line())
			return 0
		}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: lines %v, want %v", c.script, got, c.want)
		}
	}
}

// A hook that looks at everything and runs code does not change what scripts do.
func TestHookChangesNothing(t *testing.T) {
	files, err := filepath.Glob("testdata/lib/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	s := New()
	lines := 0
	hook := func(c *Call) int {
		lines++
		for _, f := range c.Frames() {
			for name := range f.Locals {
				if name == "" {
					t.Error("a local variable without a name")
				}
			}
		}
		if lines%64 == 0 {
			f, err := c.Load("local t = {} for i = 1, 3 do t[i] = {i} end return #t", "@hook")
			if err != nil {
				t.Fatal(err)
			}
			if v, ok := c.PCall(f); !ok || v.Number() != 3 {
				t.Errorf("code in the hook returned %v, %v", v, ok)
			}
		}
		return 0
	}
	for _, path := range files {
		for _, e := range readSnippets(t, path) {
			if e.script == "" {
				continue
			}
			got, err := runHooked(t, s, answerScript(e.script), hook)
			if err != nil {
				got = "FAIL " + err.Error()
			}
			if got != e.answer {
				t.Errorf("%s: %s\n\tgot  %s\n\twant %s", filepath.Base(path), e.script, got, e.answer)
			}
		}
	}
	if lines < 10_000 {
		t.Errorf("the hook was called %d times only", lines)
	}
}

// An error of the hook is an error at the line, which the script may catch; Unhook in the hook ends the hooking.
func TestHookErrors(t *testing.T) {
	s := New()
	calls := 0
	got, err := runHooked(t, s, "local ok, e = pcall(function()\n return 1\nend)\nreturn tostring(ok) .. e", func(c *Call) int {
		if calls++; c.Line() == 2 {
			c.Errorf("no")
		}
		return 0
	})
	if err != nil || got != "falseuser_script:2: no" || calls != 5 {
		t.Errorf("%q, %v, %d calls", got, err, calls)
	}
	calls = 0
	got, err = runHooked(t, s, "local n = 0\nfor i = 1, 100 do\n n = n + i\nend\nreturn n", func(c *Call) int {
		if calls++; calls == 7 {
			c.State().UnhookLines()
		}
		return 0
	})
	if err != nil || got != "5050" || calls != 7 {
		t.Errorf("%q, %v, %d calls", got, err, calls)
	}
	calls = 0
	_, err = runHooked(t, s, "pcall(function() while true do end end)", func(c *Call) int {
		if calls++; calls == 1000 {
			c.State().Stop(ErrMemory)
		}
		return 0
	})
	if !errors.Is(err, ErrMemory) || calls != 1000 {
		t.Errorf("%v after %d calls", err, calls)
	}
}
