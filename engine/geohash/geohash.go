// Package geohash maps positions to the 52-bit scores of Redis's geo commands and finds the score ranges that cover a search
// area.
//
// Longitude and latitude are in degrees, lengths in metres unless a unit is named. Latitudes end at about 85 degrees, the edge of
// the Mercator map. Products are rounded before they are added, so that results are the same on machines that could fuse the
// two.
package geohash

import (
	"math"
	"strconv"
)

// Limits of positions.
const (
	MaxLongitude = 180.0
	MinLongitude = -180.0
	MaxLatitude  = 85.05112878
	MinLatitude  = -85.05112878
)

// maxStep is the number of bits per axis of a score.
const maxStep = 26

// span is a range of degrees.
type span struct{ min, max float64 }

var (
	longitudes = span{MinLongitude, MaxLongitude}
	latitudes  = span{MinLatitude, MaxLatitude}
)

// hash is a cell of the grid with step bits per axis, longitude and latitude interleaved. The zero value is no cell.
type hash struct {
	bits uint64
	step uint
}

// Valid tells whether a position is within the limits.
func Valid(longitude, latitude float64) bool {
	return longitude >= MinLongitude && longitude <= MaxLongitude && latitude >= MinLatitude && latitude <= MaxLatitude
}

// Encode returns the score of a valid position.
func Encode(longitude, latitude float64) uint64 {
	return encode(longitudes, latitudes, longitude, latitude, maxStep).bits
}

// Bits converts a sorted set's score to the integer that Decode and AppendString take; foreign scores give some position too.
func Bits(score float64) uint64 {
	switch {
	case score < 0:
		return uint64(int64(score))
	case score >= 1<<64:
		return 0 // as C does on x86
	}
	return uint64(score)
}

// Decode returns the middle of the score's cell.
func Decode(bits uint64) (longitude, latitude float64) {
	a := hash{bits, maxStep}.area()
	longitude = (a.longitude.min + a.longitude.max) / 2
	latitude = (a.latitude.min + a.latitude.max) / 2
	return min(max(longitude, MinLongitude), MaxLongitude), min(max(latitude, MinLatitude), MaxLatitude)
}

// AppendString appends the standard 11-letter geohash of a score. Only 52 bits are known: the last letter is always 0.
func AppendString(b []byte, bits uint64) []byte {
	const alphabet = "0123456789bcdefghjkmnpqrstuvwxyz"
	longitude, latitude := Decode(bits)
	// The standard counts latitudes up to 90 degrees.
	h := encode(longitudes, span{-90, 90}, longitude, latitude, maxStep)
	for shift := 47; shift >= 2; shift -= 5 {
		b = append(b, alphabet[h.bits>>shift&31])
	}
	return append(b, '0')
}

func encode(longitudes, latitudes span, longitude, latitude float64, step uint) hash {
	scale := float64(uint64(1) << step)
	lat := (latitude - latitudes.min) / (latitudes.max - latitudes.min) * scale
	lon := (longitude - longitudes.min) / (longitudes.max - longitudes.min) * scale
	return hash{spread(uint32(lat)) | spread(uint32(lon))<<1, step}
}

// spread moves the bits of v to the even places.
func spread(v uint32) uint64 {
	x := uint64(v)
	x = (x | x<<16) & 0x0000FFFF0000FFFF
	x = (x | x<<8) & 0x00FF00FF00FF00FF
	x = (x | x<<4) & 0x0F0F0F0F0F0F0F0F
	x = (x | x<<2) & 0x3333333333333333
	return (x | x<<1) & 0x5555555555555555
}

// gather is the inverse of spread.
func gather(x uint64) uint32 {
	x &= 0x5555555555555555
	x = (x | x>>1) & 0x3333333333333333
	x = (x | x>>2) & 0x0F0F0F0F0F0F0F0F
	x = (x | x>>4) & 0x00FF00FF00FF00FF
	x = (x | x>>8) & 0x0000FFFF0000FFFF
	return uint32(x | x>>16)
}

// area is the rectangle that a cell covers.
type area struct{ longitude, latitude span }

func (h hash) area() area {
	scale := float64(uint64(1) << h.step)
	side := func(s span, i uint32) span {
		width := s.max - s.min
		return span{s.min + float64(float64(i)/scale*width), s.min + float64(float64(i+1)/scale*width)}
	}
	return area{side(longitudes, gather(h.bits>>1)), side(latitudes, gather(h.bits))}
}

// move returns the neighbour dx cells to the east and dy to the north, each -1, 0 or 1. The grid wraps around.
func (h hash) move(dx, dy int) hash {
	const xs, ys = 0xAAAAAAAAAAAAAAAA, 0x5555555555555555
	drop := 64 - 2*h.step
	x := shift(h.bits&xs, dx, ys>>drop) & (xs >> drop)
	y := shift(h.bits&ys, dy, xs>>drop) & (ys >> drop)
	return hash{x | y, h.step}
}

// shift adds d to a coordinate whose bits lie between those of gaps.
func shift(v uint64, d int, gaps uint64) uint64 {
	switch {
	case d > 0:
		return v + (gaps + 1)
	case d < 0:
		return (v | gaps) - (gaps + 1)
	}
	return v
}

// ParseUnit returns the metres in a unit: m, km, ft or mi, in any case.
func ParseUnit(b []byte) (metres float64, ok bool) {
	if len(b) == 0 || len(b) > 2 {
		return 0, false
	}
	var lower [2]byte
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	switch string(lower[:len(b)]) {
	case "m":
		return 1, true
	case "km":
		return 1000, true
	case "ft":
		return 0.3048, true
	case "mi":
		return 1609.34, true
	}
	return 0, false
}

// AppendDistance appends a distance as replies show it, with four decimals.
func AppendDistance(b []byte, d float64) []byte { return strconv.AppendFloat(b, d, 'f', 4, 64) }

const (
	earthRadius = 6372797.560856 // quadratic mean, WGS-84
	radian      = math.Pi / 180
)

// Distance returns the great-circle distance in metres, by the haversine formula.
func Distance(lon1, lat1, lon2, lat2 float64) float64 {
	lat1, lat2 = lat1*radian, lat2*radian
	lon1, lon2 = lon1*radian, lon2*radian
	u := math.Sin((lat2 - lat1) / 2)
	v := math.Sin((lon2 - lon1) / 2)
	return 2 * earthRadius * math.Asin(math.Sqrt(float64(u*u)+float64(math.Cos(lat1)*math.Cos(lat2)*v*v)))
}
