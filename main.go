// Evald is a Redis-compatible server whose reason to exist is running Lua scripts. See README.md.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"syscall"

	"github.com/evald/evald/cli"
	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/rdb"
	"github.com/evald/evald/persistence"
	"github.com/evald/evald/server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	app := cli.App{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ(), Serve: serve, Check: check, RDB: rdbFormat()}
	code := app.Run(ctx, os.Args)
	stop()
	os.Exit(code)
}

// serve runs a server until ctx ends, SIGTERM or SIGINT comes, or a client says SHUTDOWN.
func serve(ctx context.Context, o cli.ServeOptions) error {
	if o.CPUProfile != "" {
		stop, err := profile(o.CPUProfile)
		if err != nil {
			return err
		}
		defer stop()
	}
	if os.Getenv("GOMAXPROCS") == "" {
		// One more than there are processors: else the loop, back from the kernel, waits for one of Go's processors while the store's
		// goroutines have them, for whole time slices. The system parts the real ones more finely.
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
	logger := log.New(os.Stderr, "", log.LstdFlags|log.Lmicroseconds)
	open := func(dir, fsync string) (server.Store, error) {
		policy, err := persistence.ParsePolicy(fsync)
		if err != nil {
			return nil, err
		}
		// A nil *Store in the interface would not be nil: errors return it apart.
		store, err := persistence.Open(persistence.Options{Dir: dir, Policy: policy, WillLoad: true, Logf: logger.Printf})
		if err != nil {
			return nil, err
		}
		return store, nil
	}
	if o.InMemory || o.Config["appendonly"] == "no" {
		open = nil
	}
	return server.Run(ctx, server.Options{
		Addr: o.Addr, UnixSocket: o.UnixSocket, Dir: o.Dir, Config: o.Config, ConfigFile: o.ConfigFile, OpenStore: open, Log: logger, Loading: o.Loading,
	})
}

// profile writes a CPU profile to a file until stop is called.
func profile(file string) (stop func(), err error) {
	f, err := os.Create(file)
	if err != nil {
		return nil, fmt.Errorf("CPU profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("CPU profile: %w", err)
	}
	return func() {
		pprof.StopCPUProfile()
		f.Close()
	}, nil
}

// check verifies a store. Rows of functions, scripts and users are read, but nothing of them runs.
func check(dir string) (cli.StoreReport, error) {
	ks := engine.New(engine.Options{Random: func() uint64 { return 0 }})
	for prefix := byte('A'); prefix <= 'Z'; prefix++ {
		ks.RegisterRows(prefix, anyRow{})
	}
	r, err := persistence.Check(persistence.Options{Dir: dir}, ks)
	return cli.StoreReport{Tables: r.Tables, Rows: r.Rows, Keys: r.Keys, Faults: r.Faults}, err
}

// rdbFormat is Redis's file format for import and export.
func rdbFormat() cli.RDBFormat {
	return cli.RDBFormat{
		Read:  func(r io.Reader) cli.RDBReader { return rdbReader{rdb.NewFileReader(r)} },
		Write: func(w io.ReadWriteSeeker) cli.RDBWriter { return rdb.NewFileWriter(w) },
		CheckValue: func(payload []byte) error {
			_, err := rdb.Decode(payload)
			return err
		},
		CheckCode: func(payload []byte) error {
			_, err := rdb.DecodeFunctions(payload)
			return err
		},
	}
}

// rdbReader gives a file's entries the type the command line knows.
type rdbReader struct{ *rdb.FileReader }

func (r rdbReader) Next() (cli.RDBEntry, error) {
	e, err := r.FileReader.Next()
	return cli.RDBEntry(e), err
}

// anyRow takes every row of another room for good.
type anyRow struct{}

func (anyRow) Row([]byte) ([]byte, bool) { return nil, false }
func (anyRow) LoadRow(_, _ []byte) error { return nil }
