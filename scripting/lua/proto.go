// Proto: a compiled function, as the parser makes it and the interpreter runs it.
package lua

import (
	"strings"
	"unsafe"
)

// Proto is a compiled function. It can be run any number of times, by any State, but by one goroutine at a time, because
// call sites remember things in it.
type Proto struct {
	source      string // chunk name as given to Load
	lineDefined int
	lastLine    int

	code   []instruction // PUC's instructions, from which error texts get names
	fast   []uint64      // what the interpreter runs, instruction for instruction; see specialise.go
	lines  []int32       // line of every instruction
	k      []Value
	protos []*Proto
	locals []localVar
	upvals []string
	sites  []any // what natives remember per call instruction, see Call.SiteCache

	numUpvalues uint8
	numParams   uint8
	maxStack    uint8
	vararg      uint8 // of vararg...
	parent      *Proto
	main        *closure // of a main function, see mainClosure
}

// How a function takes variable arguments.
const (
	varargHas   = 1 // main chunk
	varargIs    = 2 // declared with ...
	varargNeeds = 4 // wants the table arg
)

// localVar is a local variable, in force from instruction startPC up to endPC.
type localVar struct {
	name           string
	startPC, endPC int32
}

const instructionSize = 8

func (p *Proto) codeStart() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(p.fast)) }

func (p *Proto) line(pc int) int {
	if pc < 0 || pc >= len(p.lines) {
		return -1
	}
	return int(p.lines[pc])
}

// Source returns the chunk name that the function was loaded with.
func (p *Proto) Source() string { return p.source }

// Size returns about how many bytes the compiled function takes.
func (p *Proto) Size() int {
	n := int(unsafe.Sizeof(*p)) + len(p.code)*(4+instructionSize+4) + len(p.k)*int(valueSize) + len(p.locals)*int(unsafe.Sizeof(localVar{}))
	for _, v := range p.k {
		if v.n == tagString {
			n += v.string().size + int(stringHeader)
		}
	}
	for _, q := range p.protos {
		n += q.Size()
	}
	return n
}

func (p *Proto) shortSource() string { return shortSource(p.source) }

// maxShortSource is LUA_IDSIZE.
const maxShortSource = 60

// shortSource returns a chunk name as messages show it: =name and @name give name, anything else is source text.
func shortSource(source string) string {
	if i := strings.IndexByte(source, 0); i >= 0 {
		source = source[:i] // a C string there
	}
	switch {
	case strings.HasPrefix(source, "="):
		return source[1:min(len(source), maxShortSource)]
	case strings.HasPrefix(source, "@"):
		source = source[1:]
		if room := maxShortSource - len(" '...' ") - 1; len(source) > room {
			return "..." + source[len(source)-room:]
		}
		return source
	}
	end := strings.IndexAny(source, "\n\r")
	if end < 0 {
		end = len(source)
	}
	room := maxShortSource - len(` [string "..."] `) - 1
	if end > room {
		end = room
	}
	if end < len(source) {
		return `[string "` + source[:end] + `..."]`
	}
	return `[string "` + source + `"]`
}
