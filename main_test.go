// Tests of the whole program from outside: it serves, is killed, serves again, and names what keeps it from starting.
package main

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/evald/evald/client/respclient"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"evald": main})
}

// TestProgram runs testdata/*.txt with two free addresses, $ADDR and $ADDR2. The command "ready ADDR" waits for a PONG.
func TestProgram(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			for _, name := range []string{"ADDR", "ADDR2"} {
				ln, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					return err
				}
				e.Setenv(name, ln.Addr().String())
				ln.Close()
			}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"ready": ready},
	})
}

func ready(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ready ADDR")
	}
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.After(20 * time.Second); ; {
		c, err := respclient.Dial(context.Background(), args[0])
		if err == nil {
			_, err = c.Do("PING")
			c.Close()
		}
		if err == nil {
			return
		}
		select {
		case <-poll.C:
		case <-deadline:
			ts.Fatalf("no answer from %s: %v", args[0], err)
		}
	}
}
