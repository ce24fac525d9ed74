package scripting

import "testing"

// Replies are those of redis-server 7.0.15.
func TestFunctionLoadRefusesAsRedis(t *testing.T) {
	const l = "#!lua name=l1\n"
	for _, c := range []struct{ code, want string }{
		{"return 1", "-ERR Missing library metadata\r\n"},
		{"#!lua\nreturn 1", "-ERR Library name was not given\r\n"},
		{"#!js name=x\n", "-ERR Engine 'js' not found\r\n"},
		{"#!lua name=a-b\n", "-" + string(errBadName) + "\r\n"},
		{"#!lua name=x foo=bar\n", "-ERR Invalid metadata value given: foo=bar\r\n"},
		{"#!lua name=x name=y\n", "-ERR Invalid metadata value, name argument was given multiple times\r\n"},
		{l + "return 1", "-ERR No functions registered\r\n"},
		{l + "if", "-ERR Error compiling function: user_function:2: unexpected symbol near '<eof>'\r\n"},
		{l + "redis.call('get','x')", "-ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'call'\r\n"},
		{l + "foo=1", "-ERR Error registering functions: ERR user_function:2: Attempt to modify a readonly table\r\n"},
		{l + "local x=pairs", "-ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'pairs'\r\n"},
		{l + "redis.register_function()", "-ERR Error registering functions: ERR wrong number of arguments to redis.register_function\r\n"},
		{l + "redis.register_function('f')", "-ERR Error registering functions: ERR calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).\r\n"},
		{l + "redis.register_function('f',1)", "-ERR Error registering functions: ERR second argument to redis.register_function must be a function\r\n"},
		{l + "redis.register_function(1,function() end)", "$2\r\nl1\r\n"},
		{l + "redis.register_function('f-x',function() end)", "-ERR Error registering functions: " + string(errBadName) + "\r\n"},
		{l + "redis.register_function{function_name='f'}", "-ERR Error registering functions: ERR redis.register_function must get a callback argument\r\n"},
		{l + "redis.register_function{callback=function() end}", "-ERR Error registering functions: ERR redis.register_function must get a function name argument\r\n"},
		{l + "redis.register_function{function_name='f',callback=function() end,foo=1}", "-ERR Error registering functions: ERR unknown argument given to redis.register_function\r\n"},
		{l + "redis.register_function{function_name='f',callback=function() end,flags={'bad'}}", "-ERR Error registering functions: ERR unknown flag given\r\n"},
		{l + "redis.register_function{function_name='f',callback=function() end,flags={'NO-WRITES'}}", "$2\r\nl1\r\n"},
		{l + "redis.register_function{function_name='f',callback=function() end,flags='x'}", "-ERR Error registering functions: ERR flags argument to redis.register_function must be a table representing function flags\r\n"},
		{l + "redis.register_function{function_name='f',callback=function() end,description={}}", "-ERR Error registering functions: ERR description argument given to redis.register_function must be a string\r\n"},
		{l + "redis.register_function{function_name={},callback=function() end}", "-ERR Error registering functions: ERR function_name argument given to redis.register_function must be a string\r\n"},
		{l + "redis.register_function{function_name='f',callback=1}", "-ERR Error registering functions: ERR callback argument given to redis.register_function must be a function\r\n"},
		{l + "redis.register_function({},1,2)", "-ERR Error registering functions: ERR wrong number of arguments to redis.register_function\r\n"},
		{l + "redis.register_function('f',function() end) redis.register_function('f',function() end)", "-ERR Error registering functions: ERR Function already exists in the library\r\n"},
		{l + "while true do end", "-ERR Error registering functions: ERR FUNCTION LOAD timeout\r\n"},
		{l + "redis.x=1", "-ERR Error registering functions: ERR user_function:2: Attempt to modify a readonly table\r\n"},
	} {
		if got := newWorld(t).do("function", "load", c.code); got != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.code, got, c.want)
		}
	}
}

func TestFcallRepliesAsRedis(t *testing.T) {
	w := newWorld(t)
	w.do("lpush", "l", "x")
	w.do("eval", "return KEYS", "1", "leaves-globals")
	if got := w.do("function", "load", `#!lua name=l1
local n = 0
redis.register_function{function_name='f1', callback=function(k, a) n = n + 1 return {#k, #a, k[1], n} end, flags={'no-writes'}, description='d'}
redis.register_function('f2', function() return redis.call('set','x','y') end)
redis.register_function('f3', function() error('boom') end)
redis.register_function('f4', function() return KEYS end)
redis.register_function('f5', function() redis.register_function('x', function() end) end)
redis.register_function('f6', function() return redis.call('incr','l') end)
redis.register_function('f7', function() foo=1 end)
local function helper(s) return string.upper(s) end
redis.register_function('f8', function(k, a) return helper(a[1]) end)`); got != "$2\r\nl1\r\n" {
		t.Fatalf("load: %q", got)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"fcall", "F1", "1", "a", "b"}, "*4\r\n:1\r\n:1\r\n$1\r\na\r\n:1\r\n"},
		{[]string{"fcall", "f1", "1", "a", "b"}, "*4\r\n:1\r\n:1\r\n$1\r\na\r\n:2\r\n"},
		{[]string{"fcall", "f1", "x"}, "-ERR Bad number of keys provided\r\n"},
		{[]string{"fcall", "f1", "-1"}, "-ERR Number of keys can't be negative\r\n"},
		{[]string{"fcall", "f1", "5", "a"}, "-ERR Number of keys can't be greater than number of args\r\n"},
		{[]string{"fcall", "nosuch", "0"}, "-ERR Function not found\r\n"},
		{[]string{"fcall_ro", "f2", "0"}, "-ERR Can not execute a script with write flag using *_ro command.\r\n"},
		{[]string{"fcall", "f2", "0"}, "+OK\r\n"},
		{[]string{"fcall", "f3", "0"}, "-ERR user_function:5: boom script: f3, on @user_function:5.\r\n"},
		{[]string{"fcall", "f4", "0"}, "-ERR user_function:6: Script attempted to access nonexistent global variable 'KEYS' script: f4, on @user_function:6.\r\n"},
		{[]string{"fcall", "f5", "0"}, "-ERR user_function:7: attempt to call field 'register_function' (a nil value) script: f5, on @user_function:7.\r\n"},
		{[]string{"fcall", "f6", "0"}, "-WRONGTYPE Operation against a key holding the wrong kind of value script: f6, on @user_function:8.\r\n"},
		{[]string{"fcall", "f7", "0"}, "-ERR user_function:9: Attempt to modify a readonly table script: f7, on @user_function:9.\r\n"},
		{[]string{"fcall", "f8", "0", "abc"}, "$3\r\nABC\r\n"},
		{[]string{"function", "load", "#!lua name=l2\nredis.register_function('F1',function() end)"}, "-ERR Function F1 already exists\r\n"},
		{[]string{"function", "load", "#!lua name=l1\nredis.register_function('g',function() end)"}, "-ERR Library 'l1' already exists\r\n"},
		{[]string{"function", "load", "foo", "bar"}, "-ERR Unknown option given: foo\r\n"},
		{[]string{"function", "list", "libraryname"}, "-ERR library name argument was not given\r\n"},
		{[]string{"function", "list", "foo"}, "-ERR Unknown argument foo\r\n"},
		{[]string{"function", "kill"}, "-NOTBUSY No scripts in execution right now.\r\n"},
		{[]string{"function", "delete", "nosuch"}, "-ERR Library not found\r\n"},
		{[]string{"function", "restore", "abc"}, "-ERR DUMP payload version or checksum are wrong\r\n"},
		{[]string{"function", "stats"}, "*4\r\n$14\r\nrunning_script\r\n$-1\r\n$7\r\nengines\r\n*2\r\n$3\r\nLUA\r\n*4\r\n$15\r\nlibraries_count\r\n:1\r\n$15\r\nfunctions_count\r\n:8\r\n"},
	} {
		if got := w.do(c.args...); got != c.want {
			t.Errorf("%q\n got %q\nwant %q", c.args, got, c.want)
		}
	}
}

func TestFunctionDumpRestores(t *testing.T) {
	a, b := newWorld(t), newWorld(t)
	a.do("function", "load", "#!lua name=one\nredis.register_function('f1',function() return 1 end)")
	a.do("function", "load", "#!lua name=two\nredis.register_function('f2',function() return 2 end)")
	dump := a.do("function", "dump")
	for i := range dump {
		if dump[i] == '\n' {
			dump = dump[i+1 : len(dump)-2]
			break
		}
	}
	b.do("function", "load", "#!lua name=two\nredis.register_function('old',function() end)")
	if got := b.do("function", "restore", dump); got != "-ERR Library two already exists\r\n" {
		t.Errorf("append: %q", got)
	}
	if got := b.do("fcall", "f1", "0"); got != "-ERR Function not found\r\n" {
		t.Errorf("a failed restore left f1: %q", got)
	}
	if got := b.do("function", "restore", dump, "replace"); got != "+OK\r\n" {
		t.Errorf("replace: %q", got)
	}
	if got := b.do("fcall", "f2", "0") + b.do("fcall", "f1", "0"); got != ":2\r\n:1\r\n" {
		t.Errorf("restored functions gave %q", got)
	}
}
