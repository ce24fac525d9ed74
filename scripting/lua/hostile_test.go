// Hostile scripts under a memory and a step limit: each must end, and the next one must see nothing of it.
package lua

import (
	"errors"
	"flag"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"
)

var rewriteHostile = flag.Bool("rewrite-hostile", false, "record in testdata/hostile.txt how each script ends")

const (
	hostileMemory = 256 << 20
	hostileSteps  = 500_000
	// manySteps is for what does much work in few calls: long sources, strings and patterns.
	manySteps = 10_000_000
)

// heapLimit is what the process may hold while a script with that much memory runs: what is alive, as much garbage again
// before the collector has run, a string being copied, and the test itself.
func heapLimit(memory int64) uint64 { return uint64(3*memory) + 64<<20 }

var errSteps = errors.New("too many steps")

// limited gives s the limits of the hostile run. A run is stopped when its steps are used up or its process is too big.
func limited(t testing.TB, s *State, memory, steps int64) {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	slices := 0
	s.SetBudget(Budget{Memory: memory, OnSlice: func() error {
		if slices++; slices%50 == 0 {
			if metrics.Read(heap); heap[0].Value.Uint64() > heapLimit(memory) {
				t.Errorf("the heap has grown to %d MB", heap[0].Value.Uint64()>>20)
			}
		}
		if s.Steps() > steps {
			return errSteps
		}
		return nil
	}})
}

// ending tells in one line how a run ended.
func ending(err error) string {
	var e *Error
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &e) && e.Stop != nil:
		return "stopped: " + e.Stop.Error()
	}
	text := err.Error()
	if len(text) > 200 {
		text = text[:200] + "..."
	}
	return "error: " + strings.ReplaceAll(text, "\n", `\n`)
}

// probe looks at everything that scripts share, and returns it as text.
const probe = `
local seen, out = {}, {}
local function look(path, v)
	out[#out + 1] = path .. '=' .. type(v)
	if type(v) ~= 'table' or seen[v] then return end
	seen[v] = true
	local keys = {}
	for k in next, v do keys[#keys + 1] = k end
	table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
	for _, k in ipairs(keys) do look(path .. '.' .. tostring(k), v[k]) end
	look(path .. '|meta', getmetatable(v))
end
look('_G', _G)
look('string', getmetatable(''))
local function try(...) out[#out + 1] = tostring(select(2, pcall(...))) end
try(function() return ('x'):upper() .. ('%d'):format(3) .. ('abc'):gsub('b', 'x') end)
try(function() return cjson.encode({1, {a = 1 / 3}}) .. tostring(cjson.decode('[1e1,{"a":null}]')[1]) end)
try(function() return cjson.encode({[100] = 1}) end)
try(function() return cjson.encode({1 / 0}) end)
try(function() return cjson.decode('[nan]')[1] end)
try(function() return table.concat({cjson.encode_max_depth(), cjson.decode_max_depth(), cjson.encode_number_precision()}, ' ') end)
try(function() return tostring(cjson.encode_keep_buffer()) .. tostring(cjson.encode_sparse_array()) end)
try(function() return cmsgpack.unpack(cmsgpack.pack({1, 'a'}))[2] .. struct.pack('b', 65) .. bit.band(7, 2) end)
try(function() math.randomseed(7) return math.random() end)
try(function() x = 1 end)
try(function() return x end)
try(function() string.x = 1 end)
try(function() local t = {3, 1, 2} table.sort(t) return table.concat(t, ',') end)
try(function() return getfenv(0) == _G and getfenv(1) == _G and getfenv(string.rep) == _G end)
return table.concat(out, '\n')`

func TestHostile(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute: make lua-hostile")
	}
	const path = "testdata/hostile.txt"
	all := readSnippets(t, path)
	s := New()
	look := func() string {
		limited(t, s, hostileMemory, hostileSteps)
		text, err := runText(s, probe)
		if err != nil {
			t.Fatalf("the probe fails: %v", err)
		}
		return text
	}
	clean := look()
	steps := int64(hostileSteps)
	for i := range all {
		e := &all[i]
		if e.script == "" {
			steps = hostileSteps
			switch e.line {
			case "# Deep source", "# Memory by strings", "# Patterns that blow up":
				steps = manySteps
			}
			continue
		}
		limited(t, s, hostileMemory, steps)
		start := time.Now()
		_, err := runText(s, e.script)
		took := time.Since(start)
		got := ending(err)
		if *rewriteHostile {
			e.answer = got
		}
		if got != e.answer {
			t.Errorf("%s\n\tgot  %s\n\twant %s", e.script, got, e.answer)
		}
		if took > time.Second {
			t.Logf("%v: %s", took, e.script)
		}
		if after := look(); after != clean {
			t.Errorf("%s\n\tleaves traces: %s", e.script, firstDifference(clean, after))
			s = New()
		}
	}
	if *rewriteHostile {
		writeSnippets(t, path, all)
	}
}

// TestHostileMemory runs the same scripts with so little memory and so many steps that the memory runs out first.
func TestHostileMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds: make lua-hostile")
	}
	runtime.GC() // what the tests before have left does not count
	s := New()
	stopped, section := 0, ""
	for _, e := range readSnippets(t, "testdata/hostile.txt") {
		if e.script == "" {
			section = e.line
		}
		if e.script == "" || !strings.HasPrefix(section, "# Memory") && !strings.HasPrefix(section, "# c") {
			continue
		}
		limited(t, s, 8<<20, 4_000_000)
		if _, err := runText(s, e.script); errors.Is(err, ErrMemory) {
			stopped++
		}
	}
	if stopped < 50 {
		t.Errorf("only %d scripts ran out of memory", stopped)
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i] + " became " + y[i]
		}
	}
	return "one more or fewer line"
}
