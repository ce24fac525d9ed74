// Speed of the interpreter against Redis's Lua and gopher-lua: make lua-bench runs it with LUA_BENCH=<rounds>.
package lua

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gopher "github.com/yuin/gopher-lua"
)

// A measurement lasts benchTime and is cut into windows, of which the fastest counts: what else runs on the machine then
// disturbs both sides least.
const (
	benchTime   = 60 * time.Millisecond
	benchWindow = 3 * time.Millisecond
)

func benchScripts(t testing.TB) []string {
	paths, err := filepath.Glob("testdata/bench/*.lua")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no bench scripts: %v", err)
	}
	return paths
}

func benchName(path string) string { return strings.TrimSuffix(filepath.Base(path), ".lua") }

// TestLuaBench compares server time per call. Every script is also checked to give the same result as in Redis.
func TestLuaBench(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv("LUA_BENCH"))
	if err != nil {
		t.Skip("LUA_BENCH does not say how many rounds to measure")
	}
	redis := startRedis(t)
	// A server is never empty: this stands for its data, without which the garbage collector would run all the time.
	ballast := make([]byte, 64<<20)
	defer runtime.KeepAlive(ballast)
	var report strings.Builder
	fmt.Fprintf(&report, "| script | evald us | Redis us | gopher-lua us | Redis/evald |\n|---|---|---|---|---|\n")
	logSum, count := 0.0, 0
	for _, path := range benchScripts(t) {
		if only := os.Getenv("LUA_BENCH_ONLY"); only != "" && !strings.Contains(path, only) {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		checkSameResult(t, redis, path, string(source))
		var ours, theirs, gophers []float64
		for range rounds {
			ours = append(ours, timeOurs(t, string(source)))
			theirs = append(theirs, redis.timeScript(t, string(source)))
			if os.Getenv("LUA_BENCH_GOPHER") != "" {
				gophers = append(gophers, timeGopher(string(source)))
			}
		}
		a, b := median(ours), median(theirs)
		fmt.Fprintf(&report, "| %s | %.1f | %.1f | %s | %.2f |\n", benchName(path), a, b, microseconds(gophers), b/a)
		logSum += math.Log(b / a)
		count++
	}
	fmt.Fprintf(&report, "| geometric mean | | | | %.2f |\n", math.Exp(logSum/float64(count)))
	fmt.Println(report.String())
}

func checkSameResult(t *testing.T, redis *redisClient, path, source string) {
	wrapped := "return tostring((function() " + source + "\nend)())"
	want := redis.eval(t, wrapped)
	if got := evalText(New(), wrapped); got != want {
		t.Fatalf("%s gives %s, Redis %s", path, got, want)
	}
}

func timeOurs(t testing.TB, source string) float64 {
	s := New()
	s.SetBudget(Budget{Memory: 256 << 20, OnSlice: func() error { return nil }})
	p, err := s.Load(source, "@user_script")
	if err != nil {
		t.Fatal(err)
	}
	return repeat(func() {
		if e := s.Run(p, nil); e != nil {
			t.Fatal(e)
		}
	})
}

// repeat returns the microseconds that f takes.
func repeat(f func()) float64 {
	f()
	best := math.Inf(1)
	for start := time.Now(); time.Since(start) < benchTime; {
		n := 0
		window := time.Now()
		for n == 0 || time.Since(window) < benchWindow {
			f()
			n++
		}
		best = min(best, float64(time.Since(window).Nanoseconds())/float64(n)/1000)
	}
	return best
}

// timeGopher returns the microseconds in gopher-lua's own interpreter, NaN if it cannot run the script.
func timeGopher(source string) float64 {
	l := gopher.NewState()
	defer l.Close()
	f, err := l.LoadString(source)
	if err != nil {
		return math.NaN()
	}
	failed := false
	us := repeat(func() {
		if failed {
			return
		}
		l.Push(f)
		if l.PCall(0, 1, nil) != nil {
			failed = true
			return
		}
		l.Pop(1)
	})
	if failed {
		return math.NaN()
	}
	return us
}

// timeScript returns the microseconds that Redis itself counts for a call of the script.
func (c *redisClient) timeScript(t testing.TB, source string) float64 {
	sha := c.command(t, "SCRIPT", "LOAD", source)
	c.command(t, "EVALSHA", sha, "0")
	best := math.Inf(1)
	for start := time.Now(); time.Since(start) < benchTime; {
		c.command(t, "CONFIG", "RESETSTAT")
		n := 0
		for window := time.Now(); n == 0 || time.Since(window) < benchWindow; n++ {
			c.command(t, "EVALSHA", sha, "0")
		}
		best = min(best, c.microsecondsPerCall(t))
	}
	return best
}

func (c *redisClient) microsecondsPerCall(t testing.TB) float64 {
	stats := c.command(t, "INFO", "commandstats")
	_, rest, _ := strings.Cut(stats, "cmdstat_evalsha:")
	_, rest, _ = strings.Cut(rest, "usec_per_call=")
	text, _, _ := strings.Cut(rest, ",")
	us, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatalf("no time in %q", stats)
	}
	return us
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

func microseconds(all []float64) string {
	if len(all) == 0 || math.IsNaN(all[0]) {
		return "-"
	}
	return fmt.Sprintf("%.1f", median(all))
}

func BenchmarkScripts(b *testing.B) {
	for _, path := range benchScripts(b) {
		b.Run(benchName(path), func(b *testing.B) {
			source, err := os.ReadFile(path)
			if err != nil {
				b.Fatal(err)
			}
			s := New()
			s.SetBudget(Budget{Memory: 256 << 20})
			p, err := s.Load(string(source), "@user_script")
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if e := s.Run(p, nil); e != nil {
					b.Fatal(e)
				}
			}
		})
	}
}
