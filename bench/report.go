// This file is what a run reports: every round, the medians over rounds, and the ratio between two servers.
package bench

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// Report is the outcome of Run.
type Report struct {
	Addrs    []string  `json:"addrs"`
	Clients  int       `json:"clients"`
	Pipeline int       `json:"pipeline"`
	Requests int       `json:"requests"`
	Rounds   int       `json:"rounds"`
	Keyspace int       `json:"keyspace"`
	DataSize int       `json:"data_size"`
	Patterns bool      `json:"patterns"`
	Results  []Result  `json:"results"`
	Summary  []Summary `json:"summary"`
	// Speedup is the geometric mean over the workloads of what the first server does better, nil with one server.
	Speedup *Speedup `json:"speedup,omitempty"`
}

// Speedup says how much faster the first server is: 2 is twice as fast. ServerTime is 0 when a server does not tell.
type Speedup struct {
	PerSecond  float64 `json:"per_second"`
	ServerTime float64 `json:"server_us"`
}

// Stats are the figures of one round, or their medians. Latencies are in microseconds, from sending a batch of pipelined
// requests to reading each reply of it.
type Stats struct {
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_us"`
	P99       float64 `json:"p99_us"`
	P999      float64 `json:"p999_us"`
	Max       float64 `json:"max_us"`
	Busy      float64 `json:"generator_busy"` // share of the time the generator's thread ran; near 1 it is the bottleneck
	// ServerTime is the time a call took in the server, by its own INFO commandstats; 0 where it does not tell.
	ServerTime float64 `json:"server_us"`
}

// Result is one round of one workload on one server.
type Result struct {
	Workload string  `json:"workload"`
	Server   int     `json:"server"` // index in Addrs
	Round    int     `json:"round"`  // from 1
	Requests int     `json:"requests"`
	Seconds  float64 `json:"seconds"`
	Stats
}

// Summary is one workload: the median of each figure over the rounds, per server, and the first server's median divided
// by the second's (nil with one server; more is better for PerSecond, less for the rest).
type Summary struct {
	Workload string  `json:"workload"`
	Servers  []Stats `json:"servers"`
	Ratio    *Stats  `json:"ratio,omitempty"`
}

func newReport(o Options) *Report {
	return &Report{Addrs: o.Addrs, Clients: o.Clients, Pipeline: o.Pipeline, Requests: o.Requests, Rounds: o.Rounds,
		Keyspace: o.Keyspace, DataSize: o.DataSize, Patterns: len(o.Patterns) > 0}
}

// figures lists the fields of s, so that medians and ratios treat all alike.
func (s *Stats) figures() []*float64 {
	return []*float64{&s.PerSecond, &s.P50, &s.P99, &s.P999, &s.Max, &s.Busy, &s.ServerTime}
}

// summarise fills Summary from Results.
func (r *Report) summarise() {
	var names []string
	for _, res := range r.Results {
		if !slices.Contains(names, res.Workload) {
			names = append(names, res.Workload)
		}
	}
	for _, name := range names {
		s := Summary{Workload: name, Servers: make([]Stats, len(r.Addrs))}
		for i := range s.Servers {
			var rounds []Stats
			for _, res := range r.Results {
				if res.Workload == name && res.Server == i {
					rounds = append(rounds, res.Stats)
				}
			}
			s.Servers[i] = medians(rounds)
		}
		if len(s.Servers) == 2 {
			ratio := s.Servers[0]
			for i, f := range s.Servers[1].figures() {
				if *f != 0 {
					*ratio.figures()[i] /= *f
				}
			}
			s.Ratio = &ratio
		}
		r.Summary = append(r.Summary, s)
	}
	if len(r.Addrs) == 2 && len(r.Summary) > 0 {
		r.Speedup = &Speedup{}
		var rate, time []float64
		for _, s := range r.Summary {
			speedup := s.speedup()
			rate, time = append(rate, speedup.PerSecond), append(time, speedup.ServerTime)
		}
		r.Speedup.PerSecond, r.Speedup.ServerTime = geometricMean(rate), geometricMean(time)
	}
}

// speedup is how much faster the first of two servers is.
func (s Summary) speedup() Speedup {
	v := Speedup{PerSecond: s.Ratio.PerSecond}
	if s.Servers[0].ServerTime > 0 {
		v.ServerTime = s.Servers[1].ServerTime / s.Servers[0].ServerTime
	}
	return v
}

func geometricMean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(values)))
}

// medians returns the median of each figure; of an even number of rounds, the mean of the middle two.
func medians(rounds []Stats) Stats {
	var m Stats
	for i, f := range m.figures() {
		var values []float64
		for _, r := range rounds {
			values = append(values, *r.figures()[i])
		}
		slices.Sort(values)
		if n := len(values); n > 0 {
			*f = (values[(n-1)/2] + values[n/2]) / 2
		}
	}
	return m
}

// WriteJSON writes the report as one indented JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// WriteText writes the summary as a table.
func (r *Report) WriteText(w io.Writer) error {
	if r.Patterns {
		return r.writePatterns(w)
	}
	fmt.Fprintf(w, "%d clients, pipeline %d, %d requests a round, median of %d, keyspace %d, values of %d bytes\n\n",
		r.Clients, r.Pipeline, r.Requests, r.Rounds, r.Keyspace, r.DataSize)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "workload\tserver\treq/s\tp50 ms\tp99 ms\tp99.9 ms\tmax ms\tgenerator\t")
	for _, s := range r.Summary {
		for i, st := range s.Servers {
			fmt.Fprintf(t, "%s\t%s\t%.0f\t%.3f\t%.3f\t%.3f\t%.3f\t%.0f%%\t\n", s.Workload, r.Addrs[i],
				st.PerSecond, st.P50/1e3, st.P99/1e3, st.P999/1e3, st.Max/1e3, st.Busy*100)
		}
		if s.Ratio != nil {
			fmt.Fprintf(t, "%s\tratio\t%.2fx\t%.2fx\t%.2fx\t%.2fx\t%.2fx\t\t\n", s.Workload,
				s.Ratio.PerSecond, s.Ratio.P50, s.Ratio.P99, s.Ratio.P999, s.Ratio.Max)
		}
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// writePatterns writes the summary of patterns as a Markdown table.
func (r *Report) writePatterns(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d clients, pipeline %d, %d calls a round, median of %d; us: the server's own time per call (INFO commandstats)\n\n",
		r.Clients, r.Pipeline, r.Requests, r.Rounds)
	if r.Speedup == nil {
		b.WriteString("| function | us | calls/s |\n|---|---|---|\n")
		for _, s := range r.Summary {
			fmt.Fprintf(&b, "| %s | %.2f | %.0f |\n", s.Workload, s.Servers[0].ServerTime, s.Servers[0].PerSecond)
		}
		_, err := io.WriteString(w, b.String())
		return err
	}
	fmt.Fprintf(&b, "| function | us, %[1]s | us, %[2]s | faster | calls/s, %[1]s | calls/s, %[2]s | faster |\n|---|---|---|---|---|---|---|\n", r.Addrs[0], r.Addrs[1])
	for _, s := range r.Summary {
		up := s.speedup()
		fmt.Fprintf(&b, "| %s | %.2f | %.2f | %.2fx | %.0f | %.0f | %.2fx |\n", s.Workload, s.Servers[0].ServerTime,
			s.Servers[1].ServerTime, up.ServerTime, s.Servers[0].PerSecond, s.Servers[1].PerSecond, up.PerSecond)
	}
	fmt.Fprintf(&b, "| geometric mean | | | %.2fx | | | %.2fx |\n\nThe least gain:", r.Speedup.ServerTime, r.Speedup.PerSecond)
	slowest := slices.SortedFunc(slices.Values(r.Summary), func(a, b Summary) int {
		return cmp.Compare(a.speedup().ServerTime, b.speedup().ServerTime)
	})
	for i, s := range slowest[:min(10, len(slowest))] {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, " %s %.2fx", s.Workload, s.speedup().ServerTime)
	}
	b.WriteString(".\n")
	_, err := io.WriteString(w, b.String())
	return err
}
