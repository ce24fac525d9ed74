package command

import "strconv"

// gather is a Reply that keeps bulk strings. Commands use it whose reply begins with something known only at its end.
type gather struct {
	discard
	items [][]byte
}

func (g *gather) Bulk(b []byte)       { g.items = append(g.items, append([]byte(nil), b...)) }
func (g *gather) BulkString(s string) { g.items = append(g.items, []byte(s)) }

// discard is a Reply that drops everything.
type discard struct{}

// Discard returns a Reply that drops everything.
func Discard() Reply { return discard{} }

func (discard) Proto() int              { return 2 }
func (discard) Int(int64)               {}
func (discard) Bulk([]byte)             {}
func (discard) BulkString(string)       {}
func (discard) Status(string)           {}
func (discard) Error(string)            {}
func (discard) Nil()                    {}
func (discard) NilArray()               {}
func (discard) Double(float64)          {}
func (discard) Position(float64)        {}
func (discard) Full() bool              { return false }
func (discard) Bool(bool)               {}
func (discard) BigNumber(string)        {}
func (discard) Verbatim(string, string) {}
func (discard) Array(int)               {}
func (discard) Map(int)                 {}
func (discard) Set(int)                 {}
func (discard) Push(int)                {}
func (discard) DeferArray() int         { return 0 }
func (discard) EndArray(int, int)       {}
func (discard) DeferMap() int           { return 0 }
func (discard) EndMap(int, int)         {}
func (discard) DeferSet() int           { return 0 }
func (discard) EndSet(int, int)         {}

func formatUint(n uint64) string { return strconv.FormatUint(n, 10) }
