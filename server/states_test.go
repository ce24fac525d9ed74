package server

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestStates compares what a server refuses whose disk is full (misconf) or that is a replica (readonly) with a real Redis. evald has no
// replication and is never a replica; its refusals are there for the day it has.
//
// go test ./server -run States/misconf -against 127.0.0.1:6379 records anew, from a server of its own for each file: with appendonly yes,
// on a file system that has no more than a megabyte left, or any.
func TestStates(t *testing.T) {
	files, err := filepath.Glob("testdata/states/*.txt")
	if err != nil || len(files) != 2 {
		t.Fatal("states: ", files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			if *against != "" {
				dial := func() net.Conn { return dialNet(t, *against) }
				record(t, file, runSession(t, file, dial, func(state string) { enterState(t, dial, state) }))
				return
			}
			m := newMemoryStore()
			m.auto = true
			s := startServer(t, func(o *Options) { o.OpenStore = func(string, string) (Store, error) { return m, nil } })
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			enter := map[string]func(){
				"misconf":  func() { m.refuse.Store(true) },
				"readonly": func() { s.Do(func() { s.env.ReadOnlyReplica = true }) },
			}
			compareLines(t, runSession(t, file, s.Dial, func(state string) { enter[state]() }), string(want))
		})
	}
}

// enterState brings a real Redis into a state.
func enterState(t *testing.T, dial func() net.Conn, state string) {
	w := newWire(t, dial())
	switch state {
	case "misconf":
		w.sendArgs([]byte("SET"), []byte("filler"), make([]byte, 4<<20))
		w.read()
		for !strings.HasPrefix(w.do("SET filler x"), "-MISCONF") {
		}
	case "readonly":
		w.do("REPLICAOF 127.0.0.1 1")
	default:
		t.Fatal("no state ", state)
	}
}
