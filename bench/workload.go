// This file declares the workloads: what each sends, and what must stand in the server before.
// All keys start with "bench:". A workload is added by adding an entry to workloads.
package bench

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/evald/evald/client/respclient"
	"github.com/evald/evald/scripts"
)

// workload is one kind of request.
type workload struct {
	name     string
	script   string // Lua source that it runs; "" for a plain command
	function string // or the function of the pattern library it calls
	evalsha  bool   // the function is called as a script, whatever Options.EvalSHA says
	// command returns the request; for a script or function, what follows EVALSHA sha or FCALL name.
	command func(o Options) []arg
	// fill writes what the requests need to find; nil if nothing.
	fill func(s setup) error
	// everyRound says that a round uses up what fill wrote.
	everyRound bool
	// clean removes all that fill and the requests wrote; nil leaves it.
	clean func(s setup) error
}

// Each limiter is called about callsPerLimiter times in a round, so that half of the calls are admitted and half denied,
// however fast the server is.
const (
	callsPerLimiter = 200
	limiterLimit    = callsPerLimiter / 2
	limiters        = "bench:window:"
)

func limiterCount(o Options) int { return max(1, o.Requests/callsPerLimiter) }

func workloads() []workload {
	return append([]workload{
		// Every request releases a lock that is held: what a lock's owner does.
		{name: "lock_release", function: "lock_release", evalsha: true, everyRound: true,
			command: func(o Options) []arg {
				return []arg{text("1"), {"bench:lock:", inOrder, 0, ""}, text("0123456789abcdef0123456789abcdef")}
			},
			fill: func(s setup) error {
				return s.each(s.o.Requests, func(i int) []string {
					return []string{"SET", "bench:lock:" + number(i), "0123456789abcdef0123456789abcdef", "PX", "600000"}
				})
			}},
		{name: "sliding_window", function: "rl_sliding_log", evalsha: true, everyRound: true,
			command: func(o Options) []arg {
				return []arg{text("1"), {limiters, random, limiterCount(o), ""}, text(strconv.Itoa(limiterLimit)), text("600000"), text("1")}
			},
			fill: func(s setup) error {
				return s.each(limiterCount(s.o), func(i int) []string { return []string{"UNLINK", limiters + number(i)} })
			}},
		{name: "leaderboard_page", function: "lb_page", evalsha: true, fill: board,
			command: func(o Options) []arg {
				return []arg{text("1"), text("bench:board"), text("-"), text("desc"), text("ordinal"), {"", random, o.Keyspace, ""}, text("10")}
			}},
		{name: "get", fill: values, command: func(o Options) []arg { return []arg{text("GET"), key(o)} }},
		{name: "set", command: func(o Options) []arg { return []arg{text("SET"), key(o), text(value(o))} }},
		{name: "incr", command: func(o Options) []arg { return []arg{text("INCR"), {"bench:counter:", random, o.Keyspace, ""}} }},
		{name: "hget", fill: hashes, command: func(o Options) []arg { return []arg{text("HGET"), hash(o), field()} }},
		{name: "hset", command: func(o Options) []arg { return []arg{text("HSET"), hash(o), field(), text(value(o))} }},
		{name: "zscore", fill: board, command: func(o Options) []arg {
			return []arg{text("ZSCORE"), text("bench:board"), {"member:", random, o.Keyspace, ""}}
		}},
		{name: "zadd", fill: board, command: func(o Options) []arg {
			return []arg{text("ZADD"), text("bench:board"), {"", random, o.Keyspace, ""}, {"member:", random, o.Keyspace, ""}}
		}},
		{name: "return_1", script: "return 1", command: func(o Options) []arg { return []arg{text("0")} }},
	}, typeWorkloads()...)
}

func text(s string) arg { return arg{text: s} }

func key(o Options) arg { return arg{"bench:str:", random, o.Keyspace, ""} }

// Hashes have ten fields.
func hash(o Options) arg { return arg{"bench:hash:", random, max(1, o.Keyspace/10), ""} }
func field() arg         { return arg{"field:", random, 10, ""} }

func value(o Options) string { return strings.Repeat("x", o.DataSize) }

// number writes i as requests do.
func number(i int) string { return fmt.Sprintf("%0*d", digits, i) }

func values(s setup) error {
	return s.each(s.o.Keyspace, func(i int) []string { return []string{"SET", "bench:str:" + number(i), value(s.o)} })
}

func hashes(s setup) error {
	return s.each(max(1, s.o.Keyspace/10), func(i int) []string {
		cmd := []string{"HSET", "bench:hash:" + number(i)}
		for f := range 10 {
			cmd = append(cmd, "field:"+number(f), value(s.o))
		}
		return cmd
	})
}

func board(s setup) error {
	return s.each(s.o.Keyspace, func(i int) []string {
		return []string{"ZADD", "bench:board", strconv.Itoa(i), "member:" + number(i)}
	})
}

// setup is what fill works with.
type setup struct {
	ctx      context.Context
	c        *respclient.Client
	o        Options
	progress func(done, total int)
}

// prepare brings the server into the state the workload needs and returns the request.
func (w workload) prepare(s setup, first bool) ([]arg, error) {
	call, err := w.load(s)
	if err != nil {
		return nil, err
	}
	if w.fill != nil && (first || w.everyRound) {
		if err := w.fill(s); err != nil {
			return nil, fmt.Errorf("set-up: %w", err)
		}
	}
	return append(call, w.command(s.o)...), nil
}

// load makes the server know the script or function and returns the words that call it.
func (w workload) load(s setup) ([]arg, error) {
	source := w.script
	if w.function != "" {
		f, lib, ok := scripts.LookupFunction(w.function)
		if !ok {
			panic("bench: workload of a function that is not in the library: " + w.function)
		}
		source = f.Script
		if !w.evalsha {
			if _, err := s.c.Do("FUNCTION", "LOAD", "REPLACE", lib.Source); err != nil {
				return nil, fmt.Errorf("FUNCTION LOAD: %w", err)
			}
			if !s.o.EvalSHA {
				return []arg{text("FCALL"), text(w.function)}, nil
			}
		}
	}
	if source == "" {
		return nil, nil
	}
	sha, err := s.c.Do("SCRIPT", "LOAD", source)
	if err != nil {
		return nil, fmt.Errorf("SCRIPT LOAD: %w", err)
	}
	return []arg{text("EVALSHA"), text(sha.String())}, nil
}

// each sends command(0) to command(n-1), pipelined, and checks every reply.
func (s setup) each(n int, command func(i int) []string) error {
	for sent := 0; sent < n; {
		batch := 0
		for ; sent < n && batch < 1000 && s.c.Queued() < 64<<10; batch++ {
			s.c.Send(command(sent)...)
			sent++
		}
		if err := s.c.Flush(); err != nil {
			return err
		}
		for range batch {
			if _, err := s.c.Receive(); err != nil {
				return err
			}
		}
		if err := s.ctx.Err(); err != nil {
			return err
		}
		s.progress(sent, n)
	}
	return nil
}
