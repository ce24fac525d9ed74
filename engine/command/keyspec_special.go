package command

// Keys that only the command itself can tell: what a key specification marks as incomplete or with variable flags.

// special corrects refs, the keys among args by the specifications: SET without GET only overwrites, BITFIELD with nothing but GET
// only reads, SORT may store, and MIGRATE's key may be none.
func (s *Spec) special(refs []KeyRef, args [][]byte) []KeyRef {
	switch s.Name {
	case "set":
		for _, a := range args[min(3, len(args)):] {
			if equalFold(a, "get") {
				return refs
			}
		}
		refs[len(refs)-1].Use = OW | Update
	case "bitfield":
		if bitfieldReads(args) {
			refs[len(refs)-1].Use = RO | Access
		}
	case "migrate": // one key, or "" and a list of them
		if len(refs) > 1 && len(args[refs[0].Arg]) == 0 {
			return refs[1:]
		}
	case "sort":
		store := 0 // the last one counts
		for i := 2; i+1 < len(args); i++ {
			switch {
			case equalFold(args[i], "limit"):
				i += 2
			case equalFold(args[i], "get"), equalFold(args[i], "by"):
				i++
			case equalFold(args[i], "store"):
				i++
				store = i
			}
		}
		if store > 0 {
			refs = append(refs, KeyRef{store, OW | Update})
		}
	}
	return refs
}

func bitfieldReads(args [][]byte) bool {
	for i := 2; i < len(args); {
		switch {
		case equalFold(args[i], "get"):
			i += 3
		case equalFold(args[i], "overflow"):
			i += 2
		default:
			return false
		}
	}
	return true
}
