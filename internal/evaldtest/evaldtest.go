// Package evaldtest builds evald and runs it for a test.
package evaldtest

import (
	"bytes"
	"context"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/evald/evald/client/respclient"
)

// Build builds the binary into the test's own folder and returns its path. It does so without default.pgo, which changes no behaviour
// and would have everything compiled a second time.
func Build(tb testing.TB) string {
	tb.Helper()
	bin := filepath.Join(tb.TempDir(), "evald")
	if out, err := exec.Command("go", "build", "-pgo=off", "-o", bin, "github.com/evald/evald").CombinedOutput(); err != nil {
		tb.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

// Start runs the binary in memory, with extra arguments of `evald serve`, until the test ends and returns its address. A panic in its
// log fails the test.
func Start(tb testing.TB, bin string, args ...string) string {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	var log bytes.Buffer
	cmd := exec.Command(bin, append([]string{"serve", "--addr", addr, "--in-memory", "--dir", tb.TempDir()}, args...)...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	tb.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
		if strings.Contains(log.String(), "panic") {
			tb.Errorf("evald: %s", log.String())
		}
	})
	deadline := time.After(20 * time.Second)
	for poll := time.NewTicker(5 * time.Millisecond); ; {
		if c, err := respclient.Dial(context.Background(), addr); err == nil {
			_, err = c.Do("PING")
			c.Close()
			if err == nil {
				return addr
			}
		}
		select {
		case <-poll.C:
		case <-done:
			tb.Fatalf("evald ended: %s", log.String())
		case <-deadline:
			tb.Fatal("evald does not answer")
		}
	}
}
