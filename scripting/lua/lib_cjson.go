// The cjson library: its settings. Encoding and decoding have files of their own.
package lua

import (
	"fmt"
	"math"
)

// jsonConfig is what the settings functions of one cjson module change.
type jsonConfig struct {
	sparseConvert  int // 0 or 1
	sparseRatio    int
	sparseSafe     int
	encodeMaxDepth int
	decodeMaxDepth int
	precision      int
	keepBuffer     int // no effect; the buffer is always kept
	encodeInvalid  int // of invalid...
	decodeInvalid  int // 0 or 1
}

// What encode does with inf and nan.
const (
	invalidRefused = iota
	invalidAllowed
	invalidNull
)

func defaultJSONConfig() jsonConfig {
	return jsonConfig{sparseRatio: 2, sparseSafe: 10, encodeMaxDepth: 1000, decodeMaxDepth: 1000, precision: 14, keepBuffer: 1, decodeInvalid: 1}
}

func (l *library) openCjson(s *State) {
	t := s.Register("cjson", l.cjsonFunctions(&l.json))
	s.SetField(t, "null", LightUserdata(0))
	s.SetField(t, "_NAME", s.Intern("cjson"))
	s.SetField(t, "_VERSION", s.Intern("2.1.0"))
}

// cjsonFunctions returns the functions of a cjson module with settings of its own.
func (l *library) cjsonFunctions(cfg *jsonConfig) []Function {
	m := &jsonModule{l: l, cfg: cfg}
	return []Function{
		{"encode", m.encode},
		{"decode", m.decode},
		{"encode_sparse_array", m.encodeSparseArray},
		{"encode_max_depth", m.encodeMaxDepth},
		{"decode_max_depth", m.decodeMaxDepth},
		{"encode_number_precision", m.encodeNumberPrecision},
		{"encode_keep_buffer", m.encodeKeepBuffer},
		{"encode_invalid_numbers", m.encodeInvalidNumbers},
		{"decode_invalid_numbers", m.decodeInvalidNumbers},
		{"new", m.new},
	}
}

// jsonModule is one cjson module.
type jsonModule struct {
	l   *library
	cfg *jsonConfig
}

// new returns a module with settings of its own, which a script may write to.
func (m *jsonModule) new(c *Call) int {
	c.Charge(1024)
	c.Steps(200)
	cfg := defaultJSONConfig()
	t := c.NewTable(0, 0)
	for _, f := range m.l.cjsonFunctions(&cfg) {
		t.SetStr(c.s, f.Name, c.NewFunction(f.Name, f.Fn))
	}
	t.SetStr(c.s, "null", LightUserdata(0))
	t.SetStr(c.s, "_NAME", c.s.Intern("cjson"))
	t.SetStr(c.s, "_VERSION", c.s.Intern("2.1.0"))
	return c.Return1(TableValue(t))
}

// settings checks the number of arguments and returns the settings to change.
func (m *jsonModule) settings(c *Call, args int) *jsonConfig {
	if c.N() > args {
		c.ArgError(args+1, "found too many arguments")
	}
	m.l.changed = true
	return m.cfg
}

// integerOption sets *setting to argument i if there is one, and pushes it.
func integerOption(c *Call, i int, setting *int, least, most int) {
	if c.Has(i) {
		n := c.CheckInt32(i)
		if n < least || n > most {
			c.ArgError(1, fmt.Sprintf("expected integer between %d and %d", least, most))
		}
		*setting = n
	}
	c.Push(Int(*setting))
}

// enumOption sets *setting to the index of argument i in options, where false and true are 0 and 1, and pushes it.
func enumOption(c *Call, i int, setting *int, options ...string) {
	if c.Has(i) {
		switch v := c.Arg(i); {
		case v.IsBool():
			*setting = 0
			if v.Truthy() {
				*setting = 1
			}
		default:
			*setting = optionIndex(c, i, options)
		}
	}
	if *setting <= 1 {
		c.Push(Bool(*setting == 1))
	} else {
		c.Push(c.NewText(options[*setting]))
	}
}

func optionIndex(c *Call, i int, options []string) int {
	name := c.CheckString(i)
	for at, option := range options {
		if option == name {
			return at
		}
	}
	c.ArgError(i, "invalid option '"+name+"'")
	return 0
}

func (m *jsonModule) encodeSparseArray(c *Call) int {
	cfg := m.settings(c, 3)
	enumOption(c, 1, &cfg.sparseConvert, "off", "on")
	integerOption(c, 2, &cfg.sparseRatio, 0, math.MaxInt32)
	integerOption(c, 3, &cfg.sparseSafe, 0, math.MaxInt32)
	return 3
}

func (m *jsonModule) encodeMaxDepth(c *Call) int {
	integerOption(c, 1, &m.settings(c, 1).encodeMaxDepth, 1, math.MaxInt32)
	return 1
}

func (m *jsonModule) decodeMaxDepth(c *Call) int {
	integerOption(c, 1, &m.settings(c, 1).decodeMaxDepth, 1, math.MaxInt32)
	return 1
}

func (m *jsonModule) encodeNumberPrecision(c *Call) int {
	integerOption(c, 1, &m.settings(c, 1).precision, 1, 14)
	return 1
}

func (m *jsonModule) encodeKeepBuffer(c *Call) int {
	enumOption(c, 1, &m.settings(c, 1).keepBuffer, "off", "on")
	return 1
}

func (m *jsonModule) encodeInvalidNumbers(c *Call) int {
	enumOption(c, 1, &m.settings(c, 1).encodeInvalid, "off", "on", "null")
	return 1
}

func (m *jsonModule) decodeInvalidNumbers(c *Call) int {
	enumOption(c, 1, &m.settings(c, 1).decodeInvalid, "off", "on")
	return 1
}
