package command

import "strconv"

// KeyUse says what a command does with keys, as the flags of a key specification.
type KeyUse uint16

// The uses.
const (
	RO KeyUse = 1 << iota
	RW
	OW
	RM
	Access
	Update
	Insert
	Delete
	NotKey
	Incomplete
	VariableFlags
)

var keyUseNames = [...]string{"RO", "RW", "OW", "RM", "access", "update", "insert", "delete", "not_key", "incomplete", "variable_flags"}

// KeySpec says where keys stand among the arguments. It begins at an index or after a keyword, and is a range or is counted.
type KeySpec struct {
	Use     KeyUse
	Notes   string // for people
	Index   int    // argument index where the search begins, counted from 1 (0 is the name)
	Keyword string // if set, keys begin after this word, searched from argument From (negative: from the end)
	From    int
	Last    int  // range: last key relative to the first; negative: from the end of the arguments, -1 the last one
	Step    int  // range or counted: distance of keys
	Limit   int  // range with Last -1: 0 or 1 all; n: the first 1/n of the rest
	KeyNum  bool // counted: the argument at the begin index + CountAt holds the number of keys, the first at begin + FirstKey
	CountAt int
	First   int
}

// keyAt is one key at index i.
func keyAt(i int, use KeyUse) KeySpec { return KeySpec{Use: use, Index: i, Step: 1} }

// Noted is k with notes.
func (k KeySpec) Noted(notes string) KeySpec {
	k.Notes = notes
	return k
}

// aboutKey is s, a command of one key that tells of the key but not what is in it: no permission to read is needed.
func aboutKey(s Spec) Spec {
	s.Keys = []KeySpec{keyAt(1, RO)}
	return s
}

// keysFrom are all arguments from index i on, or up to the last-th from the end (last -1: the last argument).
func keysFrom(i, last, step int, use KeyUse) KeySpec {
	return KeySpec{Use: use, Index: i, Last: last, Step: step}
}

// keysCounted are counted by the argument at index i and follow it.
func keysCounted(i int, use KeyUse) KeySpec {
	return KeySpec{Use: use, Index: i, KeyNum: true, First: 1, Step: 1}
}

// At and From and Counted export the three usual shapes for the command families of other rooms.
func At(i int, use KeyUse) KeySpec               { return keyAt(i, use) }
func From(i, last, step int, use KeyUse) KeySpec { return keysFrom(i, last, step, use) }
func Counted(i int, use KeyUse) KeySpec          { return keysCounted(i, use) }

// A KeyRef is one key argument: its index and use.
type KeyRef struct {
	Arg int
	Use KeyUse
}

// KeyRefs appends the keys among args (args[0] is the name) to dst. ok is false if the arguments do not fit the specification.
func (s *Spec) KeyRefs(dst []KeyRef, args [][]byte) (refs []KeyRef, ok bool) {
	ok = true
	for i := range s.Keys {
		if dst, ok = s.Keys[i].refs(dst, args); !ok {
			return dst, false
		}
		if u := s.Keys[i].Use; u&VariableFlags != 0 || u&Incomplete != 0 && u&RO == 0 {
			dst = s.special(dst, args)
		}
	}
	return dst, true
}

func (k *KeySpec) refs(dst []KeyRef, args [][]byte) ([]KeyRef, bool) {
	begin := k.Index
	if k.Keyword != "" {
		if begin = k.find(args); begin < 0 {
			return dst, true
		}
	}
	if begin >= len(args) {
		return dst, k.Use&NotKey != 0 || k.Keyword != ""
	}
	step := max(k.Step, 1)
	if k.KeyNum {
		at := begin + k.CountAt
		if at >= len(args) {
			return dst, false
		}
		n, err := strconv.Atoi(string(args[at]))
		first := begin + k.First
		if err != nil || n < 0 || n > (len(args)-first+step-1)/step {
			return dst, false
		}
		for i := range n {
			dst = append(dst, KeyRef{first + i*step, k.Use})
		}
		return dst, true
	}
	last := begin + k.Last
	if k.Last < 0 {
		last = len(args) + k.Last
		if k.Limit > 1 {
			last = begin + (len(args)-begin)/k.Limit + k.Last
		}
	}
	for i := begin; i <= min(last, len(args)-1); i += step {
		dst = append(dst, KeyRef{i, k.Use})
	}
	return dst, true
}

func (k *KeySpec) find(args [][]byte) int {
	if k.From >= 0 {
		for i := k.From; i < len(args); i++ {
			if equalFold(args[i], k.Keyword) {
				return i + 1
			}
		}
		return -1
	}
	for i := len(args) + k.From; i > 0; i-- {
		if equalFold(args[i], k.Keyword) {
			return i + 1
		}
	}
	return -1
}
