// This file encodes requests once: a connection's whole batch is a byte slice in which only digits change.
package bench

import (
	"math/rand/v2"
	"sync/atomic"

	"github.com/evald/evald/client/respclient"
)

// digits is the width of a number that changes from request to request; it is padded with zeros.
const digits = 12

// arg is one argument of a workload's command: text, followed by a number and the tail if pick says so.
type arg struct {
	text string
	pick pick
	span int // the number is below span; for inOrder 0 means unbounded
	tail string
}

// pick says how an argument's number is chosen.
type pick uint8

const (
	fixed   pick = iota // no number, only text
	random              // uniform in [0, span)
	inOrder             // 0, 1, 2 ... over all connections, modulo span
	same                // the number that random or inOrder chose last in this request
	noise               // uniform in [0, span), and same does not repeat it
)

// slot is the place of a number in an encoded batch.
type slot struct {
	offset int // of the first digit
	pick   pick
	span   int
}

// template is a batch of n equal requests.
type template struct {
	bytes []byte
	n     int
	slots []slot
}

// newTemplate encodes n copies of a command. Numbers start as zeros.
func newTemplate(cmd []arg, n int) template {
	const zeros = "000000000000"
	t := template{n: n}
	for range n {
		t.bytes = respclient.AppendArray(t.bytes, len(cmd))
		for _, a := range cmd {
			if a.pick == fixed {
				t.bytes = respclient.AppendBulk(t.bytes, a.text)
				continue
			}
			t.bytes = respclient.AppendBulk(t.bytes, a.text+zeros+a.tail)
			offset := len(t.bytes) - len("\r\n") - len(a.tail) - digits
			t.slots = append(t.slots, slot{offset: offset, pick: a.pick, span: a.span})
		}
	}
	return t
}

// batch returns the part of b, a copy of the template's bytes, that holds the first n requests.
func (t *template) batch(b []byte, n int) []byte { return b[:len(b)/t.n*n] }

// numbers chooses the numbers of one connection's requests. The counter is shared by all connections of a round.
type numbers struct {
	rng     *rand.Rand
	counter *atomic.Int64
}

// fill writes new numbers into the first n requests of b, which is a copy of the template's bytes.
func (t *template) fill(b []byte, n int, src *numbers) {
	var last uint64
	for _, s := range t.slots[:len(t.slots)/t.n*n] {
		v := last
		switch s.pick {
		case random:
			v = src.rng.Uint64N(uint64(s.span))
			last = v
		case noise:
			v = src.rng.Uint64N(uint64(s.span))
		case inOrder:
			v = uint64(src.counter.Add(1) - 1)
			if s.span > 0 {
				v %= uint64(s.span)
			}
			last = v
		}
		for i := s.offset + digits - 1; i >= s.offset; i-- {
			b[i] = byte('0' + v%10)
			v /= 10
		}
	}
}
