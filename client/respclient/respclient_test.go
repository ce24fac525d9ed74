// Tests of the client against canned server bytes over an in-memory pipe.
package respclient_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/evald/evald/client/respclient"
)

// answer returns a client whose server reads one request of n bytes and then writes reply.
func answer(t *testing.T, n int, reply string) *respclient.Client {
	t.Helper()
	here, there := net.Pipe()
	t.Cleanup(func() { here.Close(); there.Close() })
	go func() {
		if _, err := io.ReadFull(there, make([]byte, n)); err == nil {
			io.WriteString(there, reply)
		}
		there.Close()
	}()
	return respclient.New(here)
}

func TestAppendCommand(t *testing.T) {
	got := string(respclient.AppendCommand([]byte("x"), "SET", "", "a\r\nb"))
	if want := "x*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\na\r\nb\r\n"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestDo(t *testing.T) {
	const ping = len("*1\r\n$4\r\nPING\r\n")
	tests := []struct {
		name, reply, want, err string
	}{
		{name: "status", reply: "+PONG\r\n", want: "PONG"},
		{name: "bulk", reply: "$4\r\na\r\nb\r\n", want: "a\r\nb"},
		{name: "integer", reply: ":-9223372036854775808\r\n", want: "-9223372036854775808"},
		{name: "array", reply: "*3\r\n:1\r\n*1\r\n+x\r\n$-1\r\n", want: "[1 [x] ]"},
		{name: "error", reply: "-ERR no\r\n", want: "ERR no", err: "ERR no"},
		{name: "RESP3", reply: "%1\r\n+a\r\n:1\r\n", err: "only RESP2"},
		{name: "RESP3 inside", reply: "*1\r\n,1.5\r\n", err: "unknown first byte"},
		{name: "too long", reply: "*2000000\r\n", err: "more than 1048576"},
		{name: "cut off", reply: "$5\r\nab", err: "unexpected EOF"},
		{name: "closed", reply: "", err: "closed the connection"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := answer(t, ping, tt.reply).Do("PING")
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Fatalf("error %v, want %q", err, tt.err)
			}
			if err == nil && v.String() != tt.want {
				t.Fatalf("got %q, want %q", v.String(), tt.want)
			}
			var reply respclient.Error
			if got, want := errors.As(err, &reply), tt.name == "error"; got != want {
				t.Fatalf("is an error reply: %v, want %v", got, want)
			}
		})
	}
}

func TestDialNamesTheAddress(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	if _, err = respclient.Dial(context.Background(), addr); err == nil || !strings.HasPrefix(err.Error(), "connect to "+addr+": ") {
		t.Fatalf("got %v", err)
	}
}

func TestNetwork(t *testing.T) {
	for _, tt := range [][3]string{
		{"127.0.0.1:6379", "tcp", "127.0.0.1:6379"},
		{"/run/evald.sock", "unix", "/run/evald.sock"},
		{"unix:evald.sock", "unix", "evald.sock"},
	} {
		if n, a := respclient.Network(tt[0]); n != tt[1] || a != tt[2] {
			t.Errorf("Network(%q) = %q, %q", tt[0], n, a)
		}
	}
}
