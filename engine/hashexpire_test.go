package engine

import (
	"fmt"
	"maps"
	"slices"
	"testing"
)

// expiringHash makes a hash of n fields; field i expires i ms from now, field 0 never.
func expiringHash(ks *Keyspace, db *DB, key string, n int) {
	h, _ := db.HashForUpdate([]byte(key))
	for i := range n {
		field := fmt.Appendf(nil, "f%d", i)
		h.Set(field, []byte("v"))
		if i > 0 {
			h.SetExpire(field, ks.Now()+int64(i))
		}
	}
}

func hashLen(db *DB, key string) int {
	h, _ := db.Hash([]byte(key))
	return h.Len()
}

func TestFieldsExpireOnTime(t *testing.T) {
	ks := newTest(t)
	ks.BeginTurn(1_700_000_000_000_000)
	ks.Begin(false)
	expiringHash(ks, ks.DB(0), "a", 200)
	expiringHash(ks, ks.DB(1), "b", 50)
	ks.End()
	if got, want := ks.NextExpire(), ks.Now()+1; got != want {
		t.Errorf("the next expiry is at %d, want %d", got, want)
	}
	store := rows{}
	ks.EncodeTurn(store)

	ks.BeginTurn(ks.NowMicros() + 10_000)
	ks.Begin(false)
	if n := hashLen(ks.DB(0), "a"); n != 191 { // those due at 1 to 9 ms are gone, that of 10 ms is there
		t.Errorf("a has %d fields when it is looked at", n)
	}
	if n := ks.ExpireDue(4); n != 4 {
		t.Errorf("%d fields of b were removed, want 4", n)
	}
	if n := ks.ExpireDue(100); n != 5 {
		t.Errorf("then %d fields of b were removed, want 5", n)
	}
	if n := hashLen(ks.DB(1), "b"); n != 41 {
		t.Errorf("b has %d fields", n)
	}
	ks.End()
	if got := ks.Stats().ExpiredFields; got != 18 {
		t.Errorf("%d fields counted as expired", got)
	}
	ks.EncodeTurn(store)
	again := newTest(t)
	l := again.NewLoader()
	for _, k := range slices.Sorted(maps.Keys(store)) {
		if err := l.Load([]byte(k), []byte(store[k])); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Finish(); err != nil {
		t.Fatal(err)
	}
	if again.Digest() != ks.Digest() {
		t.Error("the rows give another keyspace")
	}
	for _, err := range append(ks.Check(), again.Check()...) {
		t.Error(err)
	}
}

// TestExpiredFieldsComeBackWithTheirUnit: what a unit's look at a hash removed is back after its rollback, and goes again.
func TestExpiredFieldsComeBackWithTheirUnit(t *testing.T) {
	ks := newTest(t)
	ks.BeginTurn(1_700_000_000_000_000)
	ks.Begin(false)
	expiringHash(ks, ks.DB(0), "a", 3)
	h, _ := ks.DB(0).HashForUpdate([]byte("a"))
	h.Delete([]byte("f0"))
	ks.End()
	before := ks.Digest()
	ks.BeginTurn(ks.NowMicros() + 10_000)
	ks.Begin(true)
	if ks.DB(0).Exists([]byte("a")) {
		t.Error("a hash without fields exists")
	}
	ks.Rollback()
	if ks.Digest() != before {
		t.Error("the rollback left a trace")
	}
	ks.DB(0).Keys(func(key []byte) bool {
		t.Errorf("%s is listed although all its fields have expired", key)
		return true
	})
	ks.Begin(false)
	if _, ok := ks.DB(0).RandomKey(nil); ok {
		t.Error("it is drawn at random")
	}
	ks.End()
	for _, err := range ks.Check() {
		t.Error(err)
	}
}
