// This file is `evald bench`: flags become bench.Options, progress goes to the terminal, the report to standard output.
package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/evald/evald/bench"
)

func (a *App) benchCommand() *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Usage: "measure a server, or two in turn",
		Description: "Keys written start with \"bench:\" and stay. Two servers, separated by a comma, are measured round by round\n" +
			"in turn; the ratio is the first's median over the second's. Workloads: " + strings.Join(bench.Names(), ", ") + ".\n" +
			"With --pattern functions of the pattern library are measured instead: 20,000 calls a round by 4 clients with a\n" +
			"pipeline of 64, unless flags say otherwise. Their keys are removed after each round.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "addr", Usage: "`HOST:PORT` or path of a Unix socket, or two separated by a comma", Value: defaultAddr},
			&cli.StringFlag{Name: "script", Usage: "workloads to run, separated by commas, or all (default: the scripts, get and set)"},
			&cli.StringFlag{Name: "pattern", Usage: "functions and areas of the pattern library to call, separated by commas, or all"},
			&cli.BoolFlag{Name: "evalsha", Usage: "call the functions as scripts, by EVALSHA rather than FCALL"},
			&cli.IntFlag{Name: "clients", Usage: "connections", Value: 50},
			&cli.IntFlag{Name: "pipeline", Usage: "requests sent at once per connection", Value: 1},
			&cli.IntFlag{Name: "requests", Usage: "requests per workload and round", Value: 100_000},
			&cli.IntFlag{Name: "rounds", Usage: "rounds per server (default: 1, with two servers 5)"},
			&cli.BoolFlag{Name: "warmup", Usage: "run one more round first, unmeasured"},
			&cli.BoolFlag{Name: "json", Usage: "print every round and the summary as JSON"},
			&cli.Uint64Flag{Name: "seed", Usage: "of the random keys", Value: 1},
			&cli.IntFlag{Name: "keyspace", Usage: "keys, and members of the leaderboard", Value: 100_000},
			&cli.IntFlag{Name: "data-size", Usage: "bytes of a value", Value: 3},
		},
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			o := bench.Options{
				Addrs: strings.Split(c.String("addr"), ","), Clients: c.Int("clients"), Pipeline: c.Int("pipeline"),
				Requests: c.Int("requests"), Rounds: c.Int("rounds"), Warmup: c.Bool("warmup"), Seed: c.Uint64("seed"),
				Keyspace: c.Int("keyspace"), DataSize: c.Int("data-size"), EvalSHA: c.Bool("evalsha"),
			}
			if s := c.String("pattern"); s != "" {
				o.Patterns = strings.Split(s, ",")
				if c.IsSet("script") {
					return fmt.Errorf("--script and --pattern exclude each other")
				}
				// The flags' defaults are those of workloads.
				for name, value := range map[string]*int{"clients": &o.Clients, "pipeline": &o.Pipeline, "requests": &o.Requests} {
					if !c.IsSet(name) {
						*value = 0
					}
				}
			}
			// For Options 0 is "the default", on the command line it is a mistake.
			for _, name := range []string{"clients", "pipeline", "requests", "rounds", "keyspace", "data-size"} {
				if c.IsSet(name) && c.Int(name) < 1 {
					return fmt.Errorf("--%s is %d, want at least 1", name, c.Int(name))
				}
			}
			if s := c.String("script"); s != "" {
				o.Workloads = strings.Split(s, ",")
			}
			if isTerminal(a.Err) {
				bar := progress{w: a.Err}
				o.Progress = bar.show
				defer bar.clear()
			}
			report, err := bench.Run(c.Context, o)
			if c.Context.Err() != nil {
				return errInterrupted
			}
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return report.WriteJSON(a.Out)
			}
			return report.WriteText(a.Out)
		},
	}
}

// progress draws one line that overwrites itself.
type progress struct {
	w     io.Writer
	step  string
	start time.Time // of the step
	drawn time.Time
}

func (p *progress) show(step string, done, total int) {
	now := time.Now()
	if step != p.step {
		p.step, p.start = step, now
	} else if now.Sub(p.drawn) < 50*time.Millisecond && done < total {
		return
	}
	p.drawn = now
	const width = 30
	full := width
	if total > 0 {
		full = width * done / total
	}
	rate := ""
	if s := now.Sub(p.start).Seconds(); s > 0.1 {
		rate = fmt.Sprintf("%.0f/s", float64(done)/s)
	}
	fmt.Fprintf(p.w, "\r\x1b[K%s [%s%s] %d/%d %s", step, strings.Repeat("=", full), strings.Repeat(" ", width-full), done, total, rate)
}

// load shows the load of a store; total 0 is its end.
func (p *progress) load(done, total int) {
	if total == 0 {
		p.clear()
		return
	}
	p.show("loading", done, total)
}

func (p *progress) clear() { fmt.Fprint(p.w, "\r\x1b[K") }
