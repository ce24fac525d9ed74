// table.sort: PUC's quicksort, whose calls of the comparison function can be observed, and a plain sort where they can't.
package lua

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

func (l *library) tableSort(c *Call) int {
	t := c.CheckTable(1)
	n := t.Len()
	stackError(c, 40, "")
	s := sorter{c: c, t: t}
	if c.Has(2) {
		s.less = c.CheckKind(2, KindFunction)
	} else if !t.readonly && n <= int(t.asize) && (l.sortNumbers(c, t.elements(n)) || sortStrings(c, t.elements(n))) {
		return 0
	}
	s.sort(1, n)
	return 0
}

// sortNumbers sorts v if it is all numbers which compare as they print: no NaN, no -0.
func (l *library) sortNumbers(c *Call, v []Value) bool {
	if len(v) == 0 || !v[0].IsNumber() {
		return false
	}
	size := 0
	if cap(l.numbers) < len(v) {
		size = 8 * len(v)
		c.Charge(size)
		l.numbers = allot[float64](c.s, len(v))
	}
	numbers := l.numbers[:len(v)]
	for i, e := range v {
		f := e.Number()
		if !e.IsNumber() || f != f || f == 0 && math.Signbit(f) {
			return false
		}
		numbers[i] = f
		c.s.every(i)
	}
	if len(v) <= pieceValues {
		c.Steps(len(v) * bits.Len(uint(len(v))) >> 2)
		slices.Sort(numbers)
	} else {
		slices.SortFunc(numbers, func(a, b float64) int {
			c.Steps(1)
			return cmp.Compare(a, b)
		})
	}
	for i, f := range numbers {
		v[i] = Number(f)
		c.s.every(i)
	}
	if size > maxKeptBuffer {
		l.numbers = nil
		c.Charge(-size)
	}
	return true
}

// sortStrings sorts v if it is all strings.
func sortStrings(c *Call, v []Value) bool {
	for i, e := range v {
		if !e.IsString() {
			return false
		}
		c.s.every(i)
	}
	slices.SortFunc(v, func(a, b Value) int {
		c.Steps(1)
		if a.p == b.p {
			return 0
		}
		return c.s.compareBytes(a.Bytes(), b.Bytes())
	})
	return true
}

// sorter sorts t[first..last]. Elements are read and written one by one, because the comparison may change the table.
type sorter struct {
	c    *Call
	t    *Table
	less Value // nil for <
}

func (s *sorter) get(i int) Value { return s.t.GetInt(i) }

func (s *sorter) set(i int, v Value) { s.t.SetInt(s.c.s, i, v) }

func (s *sorter) before(a, b Value) bool {
	s.c.Steps(1)
	if s.less.IsNil() {
		return s.c.Less(a, b)
	}
	return s.c.Call2(s.less, a, b).Truthy()
}

// sort is quicksort with the median of three as pivot; the order of comparisons is PUC's.
func (s *sorter) sort(first, last int) {
	for first < last {
		s.order(first, last)
		if last-first == 1 {
			return
		}
		mid := (first + last) / 2
		if middle, low := s.get(mid), s.get(first); s.before(middle, low) {
			s.set(mid, low)
			s.set(first, middle)
		} else {
			s.order(mid, last)
		}
		if last-first == 2 {
			return
		}
		i := s.partition(first, last, mid)
		if i-first < last-i {
			s.sort(first, i-1)
			first = i + 1
		} else {
			s.sort(i+1, last)
			last = i - 1
		}
	}
}

// order swaps elements i and j if the second is before the first.
func (s *sorter) order(i, j int) {
	a, b := s.get(i), s.get(j)
	if s.before(b, a) {
		s.set(i, b)
		s.set(j, a)
	}
}

// partition moves the pivot, which is in the middle, to where it belongs and returns that place.
func (s *sorter) partition(first, last, mid int) int {
	pivot := s.get(mid)
	s.set(mid, s.get(last-1))
	s.set(last-1, pivot)
	i, j := first, last-1
	for {
		i++
		a := s.get(i)
		for s.before(a, pivot) {
			if i > last {
				s.invalid()
			}
			i++
			a = s.get(i)
		}
		j--
		b := s.get(j)
		for s.before(pivot, b) {
			if j < first {
				s.invalid()
			}
			j--
			b = s.get(j)
		}
		if j < i {
			break
		}
		s.set(i, b)
		s.set(j, a)
	}
	a, b := s.get(last-1), s.get(i)
	s.set(last-1, b)
	s.set(i, a)
	return i
}

func (s *sorter) invalid() { s.c.Errorf("invalid order function for sorting") }
