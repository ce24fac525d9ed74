// Package command is what a command is (Spec, Table, Ctx, Reply), the one way to run one (Check, Call), and every data command, one
// file per family. A command is declared once, in the Spec beside its handler; COMMAND, COMMAND DOCS, ACL categories, key extraction,
// script permission and the refusals of Check all derive from it.
package command

// Flags are a command's flags, as COMMAND INFO lists them.
type Flags uint32

// The flags that a Spec declares. Names follow Redis's command JSON.
const (
	Write Flags = 1 << iota
	ReadOnly
	DenyOOM
	Admin
	PubSub
	NoScript
	Blocking
	Loading // allowed while loading
	Stale
	SkipMonitor
	SkipSlowlog
	Asking
	Fast
	NoAuth
	MayReplicate
	SentinelOnly
	NoMandatoryKeys
	Protected
	NoAsyncLoading
	NoMulti
	AllowBusy
	MovableKeys // derived: some keys are found by a count or keyword
	TouchesArbitraryKeys
	Internal // extension commands: left out of comparisons with Redis
	Derives  // what it writes comes from other keys or is packed, and so may be larger than its arguments; derived where keys tell
)

var flagNames = [...]string{"write", "readonly", "denyoom", "admin", "pubsub", "noscript", "blocking", "loading", "stale",
	"skip_monitor", "skip_slowlog", "asking", "fast", "no_auth", "may_replicate", "sentinel", "no_mandatory_keys", "protected",
	"no_async_loading", "no_multi", "allow_busy", "movablekeys", "touches_arbitrary_keys"}

// hiddenFlags are flags that COMMAND INFO does not show, as in Redis.
const hiddenFlags = SentinelOnly | Protected | MayReplicate | Internal | TouchesArbitraryKeys | Derives

// Group is the group of COMMAND DOCS.
type Group string

// The groups.
const (
	GroupGeneric      Group = "generic"
	GroupString       Group = "string"
	GroupBitmap       Group = "bitmap"
	GroupHash         Group = "hash"
	GroupList         Group = "list"
	GroupSet          Group = "set"
	GroupSortedSet    Group = "sorted-set"
	GroupStream       Group = "stream"
	GroupGeo          Group = "geo"
	GroupHyperLogLog  Group = "hyperloglog"
	GroupPubSub       Group = "pubsub"
	GroupTransactions Group = "transactions"
	GroupScripting    Group = "scripting"
	GroupConnection   Group = "connection"
	GroupServer       Group = "server"
	GroupCluster      Group = "cluster"
)

// Handler runs one command: parse, look up, validate, mutate, reply. It returns an error only before it has mutated or replied.
type Handler func(c *Ctx) error

// Spec declares one command, or one subcommand.
type Spec struct {
	Name       string // lower case
	Arity      int    // number of arguments with the name; negative: at least
	Flags      Flags
	Keys       []KeySpec
	Group      Group
	Categories string // extra ACL categories, space-separated, that the flags and group don't imply
	Since      string
	Complexity string
	Summary    string
	Syntax     string // arguments after the name, as redis.io prints them
	Tips       []string
	Do         Handler
	// FlagsOf returns Flags as they are for one call, where refusals depend on its arguments, which are as many as Arity says; may be nil.
	FlagsOf func(s *Spec, args [][]byte) Flags
	After   func(c *Ctx, nanos int64) // told of every finished call with its duration; may be nil
	Sub     []Spec                    // subcommands; Do is then nil or runs for the container alone

	id     int
	full   string // "config|get" for a subcommand
	parent *Spec
	sub    map[string]*Spec
	usage  Usage
}

// CallFlags are the flags of a call with these arguments.
func (s *Spec) CallFlags(args [][]byte) Flags {
	if s.FlagsOf == nil {
		return s.Flags
	}
	return s.FlagsOf(s, args)
}

// ID is the command's number in its table, dense from 0, subcommands included.
func (s *Spec) ID() int { return s.id }

// FullName is the name that errors, stats and ACL rules use: "get", "config|get".
func (s *Spec) FullName() string { return s.full }

// Parent is the container of a subcommand, or nil.
func (s *Spec) Parent() *Spec { return s.parent }

// Usage returns the counters behind INFO commandstats and latencystats.
func (s *Spec) Usage() *Usage { return &s.usage }

// Usage counts a command's calls. Times are in ns.
type Usage struct {
	Calls, Rejected, Failed uint64
	Nanos                   uint64
	Buckets                 []uint32 // latency histogram, made at the first timed call
}
