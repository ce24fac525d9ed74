package scripting

import (
	"strings"
	"testing"
)

// While the work of a long script is undone, other clients are served as they were while it ran.
func TestOthersAreServedWhileMuchIsUndone(t *testing.T) {
	w := newWorld(t)
	const writes = 20_000
	served, killed := 0, false
	w.r.Limits.BusyAfter = 1
	w.r.opt.WhileBusy = func() {
		switch {
		case killed:
			served++
		case w.ks.UnitTouches() >= writes:
			if err := w.r.kill(false, true); err != nil {
				t.Error(err)
			}
			killed = true
		}
	}
	got := w.do("eval", "for i = 1, 20000 do redis.call('set', 'key:' .. i, i) end while true do end", "0")
	if !strings.HasPrefix(got, "-ERR Script killed by user") {
		t.Error(got)
	}
	if n := w.ks.DB(0).Len(); n != 0 {
		t.Errorf("%d keys are left", n)
	}
	if served < writes/256 {
		t.Errorf("others were served %d times", served)
	}
	if w.ks.Meanwhile != nil {
		t.Error("they still are")
	}
}
