package scripting

import "testing"

func TestInfoCounts(t *testing.T) {
	w := newWorld(t)
	before := w.r.Info()
	w.do("script", "load", "return 1")
	w.do("eval", "return 2", "0")
	w.do("function", "load", "#!lua name=lib\nredis.register_function('f', function() end)\nserver.register_function('g', function() end)")
	in := w.r.Info()
	if in.Scripts != before.Scripts+2 || in.ScriptBytes <= before.ScriptBytes || in.Libraries != 1 || in.Functions != 2 || in.LibraryBytes == 0 {
		t.Errorf("before %+v\n after %+v", before, in)
	}
	w.do("script", "flush")
	w.do("function", "flush")
	if in := w.r.Info(); in.Scripts != 0 || in.Libraries != 0 || in.LibraryBytes != 0 {
		t.Errorf("after the flush: %+v", in)
	}
}
