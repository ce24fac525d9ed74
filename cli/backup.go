// This file is `evald backup`, `evald restore` and `evald check`: copies of a store, and whether one is intact.
package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/evald/evald/client/respclient"
)

func (a *App) backupCommand() *cli.Command {
	return &cli.Command{
		Name:  "backup",
		Usage: "make a running server write a copy of its store",
		Description: "The copy is a data directory of its own, made in milliseconds of hard links where the file system has them.\n" +
			"--keep N removes all but the N newest copies that carry a time in their name, as --to DIR/{time} makes them.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "addr", Usage: "the server, `HOST:PORT`", Value: defaultAddr},
			&cli.StringFlag{Name: "to", Usage: "new directory for the copy; {time} stands for the time", Required: true},
			&cli.IntFlag{Name: "keep", Usage: "keep the `N` newest copies beside it, remove older ones (0: all)"},
		},
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			to, err := filepath.Abs(expandTime(c.String("to"), time.Now()))
			if err != nil {
				return fmt.Errorf("backup: %w", err)
			}
			conn, err := respclient.Dial(c.Context, c.String("addr"))
			if err != nil {
				return err
			}
			defer conn.Close()
			if _, err := conn.Do("BACKUP", to); err != nil {
				return fmt.Errorf("backup: %w", err)
			}
			fmt.Fprintln(a.Out, to)
			if n := c.Int("keep"); n > 0 {
				return prune(c.String("to"), n)
			}
			return nil
		},
	}
}

// timeLayout is what {time} becomes: sorted by name is sorted by age.
const (
	timeMark   = "{time}"
	timeLayout = "20060102-150405.000"
)

func expandTime(path string, now time.Time) string {
	dir, base := filepath.Split(path)
	if i := len(base) - len(timeMark); i >= 0 && base[i:] == timeMark {
		base = base[:i] + now.UTC().Format(timeLayout)
	}
	return filepath.Join(dir, base)
}

// prune removes the oldest copies that pattern, which ends in {time}, has made, until keep are left.
func prune(pattern string, keep int) error {
	dir, base := filepath.Split(pattern)
	i := len(base) - len(timeMark)
	if i < 0 || base[i:] != timeMark {
		return errors.New("backup: --keep needs --to to end in {time}")
	}
	entries, err := os.ReadDir(filepath.Clean(dir + "."))
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	var copies []string
	for _, e := range entries { // ReadDir sorts by name
		name := e.Name()
		if _, err := time.Parse(timeLayout, name[min(i, len(name)):]); err == nil && e.IsDir() && name[:i] == base[:i] {
			copies = append(copies, filepath.Join(dir, name))
		}
	}
	for len(copies) > keep {
		if err := os.RemoveAll(copies[0]); err != nil {
			return fmt.Errorf("backup: %w", err)
		}
		copies = copies[1:]
	}
	return nil
}

func (a *App) checkCommand() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "verify a store that no server is using: every checksum, every row",
		ArgsUsage: "DIR",
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return errors.New("check takes one data directory")
			}
			return a.check(c.Args().First())
		},
	}
}

// StoreReport is what a check has found.
type StoreReport struct {
	Tables, Rows, Keys int
	Faults             []string // one line each; none: the store is intact
}

func (a *App) check(dir string) error {
	r, err := a.Check(dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Out, "%d tables, %d rows, %d keys\n", r.Tables, r.Rows, r.Keys)
	for _, f := range r.Faults {
		fmt.Fprintln(a.Out, "damaged: "+f)
	}
	if len(r.Faults) > 0 {
		return fmt.Errorf("check: %s is damaged in %d places", dir, len(r.Faults))
	}
	fmt.Fprintln(a.Out, "intact")
	return nil
}

func (a *App) restoreCommand() *cli.Command {
	return &cli.Command{
		Name:  "restore",
		Usage: "make a data directory of a copy, after checking it",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "from", Usage: "the copy", Required: true},
			&cli.StringFlag{Name: "dir", Usage: "the data directory to make; it must not hold a store", Value: "./data"},
		},
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			return a.restore(c.String("from"), c.String("dir"))
		},
	}
}

// restore copies a checked store to dir. What is copied appears there under its name only when it is whole.
func (a *App) restore(from, dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "store")); err == nil {
		return fmt.Errorf("restore: %s holds a store already", dir)
	}
	if err := a.check(from); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	part := filepath.Join(dir, "store.part")
	if err := os.RemoveAll(part); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := copyTree(filepath.Join(from, "store"), part); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := os.Rename(part, filepath.Join(dir, "store")); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := syncDir(dir); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	fmt.Fprintln(a.Out, "restored to "+dir)
	return nil
}

// copyTree copies files and folders and has them on disk when it returns.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		return copyFile(path, target)
	})
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Sync()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
