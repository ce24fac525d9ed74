package server

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestChanges runs the commands of testdata/changes.txt and compares how much each adds to rdb_changes_since_last_save with what a real
// Redis added; with -against it records that from a server, which it empties.
func TestChanges(t *testing.T) {
	const file = "testdata/changes.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var w *wire
	if *against != "" {
		nc, err := net.Dial("tcp", *against)
		if err != nil {
			t.Fatal(err)
		}
		w = newWire(t, nc)
	} else {
		w = newWire(t, startServer(t, nil).Dial())
	}
	w.do("FLUSHALL")
	count := func() int { return infoField(w, "persistence", "rdb_changes_since_last_save") }
	var out bytes.Buffer
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		want, command, ok := strings.Cut(line, "\t")
		if !ok {
			fmt.Fprintln(&out, line) // a comment
			continue
		}
		before := count()
		reply := w.do(command)
		if len(reply) > 1 && reply[0] == '-' && reply[1] > '9' { // not -1
			t.Errorf("%s:%d: %s: %s", file, i+1, command, reply)
		}
		got := strconv.Itoa(count() - before)
		if *against == "" && got != want {
			t.Errorf("%s:%d: %s: %s changes, want %s", file, i+1, command, got, want)
		}
		fmt.Fprintf(&out, "%s\t%s\n", got, command)
	}
	if *against != "" {
		if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
