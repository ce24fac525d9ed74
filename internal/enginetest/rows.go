// A store in memory, and comparing.
package enginetest

import (
	"bytes"
	"fmt"
	"slices"
	"sort"

	"github.com/evald/evald/engine"
)

// Rows is a store in memory: an engine.RowWriter with the rows in the order of their keys.
type Rows struct {
	keys, values [][]byte
}

func (r *Rows) find(key []byte) (int, bool) {
	return slices.BinarySearchFunc(r.keys, key, bytes.Compare)
}

// Set implements engine.RowWriter.
func (r *Rows) Set(key, value []byte) {
	i, ok := r.find(key)
	if !ok {
		r.keys = slices.Insert(r.keys, i, bytes.Clone(key))
		r.values = slices.Insert(r.values, i, nil)
	}
	r.values[i] = bytes.Clone(value)
}

// Delete implements engine.RowWriter.
func (r *Rows) Delete(key []byte) {
	if i, ok := r.find(key); ok {
		r.keys, r.values = slices.Delete(r.keys, i, i+1), slices.Delete(r.values, i, i+1)
	}
}

// DeleteRange implements engine.RowWriter.
func (r *Rows) DeleteRange(from, to []byte) {
	i, _ := r.find(from)
	j := sort.Search(len(r.keys), func(j int) bool { return bytes.Compare(r.keys[j], to) >= 0 })
	if i < j {
		r.keys, r.values = slices.Delete(r.keys, i, j), slices.Delete(r.values, i, j)
	}
}

// Clone returns a copy that later writes leave alone.
func (r *Rows) Clone() Rows { return Rows{slices.Clone(r.keys), slices.Clone(r.values)} }

// Len is the number of rows.
func (r *Rows) Len() int { return len(r.keys) }

// Row returns row i in the order of the keys.
func (r *Rows) Row(i int) (key, value []byte) { return r.keys[i], r.values[i] }

// Load fills ks from the rows.
func (r *Rows) Load(ks *engine.Keyspace) error {
	l := ks.NewLoader()
	for i, k := range r.keys {
		if err := l.Load(k, r.values[i]); err != nil {
			return err
		}
	}
	return l.Finish()
}

// Verify loads the rows into a new keyspace and tells how it differs from ks.
func (r *Rows) Verify(ks *engine.Keyspace) error {
	again := New(1)
	if err := r.Load(again); err != nil {
		return err
	}
	if again.Digest() != ks.Digest() {
		return fmt.Errorf("the rows give another keyspace:\n%s", Diff(ks, again))
	}
	return nil
}

// Diff lists the keys that differ between a and b.
func Diff(a, b *engine.Keyspace) string {
	var out bytes.Buffer
	x, y := describe(a), describe(b)
	for k, v := range x {
		if y[k] != v {
			fmt.Fprintf(&out, "%s: %s, then %s\n", k, v, y[k])
		}
	}
	for k, v := range y {
		if _, ok := x[k]; !ok {
			fmt.Fprintf(&out, "%s: absent, then %s\n", k, v)
		}
	}
	return out.String()
}

func describe(ks *engine.Keyspace) map[string]string {
	m := map[string]string{}
	for i := range ks.Databases() {
		db := ks.DB(i)
		db.Keys(func(key []byte) bool {
			in, _ := db.Inspect(key)
			at, _ := db.Expire(key)
			m[fmt.Sprintf("db %d %q", i, key)] = fmt.Sprintf("%s of %d, expires %d", in.Encoding, in.Len, at)
			return true
		})
	}
	return m
}
