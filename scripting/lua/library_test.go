package lua

import "testing"

// TestLibraryForgets checks that neither seed nor settings of a run reach the next one, while the generator goes on.
func TestLibraryForgets(t *testing.T) {
	s := New()
	eval := func(script, want string) {
		t.Helper()
		if got := evalText(s, script); got != want {
			t.Errorf("%s: got %s, want %s", script, got, want)
		}
	}
	// The first numbers of a redis-server that has just started.
	eval("return tostring(math.random())", "0.39646477363839")
	eval("cjson.encode_max_depth(1) cjson.encode_number_precision(3) math.randomseed(1) return math.random(10)..''", "1")
	eval("return math.random(10)..''", "9")
	eval("cjson.encode_max_depth() return math.random(1,100)..''", "36")
	eval("cjson.encode_max_depth() return math.random(1,100)..''", "45")
	eval("return cjson.encode({{1/3}})", "[[0.33333333333333]]")
}

// TestLibraryAllocs checks that library calls which make no new value allocate nothing.
func TestLibraryAllocs(t *testing.T) {
	s := New()
	for _, script := range []string{
		"for i=1,100 do local a,b=('hello world'):find('o w') local c=('hello'):find('l',1,true) end",
		"for i=1,100 do local a=('hello'):byte(2) local b=('hello'):sub(2,2) local c=('x'):rep(1) local d=#('abc') end",
		"for i=1,100 do local a=('k=1'):find('^(%w)=(%d)$') local b,c=('k=1'):match('(%w)=(%d)') end",
		"for i=1,100 do local a=math.floor(i/2)+math.max(1,i) local b=bit.band(i,7) local c=bit.lshift(i,2) end",
		"for i=1,100 do local a,b=struct.unpack('>I2B','abc') local c=struct.size('i4') end",
		"for i=1,100 do local a=cjson.decode('12.5') local b=cmsgpack.unpack('\\1') end",
		"local t={5,3,1,2,4} for i=1,100 do t[1]=9 table.sort(t) table.insert(t,6) table.remove(t) end",
		"local t={5,3,1,2,4} local less=function(a,b) return a<b end for i=1,100 do t[1]=9 table.sort(t,less) end",
		"for i=1,100 do local a=('aXb'):gsub('y','z') end",
	} {
		p, err := s.Load(script, "@user_script")
		if err != nil {
			t.Fatal(err)
		}
		n := testing.AllocsPerRun(20, func() {
			if e := s.Run(p, nil); e != nil {
				t.Fatal(e)
			}
		})
		// What one run may allocate is its own tables and closures, not the calls.
		if n > 8 {
			t.Errorf("%v allocations: %s", n, script)
		}
	}
}
