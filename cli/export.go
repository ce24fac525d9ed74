// This file is `evald export`: the keys of a running server as an RDB file that Redis loads.
package cli

import (
	"fmt"
	"hash/maphash"
	"os"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"
)

func (a *App) exportCommand() *cli.Command {
	return &cli.Command{
		Name:  "export",
		Usage: "write the keys of a running server to an RDB file, which Redis loads as its dump.rdb",
		Description: "Redis 7.0 and later load the file; if hashes with expiring fields are among the keys, Redis 7.4 and later.\n" +
			"The server is read with SCAN: what changes meanwhile may be in the file or not.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "addr", Usage: "the server, `HOST:PORT` or redis[s]://[user:password@]host[:port][/db]", Value: defaultAddr},
			&cli.StringFlag{Name: "rdb", Usage: "the `FILE` to write; {time} at its end stands for the time", Required: true},
			&cli.BoolFlag{Name: "replace", Usage: "overwrite the file"},
		},
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			err := a.export(c, expandTime(c.String("rdb"), time.Now()))
			if c.Context.Err() != nil {
				err = errInterrupted
			}
			if err != nil {
				return fmt.Errorf("export: %w", err)
			}
			return nil
		},
	}
}

func (a *App) export(c *cli.Context, path string) error {
	e, err := parseEndpoint(c.String("addr"))
	if err != nil {
		return fmt.Errorf("--addr is %w", err)
	}
	if _, err := os.Stat(path); err == nil && !c.Bool("replace") {
		return fmt.Errorf("%s exists already (--replace overwrites)", path)
	}
	conn, err := e.dial(c.Context)
	if err != nil {
		return err
	}
	defer conn.Close()
	src, err := newSource(conn, e.addr)
	if err != nil {
		return err
	}
	x := exporter{src: src}
	if isTerminal(a.Err) {
		x.bar = &progress{w: a.Err}
		defer x.bar.clear()
	}
	if err := replaceFile(path, func(f *os.File) error { return x.write(a.RDB.Write(f), e.db) }); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.Out, "%s: %d keys, RDB version %d\n", path, x.keys, x.version)
	return err
}

// exporter writes one file.
type exporter struct {
	src     *source
	bar     *progress
	keys    int
	version int // of the file
}

// write writes the whole file, or one database without the function libraries.
func (x *exporter) write(w RDBWriter, only int) error {
	w.Aux("redis-ver", x.src.version)
	w.Aux("redis-bits", "64")
	w.Aux("ctime", strconv.FormatInt(time.Now().Unix(), 10))
	w.Aux("aof-base", "0")
	if only == allDatabases {
		payload, err := x.src.functions()
		if err != nil {
			return err
		}
		if payload != nil {
			if err := w.Functions(payload); err != nil {
				return err
			}
		}
	}
	dbs, err := databases(x.src.c, only)
	if err != nil {
		return x.src.wrap(err)
	}
	total := 0
	for _, d := range dbs {
		total += d.keys
	}
	for _, d := range dbs {
		if err := x.src.selectDB(d.number); err != nil {
			return err
		}
		w.SelectDB(d.number, uint64(d.keys), uint64(d.expiring))
		if err := x.database(w, total); err != nil {
			return err
		}
	}
	x.version, err = w.Close()
	return err
}

// database writes the keys of the selected database. Redis refuses a file that has a key twice, as SCAN may give it.
func (x *exporter) database(w RDBWriter, total int) error {
	seen := newKeySet()
	for cursor := scanStart; ; {
		next, err := x.src.page(cursor, func(e RDBEntry) error {
			if !seen.add(e.Key) {
				return nil
			}
			x.keys++
			return w.Key(e.Key, e.ExpireAt, e.Payload)
		})
		if err != nil {
			return err
		}
		if x.bar != nil {
			x.bar.show("export", min(x.keys, total), total)
		}
		if next == scanStart {
			return nil
		}
		cursor = next
	}
}

// keySet remembers keys by 128 bits of hash, under seeds of its own: that two keys share them does not happen.
type keySet struct {
	seeds [2]maphash.Seed
	seen  map[[2]uint64]struct{}
}

func newKeySet() *keySet {
	return &keySet{[2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, map[[2]uint64]struct{}{}}
}

// add reports whether the key is new.
func (s *keySet) add(key []byte) bool {
	n := len(s.seen)
	s.seen[[2]uint64{maphash.Bytes(s.seeds[0], key), maphash.Bytes(s.seeds[1], key)}] = struct{}{}
	return len(s.seen) > n
}
