// Tests against a transcript recorded from redis-server 7.0.15: go test -record writes it anew.

package geohash

import (
	"bufio"
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/evald/evald/internal/liveredis"
)

var record = flag.Bool("record", false, "record goldens from a redis-server in PATH")

const golden = "testdata/transcript.txt"

type point struct {
	name     string
	lon, lat float64
}

// points are the members of the recorded set: all over the map, near two cities, and on the limits.
func points() []point {
	r := rand.New(rand.NewPCG(5, 5))
	var out []point
	add := func(lon, lat float64) {
		out = append(out, point{fmt.Sprintf("p%d", len(out)), lon, lat})
	}
	for range 150 {
		add(r.Float64()*360-180, r.Float64()*170-85)
	}
	for range 80 {
		add(13.361389+r.NormFloat64()*0.3, 38.115556+r.NormFloat64()*0.3)
		add(179.9+r.Float64()*0.1, -60+r.NormFloat64()*0.05)
	}
	for _, lon := range []float64{-180, -90, 0, 180} {
		for _, lat := range []float64{MinLatitude, -45, 0, MaxLatitude} {
			add(lon, lat)
		}
	}
	return out
}

// queries are GEOSEARCH arguments, with the numbers in a form both sides read alike.
func queries() []string {
	r := rand.New(rand.NewPCG(6, 6))
	centres := [][2]float64{{15, 37}, {-179.99, -60}, {0, 0}, {100, 84}, {-70, -81}, {179.99, 70}, {-180, 85}, {13.4, 38}}
	var out []string
	for i := range 160 {
		c := centres[i%len(centres)]
		if r.IntN(3) == 0 {
			c = [2]float64{r.Float64()*360 - 180, r.Float64()*170 - 85}
		}
		size := math.Exp(r.Float64() * 17)
		unit := []string{"m", "KM", "ft", "mi"}[r.IntN(4)]
		if unit != "m" && unit != "ft" {
			size /= 1000
		}
		if i%2 == 0 {
			out = append(out, fmt.Sprintf("%v %v BYRADIUS %v %s", c[0], c[1], size, unit))
		} else {
			out = append(out, fmt.Sprintf("%v %v BYBOX %v %v %s", c[0], c[1], size, size*math.Exp(r.NormFloat64()), unit))
		}
	}
	return append(out, "13.361389 38.115556 BYRADIUS 0 m", "13 38 BYBOX 0 0 km", "0 0 BYRADIUS 30000 km")
}

func recordTranscript(t *testing.T) {
	c := liveredis.Start(t)
	var b bytes.Buffer
	var prev string
	for _, p := range points() {
		c.Do("GEOADD", "k", p.lon, p.lat, p.name)
		pos := c.Do("GEOPOS", "k", p.name).([]any)[0].([]any)
		fmt.Fprintf(&b, "point %s => %v %v %v", p.name, c.Do("ZSCORE", "k", p.name), pos[0], pos[1])
		fmt.Fprintf(&b, " %v", c.Do("GEOHASH", "k", p.name).([]any)[0])
		if prev != "" {
			for _, unit := range []string{"m", "km", "ft", "mi"} {
				fmt.Fprintf(&b, " %v", c.Do("GEODIST", "k", prev, p.name, unit))
			}
		}
		b.WriteByte('\n')
		prev = p.name
	}
	for _, q := range queries() {
		args := []any{"GEOSEARCH", "k", "FROMLONLAT"}
		for _, w := range strings.Fields(q) {
			args = append(args, w)
		}
		var found []string
		for _, m := range c.Do(append(args, "WITHDIST")...).([]any) {
			m := m.([]any)
			found = append(found, fmt.Sprintf("%v:%v", m[0], m[1]))
		}
		fmt.Fprintf(&b, "search %s => %s\n", q, strings.Join(found, " "))
	}
	if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

type member struct {
	score uint64
	name  string
}

// stored is the score as a sorted set keeps it: on the eastern limit it takes 54 bits, one more than a float64 has.
func stored(p point) uint64 { return Bits(float64(Encode(p.lon, p.lat))) }

func describe(p point, prev *point) string {
	bits := stored(p)
	lon, lat := Decode(bits)
	out := fmt.Sprintf("%d %s %s %s", bits, human(lon), human(lat), AppendString(nil, bits))
	if prev != nil {
		lon0, lat0 := Decode(stored(*prev))
		for _, name := range []string{"m", "km", "ft", "mi"} {
			unit, _ := ParseUnit([]byte(name))
			out += fmt.Sprintf(" %s", AppendDistance(nil, Distance(lon0, lat0, lon, lat)/unit))
		}
	}
	return out
}

// human is how Redis prints coordinates: 17 decimals without trailing zeros.
func human(f float64) string {
	s := strings.TrimRight(fmt.Sprintf("%.17f", f), "0")
	return strings.TrimSuffix(s, ".")
}

func search(t *testing.T, set []member, q string) string {
	w := strings.Fields(q)
	s := Shape{Box: w[2] == "BYBOX"}
	lengths := []any{&s.Longitude, &s.Latitude, new(string), &s.Radius}
	if s.Box {
		lengths = []any{&s.Longitude, &s.Latitude, new(string), &s.Width, &s.Height}
	}
	if _, err := fmt.Sscan(q, lengths...); err != nil {
		t.Fatal(err)
	}
	var ok bool
	if s.Unit, ok = ParseUnit([]byte(w[len(w)-1])); !ok {
		t.Fatalf("unit of %q", q)
	}
	var found []string
	ranges := s.Search()
	for _, r := range ranges.All() {
		i, _ := slices.BinarySearchFunc(set, r.Min, func(m member, v uint64) int { return cmp.Compare(m.score, v) })
		for ; i < len(set) && set[i].score < r.Max; i++ {
			if _, _, d, ok := s.Match(set[i].score); ok {
				found = append(found, fmt.Sprintf("%s:%s", set[i].name, AppendDistance(nil, d/s.Unit)))
			}
		}
	}
	return strings.Join(found, " ")
}

func TestTranscript(t *testing.T) {
	if *record {
		recordTranscript(t)
	}
	f, err := os.Open(golden)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := points()
	var set []member
	for _, p := range all {
		set = append(set, member{stored(p), p.name})
	}
	slices.SortFunc(set, func(a, b member) int {
		return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.name, b.name))
	})
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for i := 0; lines.Scan(); i++ {
		line, want, _ := strings.Cut(lines.Text(), " => ")
		var got string
		if i < len(all) {
			var prev *point
			if i > 0 {
				prev = &all[i-1]
			}
			got = describe(all[i], prev)
		} else {
			got = search(t, set, strings.TrimPrefix(line, "search "))
		}
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", line, got, want)
		}
	}
}

func TestMoveIsUndoneByTheOppositeMove(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		step := uint(1 + r.IntN(maxStep))
		h := hash{r.Uint64() & (1<<(2*step) - 1), step}
		for dx := -1; dx <= 1; dx++ {
			for dy := -1; dy <= 1; dy++ {
				n := h.move(dx, dy)
				x, y := gather(h.bits>>1)+uint32(dx), gather(h.bits)+uint32(dy)
				mask := uint32(1)<<step - 1
				if n != (hash{spread(x&mask)<<1 | spread(y&mask), step}) || n.move(-dx, -dy) != h {
					t.Fatalf("%+v moved by %d, %d is %+v", h, dx, dy, n)
				}
			}
		}
	}
}

func TestEveryMatchLiesInARange(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 20000 {
		s := Shape{Longitude: r.Float64()*340 - 170, Latitude: r.Float64()*120 - 60, Radius: math.Exp(r.Float64() * 13), Unit: 1}
		s.Width, s.Height, s.Box = s.Radius, s.Radius*r.Float64(), r.IntN(2) == 0
		lon, lat := s.Longitude+r.NormFloat64()*s.Radius/80000, s.Latitude+r.NormFloat64()*s.Radius/80000
		if !Valid(lon, lat) {
			continue
		}
		bits := Encode(lon, lat)
		if _, _, _, ok := s.Match(bits); !ok {
			continue
		}
		ranges := s.Search()
		if !slices.ContainsFunc(ranges.All(), func(r Range) bool { return bits >= r.Min && bits < r.Max }) {
			t.Fatalf("%v, %v matches %+v but is in none of its ranges", lon, lat, s)
		}
	}
}

func TestParseUnit(t *testing.T) {
	for _, s := range []string{"", "x", "kmm", "k", "Mm"} {
		if _, ok := ParseUnit([]byte(s)); ok {
			t.Errorf("%q is a unit", s)
		}
	}
}

func TestSearchDoesNotAllocate(t *testing.T) {
	s := Shape{Longitude: 13, Latitude: 38, Radius: 100, Unit: 1000}
	var buf [32]byte
	if n := testing.AllocsPerRun(100, func() {
		r := s.Search()
		for _, x := range r.All() {
			s.Match(x.Min)
			AppendString(buf[:0], x.Min)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzForeignScores(f *testing.F) {
	f.Add(-1.5, 10.0, 20.0, 5.0)
	f.Fuzz(func(t *testing.T, score, lon, lat, radius float64) {
		lonOut, latOut := Decode(Bits(score))
		if !Valid(lonOut, latOut) {
			t.Fatalf("score %v is at %v, %v", score, lonOut, latOut)
		}
		AppendString(nil, Bits(score))
		if !Valid(lon, lat) || !(radius >= 0) {
			return
		}
		s := Shape{Longitude: lon, Latitude: lat, Radius: radius, Width: radius, Height: radius, Unit: 1000}
		for _, s.Box = range []bool{false, true} {
			r := s.Search()
			if len(r.All()) == 0 {
				t.Fatalf("no ranges for %+v", s)
			}
			s.Match(Bits(score))
		}
	})
}
