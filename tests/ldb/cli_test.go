package ldb

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evald/evald/internal/redistest"
)

// The real redis-cli debugs an EVAL script, in both modes, and with a function named in its shebang. What it prints against a real
// Redis is in testdata/cli; the function, an extension, is what evald prints.
func TestRedisCLI(t *testing.T) {
	cli, err := exec.LookPath("redis-cli")
	if err != nil {
		t.Skip("needs redis-cli on PATH: ", err)
	}
	const script = "local a = tonumber(ARGV[1])\nredis.call('set', KEYS[1], a)\na = a + 1\nreturn {a, redis.call('get', KEYS[1])}\n"
	const library = "#!lua name=lib\nredis.register_function('double', function(keys, args)\n  local n = args[1] * 2\n  redis.call('set', keys[1], n)\n  return n\nend)"
	commands := "s\nn\np a\np\nb 4\nl 1 9\nt\nc\nr get k\ne 1+1\ns\n"
	for _, c := range []struct{ name, mode, script, commands string }{
		{"eval", "--ldb", script, commands},
		{"eval-sync", "--ldb-sync-mode", script, commands},
		{"restart", "--ldb", script, "s\ns\nrestart\np\nc\n"},
		{"quit", "--ldb", script, "s\ns\nquit\n"},
		{"abort", "--ldb", script, "s\ns\nabort\n"},
		{"function", "--ldb", "#!lua function=double\n", "w\ns\np\ns\nt\nc\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join("testdata", "cli", c.name+".out")
			extension := c.name == "function"
			recording := *record && !extension
			var addr string
			if recording {
				addr = redistest.Start(t)
			} else {
				addr = start(t)
			}
			other := dial(t, addr)
			if extension {
				expect(t, other, `"lib"`, "FUNCTION", "LOAD", library)
			}
			path := filepath.Join(t.TempDir(), "script.lua")
			if err := os.WriteFile(path, []byte(c.script), 0o644); err != nil {
				t.Fatal(err)
			}
			host, port, _ := net.SplitHostPort(addr)
			cmd := exec.Command(cli, "-h", host, "-p", port, c.mode, "--eval", path, "k", ",", "41")
			cmd.Stdin = strings.NewReader(c.commands)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			_ = cmd.Run() // it exits with an error after an aborted script
			got := out.String()
			got += "k is " + replyWhenFree(t, other, "GET", "k") + "\n"
			if recording || *update && extension {
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, got, string(want))
		})
	}
}
