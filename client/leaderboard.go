package client

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Ranks is how members with equal scores are ranked.
type Ranks string

// For scores 9, 7, 7, 5:
const (
	Ordinal     Ranks = "ordinal"     // 1 2 3 4
	Competition Ranks = "competition" // 1 2 2 4
	Dense       Ranks = "dense"       // 1 2 2 3
)

// Update is what a submitted score does to the present one.
type Update string

const (
	Set       Update = "set"   // replaces it
	Best      Update = "best"  // replaces it if it is better
	Worst     Update = "worst" // replaces it if it is worse
	Increment Update = "incr"  // is added to it
)

// BoardOptions of a leaderboard. All its users must agree on Ascending, Meta, Dense and FirstCome.
type BoardOptions struct {
	Ascending bool  // the lowest score is best
	Ranks     Ranks // Ordinal by default; Dense needs Dense
	Cap       int64 // members the board keeps, 0 = any number
	ExpireAt  time.Time
	Meta      bool // members have metadata
	Dense     bool // dense ranks in O(log N), at some memory
	FirstCome bool // of equal scores the one reached first ranks first; otherwise the member's bytes decide
}

// Board is a leaderboard. Its keys are lb:{group}:name...; boards of one group can be written together and merged.
type Board struct {
	c     *Client
	group string
	keys  []string
	parts string
	order string
	o     BoardOptions
}

// NewBoard returns the board of that name within the group.
func NewBoard(c *Client, group, name string, o BoardOptions) *Board {
	b := &Board{c: c, group: group, order: "desc", o: o}
	if o.Ascending {
		b.order = "asc"
	}
	if b.o.Ranks == "" {
		b.o.Ranks = Ordinal
	}
	b.keys = []string{tagged("lb", group, name)}
	if o.Meta {
		b.parts += "m"
		b.keys = append(b.keys, tagged("lb", group, name, "meta"))
	}
	if o.Dense {
		b.parts += "d"
		b.keys = append(b.keys, tagged("lb", group, name, "distinct"), tagged("lb", group, name, "counts"))
	}
	if o.FirstCome {
		b.parts += "f"
		b.keys = append(b.keys, tagged("lb", group, name, "stamps"))
	}
	if b.parts == "" {
		b.parts = "-"
	}
	return b
}

// Row is a line of a board.
type Row struct {
	Rank   int64
	Member string
	Score  float64
	Meta   string
}

// Submission is what became of a score.
type Submission struct {
	Applied  bool
	Score    float64 // that stands now
	Rank     int64   // ordinal; 0 = not on the board
	Previous int64   // rank before; 0 = was not on the board
	Total    int64
}

func (b *Board) expireAt() int64 {
	if b.o.ExpireAt.IsZero() {
		return 0
	}
	return b.o.ExpireAt.UnixMilli()
}

// Submit submits a score. meta is stored if the board has metadata and the score is applied; "" leaves the present one.
func (b *Board) Submit(ctx context.Context, member string, score float64, op Update, meta string) (Submission, error) {
	args := []any{b.parts, member, formatScore(score), string(op), b.order, b.o.Cap, b.expireAt()}
	if meta != "" {
		args = append(args, meta)
	}
	r, err := b.c.array(ctx, 5, "lb_submit", b.keys, args...)
	if err != nil {
		return Submission{}, err
	}
	return Submission{Applied: r.int() == 1, Score: r.score(), Rank: max(0, r.int()), Previous: max(0, r.int()), Total: r.int()}, r.err
}

// SubmitAll submits one member's score to several boards of one group and the same options (day, week, all time), or
// returns an error if they differ.
func SubmitAll(ctx context.Context, boards []*Board, member string, score float64, op Update) (applied []bool, err error) {
	if len(boards) == 0 {
		return nil, nil
	}
	first := boards[0]
	var keys []string
	args := []any{first.parts, string(op), first.order, first.o.Cap, first.expireAt()}
	for i, b := range boards {
		if b.group != first.group || b.parts != first.parts || b.order != first.order || b.o.Cap != first.o.Cap {
			return nil, fmt.Errorf("submit to several boards: board %d has another group or options than the first", i)
		}
		keys = append(keys, b.keys...)
		args = append(args, i+1, member, formatScore(score))
	}
	r, err := first.c.array(ctx, len(boards), "lb_submit_many", keys, args...)
	if err != nil {
		return nil, err
	}
	for range boards {
		applied = append(applied, r.int() == 1)
	}
	return applied, r.err
}

// Page reads count rows (up to 1000) from offset on, and how many members there are.
func (b *Board) Page(ctx context.Context, offset, count int64) ([]Row, int64, error) {
	r, err := b.c.array(ctx, 1, "lb_page", b.keys, b.parts, b.order, string(b.o.Ranks), offset, count)
	if err != nil {
		return nil, 0, err
	}
	total := r.int()
	return r.rows(b.o.Meta), total, r.err
}

// Top reads the first rows.
func (b *Board) Top(ctx context.Context, count int64) ([]Row, error) {
	r, err := b.c.array(ctx, 1, "lb_top", b.keys, b.parts, b.order, string(b.o.Ranks), count)
	if err != nil {
		return nil, err
	}
	r.int()
	return r.rows(b.o.Meta), r.err
}

// Standing is where a member stands.
type Standing struct {
	Rank       int64
	Score      float64
	Total      int64
	Percentile float64 // share of the others it beats, 0 to 100
}

// Rank reads where a member stands; ErrNotFound if it is not on the board.
func (b *Board) Rank(ctx context.Context, member string) (Standing, error) {
	r, err := b.c.array(ctx, 4, "lb_rank", b.keys, b.parts, member, b.order, string(b.o.Ranks))
	if err != nil {
		return Standing{}, err
	}
	rank := r.int()
	if rank < 0 {
		return Standing{}, ErrNotFound
	}
	return Standing{Rank: rank, Score: r.score(), Total: r.int(), Percentile: float64(r.int()) / 100}, r.err
}

// Around reads the rows around a member, filled up at the ends of the board, and the member's index among them.
func (b *Board) Around(ctx context.Context, member string, before, after int64) (rows []Row, own int, err error) {
	r, err := b.c.array(ctx, 2, "lb_around", b.keys, b.parts, member, before, after, b.order, string(b.o.Ranks))
	if err != nil {
		return nil, 0, err
	}
	r.int()
	if own = int(r.int()); own < 0 {
		return nil, 0, ErrNotFound
	}
	return r.rows(b.o.Meta), own, r.err
}

// RanksOf reads rank and score of several members (up to 1000), such as friends; those not on the board are left out.
func (b *Board) RanksOf(ctx context.Context, members ...string) ([]Row, error) {
	args := []any{b.parts, b.order, string(b.o.Ranks)}
	for _, m := range members {
		args = append(args, m)
	}
	r, err := b.c.array(ctx, 2*len(members), "lb_ranks_for", b.keys, args...)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, m := range members {
		if rank := r.int(); rank > 0 {
			rows = append(rows, Row{Rank: rank, Member: m, Score: r.score()})
		} else {
			r.next()
		}
	}
	return rows, r.err
}

// ByScore reads up to limit rows with scores from low to high, and how many there are.
func (b *Board) ByScore(ctx context.Context, low, high float64, limit int64) ([]Row, int64, error) {
	r, err := b.c.array(ctx, 1, "lb_by_score", b.keys, b.parts, b.order, string(b.o.Ranks), formatScore(low), formatScore(high), limit)
	if err != nil {
		return nil, 0, err
	}
	total := r.int()
	return r.rows(b.o.Meta), total, r.err
}

// Percentile returns the share (0 to 100) of members that a score, on the board or not, beats.
func (b *Board) Percentile(ctx context.Context, score float64) (float64, error) {
	r, err := b.c.array(ctx, 3, "lb_percentile", b.keys[:1], b.order, formatScore(score))
	if err != nil {
		return 0, err
	}
	return float64(r.int()) / 100, r.err
}

// ScoreAt returns the score at a percentile (0 to 100); ErrNotFound on an empty board.
func (b *Board) ScoreAt(ctx context.Context, percentile float64) (float64, error) {
	v, err := b.c.Call(ctx, "lb_score_at", b.keys[:1], b.order, int64(math.Round(percentile*100)))
	if err != nil {
		return 0, err
	}
	if v == nil {
		return 0, ErrNotFound
	}
	r := reply{list: []any{v}}
	return r.score(), r.err
}

// Remove removes members with all that belongs to them and returns how many there were.
func (b *Board) Remove(ctx context.Context, members ...string) (int64, error) {
	args := []any{b.parts}
	for _, m := range members {
		args = append(args, m)
	}
	return b.c.integer(ctx, "lb_remove", b.keys, args...)
}

// Trim drops the worst members beyond keep, a thousand at a time, and returns how many.
func (b *Board) Trim(ctx context.Context, keep int64) (int64, error) {
	for dropped := int64(0); ; {
		r, err := b.c.array(ctx, 1, "lb_trim", b.keys, b.parts, b.order, keep, 1000)
		if err != nil {
			return dropped, err
		}
		n := r.int()
		if dropped += n; n < 1000 {
			return dropped, r.err
		}
	}
}

// Rollover makes the board the archive of that name, which lives for expire (0 = for ever); the next score starts a new
// season. It returns how many members the archive has.
func (b *Board) Rollover(ctx context.Context, archive string, expire time.Duration) (int64, error) {
	return b.RolloverTop(ctx, archive, expire, 0)
}

// RolloverTop is Rollover with an archive that keeps the first rows only (up to 1000; 0 = all).
func (b *Board) RolloverTop(ctx context.Context, archive string, expire time.Duration, rows int64) (int64, error) {
	to := NewBoard(b.c, b.group, archive, b.o)
	r, err := b.c.array(ctx, 2, "lb_rollover", append(b.keys[:len(b.keys):len(b.keys)], to.keys...), b.parts, ms(expire), rows, b.order)
	if err != nil {
		return 0, err
	}
	r.int()
	return r.int(), r.err
}

// Merge is how the scores of one member on several boards combine.
type Merge string

const (
	Sum Merge = "sum"
	Min Merge = "min"
	Max Merge = "max"
)

// MergeFrom makes the board anew from others of its group and options, each score times its board's weight (nil: 1 each), and
// returns how many members it has. With metadata, dense ranks or first-come order they may have up to 1000 members together.
func (b *Board) MergeFrom(ctx context.Context, how Merge, weights []float64, sources ...*Board) (int64, error) {
	keys, args := b.keys[:len(b.keys):len(b.keys)], []any{b.parts, b.order, string(how)}
	for i, s := range sources {
		if s.group != b.group || s.parts != b.parts || s.order != b.order {
			return 0, fmt.Errorf("merge boards: source %d has another group or options than the board", i)
		}
		keys = append(keys, s.keys...)
		weight := 1.0
		if i < len(weights) {
			weight = weights[i]
		}
		args = append(args, formatScore(weight))
	}
	return b.c.integer(ctx, "lb_merge", keys, args...)
}

func (r *reply) score() float64 {
	f, err := strconv.ParseFloat(r.str(), 64)
	if err != nil {
		r.fail("not a score")
	}
	return f
}

func (r *reply) rows(meta bool) []Row {
	var rows []Row
	for r.more() && r.err == nil {
		row := Row{Rank: r.int(), Member: r.str(), Score: r.score()}
		if meta {
			row.Meta = r.str()
		}
		rows = append(rows, row)
	}
	return rows
}

func formatScore(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
