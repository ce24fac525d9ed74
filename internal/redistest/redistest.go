// Package redistest starts a real redis-server for a test, or skips the test with the reason when there is none.
package redistest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/evald/evald/client/respclient"
)

// Start runs a redis-server without persistence until the test ends and returns its address.
// Extra arguments are passed on ("--appendonly", "yes"). Without a redis-server on PATH the test is skipped.
func Start(tb testing.TB, args ...string) string {
	tb.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		tb.Skip("needs redis-server on PATH to compare with: ", err)
	}
	// The port is free when chosen, not when bound: try again if another process was faster.
	for range 5 {
		if addr := start(tb, bin, args); addr != "" {
			return addr
		}
	}
	tb.Fatal("redis-server did not start on any of 5 free ports")
	return ""
}

// start runs one server on a free port and waits for its PONG; "" means it exited first.
func start(tb testing.TB, bin string, args []string) string {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	_, port, _ := net.SplitHostPort(addr)
	dir := tb.TempDir()
	cmd := exec.Command(bin, append([]string{"--port", port, "--bind", "127.0.0.1", "--dir", dir,
		"--save", "", "--logfile", filepath.Join(dir, "redis.log")}, args...)...)
	if err := cmd.Start(); err != nil {
		tb.Fatalf("start redis-server: %v", err)
	}
	exited := make(chan struct{})
	go func() { cmd.Wait(); close(exited) }()
	stop := func() { cmd.Process.Kill(); <-exited }

	deadline := time.After(20 * time.Second)
	for poll := time.NewTicker(5 * time.Millisecond); ; {
		if c, err := respclient.Dial(context.Background(), addr); err == nil {
			_, err = c.Do("PING")
			c.Close()
			if err == nil {
				poll.Stop()
				tb.Cleanup(stop)
				return addr
			}
		}
		select {
		case <-poll.C:
		case <-exited:
			return ""
		case <-deadline:
			stop()
			log, _ := os.ReadFile(filepath.Join(dir, "redis.log"))
			tb.Fatalf("redis-server on %s does not answer; its log:\n%s", addr, log)
		}
	}
}
