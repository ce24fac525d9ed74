package scripting

import (
	"strings"
	"testing"
)

func TestBundleIsFoundAndStaysInTheBackground(t *testing.T) {
	w := newWorld(t)
	sha := w.do("eval", "return redis.sha1hex('return 7')", "0")[5:45]
	w.r.SetBundle(Bundle{Scripts: []string{"return 7"}, Libraries: []BundledLibrary{
		{Source: "#!lua name=tools\nredis.register_function('seven', function() return 7 end)\nredis.register_function('eight', function() return 8 end)", Functions: []string{"seven", "eight"}},
	}})
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"evalsha", sha, "0"}, ":7\r\n"},
		{[]string{"script", "flush"}, "+OK\r\n"},
		{[]string{"evalsha", strings.ToUpper(sha), "0"}, ":7\r\n"},
		{[]string{"fcall", "SEVEN", "0"}, ":7\r\n"},
		{[]string{"function", "flush"}, "+OK\r\n"},
		{[]string{"function", "list"}, "*0\r\n"},
		{[]string{"fcall", "eight", "0"}, ":8\r\n"},
		{[]string{"function", "load", "#!lua name=tools\nredis.register_function('seven', function() return 'mine' end)"}, "$5\r\ntools\r\n"},
		{[]string{"fcall", "seven", "0"}, "$4\r\nmine\r\n"},
		{[]string{"function", "delete", "tools"}, "+OK\r\n"},
		{[]string{"fcall", "seven", "0"}, ":7\r\n"},
	} {
		if got := w.do(c.args...); got != c.want {
			t.Errorf("%q\n got %q\nwant %q", c.args, got, c.want)
		}
	}
}

func TestArgumentsBeyondTheMemoryLimitEndTheRunOnly(t *testing.T) {
	w := newWorld(t)
	big := strings.Repeat("x", 200_000)
	got := w.do("eval", "#!lua max-memory=100000\nreturn #ARGV[1] .. 'x'", "0", big)
	if !strings.HasPrefix(got, "-ERR Script exceeded script-max-memory") {
		t.Errorf("reply %q", got)
	}
	if got := w.do("eval", "return #ARGV[1]", "0", big); got != ":200000\r\n" {
		t.Errorf("next run: %q", got)
	}
}
