// This file is `evald import` of an RDB file: the file is checked as a whole, then its keys go to a server.
package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"
)

func (a *App) importCommand() *cli.Command {
	return &cli.Command{
		Name:      "import",
		Usage:     "copy an RDB file, or the keys of a running Redis, to a running server",
		ArgsUsage: "[FILE.rdb]",
		Description: "Keys come with their expiry, and function libraries with them. A file is checked as a whole before anything is written.\n" +
			"A running server is read with SCAN: what changes during the copy may be in it or not. Servers are HOST:PORT or\n" +
			"redis[s]://[user:password@]host[:port].",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "to", Usage: "the server that gets the keys", Value: defaultAddr},
			&cli.StringFlag{Name: "from", Usage: "the server to copy from; with /N at its end only database N"},
			&cli.IntFlag{Name: "db", Usage: "only database `N`, without function libraries", Value: allDatabases, DefaultText: "all"},
			&cli.BoolFlag{Name: "replace", Usage: "overwrite keys and libraries that exist"},
			&cli.BoolFlag{Name: "check", Usage: "only verify the file, every value in it too; no server is needed"},
			&cli.StringFlag{Name: "resume", Usage: "keep in `FILE` how far a copy has come, and go on from there if it exists"},
		},
		Action: a.runImport,
	}
}

func (a *App) runImport(c *cli.Context) error {
	args, err := argsAndFlags(c)
	if err != nil {
		return err
	}
	o := importOptions{replace: c.Bool("replace"), db: c.Int("db"), resume: c.String("resume")}
	live := c.IsSet("from")
	switch {
	case live && len(args) > 0 || !live && len(args) != 1:
		return errors.New("import: takes either one RDB file or --from")
	case live && c.Bool("check"):
		return errors.New("import: --check is for files")
	case !live && o.resume != "":
		return errors.New("import: --resume is for --from")
	case c.IsSet("db") && o.db < 0:
		return fmt.Errorf("import: --db is %d, want at least 0", o.db)
	}
	if o.to, err = parseEndpoint(c.String("to")); err != nil {
		return fmt.Errorf("import: --to is %w", err)
	}
	var bar *progress
	if isTerminal(a.Err) {
		bar = &progress{w: a.Err}
		defer bar.clear()
	}
	switch {
	case live:
		err = a.importLive(c, o, bar)
	case c.Bool("check"):
		err = a.checkFile(args[0], bar)
	default:
		err = a.importFile(c, args[0], o, bar)
	}
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	return nil
}

// importOptions say what to copy where.
type importOptions struct {
	to      endpoint
	replace bool
	db      int // the one database to copy, or allDatabases
	resume  string
}

// argsAndFlags returns the arguments. Unlike urfave it lets flags stand behind them.
func argsAndFlags(c *cli.Context) ([]string, error) {
	var args []string
	for rest := c.Args().Slice(); len(rest) > 0; {
		args = append(args, rest[0])
		late := flag.NewFlagSet("", flag.ContinueOnError)
		late.SetOutput(io.Discard)
		for _, f := range c.Command.Flags {
			if err := f.Apply(late); err != nil {
				return nil, err
			}
		}
		if err := late.Parse(rest[1:]); err != nil {
			return nil, err
		}
		var err error
		late.Visit(func(f *flag.Flag) { err = errors.Join(err, c.Set(f.Name, f.Value.String())) })
		if err != nil {
			return nil, err
		}
		rest = late.Args()
	}
	return args, nil
}

// rdbFile is an open RDB file with its progress.
type rdbFile struct {
	*os.File
	RDBReader
	step string
	size int64 // 0 if it cannot be told
	bar  *progress
}

func (a *App) openRDB(path, step string, bar *progress) (*rdbFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = fmt.Errorf("%s is a directory", path)
	case !info.Mode().IsRegular():
		err = fmt.Errorf("%s is not a regular file: it must be read twice", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &rdbFile{f, a.RDB.Read(f), step, info.Size(), bar}, nil
}

// each calls visit with every entry of a file that turns out whole; otherwise the error names the file.
func (f *rdbFile) each(visit func(RDBEntry) error) error {
	for n := 0; ; n++ {
		e, err := f.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
		if err := visit(e); err != nil {
			return err
		}
		if f.bar != nil && n%1000 == 0 {
			f.bar.show(f.step, int(f.Offset()>>20), int(f.size>>20))
		}
	}
}

// checkFile reads a file to its end and every value in it.
func (a *App) checkFile(path string, bar *progress) error {
	f, err := a.openRDB(path, "check, MB", bar)
	if err != nil {
		return err
	}
	defer f.Close()
	keys, libraries := 0, 0
	err = f.each(func(e RDBEntry) error {
		if e.Function {
			libraries++
		} else {
			keys++
		}
		return a.checkEntry(path, e)
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.Out, "%s is intact: %d keys, %d function libraries\n", path, keys, libraries)
	return err
}

// checkEntry decodes an entry's value.
func (a *App) checkEntry(path string, e RDBEntry) error {
	check := a.RDB.CheckValue
	if e.Function {
		check = a.RDB.CheckCode
	}
	if err := check(e.Payload); err != nil {
		return fmt.Errorf("%s: %s: %w", path, dispatch{string(e.Key), e.DB, e.Function}, err)
	}
	return nil
}

// importFile reads the file twice: to see that it and every value in it are whole, and to send it.
func (a *App) importFile(c *cli.Context, path string, o importOptions, bar *progress) error {
	whole, err := a.openRDB(path, "check, MB", bar)
	if err != nil {
		return err
	}
	defer whole.Close()
	err = whole.each(func(e RDBEntry) error { return errors.Join(c.Context.Err(), a.checkEntry(path, e)) })
	if err != nil {
		return nothingWritten(c, err)
	}
	f, err := a.openRDB(path, "import, MB", bar)
	if err != nil {
		return err
	}
	defer f.Close()
	conn, err := o.to.dial(c.Context)
	if err != nil {
		return nothingWritten(c, err)
	}
	defer conn.Close()
	t := &target{c: conn, addr: o.to.addr, replace: o.replace}
	libraries, expired := 0, 0
	err = f.each(func(e RDBEntry) error {
		switch {
		case e.Function && o.db != allDatabases || !e.Function && o.db != allDatabases && o.db != e.DB:
			return nil
		case e.Function:
			libraries++
			return t.functions(e.Payload)
		case e.ExpireAt != 0 && e.ExpireAt <= time.Now().UnixMilli():
			expired++
			return nil
		}
		return t.key(e)
	})
	if err := t.finish(err); err != nil {
		return t.stopped(c, err)
	}
	_, err = fmt.Fprintf(a.Out, "%d keys and %d function libraries written, %d expired keys left out\n", t.keys, libraries, expired)
	return err
}

// nothingWritten ends the line of an error that came before the first key was sent.
func nothingWritten(c *cli.Context, err error) error {
	if c.Context.Err() != nil {
		err = errInterrupted
	}
	return fmt.Errorf("%w; nothing was written", err)
}

// stopped ends the line of an error with how far the copy has come.
func (t *target) stopped(c *cli.Context, err error) error {
	if c.Context.Err() != nil {
		err = errInterrupted
	}
	return fmt.Errorf("%w; %s", err, t.written())
}
