// Package cli is the command line: it turns flags into options, runs them and prints what comes of it.
// Every failure is one line on standard error and exit code 1.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"
)

// Version is the version of evald.
const Version = "0.1.0"

// App is one invocation's surroundings.
type App struct {
	In       io.Reader
	Out, Err io.Writer
	Environ  []string // as os.Environ
	// Serve runs a server until ctx ends.
	Serve func(ctx context.Context, o ServeOptions) error
	// Check verifies the store in a data directory that no server is using.
	Check func(dir string) (StoreReport, error)
	RDB   RDBFormat
}

// Run runs one command line, args[0] being the program's name, and returns the exit code.
func (a *App) Run(ctx context.Context, args []string) int {
	// urfave's own printing of errors and its exits are turned off: errors are printed here, once.
	app := &cli.App{
		Name:            "evald",
		Usage:           "a Redis-compatible server for running scripts",
		HideVersion:     true,
		HideHelpCommand: true,
		Reader:          a.In,
		Writer:          a.Out,
		ErrWriter:       io.Discard,
		ExitErrHandler:  func(*cli.Context, error) {},
		OnUsageError:    func(_ *cli.Context, err error, _ bool) error { return err },
		Action:          refuseUnknown,
		Commands: []*cli.Command{a.serveCommand(), a.benchCommand(), a.scriptsCommand(), a.promptCommand(), a.backupCommand(), a.restoreCommand(), a.checkCommand(), a.importCommand(), a.exportCommand(),
			a.versionCommand()},
	}
	for _, c := range app.Commands {
		quiet(c)
	}
	if err := app.RunContext(ctx, args); err != nil {
		fmt.Fprintln(a.Err, "evald: "+oneLine(err))
		return 1
	}
	return 0
}

// quiet makes a command and those below it return usage errors instead of printing help.
func quiet(c *cli.Command) {
	c.OnUsageError = func(_ *cli.Context, err error, _ bool) error { return err }
	c.HideHelpCommand = true
	for _, sub := range c.Subcommands {
		quiet(sub)
	}
	if c.Action == nil {
		c.Action = refuseUnknown
	}
}

// refuseUnknown is the action of what only groups commands: it prints help, or names the command that does not exist.
func refuseUnknown(c *cli.Context) error {
	if !c.Args().Present() {
		return cli.ShowSubcommandHelp(c)
	}
	return fmt.Errorf("no command %q, see %s --help", c.Args().First(), strings.TrimSpace(c.Command.HelpName))
}

// noArgs refuses arguments where there is nothing to do with them.
func noArgs(c *cli.Context) error {
	if c.Args().Present() {
		return fmt.Errorf("unexpected argument %q", c.Args().First())
	}
	return nil
}

// oneLine renders an error, which may join several, as one line.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

func (a *App) versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version",
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			_, err := fmt.Fprintf(a.Out, "evald %s %s %s/%s\n", Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// isTerminal reports whether a reader or writer is a terminal.
func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// defaultAddr is where serve listens and the other commands connect.
const defaultAddr = "127.0.0.1:6379"

// errInterrupted replaces the context's own error, whose text says nothing to a user.
var errInterrupted = errors.New("interrupted")
