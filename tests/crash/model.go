// Package crash kills a server under load, again and again, and checks that everything it acknowledged is there when it is back.
package crash

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
)

// A model is what one client's database must hold. Only that client writes there.
type model struct {
	strings map[string]string
	hashes  map[string]map[string]string
	zsets   map[string]map[string]string // member to score
	sets    map[string]map[string]string // member to "in"
	lists   map[string][]string          // lists, streams with entries as "id field value", "x pending" the IDs pending in its group
	expires map[string]string            // key to PEXPIRETIME, "h field" to HPEXPIRETIME
	// function is what the client's function returns, script the SHA1 of the last one loaded; FLUSHDB leaves them.
	function, script string
}

func newModel() *model {
	m := &model{}
	m.flush()
	return m
}

func (m *model) flush() {
	*m = model{strings: map[string]string{}, hashes: map[string]map[string]string{}, zsets: map[string]map[string]string{},
		sets: map[string]map[string]string{}, lists: map[string][]string{}, expires: map[string]string{}, function: m.function, script: m.script}
}

func (m *model) sadd(key, member string) { put(m.sets, key, member, "in") }

func (m *model) hset(key, field, val string) { put(m.hashes, key, field, val) }
func (m *model) zadd(key, member, score string) {
	put(m.zsets, key, member, score)
}

func put(m map[string]map[string]string, key, field, val string) {
	if m[key] == nil {
		m[key] = map[string]string{}
	}
	m[key][field] = val
}

func (m *model) lpush(key, val string, keep int) {
	m.lists[key] = slices.Insert(m.lists[key], 0, val)
	if len(m.lists[key]) > keep {
		m.lists[key] = m.lists[key][:keep]
	}
}

func (m *model) del(key string) {
	delete(m.strings, key)
	delete(m.hashes, key)
	delete(m.zsets, key)
	delete(m.sets, key)
	delete(m.lists, key)
	delete(m.expires, key)
}

func (m *model) rename(from, to string) {
	h := m.hashes[from]
	m.del(to)
	m.del(from)
	if h != nil {
		m.hashes[to] = h
	}
}

// diff lists how got differs from m, at most a few lines; empty if it does not.
func (m *model) diff(got *model) string {
	var lines []string
	compare := func(kind string, want, have map[string]string) {
		keys := slices.Collect(maps.Keys(want))
		for k := range have {
			if _, ok := want[k]; !ok {
				keys = append(keys, k)
			}
		}
		sort.Strings(keys)
		for _, k := range keys {
			if want[k] != have[k] {
				lines = append(lines, fmt.Sprintf("%s %s is %.200q, should be %.200q", kind, k, have[k], want[k]))
			}
		}
	}
	compare("string", m.strings, got.strings)
	compare("hash", flat(m.hashes), flat(got.hashes))
	compare("sorted set", flat(m.zsets), flat(got.zsets))
	compare("set", flat(m.sets), flat(got.sets))
	compare("function", map[string]string{"": m.function}, map[string]string{"": got.function})
	compare("list", joined(m.lists), joined(got.lists))
	compare("expiry of", m.expires, got.expires)
	if len(lines) > 5 {
		lines = append(lines[:5], fmt.Sprintf("and %d more", len(lines)-5))
	}
	return strings.Join(lines, "\n")
}

// flat puts each pair of each collection under a name of its own.
func flat(m map[string]map[string]string) map[string]string {
	out := map[string]string{}
	for k, pairs := range m {
		for f, v := range pairs {
			out[k+" "+f] = v
		}
	}
	return out
}

func joined(m map[string][]string) map[string]string {
	out := map[string]string{}
	for k, l := range m {
		out[k] = strings.Join(l, ",")
	}
	return out
}
