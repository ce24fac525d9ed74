// The test suite of Lua 5.1, from the copy that comes with gopher-lua's module; it is never copied into this tree.
package lua

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Left out are api.lua and code.lua (they need a C library for tests), attrib.lua (require), big.lua (4 GB strings), db.lua
// (debug), files.lua (io), gc.lua (weak tables and __gc: nothing is collected during a run), main.lua (the lua program),
// verybig.lua (io).

// pucFiles are the files that run, with what is cut out of each because Redis's Lua has no such thing. Every cut is a
// text of the file, what stands in for it, and why.
var pucFiles = []struct {
	name string
	cuts [][3]string
}{
	{"calls.lua", [][3]string{{`assert(debug.getinfo(a).source == "modname")`, "", "no debug"}}},
	{"checktable.lua", nil},
	{"closure.lua", [][3]string{
		{"assert(debug.getinfo(1).currentline == debug.getinfo(foo).linedefined + 1)", "", "no debug"},
		{"assert(debug.getinfo(2).currentline == debug.getinfo(goo).linedefined)", "", "no debug"},
	}},
	{"constructs.lua", [][3]string{{`assert(debug.getinfo(1, "n").name == 'F')`, "", "no debug"}}},
	{"errors.lua", [][3]string{
		{`checkmessage("getmetatable(io.stdin).__gc()", "no value")`, "", "no io"},
		{"assert(i > 15)", "", "no debug.traceback"},
		{"while stack[i] ~= l1 do", "while false do", "no debug.traceback"},
	}},
	{"events.lua", [][3]string{{"-- testing metatables for basic types", "do return 12 end", "only debug sets metatables of numbers and booleans"}}},
	{"literals.lua", [][3]string{{`if os.setlocale("pt_BR") or os.setlocale("ptb") then`, "if false then", "no locales"}}},
	{"locals.lua", nil},
	{"math.lua", [][3]string{
		{`assert(tonumber('\n  -10  \n', 36) == -36)`, "", "the copy was changed for gopher-lua: strtoul wraps around"},
		{`assert(tonumber('-fFfa', 16) == -(10+(16*(15+(16*(15+(16*15)))))))`, "", "the same"},
		{`assert(tonumber('-fffffFFFFF', 16)-1 == -2^40)`, "", "the same"},
		{"f = io.tmpfile()", "--[==[", "no io"},
		{"do   -- testing NaN", "]==] do", "no io"},
		{"require \"checktable\"\nstat(a)", "", "no require"},
	}},
	{"nextvar.lua", nil},
	{"pm.lua", [][3]string{{"for k=i, j do; table", "for k=i, j do table", "the copy was changed for gopher-lua: not Lua 5.1"}}},
	{"sort.lua", nil},
	{"strings.lua", [][3]string{{"if os.setlocale(l, w) then return true end", "", "no locales"}}},
	{"vararg.lua", nil},
}

// pucDir returns where the suite is.
func pucDir(t *testing.T) string {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/yuin/gopher-lua").Output()
	dir := filepath.Join(strings.TrimSpace(string(out)), "_lua5.1-tests")
	if _, statErr := os.Stat(dir); err != nil || statErr != nil {
		t.Skip("the module of gopher-lua is not here")
	}
	return dir
}

// newOpenState returns a state whose globals and library can be written, with a print that does nothing.
func newOpenState() *State {
	s := New()
	unprotect(s.globals)
	s.globals.meta = nil
	s.SetGlobal("print", s.NewNative("print", func(c *Call) int { return 0 }))
	s.Register("debug", []Function{
		{"getinfo", func(c *Call) int {
			info := c.NewTable(0, 1)
			info.SetStr(c.s, "currentline", Int(c.t.lineAt(c.CheckInt(1))))
			return c.Return1(TableValue(info))
		}},
		{"setfenv", func(c *Call) int {
			c.Arg(1).thread().env = c.CheckTable(2)
			return 0
		}},
		{"getfenv", func(c *Call) int { return c.Return1(TableValue(c.Arg(1).thread().env)) }},
		{"traceback", func(c *Call) int { return c.ReturnArgs(1) }},
	})
	return s
}

func unprotect(t *Table) {
	if t == nil || !t.readonly {
		return
	}
	t.readonly = false
	for key := Nil; ; {
		k, v, more, _ := t.Next(key)
		if !more {
			return
		}
		unprotect(v.Table())
		key = k
	}
}

func TestPUC(t *testing.T) {
	dir := pucDir(t)
	for _, file := range pucFiles {
		t.Run(file.name, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join(dir, file.name))
			if err != nil {
				t.Fatal(err)
			}
			source := string(b)
			for _, cut := range file.cuts {
				if !strings.Contains(source, cut[0]) {
					t.Errorf("no %q to cut", cut[0])
				}
				source = strings.ReplaceAll(source, cut[0], cut[1])
			}
			s := newOpenState()
			p, err := s.Load(source, "@"+file.name)
			if err != nil {
				t.Fatal(err)
			}
			if e := s.Run(p, nil); e != nil {
				t.Fatalf("%v at line %d", e, e.Trace.Line)
			}
		})
	}
}
