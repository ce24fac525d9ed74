// This file is what a run reports: every round, the medians over rounds, and the ratio between two servers.
package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
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
	Results  []Result  `json:"results"`
	Summary  []Summary `json:"summary"`
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
		Keyspace: o.Keyspace, DataSize: o.DataSize}
}

// figures lists the fields of s, so that medians and ratios treat all alike.
func (s *Stats) figures() []*float64 {
	return []*float64{&s.PerSecond, &s.P50, &s.P99, &s.P999, &s.Max, &s.Busy}
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
