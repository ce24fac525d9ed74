// This file is `evald cli`: one command, a prompt with history and completion, or commands piped in line by line.
package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/peterh/liner"
	"github.com/tidwall/resp"
	"github.com/urfave/cli/v2"

	"github.com/evald/evald/client/respclient"
)

func (a *App) promptCommand() *cli.Command {
	return &cli.Command{
		Name:      "cli",
		Usage:     "send commands to a server: one, from a prompt, or piped in line by line",
		ArgsUsage: "[COMMAND [ARG...]]",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "addr", Usage: "`HOST:PORT` or path of a Unix socket", Value: defaultAddr},
			&cli.IntFlag{Name: "n", Usage: "use database `N`"},
			&cli.StringFlag{Name: "user", Usage: "user to log in as, with the password in REDISCLI_AUTH"},
			&cli.BoolFlag{Name: "raw", Usage: "print replies raw (default unless standard output is a terminal)"},
			&cli.BoolFlag{Name: "no-raw", Usage: "print replies with their types (default on a terminal)"},
		},
		Action: func(c *cli.Context) error {
			s := &session{
				addr: c.String("addr"), db: c.Int("n"), user: c.String("user"), password: variable(a.Environ, "REDISCLI_AUTH"),
				raw: (c.Bool("raw") || !isTerminal(a.Out)) && !c.Bool("no-raw"), out: a.Out,
			}
			if err := s.connect(c.Context); err != nil {
				return err
			}
			run := func() error { return s.pipe(a.In) }
			switch {
			case c.NArg() > 0:
				run = func() error { return s.once(c.Args().Slice()) }
			case isTerminal(a.In) && isTerminal(a.Out) && liner.TerminalSupported():
				line := liner.NewLiner()
				defer line.Close() // gives the terminal its own mode back
				history := openHistory(line, variable(a.Environ, "HOME"))
				defer saveHistory(line, history)
				run = func() error { return s.prompt(c.Context, line) }
			}
			// Neither a read from the terminal nor one from the server ends by itself when the user interrupts.
			done := make(chan error, 1)
			go func() { done <- run() }()
			select {
			case err := <-done:
				s.c.Close()
				return err
			case <-c.Context.Done():
				return errInterrupted
			}
		},
	}
}

// variable looks a variable up as os.Getenv does.
func variable(environ []string, name string) string {
	for _, v := range environ {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// session is a connection and how to print what comes over it.
type session struct {
	addr           string
	db             int
	user, password string
	raw            bool
	out            io.Writer
	c              *respclient.Client
	inMulti        bool
}

func (s *session) connect(ctx context.Context) error {
	c, err := respclient.Dial(ctx, s.addr)
	if err != nil {
		return err
	}
	var login [][]string
	switch {
	case s.password != "" && s.user != "":
		login = append(login, []string{"AUTH", s.user, s.password})
	case s.password != "":
		login = append(login, []string{"AUTH", s.password})
	case s.user != "":
		login = append(login, []string{"AUTH", s.user, ""})
	}
	if s.db != 0 {
		login = append(login, []string{"SELECT", strconv.Itoa(s.db)})
	}
	for _, cmd := range login {
		if _, err := c.Do(cmd...); err != nil {
			c.Close()
			return fmt.Errorf("%s: %w", cmd[0], err)
		}
	}
	s.c, s.inMulti = c, false
	return nil
}

// once runs one command.
func (s *session) once(args []string) error {
	v, err := s.c.Do(args...)
	if err != nil {
		return err
	}
	s.print(v)
	return s.follow(args[0])
}

// pipe runs each line of in. Error replies are printed among the others; they make the exit code 1 at the end.
func (s *session) pipe(in io.Reader) error {
	lines := bufio.NewReader(in)
	failed, total := 0, 0
	for {
		line, err := lines.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read commands: %w", err)
		}
		ended := err != nil
		if args, err := split(line); err != nil {
			fmt.Fprintln(s.out, err)
			total++
			failed++
		} else if len(args) > 0 {
			total++
			v, err := s.c.Do(args...)
			if err != nil && !isReply(err) {
				return err
			}
			if err != nil {
				failed++
			}
			s.print(v)
			if err := s.follow(args[0]); err != nil {
				return err
			}
		}
		if ended {
			break
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d commands failed", failed, total)
	}
	return nil
}

// isReply tells an error reply from a broken connection.
func isReply(err error) bool {
	var reply respclient.Error
	return errors.As(err, &reply)
}

func (s *session) print(v resp.Value) {
	if s.raw {
		fmt.Fprintln(s.out, formatRaw(v))
	} else {
		fmt.Fprint(s.out, formatTyped(v, ""))
	}
}

// follow prints what keeps coming after a command that subscribes, until the connection ends.
func (s *session) follow(command string) error {
	switch strings.ToLower(command) {
	case "subscribe", "psubscribe", "ssubscribe", "monitor":
	default:
		return nil
	}
	for {
		v, err := s.c.Receive()
		if err != nil {
			return err
		}
		s.print(v)
	}
}

// prompt reads commands from the terminal, with the server's commands for completion.
func (s *session) prompt(ctx context.Context, line *liner.State) error {
	line.SetCtrlCAborts(true)
	line.SetCompleter(completer(s.commands()))
	for {
		text, err := line.Prompt(s.promptText())
		if errors.Is(err, liner.ErrPromptAborted) || errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read command: %w", err)
		}
		args, err := split(text)
		if err != nil {
			fmt.Fprintln(s.out, err)
			continue
		}
		if len(args) == 0 {
			continue
		}
		// Passwords stay out of the history file.
		if !strings.EqualFold(args[0], "auth") {
			line.AppendHistory(text)
		}
		switch strings.ToLower(args[0]) {
		case "exit", "quit":
			return nil
		case "clear":
			fmt.Fprint(s.out, "\x1b[H\x1b[2J")
			continue
		}
		if err := s.interact(ctx, args); err != nil {
			return err
		}
	}
}

// interact runs one command of the prompt. A connection that broke is opened again, for the next command.
func (s *session) interact(ctx context.Context, args []string) error {
	v, err := s.c.Do(args...)
	if err == nil || isReply(err) {
		s.note(args, err == nil)
		s.print(v)
		err = s.follow(args[0])
	}
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return err
	}
	fmt.Fprintln(s.out, oneLine(err))
	s.c.Close()
	if err := s.connect(ctx); err != nil {
		return err
	}
	fmt.Fprintln(s.out, "connected again")
	return nil
}

// note keeps what the prompt shows: the database and whether a transaction is open.
func (s *session) note(args []string, ok bool) {
	switch strings.ToLower(args[0]) {
	case "select":
		if db, err := strconv.Atoi(args[len(args)-1]); ok && !s.inMulti && err == nil {
			s.db = db
		}
	case "multi":
		s.inMulti = s.inMulti || ok
	case "exec", "discard":
		s.inMulti = false
	case "reset":
		s.inMulti, s.db = false, 0
	}
}

func (s *session) promptText() string {
	p := s.addr
	if s.db != 0 {
		p += "[" + strconv.Itoa(s.db) + "]"
	}
	if s.inMulti {
		p += "(TX)"
	}
	return p + "> "
}

// commands asks the server for its commands; a server that does not tell leaves completion empty.
func (s *session) commands() []string {
	v, err := s.c.Do("COMMAND", "LIST")
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range v.Array() {
		names = append(names, strings.ReplaceAll(e.String(), "|", " "))
	}
	return names
}

// completer completes command names, in the letter case they were begun in.
func completer(names []string) liner.Completer {
	return func(line string) []string {
		var matches []string
		for _, name := range names {
			if strings.HasPrefix(name, strings.ToLower(line)) && line != "" {
				if line == strings.ToUpper(line) {
					name = strings.ToUpper(name)
				}
				matches = append(matches, name+" ")
			}
		}
		return matches
	}
}

// openHistory reads ~/.evald_history and returns its path, "" without a home.
func openHistory(line *liner.State, home string) string {
	if home == "" {
		return ""
	}
	path := filepath.Join(home, ".evald_history")
	if f, err := os.Open(path); err == nil {
		line.ReadHistory(f)
		f.Close()
	}
	return path
}

// saveHistory writes the history back; the prompt works without one, so failing to is not an error.
func saveHistory(line *liner.State, path string) {
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return
	}
	line.WriteHistory(f)
	f.Close()
}
