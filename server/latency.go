package server

import (
	"fmt"
	"sort"
	"strings"

	"github.com/evald/evald/engine/command"
)

// latencies keeps, for every kind of event, when it took at least latency-monitor-threshold ms.
type latencies struct{ events map[string]*latencyEvent }

// latencyEvent is a ring of the latest samples, one per second at most, and the worst ever.
type latencyEvent struct {
	samples [160]latencySample
	next    int
	worst   int64
}

type latencySample struct{ at, millis int64 } // at: unix seconds, 0: free

// latency notes that event took nanos.
func (s *Server) latency(event string, nanos int64) {
	limit := int64(s.config.latencyThreshold)
	if limit == 0 || nanos < limit*1e6 {
		return
	}
	if s.latencies.events == nil {
		s.latencies.events = map[string]*latencyEvent{}
	}
	e := s.latencies.events[event]
	if e == nil {
		e = &latencyEvent{}
		s.latencies.events[event] = e
	}
	now, millis := s.us/1e6, nanos/1e6
	e.worst = max(e.worst, millis)
	if last := &e.samples[(e.next+len(e.samples)-1)%len(e.samples)]; last.at == now {
		last.millis = max(last.millis, millis)
		return
	}
	e.samples[e.next] = latencySample{now, millis}
	e.next = (e.next + 1) % len(e.samples)
}

// watchStore notes slow commits under the names that Redis has for them: under appendfsync always replies wait for write and sync,
// under the other policies for the write.
func (s *Server) watchStore() {
	if s.store == nil {
		return
	}
	event := "aof-write"
	if s.config.appendFsync == "always" {
		event = "aof-fsync-always"
	}
	s.latency(event, int64(s.store.SlowestCommit()))
}

// inOrder returns the samples, oldest first.
func (e *latencyEvent) inOrder() []latencySample {
	var out []latencySample
	for i := range e.samples {
		if sm := e.samples[(e.next+i)%len(e.samples)]; sm.at != 0 {
			out = append(out, sm)
		}
	}
	return out
}

func (s *Server) latencySpec() command.Spec {
	const flags = command.Admin | command.NoScript | command.Loading | command.Stale
	g := command.GroupServer
	read := []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"}
	return command.Spec{Name: "latency", Arity: -2, Group: g, Since: "2.8.13", Complexity: "Depends on subcommand.", Summary: "A container for latency diagnostics commands.", Sub: []command.Spec{
		{Name: "doctor", Arity: 2, Flags: flags, Group: g, Since: "2.8.13", Do: s.latencyDoctor, Tips: read, Complexity: "O(1)", Summary: "Returns a human-readable latency analysis report."},
		{Name: "graph", Arity: 3, Flags: flags, Group: g, Since: "2.8.13", Do: s.latencyGraph, Tips: read, Complexity: "O(1)", Summary: "Returns a latency graph for an event.", Syntax: "event"},
		{Name: "histogram", Arity: -2, Flags: flags, Group: g, Since: "7.0.0", Do: s.latencyHistogram, Tips: read, Complexity: "O(N) where N is the number of commands with latency information being retrieved.",
			Summary: "Returns the cumulative distribution of latencies of a subset or all commands.", Syntax: "[command [command ...]]"},
		{Name: "history", Arity: 3, Flags: flags, Group: g, Since: "2.8.13", Do: s.latencyHistory, Tips: read, Complexity: "O(1)", Summary: "Returns timestamp-latency samples for an event.", Syntax: "event"},
		{Name: "latest", Arity: 2, Flags: flags, Group: g, Since: "2.8.13", Do: s.latencyLatest, Tips: read, Complexity: "O(1)", Summary: "Returns the latest latency samples for all events."},
		{Name: "reset", Arity: -2, Flags: flags, Group: g, Since: "2.8.13", Do: s.latencyReset, Tips: []string{"request_policy:all_nodes", "response_policy:all_succeeded"}, Complexity: "O(1)", Summary: "Resets the latency data for one or more events.", Syntax: "[event [event ...]]"},
		s.help("latency", g, "2.8.13", "DOCTOR", "    Return a human readable latency analysis report.",
			"GRAPH <event>", "    Return an ASCII latency graph for the <event> class.",
			"HISTORY <event>", "    Return time-latency samples for the <event> class.",
			"LATEST", "    Return the latest latency samples for all events.",
			"RESET [<event> ...]", "    Reset latency data of one or more <event> classes.", "    (default: reset all data for all event classes)",
			"HISTOGRAM [COMMAND ...]", "    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.",
			"    If no commands are specified then all histograms are replied."),
	}}
}

func (s *Server) latencyHistory(x *command.Ctx) error {
	e := s.latencies.events[string(x.Args[2])]
	if e == nil {
		x.Reply.Array(0)
		return nil
	}
	list := e.inOrder()
	x.Reply.Array(len(list))
	for _, sm := range list {
		x.Reply.Array(2)
		x.Reply.Int(sm.at)
		x.Reply.Int(sm.millis)
	}
	return nil
}

func (s *Server) latencyLatest(x *command.Ctx) error {
	names := sortedNames(s.latencies.events)
	x.Reply.Array(len(names))
	for _, name := range names {
		e := s.latencies.events[name]
		list := e.inOrder()
		x.Reply.Array(4)
		x.Reply.BulkString(name)
		x.Reply.Int(list[len(list)-1].at)
		x.Reply.Int(list[len(list)-1].millis)
		x.Reply.Int(e.worst)
	}
	return nil
}

func (s *Server) latencyReset(x *command.Ctx) error {
	n := 0
	if len(x.Args) == 2 {
		n = len(s.latencies.events)
		s.latencies.events = nil
	}
	for _, a := range x.Args[2:] {
		if s.latencies.events[string(a)] != nil {
			delete(s.latencies.events, string(a))
			n++
		}
	}
	x.Reply.Int(int64(n))
	return nil
}

func (s *Server) latencyDoctor(x *command.Ctx) error {
	if s.config.latencyThreshold == 0 && len(s.latencies.events) == 0 {
		x.Reply.Verbatim("txt", "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Redis instance. You may use \"CONFIG SET latency-monitor-threshold <milliseconds>.\" in order to enable it. If we weren't in a deep space mission I'd suggest to take a look at https://redis.io/topics/latency-monitor.\n")
		return nil
	}
	if len(s.latencies.events) == 0 {
		x.Reply.Verbatim("txt", "Dave, no latency spike was observed during the lifetime of this Redis instance, not in the slightest bit. I honestly think you ought to sit down calmly, take a stress pill, and think things over.\n")
		return nil
	}
	var b strings.Builder
	b.WriteString("Dave, I have observed latency spikes in this Redis instance. You don't mind talking about it, do you Dave?\n\n")
	for i, name := range sortedNames(s.latencies.events) {
		e := s.latencies.events[name]
		list := e.inOrder()
		sum := int64(0)
		for _, sm := range list {
			sum += sm.millis
		}
		mean := sum / int64(len(list))
		deviation := int64(0)
		for _, sm := range list {
			deviation += max(sm.millis-mean, mean-sm.millis)
		}
		period := (s.us/1e6 - list[0].at) / int64(len(list))
		fmt.Fprintf(&b, "%d. %s: %d latency spikes (average %dms, mean deviation %dms, period %d sec). Worst all time event %dms.\n",
			i+1, name, len(list), mean, deviation/int64(len(list)), period, e.worst)
	}
	b.WriteString("\nWhile there are latency events logged, see SLOWLOG GET for the commands that took long, and CONFIG GET latency-monitor-threshold for the limit.\n")
	x.Reply.Verbatim("txt", b.String())
	return nil
}

// latencyGraph draws the samples as columns of characters.
func (s *Server) latencyGraph(x *command.Ctx) error {
	name := string(x.Args[2])
	e := s.latencies.events[name]
	if e == nil {
		return command.Error("ERR No samples available for event '" + name + "'")
	}
	list := e.inOrder()
	low, high := list[0].millis, list[0].millis
	for _, sm := range list {
		low, high = min(low, sm.millis), max(high, sm.millis)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s - high %d ms, low %d ms (all time high %d ms)\n", name, high, low, e.worst)
	b.WriteString(strings.Repeat("-", 80) + "\n")
	const rows = 4
	level := func(sm latencySample) int {
		if high == low {
			return 1
		}
		return int((sm.millis - low) * (rows*3 - 1) / (high - low))
	}
	for row := rows - 1; row >= 0; row-- {
		for _, sm := range list {
			switch l := level(sm); {
			case l < row*3:
				b.WriteByte(' ')
			case l >= row*3+3:
				b.WriteByte('|')
			default:
				b.WriteByte("_o#"[l-row*3])
			}
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	labels := make([]string, len(list))
	longest := 0
	for i, sm := range list {
		labels[i] = ago(s.us/1e6 - sm.at)
		longest = max(longest, len(labels[i]))
	}
	for i := range longest {
		for _, l := range labels {
			if i < len(l) {
				b.WriteByte(l[i])
			} else {
				b.WriteByte(' ')
			}
		}
		b.WriteByte('\n')
	}
	x.Reply.Verbatim("txt", b.String())
	return nil
}

func ago(seconds int64) string {
	switch {
	case seconds < 60:
		return fmt.Sprintf("%ds", seconds)
	case seconds < 3600:
		return fmt.Sprintf("%dm", seconds/60)
	case seconds < 86400:
		return fmt.Sprintf("%dh", seconds/3600)
	}
	return fmt.Sprintf("%dd", seconds/86400)
}

// latencyHistogram replies the cumulative distribution of the commands' times, in powers of two of a microsecond.
func (s *Server) latencyHistogram(x *command.Ctx) error {
	var specs []*command.Spec
	for _, a := range x.Args[2:] {
		if spec := s.table.Find(a); spec != nil {
			if spec.Usage().Calls > 0 || len(spec.Sub) == 0 {
				specs = append(specs, spec)
			}
			for i := range spec.Sub {
				specs = append(specs, &spec.Sub[i])
			}
		}
	}
	if len(x.Args) == 2 {
		specs = append(specs, s.table.All()...)
		sort.Slice(specs, func(i, j int) bool { return specs[i].FullName() < specs[j].FullName() })
	}
	r := x.Reply
	mark, n := r.DeferMap(), 0
	for _, spec := range specs {
		u := spec.Usage()
		if u.Calls == 0 || u.Buckets == nil {
			continue
		}
		n++
		r.BulkString(spec.FullName())
		r.Map(2)
		r.BulkString("calls")
		r.Int(int64(u.Calls))
		r.BulkString("histogram_usec")
		inner, rows := r.DeferMap(), 0
		writeHistogram(r, u, &rows)
		r.EndMap(inner, rows)
	}
	r.EndMap(mark, n)
	return nil
}

func writeHistogram(r command.Reply, u *command.Usage, rows *int) {
	total, shown, limit := int64(0), int64(0), int64(1)
	for i, count := range u.Buckets {
		micros := max(1, (command.BucketLimit(i)+999)/1000)
		for limit < micros {
			if total > shown {
				r.Int(limit)
				r.Int(total)
				shown = total
				*rows++
			}
			limit *= 2
		}
		total += int64(count)
	}
	if total > shown {
		r.Int(limit)
		r.Int(total)
		*rows++
	}
}
