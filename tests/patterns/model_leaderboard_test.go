package patterns

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// boardModel is a board as a list, best first; members with equal scores in the order they reached them.
type boardModel struct {
	rows []boardRow
	seq  int
	desc bool
}

type boardRow struct {
	member string
	score  float64
	meta   string
	seq    int
}

func (b *boardModel) find(member string) int {
	return slices.IndexFunc(b.rows, func(r boardRow) bool { return r.member == member })
}

func (b *boardModel) better(x, y float64) bool {
	if b.desc {
		return x > y
	}
	return x < y
}

func (b *boardModel) sort() {
	slices.SortFunc(b.rows, func(x, y boardRow) int {
		switch {
		case b.better(x.score, y.score):
			return -1
		case b.better(y.score, x.score):
			return 1
		}
		return x.seq - y.seq
	})
}

func (b *boardModel) rank(i int, mode string) int {
	if mode == "ordinal" {
		return i + 1
	}
	rank, distinct := 1, map[float64]bool{}
	for _, r := range b.rows {
		if b.better(r.score, b.rows[i].score) {
			rank++
			distinct[r.score] = true
		}
	}
	if mode == "dense" {
		return len(distinct) + 1
	}
	return rank
}

func (b *boardModel) submit(member string, score float64, op string, limit int, meta string) (applied bool, stands float64, prev int) {
	i := b.find(member)
	prev = -1
	if i >= 0 {
		old := b.rows[i].score
		prev = i + 1
		switch op {
		case "incr":
			score += old
		case "best":
			if !b.better(score, old) {
				return false, old, prev
			}
		case "worst":
			if !b.better(old, score) {
				return false, old, prev
			}
		}
		if score != old {
			b.seq++
			b.rows[i].score, b.rows[i].seq = score, b.seq
		}
		if meta != "" {
			b.rows[i].meta = meta
		}
	} else {
		if n := len(b.rows); limit > 0 && n >= limit && !b.better(score, b.rows[n-1].score) {
			return false, score, prev
		}
		b.seq++
		b.rows = append(b.rows, boardRow{member, score, meta, b.seq})
	}
	b.sort()
	if limit > 0 && len(b.rows) > limit {
		b.rows = b.rows[:max(limit, len(b.rows)-100)]
	}
	return true, score, prev
}

func (b *boardModel) text(from, to int, mode string) string {
	var s strings.Builder
	for i := max(0, from); i < min(to, len(b.rows)); i++ {
		r, meta := b.rows[i], b.rows[i].meta
		if meta == "" {
			meta = "nil"
		}
		fmt.Fprintf(&s, " %d %s %s %s", b.rank(i, mode), r.member, number17Short(r.score), meta)
	}
	return s.String()
}

func number17Short(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

func TestModelLeaderboard(t *testing.T) {
	models(t, func(m *modeler) func() {
		b, order := &boardModel{}, ""
		k := board("m", "mdf")
		fresh := func() {
			m.rdb.FlushDB(ctx)
			order = pick(m, "desc", "asc")
			b = &boardModel{desc: order == "desc"}
		}
		fresh()
		rank := func(member, mode string) string {
			i := b.find(member)
			if i < 0 {
				return "-1 nil"
			}
			return fmt.Sprintf("%d %s", b.rank(i, mode), number17Short(b.rows[i].score))
		}
		return func() {
			if m.rng.IntN(300) == 0 {
				fresh()
			}
			member, mode := fmt.Sprint("m", m.rng.IntN(30)), pick(m, "ordinal", "competition", "dense")
			n := len(b.rows)
			switch m.rng.IntN(11) {
			case 0, 1, 2, 3, 4:
				score, op, limit := float64(m.rng.IntN(20)-5)/2, pick(m, "set", "best", "worst", "incr"), pick(m, 0, 0, 12, 25)
				args := []any{"mdf", member, number17Short(score), op, order, limit, 0}
				meta := pick(m, "", "x", "y")
				if meta != "" {
					args = append(args, meta)
				}
				applied, stands, prev := b.submit(member, score, op, limit, meta)
				now := "-1"
				if i := b.find(member); i >= 0 {
					now = fmt.Sprint(i + 1)
				}
				flag := 0
				if applied {
					flag = 1
				}
				m.check(m.call("lb_submit", k, args...), fmt.Sprintf("[%d %s %s %d %d]", flag, number17Short(stands), now, prev, len(b.rows)), args)
			case 5:
				from, count := m.rng.IntN(20), m.rng.IntN(20)+1
				m.check(m.call("lb_page", k, "mdf", order, mode, from, count), fmt.Sprintf("[%d%s]", n, b.text(from, from+count, mode)), "lb_page", from, count, mode)
			case 6:
				i, want := b.find(member), fmt.Sprintf("[-1 nil %d -1]", n)
				if i >= 0 {
					bp := 10000
					if n > 1 {
						bp = 10000 * (n - b.rank(i, "competition")) / (n - 1)
					}
					want = fmt.Sprintf("[%s %d %d]", rank(member, mode), n, bp)
				}
				m.check(m.call("lb_rank", k, "mdf", member, order, mode), want, "lb_rank", member, mode)
			case 7:
				before, after := m.rng.IntN(6), m.rng.IntN(6)
				want := fmt.Sprintf("[%d -1]", n)
				if i := b.find(member); i >= 0 {
					from := max(0, min(i-before, n-before-after-1))
					want = fmt.Sprintf("[%d %d%s]", n, i-from, b.text(from, from+before+after+1, mode))
				}
				m.check(m.call("lb_around", k, "mdf", member, before, after, order, mode), want, "lb_around", member, before, after)
			case 8:
				other := fmt.Sprint("m", m.rng.IntN(30))
				m.check(m.call("lb_ranks_for", k, "mdf", order, mode, member, other), "["+rank(member, mode)+" "+rank(other, mode)+"]", "lb_ranks_for")
			case 9:
				want := 0
				if i := b.find(member); i >= 0 {
					want, b.rows = 1, slices.Delete(b.rows, i, i+1)
				}
				m.check(m.call("lb_remove", k, "mdf", member), fmt.Sprint(want), "lb_remove", member)
			case 10:
				keep, limit := m.rng.IntN(40), m.rng.IntN(5)+1
				cut := max(0, min(limit, n-keep))
				want := fmt.Sprintf("[%d", cut)
				for i := range cut {
					want += " " + b.rows[n-1-i].member
				}
				b.rows = b.rows[:n-cut]
				m.check(m.call("lb_trim", k, "mdf", order, keep, limit), want+"]", "lb_trim", keep, limit)
			}
			if m.rng.IntN(50) == 0 {
				checkBoard(m, k, b)
			}
		}
	})
}

// checkBoard compares the parts of the board with the model: no tie count, stamp or metadata too many.
func checkBoard(m *modeler, k []string, b *boardModel) {
	counts, meta := map[float64]int{}, 0
	for _, r := range b.rows {
		counts[r.score]++
		if r.meta != "" {
			meta++
		}
	}
	if got := m.rdb.HLen(ctx, k[1]).Val(); got != int64(meta) {
		m.t.Fatalf("%d metadata, want %d", got, meta)
	}
	if got := m.rdb.ZCard(ctx, k[2]).Val(); got != int64(len(counts)) {
		m.t.Fatalf("%d distinct scores, want %d", got, len(counts))
	}
	for s, n := range m.rdb.HGetAll(ctx, k[3]).Val() {
		f, _ := strconv.ParseFloat(s, 64)
		if fmt.Sprint(counts[f]) != n {
			m.t.Fatalf("%s members have score %s, want %d", n, s, counts[f])
		}
	}
	stamps := int64(len(b.rows))
	if stamps > 0 {
		stamps++ // the sequence
	}
	if got := m.rdb.HLen(ctx, k[4]).Val(); got != stamps {
		m.t.Fatalf("%d stamps, want %d", got, stamps)
	}
}
