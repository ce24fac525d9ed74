package scripting

import (
	"strings"
	"testing"
)

func TestRollbackFunctionEndsTheScriptAndUndoes(t *testing.T) {
	w := newWorld(t)
	w.do("set", "k", "before")
	got := w.do("eval", "redis.call('set','k','inside') pcall(function() redis.rollback('STALE try again') end) return 1", "0")
	if !strings.HasPrefix(got, "-STALE try again script: ") {
		t.Errorf("reply %q", got)
	}
	if got := w.do("get", "k"); got != "$6\r\nbefore\r\n" {
		t.Errorf("k is %q", got)
	}
}

func TestExplainRepliesEffectsAndLeavesNone(t *testing.T) {
	w := newWorld(t)
	w.do("set", "k", "before")
	got := w.do("script", "explain", "redis.call('set',KEYS[1],ARGV[1]) redis.call('get','k') redis.call('incr','n') return redis.call('get',KEYS[1])", "1", "k", "v")
	want := "*4\r\n$6\r\nresult\r\n$1\r\nv\r\n$7\r\neffects\r\n*2\r\n*3\r\n$3\r\nset\r\n$1\r\nk\r\n$1\r\nv\r\n*2\r\n$4\r\nincr\r\n$1\r\nn\r\n"
	if got != want {
		t.Errorf(" got %q\nwant %q", got, want)
	}
	if got := w.do("get", "k") + w.do("exists", "n"); got != "$6\r\nbefore\r\n:0\r\n" {
		t.Errorf("afterwards %q", got)
	}
}

func TestStatsCountRuns(t *testing.T) {
	w := newWorld(t)
	sha := w.do("script", "load", "-- adds one\nif ARGV[1] then error('no') end return redis.call('incr','n')")[5:45]
	w.do("evalsha", sha, "0")
	w.do("evalsha", sha, "0")
	w.do("evalsha", sha, "0", "fail")
	got := w.do("script", "stats", sha)
	for _, want := range []string{"$5\r\ncalls\r\n:3\r\n", "$6\r\nerrors\r\n*2\r\n$3\r\nERR\r\n:1\r\n", "$8\r\ncommands\r\n:2\r\n", "$12\r\nkeys_touched\r\n:2\r\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	if got := w.do("script", "list"); !strings.Contains(got, "$8\r\nadds one\r\n") {
		t.Errorf("list: %q", got)
	}
	w.do("script", "stats", "reset")
	if got := w.do("script", "stats", sha); !strings.Contains(got, "$5\r\ncalls\r\n:0\r\n") {
		t.Errorf("after reset %q", got)
	}
}

func TestProfileCountsLinesAndCalls(t *testing.T) {
	w := newWorld(t)
	sha := w.do("script", "load", "local n = 0\nfor i = 1, 20000 do\n  n = n + i\nend\nreturn redis.call('incr', 'n')")[5:45]
	w.do("script", "profile", sha, "on")
	w.do("evalsha", sha, "0")
	got := w.do("script", "profile", sha, "report")
	if !strings.Contains(got, "$4\r\nline\r\n:2\r\n") && !strings.Contains(got, "$4\r\nline\r\n:3\r\n") {
		t.Errorf("the loop is not in the profile: %q", got)
	}
	if !strings.Contains(got, "$4\r\nline\r\n:5\r\n") || !strings.Contains(got, "$4\r\nincr\r\n:1\r\n") {
		t.Errorf("the call is not in the profile: %q", got)
	}
	w.do("script", "profile", sha, "off")
	if got := w.do("script", "profile", sha, "report"); got != "-ERR Profiling of this script is off\r\n" {
		t.Errorf("off: %q", got)
	}
}

func TestOwnMemoryLimit(t *testing.T) {
	w := newWorld(t)
	got := w.do("eval", "#!lua max-memory=100000\nlocal t = {} for i = 1, 1e6 do t[i] = i end return 1", "0")
	if !strings.HasPrefix(got, "-ERR Script exceeded script-max-memory") {
		t.Errorf("reply %q", got)
	}
	if got := w.do("eval", "#!lua max-memory=x\nreturn 1", "0"); got != "-ERR Invalid value of lua shebang option: max-memory=x\r\n" {
		t.Errorf("bad option: %q", got)
	}
}

func TestOwnRuntimeLimit(t *testing.T) {
	w := newWorld(t)
	got := w.do("eval", "#!lua max-runtime=5\nwhile true do end", "0")
	if !strings.HasPrefix(got, "-ERR Script exceeded script-max-runtime") {
		t.Errorf("reply %q", got)
	}
}
