package command_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/evald/evald/internal/inprocess"
	"github.com/evald/evald/internal/reply"
)

// TestRandomIsFair draws many times and compares how often each element came with what a fair dice gives: 6 standard deviations are
// allowed, which chance exceeds once in 200,000 runs.
func TestRandomIsFair(t *testing.T) {
	s := inprocess.New(func(what string) { t.Fatal(what) })
	c := s.NewClient()
	do := func(args ...string) reply.Value {
		b := make([][]byte, len(args))
		for i, a := range args {
			b[i] = []byte(a)
		}
		c.Do(b)
		v, err := reply.Parse(c.Take())
		if err != nil || len(v) != 1 {
			t.Fatal(args, v, err)
		}
		return v[0]
	}
	const draws = 3000
	for _, n := range []int{10, 200} { // small and big encodings
		var members, pairs, scored []string
		for i := range n {
			m := fmt.Sprintf("m%d", i)
			members, pairs, scored = append(members, m), append(pairs, m, "v"), append(scored, fmt.Sprint(i), m)
		}
		for _, tt := range []struct {
			name         string
			setup, draw  []string
			taken, again int // elements per draw; how many of them may be equal
		}{
			{"SRANDMEMBER one", append([]string{"SADD", "k"}, members...), []string{"SRANDMEMBER", "k"}, 1, 0},
			{"SRANDMEMBER few", append([]string{"SADD", "k"}, members...), []string{"SRANDMEMBER", "k", "2"}, 2, 0},
			{"SRANDMEMBER many", append([]string{"SADD", "k"}, members...), []string{"SRANDMEMBER", "k", fmt.Sprint(n / 2)}, n / 2, 0},
			{"SRANDMEMBER repeated", append([]string{"SADD", "k"}, members...), []string{"SRANDMEMBER", "k", "-5"}, 5, 5},
			{"SPOP", append([]string{"SADD", "k"}, members...), []string{"SPOP", "k"}, 1, 0},
			{"SPOP few", append([]string{"SADD", "k"}, members...), []string{"SPOP", "k", "3"}, 3, 0},
			{"HRANDFIELD few", append([]string{"HSET", "k"}, pairs...), []string{"HRANDFIELD", "k", "2"}, 2, 0},
			{"HRANDFIELD many", append([]string{"HSET", "k"}, pairs...), []string{"HRANDFIELD", "k", fmt.Sprint(n / 2)}, n / 2, 0},
			{"ZRANDMEMBER few", append([]string{"ZADD", "k"}, scored...), []string{"ZRANDMEMBER", "k", "2"}, 2, 0},
			{"ZRANDMEMBER many", append([]string{"ZADD", "k"}, scored...), []string{"ZRANDMEMBER", "k", fmt.Sprint(n / 2)}, n / 2, 0},
		} {
			do("DEL", "k")
			do(tt.setup...)
			count := map[string]int{}
			for range draws {
				v := do(tt.draw...)
				list := v.Elems
				if !v.IsAggregate() {
					list = []reply.Value{v}
				}
				if len(list) != tt.taken {
					t.Fatalf("%s of %d: %d elements", tt.name, n, len(list))
				}
				seen := map[string]bool{}
				for _, e := range list {
					if seen[e.Text] && tt.again == 0 {
						t.Fatalf("%s of %d: %s twice", tt.name, n, e.Text)
					}
					seen[e.Text] = true
					count[e.Text]++
				}
				if tt.draw[0] == "SPOP" {
					do(tt.setup...)
				}
			}
			p := float64(tt.taken) / float64(n)
			mean, deviation := draws*p, math.Sqrt(draws*p*(1-p)+1)
			for _, m := range members {
				if d := float64(count[m]) - mean; math.Abs(d) > 6*deviation {
					t.Errorf("%s of %d: %s came %d times, want about %.0f", tt.name, n, m, count[m], mean)
				}
			}
		}
	}
}
