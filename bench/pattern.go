// This file makes a workload of every function of the pattern library: what a representative call of it is, and what it
// must find. The calls themselves stand in pattern_calls.go.
package bench

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/evald/evald/scripts"
)

// pattern is one function's workload, in words separated by spaces. In a word # is the request's number, ~ a random number
// from below the keyspace, @x is short for the key bench:{#}:x, and "" is the empty string.
type pattern struct {
	name string // of the function, and of a variant after a blank
	// call is keys | arguments.
	call string
	// each are the commands that prepare one number, before every round.
	each []string
	// also are keys that each writes and the call does not name.
	also string
	// board is filled with one member m:# of score # for every number.
	board string
	// calls is how many calls of a round share a number: 1 gives each call its own, in order; more choose at random;
	// 0 chooses at random below the keyspace.
	calls int
}

// numbers is how many numbers there are.
func (p pattern) numbers(o Options) int {
	if p.calls == 0 {
		return o.Keyspace
	}
	return max(1, o.Requests/p.calls)
}

// workload turns the words into a workload. Everything that a round wrote is removed before and after it.
func (p pattern) workload() workload {
	function, _, _ := strings.Cut(p.name, " ")
	keys, args, _ := strings.Cut(p.call, "|")
	written := keys + " " + p.also
	return workload{
		name: p.name, function: function, everyRound: true,
		command: func(o Options) []arg {
			words := []arg{text(strconv.Itoa(len(strings.Fields(keys))))}
			lead := arg{pick: inOrder}
			if p.calls != 1 {
				lead = arg{pick: random, span: p.numbers(o)}
			}
			for _, word := range strings.Fields(keys + args) {
				words = append(words, p.arg(word, &lead, o))
			}
			return words
		},
		fill: func(s setup) error {
			if err := p.remove(s, written); err != nil {
				return err
			}
			if p.board != "" {
				if err := fillBoard(s, p.board, p.numbers(s.o)); err != nil {
					return err
				}
			}
			return s.each(p.numbers(s.o)*len(p.each), func(i int) []string {
				return filled(p.each[i%len(p.each)], i/len(p.each))
			})
		},
		clean: func(s setup) error { return p.remove(s, written) },
	}
}

// arg is one word of a call. lead is how the request's first # is chosen; those after it repeat that number.
func (p pattern) arg(word string, lead *arg, o Options) arg {
	word = expand(word)
	if head, tail, ok := strings.Cut(word, "#"); ok {
		a := arg{text: head, pick: lead.pick, span: lead.span, tail: tail}
		*lead = arg{pick: same}
		return a
	}
	if head, tail, ok := strings.Cut(word, "~"); ok {
		return arg{text: head, pick: noise, span: o.Keyspace, tail: tail}
	}
	return text(word)
}

// expand writes out what is short for something in a word.
func expand(word string) string {
	if word == `""` {
		return ""
	}
	if key, ok := strings.CutPrefix(word, "@"); ok {
		return "bench:{#}:" + key
	}
	return word
}

// filled is a command for one number.
func filled(command string, i int) []string {
	words := strings.Fields(command)
	for j, word := range words {
		words[j] = strings.ReplaceAll(expand(word), "#", number(i))
	}
	return words
}

// remove unlinks the keys of every number.
func (p pattern) remove(s setup, keys string) error {
	n := p.numbers(s.o)
	if !strings.ContainsAny(keys, "#@") {
		n = 1
	}
	return s.each(n, func(i int) []string { return filled("UNLINK "+keys, i) })
}

// fillBoard writes n members, a hundred at a time.
func fillBoard(s setup, key string, n int) error {
	const batch = 100
	return s.each((n+batch-1)/batch, func(i int) []string {
		cmd := []string{"ZADD", key}
		for m := i * batch; m < min(n, (i+1)*batch); m++ {
			cmd = append(cmd, strconv.Itoa(m), "m:"+number(m))
		}
		return cmd
	})
}

// choosePatterns turns names of functions and areas, or "all", into workloads in the order of the library.
func choosePatterns(names []string) ([]workload, error) {
	all := patterns()
	wanted := make([]bool, len(all))
	for _, name := range names {
		found := false
		for i, p := range all {
			function, _, _ := strings.Cut(p.name, " ")
			_, lib, _ := scripts.LookupFunction(function)
			if name == "all" || name == lib.Name || name == function {
				wanted[i], found = true, true
			}
		}
		if !found {
			var areas []string
			for _, lib := range scripts.Libraries() {
				areas = append(areas, lib.Name)
			}
			return nil, fmt.Errorf("no pattern %q: want all, an area (%s) or a function, see evald scripts list", name, strings.Join(areas, ", "))
		}
	}
	var chosen []workload
	for i, p := range all {
		if wanted[i] {
			chosen = append(chosen, p.workload())
		}
	}
	return chosen, nil
}

func patterns() []pattern {
	return slices.Concat(lockCalls(), ratelimitCalls(), leaderboardCalls(), sessionCalls(), cacheCalls(), utilCalls())
}
