package scripting

// Info is what the server tells of scripting in INFO: counts, and sizes in bytes.
type Info struct {
	Memory         int64 // of Lua values, as the last run left them
	Scripts        int   // cached by EVAL and SCRIPT LOAD
	ScriptBytes    int64
	EvictedScripts uint64
	Libraries      int
	Functions      int
	LibraryBytes   int64
}

// Info returns the present figures.
func (r *Runtime) Info() Info {
	in := Info{Memory: r.state.Memory(), Scripts: len(r.scripts.bySHA), ScriptBytes: r.scripts.bytes, EvictedScripts: r.scripts.evicted,
		Libraries: len(r.libs.byName), Functions: len(r.libs.functions)}
	for _, lib := range r.libs.byName {
		in.LibraryBytes += int64(len(lib.source))
	}
	return in
}
