package server

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/evald/evald/internal/reply"
)

// later are commands whose declaration changed between 7.0.15, from which testdata/commands.txt is recorded, and 7.4, and in what. Their
// lines are not compared.
func later() map[string]string {
	m := map[string]string{"wait": "scripts may call it since 7.2", "move": "its key's flags", "zrank": "WITHSCORE", "zrevrank": "WITHSCORE",
		"command|getkeys": "arity", "command|getkeysandflags": "arity", "config|resetstat": "tips", "config|rewrite": "tips", "msetnx": "tips", "randomkey": "tips",
		"scan": "tips", "cluster|shards": "answers while loading", "cluster|slots": "answers while loading", "script|kill": "FORCE is an extension",
		"failover": "no replication here", "psync": "no replication here", "replconf": "no replication here", "sync": "no replication here",
		"module|load": "no modules here", "module|loadex": "no modules here", "module|unload": "no modules here"}
	for _, name := range strings.Fields("blmove blpop brpop brpoplpush bzpopmax bzpopmin") {
		m[name] = "scripts may call it since 7.2"
	}
	return m
}

// TestCommandInfo compares what COMMAND tells of every command with what Redis 7.0.15 told: arity, flags, legacy keys, ACL categories,
// tips and key specifications. With -against it records that.
func TestCommandInfo(t *testing.T) {
	const file = "testdata/commands.txt"
	if *against != "" {
		nc, err := net.Dial("tcp", *against)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.Join(commandLines(t, nc), "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, line := range commandLines(t, startServer(t, nil).Dial()) {
		name, _, _ := strings.Cut(line, " ")
		got[name] = line
	}
	changed := later()
	for _, want := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		name, _, _ := strings.Cut(want, " ")
		_, skip := changed[name]
		switch {
		case skip && got[name] == want:
			t.Errorf("%s is as in 7.0.15: it needs no exception", name)
		case !skip && got[name] != want:
			t.Errorf("got  %s\nwant %s", got[name], want)
		}
	}
}

// commandLines returns a line per command and subcommand, sorted.
func commandLines(t *testing.T, nc net.Conn) (lines []string) {
	defer nc.Close()
	if _, err := fmt.Fprint(nc, "COMMAND\r\n"); err != nil {
		t.Fatal(err)
	}
	v, err := reply.Read(bufio.NewReader(nc))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range v.Elems {
		lines = appendCommand(lines, c)
	}
	slices.Sort(lines)
	return lines
}

func appendCommand(lines []string, c reply.Value) []string {
	e := c.Elems
	list := func(v reply.Value) string {
		words := make([]string, len(v.Elems))
		for i := range v.Elems {
			words[i] = v.Elems[i].Text
		}
		slices.Sort(words)
		return strings.Join(words, ",")
	}
	line := fmt.Sprintf("%s arity=%s flags=%s keys=%s,%s,%s categories=%s tips=%s", e[0].Text, e[1].Text, list(e[2]), e[3].Text, e[4].Text, e[5].Text, list(e[6]), list(e[7]))
	for _, k := range e[8].Elems {
		line += " {"
		for i := 0; i < len(k.Elems); i += 2 {
			if k.Elems[i].Text == "flags" {
				line += "flags=" + list(k.Elems[i+1])
			} else {
				line += " " + k.Elems[i].Text + "=" + flat(k.Elems[i+1])
			}
		}
		line += "}"
	}
	lines = append(lines, line)
	for _, sub := range e[9].Elems {
		lines = appendCommand(lines, sub)
	}
	return lines
}

// flat is a value without line breaks.
func flat(v reply.Value) string {
	if !v.IsAggregate() {
		return v.Text
	}
	parts := make([]string, len(v.Elems))
	for i := range v.Elems {
		parts[i] = flat(v.Elems[i])
	}
	return "(" + strings.Join(parts, " ") + ")"
}
