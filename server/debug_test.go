package server

import (
	"strings"
	"testing"
)

// Tests ask with DEBUG OBJECT whether an expired key has been removed.
func TestDebugObjectFindsWhatIsExpired(t *testing.T) {
	w := newWire(t, startServer(t, nil).Dial())
	for _, line := range []string{"DEBUG SET-ACTIVE-EXPIRE 0", "SET k v PX 1", "DEBUG SLEEP 0.01"} {
		if got := w.do(line); got != "OK" {
			t.Fatal(line, got)
		}
	}
	for range 2 {
		if got := w.do("DEBUG OBJECT k"); !strings.Contains(got, "encoding:embstr serializedlength:2 ") {
			t.Error(got)
		}
	}
	if got := w.do("EXISTS k"); got != "0" {
		t.Error("EXISTS: ", got)
	}
	if got := w.do("DEBUG OBJECT k"); got != "-ERR no such key" {
		t.Error(got)
	}
}
