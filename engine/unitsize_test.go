package engine

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestUnitSize compares the estimate of a unit's rows, their count, and the rows.
func TestUnitSize(t *testing.T) {
	value := bytes.Repeat([]byte("v"), 100)
	for name, do := range map[string]func(db *DB, i int){
		"strings": func(db *DB, i int) { db.SetString(fmt.Appendf(nil, "key%d", i), value, NoTTL) },
		"grown": func(db *DB, i int) {
			db.SetString([]byte("s"), bytes.Repeat(value, i), NoTTL)
		},
		"hash": func(db *DB, i int) {
			h, _ := db.HashForUpdate([]byte("h"))
			h.Set(fmt.Appendf(nil, "field%d", i), value)
		},
		"list": func(db *DB, i int) {
			l, _ := db.ListForUpdate([]byte("l"))
			l.PushTail(value)
		},
		"set": func(db *DB, i int) {
			s, _ := db.SetForUpdate([]byte("s"))
			s.Add(fmt.Appendf(nil, "member%d", i))
		},
		"copies": func(db *DB, i int) {
			h, _ := db.HashForUpdate([]byte("h"))
			h.Set(fmt.Appendf(nil, "field%d", i), value)
			if i == 999 {
				db.Copy([]byte("h"), db, []byte("again"))
			}
		},
		"removed": func(db *DB, i int) {
			db.SetString([]byte("s"), bytes.Repeat(value, 100), NoTTL)
			l, _ := db.ListForUpdate([]byte("l"))
			for range 10 {
				l.PushTail(bytes.Repeat(value, 10))
			}
			db.Delete([]byte("s"))
			db.Delete([]byte("l"))
		},
	} {
		ks := New(Options{Random: rand.New(rand.NewPCG(1, 2)).Uint64})
		ks.BeginTurn(1_000_000)
		ks.Begin(true)
		for i := range 1000 {
			do(ks.DB(0), i)
		}
		estimate := ks.unit.bytes
		ks.UnitExceeds(0)
		counted := ks.unit.bytes
		ks.End()
		var c rowCounter
		ks.EncodeTurn(&c)
		c.bytes -= len(stateRow) + len(ks.stateValue())
		if diff := c.bytes - counted; diff < 0 || diff > c.bytes/4 && name != "removed" {
			t.Errorf("%s: counted %d bytes, rows take %d", name, counted, c.bytes)
		}
		if estimate < counted*9/10 {
			t.Errorf("%s: estimated %d bytes, counted %d", name, estimate, counted)
		}
	}
}
