package diff

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/evald/evald/engine/command"
)

// Commands are random calls of all data commands, right and wrong ones, for tests that compare with no other server: what is new,
// random, or depends on the clock is among them.
type Commands struct{ g *generator }

// NewCommands returns the calls of a seed.
func NewCommands(seed uint64) *Commands {
	g := &generator{values: newValues(rand.New(rand.NewPCG(seed, 12))), anything: true}
	g.soon = true
	for _, s := range command.NewTable(command.Families()...).All() {
		if p := s.Parent(); s.Do == nil || s.Flags&command.Internal != 0 || p != nil && (p.Name == "memory" || p.Name == "debug") || s.Name == "pfselftest" {
			continue
		}
		g.quiet = append(g.quiet, s)
		if s.Flags&command.Blocking == 0 {
			g.specs = append(g.specs, s)
		}
		if s.Flags&command.Write != 0 {
			g.writes = append(g.writes, s)
		}
	}
	return &Commands{g}
}

// Setup returns the commands that make a key of every type, under low limits.
func (c *Commands) Setup() [][]string { return c.g.setup() }

// Next returns a call that does not block.
func (c *Commands) Next() []string { return c.g.command(c.g.specs) }

// NextInScript returns a call for a script or transaction, mostly one that writes.
func (c *Commands) NextInScript() []string {
	if c.g.one(6) {
		return c.g.command(c.g.quiet)
	}
	return c.g.command(c.g.writes)
}

// Key returns the name of some key.
func (c *Commands) Key() string { return c.g.pick(c.g.all...) }

// LuaString returns a literal of Lua for s; small integers are numbers.
func LuaString(s string) string { return luaString(s) }

// huge tells calls that make strings of half a gigabyte.
func huge(args []string) bool {
	switch name := strings.ToLower(args[0]); name {
	case "setrange", "setbit", "bitfield":
		for _, a := range args {
			if n, err := strconv.ParseInt(strings.TrimPrefix(a, "#"), 10, 64); err == nil && n > 100000 {
				return true
			}
		}
	}
	return false
}
