// The byte budget against the heap of the process.
package lua

import (
	"runtime"
	"testing"
)

// TestMemoryTruth compares the bytes counted with what the Go heap has grown by.
func TestMemoryTruth(t *testing.T) {
	for _, source := range []string{
		"local t = {} for i = 1, 200000 do t[i] = i end return t",
		"local t = {} for i = 1, 50000 do t[i] = {} end return t",
		"local t = {} for i = 1, 50000 do t[i] = {i, i, i, i} end return t",
		"local t = {} for i = 1, 50000 do t[i] = {a = i, b = i} end return t",
		"local t = {} for i = 1, 100000 do t[i] = 'string number ' .. i end return t",
		"local t = {} for i = 1, 100000 do t['key' .. i] = i end return t",
		"local t = {} for i = 1, 200 do t[i] = string.rep('x', 20000 + i) end return t",
		"local t = {} for i = 1, 50000 do t[i] = function() return i end end return t",
		"local t = {} for i = 1, 2000 do t[i] = coroutine.create(function() end) end return t",
	} {
		s := New()
		p := mustLoad(t, s, source)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var counted, live int64
		e := s.Run(p, func(c *Call) {
			counted = s.Memory()
			s.recount(0)
			live = s.Memory()
			runtime.GC()
			runtime.ReadMemStats(&after)
		})
		if e != nil {
			t.Fatal(e)
		}
		truth := float64(after.HeapAlloc) - float64(before.HeapAlloc)
		t.Logf("counted %d, live %d, heap %.0f: %.2f of the truth: %s", counted, live, truth, float64(live)/truth, source)
		if ratio := float64(live) / truth; ratio < 0.9 || ratio > 1.1 {
			t.Errorf("%.2f of the truth: %s", ratio, source)
		}
	}
}
