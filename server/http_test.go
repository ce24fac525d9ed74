package server

import (
	"io"
	"net"
	"testing"
	"time"
)

// TestHTTPIsDropped sends what a browser would, with commands in the body: nothing is replied and nothing runs.
func TestHTTPIsDropped(t *testing.T) {
	s := startServer(t, anyPort)
	for _, request := range []string{
		"POST / HTTP/1.1\r\nHost: x\r\n\r\nSET k v\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n\r\nSET k v\r\n",
		"PING\r\nhost: x\r\nSET k v\r\n",
	} {
		nc, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(time.Minute))
		if _, err := io.WriteString(nc, request); err != nil {
			t.Fatal(err)
		}
		if reply, _ := io.ReadAll(nc); len(reply) > 0 { // the connection may be reset
			t.Errorf("%q: replied %q", request, reply)
		}
	}
	if got := dialTCP(t, s.Addr()).do("EXISTS k"); got != "0" {
		t.Error("a command in the body of a request was run")
	}
}
