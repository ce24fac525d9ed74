// This file is `evald serve`: flags, EVALD_* variables and a configuration file become ServeOptions.
package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// ServeOptions say how to start the server. What is empty is left to the configuration file.
type ServeOptions struct {
	Addr       string
	UnixSocket string
	Dir        string
	ConfigFile string            // redis.conf syntax, "" for none
	Config     map[string]string // parameters by their redis.conf names; they win over the file
	InMemory   bool              // keep nothing on disk
	CPUProfile string            // write a CPU profile of the whole run to this file, "" for none
	// Loading, if set, is told how far the load at start is: rows done of about total; total is 0 when it has ended.
	Loading func(done, total int)
}

// serveVariables are the variables of serve's own flags; every other EVALD_ variable is a configuration parameter.
func serveVariables() []string {
	return []string{"EVALD_ADDR", "EVALD_UNIXSOCKET", "EVALD_DIR", "EVALD_APPENDFSYNC", "EVALD_CONFIG", "EVALD_IN_MEMORY", "EVALD_CPUPROFILE"}
}

func (a *App) serveCommand() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "run the server",
		Description: "Flags win over EVALD_* variables, these over the configuration file, this over the defaults.\n" +
			"EVALD_MAXMEMORY_POLICY=noeviction sets the parameter maxmemory-policy; any parameter is set this way.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "addr", Usage: "listen on `HOST:PORT`", Value: defaultAddr, EnvVars: []string{"EVALD_ADDR"}},
			&cli.StringFlag{Name: "unixsocket", Usage: "listen on a Unix socket at `PATH` too", EnvVars: []string{"EVALD_UNIXSOCKET"}},
			&cli.StringFlag{Name: "dir", Usage: "keep the data in `DIR`", Value: "./data", EnvVars: []string{"EVALD_DIR"}},
			&cli.StringFlag{Name: "appendfsync", Usage: "when a write is on disk: always (before its reply), everysec or no", DefaultText: "always",
				EnvVars: []string{"EVALD_APPENDFSYNC"}},
			&cli.BoolFlag{Name: "in-memory", Usage: "keep nothing on disk: everything is lost when the server stops", EnvVars: []string{"EVALD_IN_MEMORY"}},
			&cli.StringFlag{Name: "config", Usage: "read parameters from `FILE`, in redis.conf syntax", EnvVars: []string{"EVALD_CONFIG"}},
			&cli.StringFlag{Name: "cpuprofile", Usage: "write a CPU profile of the whole run to `FILE`, for go tool pprof", EnvVars: []string{"EVALD_CPUPROFILE"}},
			&cli.GenericFlag{Name: "set", Usage: "set a parameter, `NAME=VALUE`; may repeat", Value: &assignments{}},
		},
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			o, err := serveOptions(c, a.Environ)
			if err != nil {
				return err
			}
			if isTerminal(a.Err) {
				o.Loading = (&progress{w: a.Err}).load
			}
			return a.Serve(c.Context, o)
		},
	}
}

// assignments collects --set NAME=VALUE. urfave's own string slices split at commas, which values may contain.
type assignments []string

func (s *assignments) Set(v string) error { *s = append(*s, v); return nil }
func (s *assignments) String() string     { return "" }

func serveOptions(c *cli.Context, environ []string) (ServeOptions, error) {
	o := ServeOptions{ConfigFile: c.String("config"), UnixSocket: c.String("unixsocket"), InMemory: c.Bool("in-memory"),
		CPUProfile: c.String("cpuprofile"), Config: map[string]string{}}
	// A default must not hide what the configuration file says.
	given := func(flag string) string {
		if c.IsSet(flag) || o.ConfigFile == "" {
			return c.String(flag)
		}
		return ""
	}
	o.Addr, o.Dir = given("addr"), given("dir")
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		if parameter, ok := strings.CutPrefix(name, "EVALD_"); ok && !slices.Contains(serveVariables(), name) {
			o.Config[strings.ToLower(strings.ReplaceAll(parameter, "_", "-"))] = value
		}
	}
	if sync := c.String("appendfsync"); c.IsSet("appendfsync") { // the server's own default must not hide what its store says
		if !slices.Contains([]string{"always", "everysec", "no"}, sync) {
			return o, fmt.Errorf("appendfsync is %q, want always, everysec or no", sync)
		}
		o.Config["appendfsync"] = sync
	}
	for _, s := range *c.Generic("set").(*assignments) {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return o, fmt.Errorf("--set %q: want NAME=VALUE", s)
		}
		o.Config[strings.ToLower(name)] = value
	}
	return o, nil
}
