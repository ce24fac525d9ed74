// State: one Lua world, its globals, its limits, and how the host loads and runs code in it. One goroutine at a time.
package lua

import (
	"fmt"
	"unsafe"
)

// State is one Lua world. It is created once and reused for every run; after a run nothing that the script did can be
// seen by the next one. It must not be used by two goroutines at once, nor from inside a run.
type State struct {
	// steps and bytes are what is left of the slice and of the memory budget; see budget.go.
	steps, bytes            int64
	slicesUsed              int64
	stepsBefore             int64 // of slices of another length
	nativeHeld, nativeStart int64
	budget                  Budget

	main, cur  *Thread
	globals    *Table
	stringMeta *Table
	// stringIndex is the table of the methods of strings, __index of stringMeta.
	stringIndex *Table
	names       map[string]*String // strings of the library and of the core, which constants share
	events      [eventCount]*String

	errValue Value // what is being thrown
	throwing uint8 // 1 while an error is on its way up
	errTrace Trace
	begun    bool  // BeginRun was called
	running  bool  // a run is under way
	held     int   // calls of Hold that are open
	stopErr  error // why the run is being stopped

	library *library
	hook    *lineHook // nil: no lines are hooked

	reuse      reuse
	short      []byte // what is left of the block that short strings are cut from
	shortLeft  int    // blocks that the run may still begin
	ids        uint32 // the last object id
	nC         int    // C levels in use, as PUC counts them
	epoch      uint8
	buffer     []byte
	gcSettings [2]int // what collectgarbage was told
	screen     int    // longest source accepted, in bytes
}

// DefaultMaxSource is the longest source that Load accepts unless SetMaxSource says otherwise.
const DefaultMaxSource = 1 << 20

// New returns a state with the whole library, protected as Redis protects it.
func New() *State {
	s := &State{names: make(map[string]*String), screen: DefaultMaxSource}
	s.SetBudget(Budget{})
	for i, name := range eventNames {
		s.events[i] = s.Intern(name).string()
	}
	s.main = newThread(s)
	s.cur = s.main
	s.globals = newTable(s, 0, 64)
	s.main.env = s.globals
	openLibraries(s)
	s.protectGlobals()
	return s
}

// SetMaxSource sets the longest source in bytes that Load and the script's own loadstring accept.
func (s *State) SetMaxSource(n int) { s.screen = n }

// Intern returns the string value for a name of the library or the host, always the same object. Names stay for ever.
func (s *State) Intern(name string) Value {
	str, ok := s.names[name]
	if !ok {
		str = newString(name)
		str.hashOf()
		s.names[name] = str
	}
	return str.value()
}

// internOrNew returns the interned string of that text if there is one, a new string if not.
func (s *State) internOrNew(text string) Value {
	if str, ok := s.names[text]; ok {
		return str.value()
	}
	return s.NewText(text)
}

// NewString returns a copy of b as a string value, charged to the byte budget.
func (s *State) NewString(b []byte) Value {
	return s.NewText(unsafe.String(unsafe.SliceData(b), len(b)))
}

// NewText is NewString for text.
func (s *State) NewText(b string) Value {
	if len(b) <= pieceSize {
		s.chargeString(len(b))
		if n := stringRoom(len(b)); n <= maxShort && len(b) > 0 {
			str := stringIn(s.shortRoom(n), len(b))
			copy(str.bytes(), b)
			return str.value()
		}
		return newString(b).value()
	}
	str := s.makeString(len(b))
	s.copyBytes(str.bytes(), unsafe.Slice(unsafe.StringData(b), len(b)))
	return str.value()
}

// numberText returns the text of a number as a string value.
func (s *State) numberText(f float64) Value {
	var scratch [32]byte
	return s.NewString(formatNumber(scratch[:0], f))
}

// NewTable returns an empty table with room for narr elements and nhash keys, charged to the byte budget.
func (s *State) NewTable(narr, nhash int) *Table { return newTable(s, narr, nhash) }

// NewNative returns a function value for fn. name is for the reader of a profile; error texts take the name from the
// call site as PUC Lua does.
func (s *State) NewNative(name string, fn Native) Value { return s.newNative(name, fn, nil).value() }

func (s *State) newNative(name string, fn Native, up []Value) *native {
	s.ids++
	return &native{header: header{kind: tagNative}, id: s.ids, name: name, fn: fn, env: s.globals, up: up}
}

// Function is a named native, for Register.
type Function struct {
	Name string
	Fn   Native
}

// Register creates or extends the global table of that name with functions and returns it. An empty name stands for the
// globals themselves. It is for setting up a state, before the first run.
func (s *State) Register(name string, functions []Function) *Table {
	t := s.globals
	if name != "" {
		if v := t.GetStr(name); v.IsTable() {
			t = v.table()
		} else {
			t = newTable(s, 0, len(functions))
			s.SetGlobal(name, t.value())
		}
	}
	for _, f := range functions {
		t.set(s, s.Intern(f.Name), s.NewNative(f.Name, f.Fn))
	}
	return t
}

// SetGlobal sets a global variable, protected or not. A table set here can be written by scripts unless it went through
// Protect; one that they can write must be set anew for every run.
func (s *State) SetGlobal(name string, v Value) {
	s.globals.set(s, s.Intern(name), v)
}

// Global returns the value of a global variable.
func (s *State) Global(name string) Value { return s.globals.GetStr(name) }

// Globals returns the table of the globals.
func (s *State) Globals() *Table { return s.globals }

// SetField sets t[name] = v, protected or not, with an interned name. It is for setting up a state.
func (s *State) SetField(t *Table, name string, v Value) { t.set(s, s.Intern(name), v) }

// StringMeta returns the metatable of all strings, nil before SetStringMeta.
func (s *State) StringMeta() *Table { return s.stringMeta }

// SetStringMeta sets the metatable of all strings, whose __index is a table. Neither may change after that.
func (s *State) SetStringMeta(t *Table) {
	s.stringMeta = t
	s.stringIndex = t.GetStr("__index").Table()
}

// Protect makes t, its metatable and every table in it read-only, recursively.
func (s *State) Protect(t *Table) {
	if t == nil || t.readonly {
		return
	}
	t.readonly = true
	s.Protect(t.meta)
	for key := Nil; ; {
		k, v, more, _ := t.Next(key)
		if !more {
			return
		}
		s.Protect(v.Table())
		key = k
	}
}

// ErrorOnMissing gives t the metatable that makes reading an absent field an error, as Redis's globals and its redis
// table have it.
func (s *State) ErrorOnMissing(t *Table) {
	m := newTable(s, 0, 1)
	s.SetField(m, "__index", s.NewNative("__index", missingGlobal))
	t.meta = m
}

func missingGlobal(c *Call) int {
	if c.N() != 2 {
		c.Errorf("Wrong number of arguments to luaProtectedTableError")
	}
	name, ok := c.ToBytes(c.Arg(2))
	if !ok {
		c.Errorf("Second argument to luaProtectedTableError must be a string or number")
	}
	c.Errorf("Script attempted to access nonexistent global variable '%s'", string(name))
	return 0
}

// protectGlobals makes the globals and everything in them read-only.
func (s *State) protectGlobals() {
	s.ErrorOnMissing(s.globals)
	s.Protect(s.globals)
	s.Protect(s.stringMeta)
}

// Error is how a run ends that did not return.
type Error struct {
	// Value is what was thrown; a text for the errors of Lua itself. It is nil if Stop is set.
	Value Value
	// Trace is where it was thrown.
	Trace Trace
	// Stop is the error of Budget.OnSlice, or ErrMemory, if the run was stopped from outside.
	Stop error
}

// Trace is the place of an error: the innermost Lua code that was running. Line is 0 if there was none.
type Trace struct {
	Source string // the chunk name as given to Load, with its @
	Line   int
}

func (e *Error) Error() string {
	if e.Stop != nil {
		return e.Stop.Error()
	}
	if e.Value.IsString() {
		return e.Value.Str()
	}
	return fmt.Sprintf("(error object is a %s value)", e.Value.TypeName())
}

func (e *Error) Unwrap() error { return e.Stop }
