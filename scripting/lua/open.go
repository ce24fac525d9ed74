// The list of the libraries of a new State.
package lua

// openLibraries registers every library. protectGlobals comes after it.
func openLibraries(s *State) {
	openBase(s)
	openCoroutine(s)
	s.library = openStandard(s)
}
