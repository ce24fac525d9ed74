package command

import (
	"math"
	"slices"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/geohash"
)

// geoQuery is a parsed GEORADIUS or GEOSEARCH.
type geoQuery struct {
	shape                         geohash.Shape
	withCoord, withDist, withHash bool
	count                         int64
	any, sorted, descending       bool
	store                         []byte // nil: reply
	storeDist                     bool
	fromMember, fromLonLat        bool
	byRadius, byBox               bool
	missingMember                 bool
}

// geoHit is one member inside the area.
type geoHit struct {
	member   []byte
	score    float64
	distance float64 // metres
}

const errGeoMember Error = "ERR could not decode requested zset member"

// radius reads a distance and its unit at arguments i and i+1.
func (q *geoQuery) radius(c *Ctx, i int) error {
	r, ok := ParseFloat(c.Args[i])
	if !ok {
		return Error("ERR need numeric radius")
	}
	if r < 0 {
		return Error("ERR radius cannot be negative")
	}
	if q.shape.Unit, ok = geohash.ParseUnit(c.Args[i+1]); !ok {
		return errGeoUnit
	}
	q.shape.Radius = r
	return nil
}

func (q *geoQuery) box(c *Ctx, i int) error {
	w, ok := ParseFloat(c.Args[i])
	if !ok {
		return Error("ERR need numeric width")
	}
	h, ok := ParseFloat(c.Args[i+1])
	if !ok {
		return Error("ERR need numeric height")
	}
	if w < 0 || h < 0 {
		return Error("ERR height or width cannot be negative")
	}
	if q.shape.Unit, ok = geohash.ParseUnit(c.Args[i+2]); !ok {
		return errGeoUnit
	}
	q.shape.Box, q.shape.Width, q.shape.Height = true, w, h
	return nil
}

// around makes a member's position the centre. Without the key there is nothing to find, which is no error.
func (q *geoQuery) around(z *engine.ZSet, member []byte) error {
	if !z.Exists() {
		q.missingMember = true
		return nil
	}
	s, ok := z.Score(member)
	if !ok {
		return errGeoMember
	}
	q.shape.Longitude, q.shape.Latitude = geohash.Decode(geohash.Bits(s))
	return nil
}

// option reads one of the options that both families share at argument i; used is how many arguments it took, 0 if it is none.
func (q *geoQuery) option(c *Ctx, i int) (used int, err error) {
	switch {
	case c.Is(i, "withdist"):
		q.withDist = true
	case c.Is(i, "withhash"):
		q.withHash = true
	case c.Is(i, "withcoord"):
		q.withCoord = true
	case c.Is(i, "any"):
		q.any = true
	case c.Is(i, "asc"):
		q.sorted, q.descending = true, false
	case c.Is(i, "desc"):
		q.sorted, q.descending = true, true
	case c.Is(i, "count") && i+1 < len(c.Args):
		if q.count, err = c.Int(i + 1); err != nil {
			return 0, err
		}
		if q.count <= 0 {
			return 0, Error("ERR COUNT must be > 0")
		}
		return 2, nil
	default:
		return 0, nil
	}
	return 1, nil
}

// georadius is GEORADIUS[BYMEMBER][_RO].
func georadius(c *Ctx, byMember, mayStore bool) error {
	z, err := c.DB.ZSet(c.Args[1])
	if err != nil {
		return err
	}
	var q geoQuery
	i := 6
	if byMember {
		i = 5
		if err := q.around(&z, c.Args[2]); err != nil {
			return err
		}
		if z.Exists() { // sic: without the key the radius is not looked at
			err = q.radius(c, 3)
		}
	} else if q.shape.Longitude, q.shape.Latitude, err = lonLat(c, 2); err == nil {
		err = q.radius(c, 4)
	}
	if err != nil {
		return err
	}
	for i < len(c.Args) {
		used, err := q.option(c, i)
		switch {
		case err != nil:
			return err
		case used > 0:
			i += used
		case mayStore && i+1 < len(c.Args) && (c.Is(i, "store") || c.Is(i, "storedist")):
			q.store, q.storeDist = c.Args[i+1], c.Is(i, "storedist")
			i += 2
		default:
			return ErrSyntax
		}
	}
	if q.store != nil && (q.withDist || q.withHash || q.withCoord) {
		return Error("ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options")
	}
	return q.run(c, &z, "georadiusstore")
}

// geosearch is GEOSEARCH and GEOSEARCHSTORE; the source key is argument src.
func geosearch(c *Ctx, src int, store bool) error {
	z, err := c.DB.ZSet(c.Args[src])
	if err != nil {
		return err
	}
	var q geoQuery
	if store {
		q.store = c.Args[1]
	}
	for i := src + 1; i < len(c.Args); {
		left := len(c.Args) - i - 1
		used, err := q.option(c, i)
		switch {
		case err != nil || used > 0:
		case c.Is(i, "fromlonlat") && left >= 2 && !q.fromMember && !q.fromLonLat:
			q.fromLonLat, used = true, 3
			q.shape.Longitude, q.shape.Latitude, err = lonLat(c, i+1)
		case c.Is(i, "frommember") && left >= 1 && !q.fromMember && !q.fromLonLat:
			q.fromMember, used = true, 2
			err = q.around(&z, c.Args[i+1])
		case c.Is(i, "byradius") && left >= 2 && !q.byRadius && !q.byBox:
			q.byRadius, used = true, 3
			err = q.radius(c, i+1)
		case c.Is(i, "bybox") && left >= 3 && !q.byRadius && !q.byBox:
			q.byBox, used = true, 4
			err = q.box(c, i+1)
		case c.Is(i, "storedist") && store:
			q.storeDist, used = true, 1
		default:
			err = ErrSyntax
		}
		if err != nil {
			return err
		}
		i += used
	}
	name := c.Spec.Name
	switch {
	case store && (q.withDist || q.withHash || q.withCoord):
		return Error("ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options")
	case !q.fromMember && !q.fromLonLat:
		return Error("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " + name)
	case !q.byRadius && !q.byBox:
		return Error("ERR exactly one of BYRADIUS and BYBOX can be specified for " + name)
	}
	return q.run(c, &z, "geosearchstore")
}

// run searches and replies or stores.
func (q *geoQuery) run(c *Ctx, z *engine.ZSet, event string) error {
	if q.any && q.count == 0 {
		return Error("ERR the ANY argument requires COUNT argument")
	}
	if q.count > 0 && !q.sorted && !q.any {
		q.sorted = true
	}
	hits := q.search(z)
	if q.store != nil {
		q.storeHits(c, hits, event)
		return nil
	}
	c.Reply.Array(len(hits))
	for _, h := range hits {
		q.replyHit(c, h)
	}
	return nil
}

func (q *geoQuery) search(z *engine.ZSet) (hits []geoHit) {
	if q.missingMember || !z.Exists() {
		return nil
	}
	ranges := q.shape.Search()
	for _, r := range ranges.All() {
		from, to := z.CountBelow(float64(r.Min), false), z.CountBelow(float64(r.Max), false)
		z.Walk(from, to-from, false, func(m []byte, s float64) bool {
			if _, _, d, ok := q.shape.Match(geohash.Bits(s)); ok {
				hits = append(hits, geoHit{append([]byte(nil), m...), s, d})
			}
			return !q.any || int64(len(hits)) < q.count
		})
		if q.any && int64(len(hits)) >= q.count {
			break
		}
	}
	if q.sorted {
		slices.SortStableFunc(hits, func(a, b geoHit) int {
			d := 0
			if a.distance < b.distance {
				d = -1
			} else if a.distance > b.distance {
				d = 1
			}
			if q.descending {
				return -d
			}
			return d
		})
	}
	if q.count > 0 {
		hits = hits[:min(int64(len(hits)), min(q.count, math.MaxInt32))]
	}
	return hits
}

func (q *geoQuery) replyHit(c *Ctx, h geoHit) {
	n := 1
	for _, with := range []bool{q.withDist, q.withHash, q.withCoord} {
		if with {
			n++
		}
	}
	if n > 1 {
		c.Reply.Array(n)
	}
	c.Reply.Bulk(h.member)
	if q.withDist {
		c.Reply.Bulk(geohash.AppendDistance(c.scratch[:0], h.distance/q.shape.Unit))
	}
	if q.withHash {
		c.Reply.Int(int64(geohash.Bits(h.score)))
	}
	if q.withCoord {
		coordinates(c, geohash.Bits(h.score))
	}
}

func (q *geoQuery) storeHits(c *Ctx, hits []geoHit, event string) {
	var s scored
	for _, h := range hits {
		score := h.score // as it was: any sorted set may be searched
		if q.storeDist {
			score = h.distance / q.shape.Unit
		}
		s.members, s.scores = append(s.members, h.member), append(s.scores, score)
	}
	storeScored(c, q.store, &s, event, len(s.members))
}
