// Evald is a Redis-compatible server whose reason to exist is running Lua scripts. See README.md.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/evald/evald/cli"
	"github.com/evald/evald/persistence"
	"github.com/evald/evald/server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	app := cli.App{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ(), Serve: serve}
	code := app.Run(ctx, os.Args)
	stop()
	os.Exit(code)
}

// serve runs a server until ctx ends, SIGTERM or SIGINT comes, or a client says SHUTDOWN.
func serve(ctx context.Context, o cli.ServeOptions) error {
	logger := log.New(os.Stderr, "", log.LstdFlags|log.Lmicroseconds)
	open := func(dir, fsync string) (server.Store, error) {
		policy, err := persistence.ParsePolicy(fsync)
		if err != nil {
			return nil, err
		}
		// A nil *Store in the interface would not be nil: errors return it apart.
		store, err := persistence.Open(persistence.Options{Dir: dir, Policy: policy, Logf: logger.Printf})
		if err != nil {
			return nil, err
		}
		return store, nil
	}
	if o.InMemory {
		open = nil
	}
	return server.Run(ctx, server.Options{
		Addr: o.Addr, UnixSocket: o.UnixSocket, Dir: o.Dir, Config: o.Config, ConfigFile: o.ConfigFile, OpenStore: open, Log: logger,
	})
}
