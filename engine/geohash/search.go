// Search areas: circles and boxes around a position, and the score ranges that cover them.

package geohash

import "math"

// Shape is a search area: a circle of Radius, or if Box is set a rectangle of Width and Height, around a valid position.
// Lengths are in a unit of Unit metres.
type Shape struct {
	Longitude, Latitude float64
	Box                 bool
	Radius              float64
	Width, Height       float64
	Unit                float64
}

// Range is a range of scores, Max excluded.
type Range struct{ Min, Max uint64 }

// Ranges holds the score ranges to search, in the order in which Redis searches them and thus lists unsorted results. At
// most nine are used.
type Ranges struct {
	list [9]Range
	n    int
}

// All returns the ranges.
func (r *Ranges) All() []Range { return r.list[:r.n] }

// Match tells whether the position of a score is in the area, and its distance from the centre in metres.
func (s *Shape) Match(bits uint64) (longitude, latitude, distance float64, ok bool) {
	longitude, latitude = Decode(bits)
	if s.Box {
		if Distance(longitude, latitude, s.Longitude, latitude) > s.Width*s.Unit/2 ||
			Distance(longitude, latitude, longitude, s.Latitude) > s.Height*s.Unit/2 {
			return 0, 0, 0, false
		}
		return longitude, latitude, Distance(s.Longitude, s.Latitude, longitude, latitude), true
	}
	distance = Distance(s.Longitude, s.Latitude, longitude, latitude)
	return longitude, latitude, distance, distance <= s.Radius*s.Unit
}

// bounds returns the rectangle of degrees around the area. A degree of longitude is shortest at the edge nearer to a pole.
func (s *Shape) bounds() area {
	height, width := s.Unit*s.Radius, s.Unit*s.Radius
	if s.Box {
		height, width = s.Unit*(s.Height/2), s.Unit*(s.Width/2)
	}
	dLat := height / earthRadius / radian
	edge := s.Latitude + dLat
	if s.Latitude < 0 {
		edge = s.Latitude - dLat
	}
	dLon := width / earthRadius / math.Cos(edge*radian) / radian
	return area{span{s.Longitude - dLon, s.Longitude + dLon}, span{s.Latitude - dLat, s.Latitude + dLat}}
}

// radius is the distance in metres from the centre to the farthest point.
func (s *Shape) radius() float64 {
	if !s.Box {
		return s.Radius * s.Unit
	}
	return math.Sqrt(float64(s.Width/2*(s.Width/2))+float64(s.Height/2*(s.Height/2))) * s.Unit
}

// step estimates the grid whose cells are about as large as the area.
func step(radius, latitude float64) uint {
	const mercatorMax = 20037726.37
	if radius == 0 {
		return maxStep
	}
	n := -1
	for ; radius < mercatorMax; radius *= 2 {
		n++
	}
	if latitude > 66 || latitude < -66 { // cells are narrow towards the poles
		n--
		if latitude > 80 || latitude < -80 {
			n--
		}
	}
	return uint(min(max(n, 1), maxStep))
}

// Search returns the score ranges that cover the area: its own cell and the neighbours it reaches into.
func (s *Shape) Search() (r Ranges) {
	limits := s.bounds()
	n := step(s.radius(), s.Latitude)
	centre := encode(longitudes, latitudes, s.Longitude, s.Latitude, n)
	if n > 1 && !covered(centre, limits) {
		n--
		centre = encode(longitudes, latitudes, s.Longitude, s.Latitude, n)
	}
	own := centre.area()
	cut := n >= 2
	south := !cut || own.latitude.min >= limits.latitude.min
	north := !cut || own.latitude.max <= limits.latitude.max
	west := !cut || own.longitude.min >= limits.longitude.min
	east := !cut || own.longitude.max <= limits.longitude.max
	cells := [9]hash{0: centre}
	add := func(i, dx, dy int, wanted bool) {
		if wanted {
			cells[i] = centre.move(dx, dy)
		}
	}
	add(1, 0, 1, north)
	add(2, 0, -1, south)
	add(3, 1, 0, east)
	add(4, -1, 0, west)
	add(5, 1, 1, north && east)
	add(6, -1, 1, north && west)
	add(7, 1, -1, south && east)
	add(8, -1, -1, south && west)
	last := 0
	for i, c := range cells {
		if c == (hash{}) {
			continue
		}
		// In huge areas neighbours coincide. Only a repeat of the one before is skipped, and never one of the centre: members
		// may come up twice, as in Redis (sic, TestTranscript).
		if last > 0 && c == cells[last] {
			continue
		}
		drop := 2 * (maxStep - c.step)
		r.list[r.n] = Range{c.bits << drop, (c.bits + 1) << drop}
		r.n++
		last = i
	}
	return r
}

// covered tells whether a cell and its neighbours reach the limits on all sides.
func covered(h hash, limits area) bool {
	return h.move(0, 1).area().latitude.max >= limits.latitude.max && h.move(0, -1).area().latitude.min <= limits.latitude.min &&
		h.move(1, 0).area().longitude.max >= limits.longitude.max && h.move(-1, 0).area().longitude.min <= limits.longitude.min
}
