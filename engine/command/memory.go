package command

import (
	"math"
	"strconv"
)

// Memory tells what the process takes and gives back what it can; the server is one.
type Memory interface {
	// Usage returns the bytes in use and, of each other figure of MEMORY STATS, what is known.
	Usage() MemoryUsage
	// Purge returns unused memory to the operating system.
	Purge()
	// Report is the allocator's own report.
	Report() string
}

// MemoryUsage are figures of MEMORY STATS, in bytes.
type MemoryUsage struct {
	Peak, Used, Startup         int64 // as maxmemory counts
	Clients                     int64 // of ordinary connections
	Scripts, Functions          int64 // compiled
	Allocated, Active, Resident int64 // of the allocator: given out, pages in use, and mapped
	RSS                         int64 // of the process
}

func memorySpecs() []Spec {
	shards := []string{"request_policy:all_shards", "response_policy:special"}
	sub := func(name string, arity int, summary string, tips []string, do Handler) Spec {
		return Spec{Name: name, Arity: arity, Group: GroupServer, Since: "4.0.0", Complexity: "Depends on how much memory is allocated, could be slow", Summary: summary, Tips: tips, Do: do}
	}
	usage := sub("usage", -3, "Estimates the memory usage of a key.", nil, memoryUsage)
	usage.Flags, usage.Keys, usage.Syntax, usage.Complexity = ReadOnly, []KeySpec{keyAt(2, RO)}, "key [SAMPLES count]", "O(N) where N is the number of samples."
	help := sub("help", 2, "Returns helpful text about the different subcommands.", nil, memoryHelp)
	help.Flags, help.Complexity = Loading|Stale, "O(1)"
	loud := append([]string{"nondeterministic_output"}, shards...)
	doctor := sub("doctor", 2, "Outputs a memory problems report.", loud, memoryDoctor)
	doctor.Complexity = "O(1)"
	stats := sub("stats", 2, "Returns details about memory usage.", loud, memoryStats)
	stats.Complexity = "O(1)"
	return []Spec{{Name: "memory", Arity: -2, Group: GroupServer, Since: "4.0.0", Complexity: "Depends on subcommand.",
		Summary: "A container for memory diagnostics commands.", Sub: []Spec{
			doctor, help,
			sub("malloc-stats", 2, "Returns the allocator statistics.", loud, memoryMallocStats),
			sub("purge", 2, "Asks the allocator to release memory.", []string{"request_policy:all_shards", "response_policy:all_succeeded"}, memoryPurge),
			stats, usage,
		}}}
}

func memoryHelp(c *Ctx) error {
	Help(c, "MEMORY",
		"DOCTOR", "    Return memory problems reports.",
		"MALLOC-STATS", "    Return internal statistics report from the memory allocator.",
		"PURGE", "    Attempt to purge dirty pages for reclamation by the allocator.",
		"STATS", "    Return information about the memory usage of the server.",
		"USAGE <key> [SAMPLES <count>]", "    Return memory in bytes used by <key> and its value. Nested values are",
		"    sampled up to <count> times (default: 5, 0 means sample all).")
	return nil
}

// memoryUsage replies the bytes of a key and its value. Sizes are counted, not sampled: SAMPLES changes nothing.
func memoryUsage(c *Ctx) error {
	for i := 3; i < len(c.Args); i += 2 {
		if !c.Is(i, "samples") || i+1 >= len(c.Args) {
			return ErrSyntax
		}
		n, err := c.Int(i + 1)
		if err != nil {
			return err
		}
		if n < 0 {
			return ErrSyntax
		}
	}
	in, ok := c.DB.Inspect(c.Args[2])
	if !ok {
		c.Reply.Nil()
		return nil
	}
	c.Reply.Int(in.Size)
	return nil
}

// usage returns what is known of the process: without a server the data alone.
func usage(c *Ctx) MemoryUsage {
	if c.Env.Memory != nil {
		return c.Env.Memory.Usage()
	}
	n := c.KS.UsedMemory()
	return MemoryUsage{Peak: n, Used: n, Allocated: n, Active: n, Resident: n, RSS: n}
}

func memoryStats(c *Ctx) error {
	c.KS.ReadAll()
	u := usage(c)
	keys, used, full := int64(0), c.KS.UsedMemory(), 0
	overhead := u.Startup + u.Clients + u.Scripts + u.Functions
	for i := range c.KS.Databases() {
		if db := c.KS.DB(i); db.Len() > 0 {
			full++
			keys += int64(db.Len())
			main, expires := db.Overhead()
			overhead += main + expires
		}
	}
	c.Reply.Map(27 + full)
	ints := func(name string, n int64) { field(c, name).Int(n) }
	ratio := func(name string, a, b int64) { field(c, name).Double(float64(a) / float64(max(b, 1))) }
	ints("peak.allocated", u.Peak)
	ints("total.allocated", u.Used)
	ints("startup.allocated", u.Startup)
	ints("replication.backlog", 0)
	ints("clients.slaves", 0)
	ints("clients.normal", u.Clients)
	ints("cluster.links", 0)
	ints("aof.buffer", 0)
	ints("lua.caches", u.Scripts)
	ints("functions.caches", u.Functions)
	for i := range c.KS.Databases() {
		if db := c.KS.DB(i); db.Len() > 0 {
			main, expires := db.Overhead()
			field(c, "db."+strconv.Itoa(i)).Map(3)
			ints("overhead.hashtable.main", main)
			ints("overhead.hashtable.expires", expires)
			ints("overhead.hashtable.slot-to-keys", 0)
		}
	}
	net := max(u.Used-u.Startup, 1)
	ints("overhead.total", overhead)
	ints("keys.count", keys)
	ints("keys.bytes-per-key", net/max(keys, 1))
	ints("dataset.bytes", used)
	field(c, "dataset.percentage").Double(math.Min(100, 100*float64(used)/float64(net)))
	field(c, "peak.percentage").Double(100 * float64(u.Used) / float64(max(u.Peak, 1)))
	ints("allocator.allocated", u.Allocated)
	ints("allocator.active", u.Active)
	ints("allocator.resident", u.Resident)
	ratio("allocator-fragmentation.ratio", u.Active, u.Allocated)
	ints("allocator-fragmentation.bytes", u.Active-u.Allocated)
	ratio("allocator-rss.ratio", u.Resident, u.Active)
	ints("allocator-rss.bytes", u.Resident-u.Active)
	ratio("rss-overhead.ratio", u.RSS, u.Resident)
	ints("rss-overhead.bytes", u.RSS-u.Resident)
	ratio("fragmentation", u.RSS, u.Used)
	ints("fragmentation.bytes", u.RSS-u.Used)
	return nil
}

// memoryDoctor reports what stands out in the figures.
func memoryDoctor(c *Ctx) error {
	const small = 5 << 20
	u := usage(c)
	text := "No memory problem was found in this instance, by what can be seen from the present figures."
	switch {
	case u.Used < small:
		text = "This instance is empty or uses very little memory: there is nothing to diagnose."
	case float64(u.Peak) > 1.5*float64(u.Used):
		text = "The peak of memory use was more than 1.5 times the present use: the process may keep more memory than it needs for some time. MEMORY PURGE gives it back."
	case u.RSS > 0 && float64(u.RSS) > 2.2*float64(u.Allocated):
		text = "The process takes more than twice the memory that is allocated: much of it is free and waits to be used again or collected. GOMEMLIMIT or GOGC make the collector run sooner."
	}
	c.Reply.Verbatim("txt", text+"\n")
	return nil
}

func memoryMallocStats(c *Ctx) error {
	if c.Env.Memory == nil {
		c.Reply.Verbatim("txt", "Stats not supported for the current allocator")
		return nil
	}
	c.Reply.Verbatim("txt", c.Env.Memory.Report())
	return nil
}

func memoryPurge(c *Ctx) error {
	if c.Env.Memory != nil {
		c.Env.Memory.Purge()
	}
	c.Reply.Status("OK")
	return nil
}
