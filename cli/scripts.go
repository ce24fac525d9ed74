// This file is `evald scripts`: the pattern library listed, shown, and loaded into any server.
package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/evald/evald/client/respclient"
	"github.com/evald/evald/scripts"
)

func (a *App) scriptsCommand() *cli.Command {
	return &cli.Command{
		Name:  "scripts",
		Usage: "list, show or load the pattern library",
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
				Usage:     "print the source of a script, or of a function library by its name",
				ArgsUsage: "NAME",
				Action: func(c *cli.Context) error {
					if c.NArg() != 1 {
						return fmt.Errorf("scripts show takes one name")
					}
					source, err := sourceOf(c.Args().First())
					if err != nil {
						return err
					}
					_, err = io.WriteString(a.Out, source)
					return err
				},
			},
			{
				Name:  "load",
				Usage: "load all scripts, or those named, with SCRIPT LOAD and print their SHA1",
				Description: "With --functions the libraries, or those named, are loaded with FUNCTION LOAD REPLACE instead;\n" +
					"their functions are called with FCALL.",
				ArgsUsage: "[NAME...]",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "to", Usage: "`HOST:PORT` or path of a Unix socket"},
					&cli.BoolFlag{Name: "functions", Usage: "load function libraries"},
				},
				Action: func(c *cli.Context) error {
					if c.String("to") == "" {
						return fmt.Errorf("scripts load needs --to HOST:PORT")
					}
					if c.Bool("functions") {
						return loadLibraries(c, a.Out)
					}
					return loadScripts(c, a.Out)
				},
			},
		},
	}
}

// all returns every function, library by library.
func all() []scripts.Function {
	var list []scripts.Function
	for _, lib := range scripts.Libraries() {
		list = append(list, lib.Functions...)
	}
	return list
}

// fullName is the function's name with its library's before it.
func fullName(f scripts.Function) string { return f.Library + "/" + f.Name }

// find returns the functions of these names, all without names. The library may be left out of a name.
func find(names []string) ([]scripts.Function, error) {
	if len(names) == 0 {
		return all(), nil
	}
	var list []scripts.Function
	for _, name := range names {
		f, _, ok := scripts.LookupFunction(name[strings.LastIndexByte(name, '/')+1:])
		if !ok || name != f.Name && name != fullName(f) {
			return nil, fmt.Errorf("no script %q, see evald scripts list", name)
		}
		list = append(list, f)
	}
	return list, nil
}

// sourceOf returns the source of the script, or else of the library, of that name.
func sourceOf(name string) (string, error) {
	found, err := find([]string{name})
	if err == nil {
		return found[0].Script, nil
	}
	for _, lib := range scripts.Libraries() {
		if lib.Name == name {
			return lib.Source, nil
		}
	}
	return "", err
}

func listScripts(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tKEYS\tARGV\tPURPOSE")
	for _, f := range all() {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", fullName(f), usage(f.Keys), usage(f.Args), f.Purpose)
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
	list, err := find(c.Args().Slice())
	if err != nil {
		return err
	}
	conn, err := respclient.Dial(c.Context, c.String("to"))
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, f := range list {
		v, err := conn.Do("SCRIPT", "LOAD", f.Script)
		if err != nil {
			return fmt.Errorf("load %s: %w", fullName(f), err)
		}
		if v.String() != f.SHA1 {
			return fmt.Errorf("load %s: the server says SHA1 %s, the script has %s", fullName(f), v, f.SHA1)
		}
		fmt.Fprintf(w, "%s %s\n", f.SHA1, fullName(f))
	}
	return nil
}

func loadLibraries(c *cli.Context, w io.Writer) error {
	list := scripts.Libraries()
	if names := c.Args().Slice(); len(names) > 0 {
		list = nil
		for _, name := range names {
			i := slices.IndexFunc(scripts.Libraries(), func(lib scripts.Library) bool { return lib.Name == name })
			if i < 0 {
				return fmt.Errorf("no library %q", name)
			}
			list = append(list, scripts.Libraries()[i])
		}
	}
	conn, err := respclient.Dial(c.Context, c.String("to"))
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, lib := range list {
		if _, err := conn.Do("FUNCTION", "LOAD", "REPLACE", lib.Source); err != nil {
			return fmt.Errorf("load library %s: %w", lib.Name, err)
		}
		fmt.Fprintf(w, "%s: %d functions\n", lib.Name, len(lib.Functions))
	}
	return nil
}
