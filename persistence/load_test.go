// Loading in ranges side by side, and rows that this program never wrote.
package persistence

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/internal/enginetest"
)

// A range per ten rows: more than tables would ever give.
func TestRangesSideBySideGiveTheKeyspace(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	o := testOptions(t, vfs.NewMem())
	o.LoadBlockSize = 100
	s, ks := mustOpen(t, o), enginetest.New(3)
	defer mustClose(t, s)
	w := enginetest.NewWorkload(ks, 3)
	for i := range 200 {
		w.Turn()
		ks.Begin(false)
		db, n := ks.DB(i%2), fmt.Appendf(nil, "%d", i*7919%1000)
		db.SetString(append([]byte("string"), n...), bytes.Repeat(n, 30), engine.NoTTL)
		z, _ := db.ZSetForUpdate(append([]byte("board"), n[0]))
		h, _ := db.HashForUpdate(append([]byte("profile"), n[0]))
		m, _ := db.SetForUpdate(append([]byte("members"), n[0]))
		for j := range 30 {
			field := fmt.Appendf(nil, "%s:%d", n, j)
			z.Set(field, float64(j*i%97))
			h.Set(field, n)
			m.Add(field)
		}
		ks.End()
		commitTurn(s, ks)
	}
	if err := s.Sync(); err != nil {
		t.Fatal(err)
	}
	s.applyThrough(s.wal.newest())
	fresh := enginetest.New(1)
	now := ks.NowMicros()
	l := load{s: s, Loader: fresh.NewLoader(), progress: func(int) error {
		now += 1e6 // the loop's clock goes on meanwhile
		fresh.BeginTurn(now)
		return nil
	}}
	for _, section := range engine.Sections() {
		if !section.Parallel {
			if err := l.serial(section); err != nil {
				t.Fatal(err)
			}
			continue
		}
		var tables []table
		err := s.eachRow(section, func(key, _ []byte) error {
			tables = append(tables, table{bytes.Clone(key), 1})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		ranges := divide(section, tables, 10)
		if len(ranges) < 5 {
			t.Errorf("%d ranges", len(ranges))
		}
		if err := l.parallel(ranges); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Finish(); err != nil {
		t.Fatal(err)
	}
	if fresh.Digest() != ks.Digest() {
		t.Error(enginetest.Diff(ks, fresh))
	}
	if err := fresh.Check(); err != nil {
		t.Error(err)
	}
}

func TestDivideCoversASectionAndKeepsObjectsWhole(t *testing.T) {
	element := func(id uint64, sub string) []byte {
		return append(binary.BigEndian.AppendUint64([]byte{'o', 0, 1, 2}, id), sub...)
	}
	section := engine.Sections()[3]
	tables := []table{{[]byte("k\x00\x00\x00a"), 50}, {element(3, "f"), 50}, {element(3, "x"), 50}, {element(4, "b"), 5}, {element(5, ""), 50}, {element(6, "z"), 50}, {[]byte("z"), 50}}
	list := divide(section, tables, 40)
	want := [][]byte{section.From, element(3, ""), element(4, ""), element(6, "")}
	if len(list) != len(want) {
		t.Fatalf("%d ranges: %v", len(list), list)
	}
	for i, r := range list {
		to := section.To
		if i+1 < len(want) {
			to = want[i+1]
		}
		if !bytes.Equal(r.From, want[i]) || !bytes.Equal(r.To, to) {
			t.Errorf("range %d is %q to %q, want %q to %q", i, r.From, r.To, want[i], to)
		}
	}
}

func TestForeignRowsEndTheLoad(t *testing.T) {
	header := func(key string, kind engine.Kind, home byte, id uint64) [2]string {
		value := binary.BigEndian.AppendUint64([]byte{byte(kind), 0, home, 0, 0}, id)
		return [2]string{"k\x00\x00\x00" + key, string(value)}
	}
	element := func(home byte, id uint64, sub, value string) [2]string {
		return [2]string{string(binary.BigEndian.AppendUint64([]byte{'o', home, 0, 0}, id)) + sub, value}
	}
	set := header("s", engine.KindSetBig, 0, 7)
	for want, rows := range map[string][][2]string{
		"object 7 belongs to two keys":                {set, header("t", engine.KindSetBig, 0, 7), element(0, 7, "m", "")},
		"element of an object that no key has":        {set, element(0, 7, "m", ""), element(0, 8, "m", "")},
		"element of object 7 in the place of another": {set, element(0, 7, "m", ""), element(1, 7, "n", "")},
		"object 7 has no elements":                    {set},
		"bad score":                                   {header("z", engine.KindZSetBig, 0, 9), element(0, 9, "m", "x")},
		"bad field of a hash":                         {header("h", engine.KindHashBig, 0, 9), element(0, 9, "m", "")},
		"bad list position":                           {header("l", engine.KindListBig, 0, 9), element(0, 9, "m", "x")},
		`row "m": unknown row prefix`:                 {{"m", "x"}},
		`row "~": unknown row prefix`:                 {{"~", "x"}},
		"row is too short":                            {{"k", "x"}},
		"unknown kind of value":                       {{"k\x00\x00\x00a", "\xff\x00"}},
		"bad object id":                               {header("s", engine.KindSetBig, 0, 0)},
		"the store was made with more databases":      {{"k\xff\x00\x00a", "\x00\x00"}},
		"nothing here reads rows with this prefix":    {{"Q", "x"}},
	} {
		s := mustOpen(t, testOptions(t, vfs.NewMem()))
		b := s.Batch()
		for _, r := range rows {
			b.Set([]byte(r[0]), []byte(r[1]))
		}
		s.Commit(1, false, nil)
		if err := s.Sync(); err != nil {
			t.Fatal(err)
		}
		err := s.Load(enginetest.New(1), nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "the store in d is damaged") {
			t.Errorf("want %q, got %v", want, err)
		}
		mustClose(t, s)
	}
}

// TestNothingIsCompactedBeforeTheLoadHasEnded: a store with much to compact rests until then, and goes on afterwards.
func TestNothingIsCompactedBeforeTheLoadHasEnded(t *testing.T) {
	o := testOptions(t, vfs.NewMem())
	ks := enginetest.New(1)
	for i := range 12 { // as many tables in the first level as openings
		o.WillLoad = true
		s := mustOpen(t, o)
		ks.BeginTurn(int64(i))
		ks.Begin(false)
		ks.DB(0).SetString([]byte("key"), fmt.Appendf(nil, "%d", i), engine.NoTTL)
		ks.End()
		commitTurn(s, ks)
		mustClose(t, s)
		if n := s.counters.turns.Load(); n != 1 {
			t.Fatal(n, "turns")
		}
	}
	s := mustOpen(t, o)
	defer mustClose(t, s)
	if m := s.Metrics(); m.Compactions != 0 || m.L0Sublevels < 8 {
		t.Fatalf("%d compactions before the load, %d sublevels", m.Compactions, m.L0Sublevels)
	}
	if again := mustLoad(t, s); again.Digest() != ks.Digest() {
		t.Error(enginetest.Diff(ks, again))
	}
	for end := time.Now().Add(20 * time.Second); s.Metrics().L0Sublevels > 4; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d sublevels long after the load", s.Metrics().L0Sublevels)
		}
	}
}
