package command

import (
	"math"
	"strconv"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/double"
	"github.com/evald/evald/engine/geohash"
)

// Geo declares the geospatial commands.
func Geo() []Spec {
	logM := "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index."
	search := "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter and M is the number of items inside the shape"
	units, with := " <M | KM | FT | MI>", " [WITHCOORD] [WITHDIST] [WITHHASH]"
	order := " [COUNT count [ANY]] [ASC | DESC]"
	stores := " [STORE key | STOREDIST key]"
	from := " <FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS radius <M | KM | FT | MI> | BYBOX width height <M | KM | FT | MI>>"
	read := func(name string, arity int, since, complexity, summary, syntax string, do Handler) Spec {
		return Spec{Name: name, Arity: arity, Flags: ReadOnly, Keys: []KeySpec{keyAt(1, RO|Access)}, Group: GroupGeo, Since: since, Complexity: complexity,
			Summary: summary, Syntax: syntax, Do: do}
	}
	store := func(name string, arity int, summary, syntax string, do Handler) Spec {
		keys := []KeySpec{keyAt(1, RO|Access), {Use: OW | Update, Keyword: "STORE", From: 6, Step: 1}, {Use: OW | Update, Keyword: "STOREDIST", From: 6, Step: 1}}
		if arity == -5 {
			keys[1].From, keys[2].From = 5, 5
		}
		return Spec{Name: name, Arity: arity, Flags: Write | DenyOOM, Keys: keys, Group: GroupGeo, Since: "3.2.0", Complexity: logM, Summary: summary, Syntax: syntax, Do: do}
	}
	return []Spec{
		{Name: "geoadd", Arity: -5, Flags: Write | DenyOOM, Keys: []KeySpec{keyAt(1, RW|Update)}, Group: GroupGeo, Since: "3.2.0",
			Complexity: "O(log(N)) for each item added, where N is the number of elements in the sorted set.", Summary: "Adds one or more members to a geospatial index. The key is created if it doesn't exist.",
			Syntax: "key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]", Do: geoadd},
		read("geodist", -4, "3.2.0", "O(1)", "Returns the distance between two members of a geospatial index.", "key member1 member2 [M | KM | FT | MI]", geodist),
		read("geohash", -2, "3.2.0", "O(1) for each member requested.", "Returns members from a geospatial index as geohash strings.", "key [member [member ...]]", geohashCmd),
		read("geopos", -2, "3.2.0", "O(1) for each member requested.", "Returns the longitude and latitude of members from a geospatial index.", "key [member [member ...]]", geopos),
		store("georadius", -6, "Queries a geospatial index for members within a distance from a coordinate, optionally stores the result.", "key longitude latitude radius"+units+with+order+stores, func(c *Ctx) error { return georadius(c, false, true) }),
		read("georadius_ro", -6, "3.2.10", logM, "Returns members from a geospatial index that are within a distance from a coordinate.", "key longitude latitude radius"+units+with+order, func(c *Ctx) error { return georadius(c, false, false) }),
		store("georadiusbymember", -5, "Queries a geospatial index for members within a distance from a member, optionally stores the result.", "key member radius"+units+with+order+stores, func(c *Ctx) error { return georadius(c, true, true) }),
		read("georadiusbymember_ro", -5, "3.2.10", logM, "Returns members from a geospatial index that are within a distance from a member.", "key member radius"+units+with+order, func(c *Ctx) error { return georadius(c, true, false) }),
		read("geosearch", -7, "6.2.0", search, "Queries a geospatial index for members inside an area of a box or a circle.", "key"+from+" [ASC | DESC] [COUNT count [ANY]]"+with, func(c *Ctx) error { return geosearch(c, 1, false) }),
		{Name: "geosearchstore", Arity: -8, Flags: Write | DenyOOM, Keys: []KeySpec{keyAt(1, OW|Update), keyAt(2, RO|Access)}, Group: GroupGeo, Since: "6.2.0", Complexity: search,
			Summary: "Queries a geospatial index for members inside an area of a box or a circle, optionally stores the result.",
			Syntax:  "destination source" + from + " [ASC | DESC] [COUNT count [ANY]] [STOREDIST]", Do: func(c *Ctx) error { return geosearch(c, 2, true) }},
	}
}

const errGeoUnit Error = "ERR unsupported unit provided. please use M, KM, FT, MI"

// lonLat reads a position at arguments i and i+1.
func lonLat(c *Ctx, i int) (lon, lat float64, err error) {
	if lon, err = c.Float(i); err != nil {
		return 0, 0, err
	}
	if lat, err = c.Float(i + 1); err != nil {
		return 0, 0, err
	}
	if !geohash.Valid(lon, lat) {
		return 0, 0, Error("ERR invalid longitude,latitude pair " + fixed6(lon) + "," + fixed6(lat))
	}
	return lon, lat, nil
}

// fixed6 prints as C's %f.
func fixed6(f float64) string {
	if math.IsInf(f, 0) {
		return string(double.Append(nil, f))
	}
	return strconv.FormatFloat(f, 'f', 6, 64)
}

// geoadd is ZADD with positions for scores. GEOADD key [NX | XX] [CH] longitude latitude member [...]
func geoadd(c *Ctx) error {
	var o zaddOptions
	i := 2
options:
	for ; i < len(c.Args); i++ {
		switch {
		case c.Is(i, "nx"):
			o.nx = true
		case c.Is(i, "xx"):
			o.xx = true
		case c.Is(i, "ch"):
			o.ch = true
		default:
			break options
		}
	}
	if (len(c.Args)-i)%3 != 0 || o.nx && o.xx {
		return ErrSyntax
	}
	scores := make([]float64, 0, (len(c.Args)-i)/3)
	for j := i; j < len(c.Args); j += 3 {
		lon, lat, err := lonLat(c, j)
		if err != nil {
			return err
		}
		scores = append(scores, float64(geohash.Encode(lon, lat)))
	}
	z, err := c.DB.ZSetForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	added, changed := 0, 0
	for n, score := range scores {
		m := c.Args[i+3*n+2]
		old, exists := z.Score(m)
		if exists && (o.nx || old == score) || !exists && o.xx {
			continue
		}
		z.Put(m, score, old, exists)
		changed++
		if !exists {
			added++
		}
	}
	if changed > 0 {
		z.Finish(engine.EventZSet, "zadd", changed)
	}
	if o.ch {
		added = changed
	}
	c.Reply.Int(int64(added))
	return nil
}

func geodist(c *Ctx) error {
	unit := 1.0
	if len(c.Args) > 5 {
		return ErrSyntax
	}
	if len(c.Args) == 5 {
		var ok bool
		if unit, ok = geohash.ParseUnit(c.Args[4]); !ok {
			return errGeoUnit
		}
	}
	z, err := c.DB.ZSet(c.Args[1])
	if err != nil {
		return err
	}
	a, okA := z.Score(c.Args[2])
	b, okB := z.Score(c.Args[3])
	if !okA || !okB {
		c.Reply.Nil()
		return nil
	}
	lon1, lat1 := geohash.Decode(geohash.Bits(a))
	lon2, lat2 := geohash.Decode(geohash.Bits(b))
	c.Reply.Bulk(geohash.AppendDistance(c.scratch[:0], geohash.Distance(lon1, lat1, lon2, lat2)/unit))
	return nil
}

func geohashCmd(c *Ctx) error {
	z, err := c.DB.ZSet(c.Args[1])
	if err != nil {
		return err
	}
	c.Reply.Array(len(c.Args) - 2)
	for _, m := range c.Args[2:] {
		if s, ok := z.Score(m); ok {
			c.Reply.Bulk(geohash.AppendString(c.scratch[:0], geohash.Bits(s)))
		} else {
			c.Reply.Nil()
		}
	}
	return nil
}

func geopos(c *Ctx) error {
	z, err := c.DB.ZSet(c.Args[1])
	if err != nil {
		return err
	}
	c.Reply.Array(len(c.Args) - 2)
	for _, m := range c.Args[2:] {
		s, ok := z.Score(m)
		if !ok {
			c.Reply.NilArray()
			continue
		}
		coordinates(c, geohash.Bits(s))
	}
	return nil
}

// coordinates replies a position.
func coordinates(c *Ctx, bits uint64) {
	lon, lat := geohash.Decode(bits)
	c.Reply.Array(2)
	c.Reply.Position(lon)
	c.Reply.Position(lat)
}
