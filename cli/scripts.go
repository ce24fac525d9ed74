// This file is `evald scripts`: the pattern library listed, shown, and loaded into any server.
package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/evald/evald/client/respclient"
	"github.com/evald/evald/scripts"
)

func (a *App) scriptsCommand() *cli.Command {
	return &cli.Command{
		Name:  "scripts",
		Usage: "list, show or load the bundled scripts",
		Subcommands: []*cli.Command{
			{
				Name:  "list",
				Usage: "print name, keys, arguments and purpose of each",
				Action: func(c *cli.Context) error {
					if err := noArgs(c); err != nil {
						return err
					}
					return listScripts(a.Out)
				},
			},
			{
				Name:      "show",
				Usage:     "print the source of a script",
				ArgsUsage: "NAME",
				Action: func(c *cli.Context) error {
					if c.NArg() != 1 {
						return fmt.Errorf("scripts show takes one name")
					}
					found, err := find(c.Args().Slice())
					if err != nil {
						return err
					}
					_, err = io.WriteString(a.Out, found[0].source)
					return err
				},
			},
			{
				Name:      "load",
				Usage:     "load scripts into a server (SCRIPT LOAD), all of them or those named, and print their SHA1",
				ArgsUsage: "[NAME...]",
				Flags:     []cli.Flag{&cli.StringFlag{Name: "to", Usage: "`HOST:PORT` or path of a Unix socket"}},
				Action: func(c *cli.Context) error {
					return loadScripts(c, a.Out)
				},
			},
		},
	}
}

// script is what a script is to this command, wherever the library keeps it.
type script struct {
	scripts.Pattern
	source, sha1 string
}

// all returns every script.
func all() []script {
	var list []script
	for _, f := range scripts.Files() {
		if f.Library == "" {
			list = append(list, script{f.Patterns[0], f.Source, f.SHA1()})
		}
	}
	return list
}

// find returns the scripts of these names, all without names.
func find(names []string) ([]script, error) {
	if len(names) == 0 {
		return all(), nil
	}
	var list []script
next:
	for _, name := range names {
		for _, s := range all() {
			if s.Name == name {
				list = append(list, s)
				continue next
			}
		}
		return nil, fmt.Errorf("no script %q, see evald scripts list", name)
	}
	return list, nil
}

func listScripts(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tKEYS\tARGV\tPURPOSE")
	for _, s := range all() {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", s.Name, usage(s.Keys), usage(s.Args), s.Purpose)
	}
	return t.Flush()
}

func usage(params []scripts.Param) string {
	var words []string
	for _, p := range params {
		words = append(words, p.String())
	}
	return strings.Join(words, " ")
}

func loadScripts(c *cli.Context, w io.Writer) error {
	if c.String("to") == "" {
		return fmt.Errorf("scripts load needs --to HOST:PORT")
	}
	list, err := find(c.Args().Slice())
	if err != nil {
		return err
	}
	conn, err := respclient.Dial(c.Context, c.String("to"))
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, s := range list {
		v, err := conn.Do("SCRIPT", "LOAD", s.source)
		if err != nil {
			return fmt.Errorf("load %s: %w", s.Name, err)
		}
		if v.String() != s.sha1 {
			return fmt.Errorf("load %s: the server says SHA1 %s, the script has %s", s.Name, v, s.sha1)
		}
		fmt.Fprintf(w, "%s %s\n", s.sha1, s.Name)
	}
	return nil
}
