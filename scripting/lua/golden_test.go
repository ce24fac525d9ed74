// Golden tests of the library: one-line scripts with the answers of a real Redis, and the recorder that asks it.
package lua

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

var rewrite = flag.Bool("rewrite", false, "record the answers in testdata/lib anew, from a redis-server started for it")

// answerPrefix and answerSuffix turn a snippet into a script that returns its results, or its error, as one line of text.
const (
	answerPrefix = `local function S(v,d) local t=type(v) ` +
		`if t=='string' then return '"'..(v:gsub('[%c"\\\127-\255]',function(c) return ('\\%03d'):format(c:byte()) end))..'"' ` +
		`elseif t=='number' then return ('%.17g'):format(v) elseif t~='table' then return t=='boolean' and tostring(v) or t end ` +
		`if d>20 then return '...' end local o={} for k,e in pairs(v) do o[#o+1]='['..S(k,d+1)..']='..S(e,d+1) end ` +
		`table.sort(o) return '{'..table.concat(o,',')..'}' end ` +
		`local function R(ok,...) local o={} for i=1,select('#',...) do o[i]=S((select(i,...)),0) end ` +
		`return (ok and '' or 'ERR ')..table.concat(o,' ') end return R(pcall(function() `
	answerSuffix = ` end))`
)

// resetScript undoes what a snippet may have set. With a real Redis settings last; here they end with the run.
const resetScript = `cjson.encode_sparse_array(false,2,10) cjson.encode_max_depth(1000) cjson.decode_max_depth(1000) ` +
	`cjson.encode_number_precision(14) cjson.encode_keep_buffer(true) cjson.encode_invalid_numbers(false) cjson.decode_invalid_numbers(true) return ''`

func answerScript(snippet string) string { return answerPrefix + snippet + answerSuffix }

// snippet is one script of a golden file and its answer; script is empty for a line of comment.
type snippet struct{ line, script, answer string }

func readSnippets(t testing.TB, path string) []snippet {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []snippet
	for line := range strings.SplitSeq(strings.TrimSuffix(string(data), "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "\t") && len(all) > 0:
			all[len(all)-1].answer = line[1:]
		case line == "" || line[0] == '#':
			all = append(all, snippet{line: line})
		default:
			all = append(all, snippet{line: line, script: line})
		}
	}
	return all
}

func writeSnippets(t testing.TB, path string, all []snippet) {
	var b strings.Builder
	for _, s := range all {
		b.WriteString(s.line + "\n")
		if s.script != "" {
			b.WriteString("\t" + s.answer + "\n")
		}
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLibrary(t *testing.T) {
	files, err := filepath.Glob("testdata/lib/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	var redis *redisClient
	if *rewrite {
		redis = startRedis(t)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			all := readSnippets(t, path)
			if redis != nil {
				for i := range all {
					if all[i].script != "" {
						redis.eval(t, resetScript)
						all[i].answer = redis.eval(t, answerScript(all[i].script))
					}
				}
				writeSnippets(t, path, all)
			}
			s := New()
			for _, e := range all {
				if e.script == "" {
					continue
				}
				if got := evalText(s, answerScript(e.script)); got != e.answer {
					t.Errorf("%s\n\tgot  %s\n\twant %s", e.script, got, e.answer)
				}
			}
		})
	}
}

// evalText runs a script that returns a string, and returns that or the text of the error.
func evalText(s *State, script string) string {
	text, err := runText(s, script)
	if err != nil {
		return "FAIL " + err.Error()
	}
	return text
}

// runText runs a script and returns its first result as text.
func runText(s *State, script string) (string, error) {
	p, err := s.Load(script, "@user_script")
	if err != nil {
		return "", err
	}
	return runProto(s, p)
}

func runProto(s *State, p *Proto) (text string, err error) {
	if e := s.Run(p, func(c *Call) {
		if b, ok := c.ToBytes(c.Arg(1)); ok {
			text = string(b)
		}
	}); e != nil {
		return "", e
	}
	return text, nil
}

// redisClient talks to a redis-server of its own.
type redisClient struct {
	conn net.Conn
	r    *bufio.Reader
}

// startRedis starts a redis-server for the test, or skips the test if there is none.
func startRedis(t testing.TB) *redisClient {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server to compare with")
	}
	dir, err := os.MkdirTemp("", "evald")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	cmd := exec.Command(path, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "ready to accept connections at") {
			break
		}
	}
	go io.Copy(io.Discard, out)
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &redisClient{conn: conn, r: bufio.NewReaderSize(conn, 1<<16)}
}

// eval runs a script that returns a string, and returns that or the text of the error.
func (c *redisClient) eval(t testing.TB, script string) string {
	fmt.Fprintf(c.conn, "*3\r\n$4\r\nEVAL\r\n$%d\r\n%s\r\n$1\r\n0\r\n", len(script), script)
	c.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	line, err := c.r.ReadString('\n')
	if err != nil {
		t.Fatalf("redis: %v\n%s", err, script)
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line[0] != '$' {
		return "FAIL " + line
	}
	n, err := strconv.Atoi(line[1:])
	if err != nil || n < 0 {
		return "FAIL " + line
	}
	b := make([]byte, n+2)
	if _, err := io.ReadFull(c.r, b); err != nil {
		t.Fatalf("redis: %v", err)
	}
	return string(b[:n])
}
