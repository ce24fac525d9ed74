package diff

import (
	"slices"
	"strings"
	"testing"

	"github.com/evald/evald/engine/command"
)

// TestEveryCommandIsGenerated makes sure that the differential run calls every data command but those named here.
func TestEveryCommandIsGenerated(t *testing.T) {
	table, made := command.NewTable(command.Families()...), map[string]bool{}
	note := func(args []string) {
		b := make([][]byte, len(args))
		for i, a := range args {
			b[i] = []byte(a)
		}
		if s, err := table.Resolve(b); err == nil {
			made[s.FullName()] = true
		}
	}
	for seed := range uint64(40) {
		g := newGenerator(seed)
		g.setup()
		for range roundLen {
			for _, args := range g.next() {
				note(args)
				if args[0] == "EVAL" { // blocking commands are called in scripts and transactions only
					for _, call := range strings.Split(args[1], "call(")[1:] {
						name, _, _ := strings.Cut(strings.TrimPrefix(call, `"`), `"`)
						note([]string{name, "", ""})
					}
				}
			}
		}
	}
	// What is left out, and why: the clock and dice (object|..., randomkey), payloads and fields that differ by version (dump ...), the
	// server's own inside, what needs seconds, and help texts.
	out := strings.Fields("randomkey object|freq object|idletime object|refcount object|help xgroup|help xinfo|help dump restore restore-asking xinfo|consumers " +
		"pfselftest memory|doctor memory|help memory|malloc-stats memory|purge memory|stats memory|usage xsetid")
	for _, s := range table.All() {
		name := s.FullName()
		if s.Do == nil || s.Flags&command.Internal != 0 || s.Since > "7.0.99" || slices.Contains(out, name) {
			continue
		}
		if !made[name] {
			t.Errorf("%s is never called", name)
		}
	}
	for _, name := range out {
		if made[name] {
			t.Errorf("%s is called, but is said not to be", name)
		}
	}
}
