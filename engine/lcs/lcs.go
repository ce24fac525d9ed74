// Package lcs finds the longest common subsequence of two strings, and where its parts lie.
package lcs

// Match is a run of bytes that both strings share: from AStart to AEnd in the first and from BStart to BEnd in the second, ends
// included.
type Match struct{ AStart, AEnd, BStart, BEnd int }

// Len returns the match's number of bytes.
func (m Match) Len() int { return m.AEnd - m.AStart + 1 }

// Length returns the length of the longest common subsequence. Time is O(len(a)*len(b)), memory O(len(b)).
func Length(a, b []byte) int {
	row := make([]int32, len(b)+1)
	fill(row, a, b, nil)
	return int(row[len(b)])
}

// fill computes the lengths for all of a and each prefix of b, row by row in place. For every pair of positions whose bytes differ,
// up notes whether dropping a's byte leaves more in common than dropping b's.
func fill(row []int32, a, b []byte, up *bitTable) {
	for i, c := range a {
		diagonal := int32(0) // row[j] of the row before
		for j, d := range b {
			above := row[j+1]
			switch left := row[j]; {
			case c == d:
				row[j+1] = diagonal + 1
			case above > left:
				if up != nil {
					up.set(i, j)
				}
			default:
				row[j+1] = left
			}
			diagonal = above
		}
	}
}

// bitTable holds one bit per pair of positions.
type bitTable struct {
	bits  []uint64
	width int
}

func newBitTable(height, width int) *bitTable {
	return &bitTable{make([]uint64, (height*width+63)/64), width}
}

func (t *bitTable) set(i, j int) {
	p := i*t.width + j
	t.bits[p>>6] |= 1 << (p & 63)
}

func (t *bitTable) get(i, j int) bool {
	p := i*t.width + j
	return t.bits[p>>6]>>(p&63)&1 != 0
}

// Find returns a longest common subsequence and its matches of at least minLen bytes, from the strings' ends to their beginnings.
// Where several are equally long it takes the one Redis takes. Memory is one bit per pair of positions.
func Find(a, b []byte, minLen int64) (text []byte, matches []Match) {
	row := make([]int32, len(b)+1)
	up := newBitTable(len(a), len(b))
	fill(row, a, b, up)
	text = make([]byte, row[len(b)])
	var m Match
	open := false
	emit := func() {
		if open && int64(m.Len()) >= minLen {
			matches = append(matches, m)
		}
		open = false
	}
	n := len(text)
	for i, j := len(a)-1, len(b)-1; i >= 0 && j >= 0; {
		switch {
		case a[i] == b[j]:
			n--
			text[n] = a[i]
			if !open {
				m = Match{AEnd: i, BEnd: j}
				open = true
			}
			m.AStart, m.BStart = i, j
			i, j = i-1, j-1
			continue
		case up.get(i, j):
			i--
		default:
			j--
		}
		emit()
	}
	emit()
	return text, matches
}
