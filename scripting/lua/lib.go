// The standard library of a State: what its functions share, and where they are registered.
package lua

// library is what the library functions of one State keep between calls. Nothing in it lets one run see another.
type library struct {
	patterns patternCache
	random   randomState
	json     jsonConfig
	keys     keyCache
	shapes   shapeCache
	shaped   bool        // keys or shapes are in use
	numbers  []float64   // scratch of table.sort
	values   []Value     // scratch of the decoders
	deepest  int         // how many of values have been in use
	chars    [256]Value  // the strings of one byte
	unseeded randomState // random as it was before the run seeded it
	seeded   bool        // the run has seeded random
	changed  bool        // the run has changed the settings of json
}

// openStandard registers string, table, math, os, bit, struct, cjson and cmsgpack.
func openStandard(s *State) *library {
	l := &library{random: newRandomState(), json: defaultJSONConfig()}
	for c := range l.chars {
		l.chars[c] = newString(string([]byte{byte(c)})).value()
	}
	s.SetStringMeta(l.openString(s))
	l.openTable(s)
	l.openMath(s)
	openOS(s)
	openBit(s)
	openStruct(s)
	l.openCjson(s)
	l.openCmsgpack(s)
	return l
}

// forget undoes what a run has changed in the library, so that the next one does not see it. It runs between runs.
func (l *library) forget() {
	if l.seeded {
		l.random, l.seeded = l.unseeded, false
	}
	if l.changed {
		l.json, l.changed = defaultJSONConfig(), false
	}
	clear(l.values[:max(len(l.values), l.deepest)])
	l.deepest = 0
	if cap(l.values) > maxKeptValues {
		l.values = nil
	}
	if l.shaped {
		l.keys, l.shapes, l.shaped = keyCache{}, shapeCache{}, false
	}
}

// maxKeptValues is the most room for decoded elements that is kept between runs.
const maxKeptValues = 4096

// substring returns b as a string value, without an allocation if it is short.
func (l *library) substring(c *Call, b []byte) Value {
	switch len(b) {
	case 0:
		return emptyString.value()
	case 1:
		return l.chars[b[0]]
	}
	return c.NewString(b)
}

// stackError is luaL_checkstack: an error unless the native may push n more values.
func stackError(c *Call, n int, text string) {
	if !c.CheckStack(n) {
		c.Errorf("stack overflow (%s)", text)
	}
}
