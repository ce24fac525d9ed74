// This file declares a read and a write of every type that workload.go has none of.
package bench

import "fmt"

func typeWorkloads() []workload {
	member := func(o Options) arg { return arg{"member:", random, o.Keyspace, ""} }
	some := func(prefix string) func(o Options) arg {
		return func(o Options) arg { return arg{prefix, random, max(1, o.Keyspace/10), ""} }
	}
	list, bits, sketch := some("bench:list:"), some("bench:bits:"), some("bench:hll:")
	return []workload{
		// Numbers of requests have leading zeros, which indexes and offsets must not have: those are fixed, and the keys vary.
		{name: "lindex", command: func(o Options) []arg { return []arg{text("LINDEX"), list(o), text("5")} },
			fill: func(s setup) error {
				return s.each(max(1, s.o.Keyspace/10), func(i int) []string {
					cmd := []string{"RPUSH", "bench:list:" + number(i)}
					for range 10 {
						cmd = append(cmd, value(s.o))
					}
					return cmd
				})
			}},
		{name: "rpush", command: func(o Options) []arg { return []arg{text("RPUSH"), some("bench:pushed:")(o), text(value(o))} }},
		{name: "sismember", command: func(o Options) []arg { return []arg{text("SISMEMBER"), text("bench:set"), member(o)} },
			fill: func(s setup) error {
				return s.each(s.o.Keyspace, func(i int) []string { return []string{"SADD", "bench:set", "member:" + number(i)} })
			}},
		{name: "sadd", command: func(o Options) []arg { return []arg{text("SADD"), text("bench:added"), member(o)} }},
		// Ten entries of a stream of a thousand; a stream that is kept about that long.
		{name: "xrange", command: func(o Options) []arg {
			return []arg{text("XRANGE"), text("bench:stream"), {"", random, 1000, ""}, text("+"), text("COUNT"), text("10")}
		},
			fill: func(s setup) error {
				if err := s.each(1, func(int) []string { return []string{"UNLINK", "bench:stream"} }); err != nil {
					return err
				}
				return s.each(1000, func(i int) []string {
					return []string{"XADD", "bench:stream", number(i + 1), "field", value(s.o)}
				})
			}},
		{name: "xadd", command: func(o Options) []arg {
			return []arg{text("XADD"), text("bench:log"), text("MAXLEN"), text("~"), text("1000"), text("*"), text("field"), text(value(o))}
		}},
		{name: "getbit", command: func(o Options) []arg { return []arg{text("GETBIT"), bits(o), text("777")} }, fill: func(s setup) error {
			return s.each(max(1, s.o.Keyspace/10), func(i int) []string { return []string{"SETBIT", "bench:bits:" + number(i), "1000", "1"} })
		}},
		{name: "setbit", command: func(o Options) []arg { return []arg{text("SETBIT"), bits(o), text("777"), text("1")} }},
		{name: "geodist", fill: places, command: func(o Options) []arg { return []arg{text("GEODIST"), text("bench:places"), member(o), member(o)} }},
		{name: "geosearch", fill: places, command: func(o Options) []arg {
			return []arg{text("GEOSEARCH"), text("bench:places"), text("FROMMEMBER"), member(o), text("BYRADIUS"), text("5"), text("km"), text("COUNT"), text("10")}
		}},
		{name: "geoadd", fill: places, command: func(o Options) []arg {
			return []arg{text("GEOADD"), text("bench:places"), {"1.", random, 1e12, ""}, {"45.", random, 1e12, ""}, member(o)}
		}},
		{name: "pfcount", fill: sketches, command: func(o Options) []arg { return []arg{text("PFCOUNT"), sketch(o)} }},
		{name: "pfadd", fill: sketches, command: func(o Options) []arg { return []arg{text("PFADD"), sketch(o), member(o)} }},
	}
}

// places are spread over a part of Europe.
func places(s setup) error {
	return s.each(s.o.Keyspace, func(i int) []string {
		lon, lat := 10+float64(i*7919%100_003)/10_000, 40+float64(i*104_729%99_991)/10_000
		return []string{"GEOADD", "bench:places", fmt.Sprint(lon), fmt.Sprint(lat), "member:" + number(i)}
	})
}

// sketches are counted from ten members each.
func sketches(s setup) error {
	return s.each(max(1, s.o.Keyspace/10), func(i int) []string {
		cmd := []string{"PFADD", "bench:hll:" + number(i)}
		for m := range 10 {
			cmd = append(cmd, "member:"+number(i*10+m))
		}
		return cmd
	})
}
