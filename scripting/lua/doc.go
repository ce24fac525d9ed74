// Package lua is Lua 5.1 as Redis has it: PUC Lua's semantics and error texts with Redis's changes, a compiler and an
// interpreter of its own, and a budget of steps and bytes that no script can escape. It knows nothing of Redis's commands.
//
// # Setting up
//
//	s := lua.New()                                   // one per server, reused for every run
//	redis := s.Register("redis", []lua.Function{{Name: "call", Fn: redisCall}, ...})
//	s.SetField(redis, "LOG_DEBUG", lua.Int(0))
//	s.ErrorOnMissing(redis)                          // reading an absent field is an error, as with the globals
//	s.Protect(redis)                                 // read-only, recursively
//
// The globals and the library are read-only from the start; Register, SetGlobal and SetField go past that.
//
// # Running
//
//	p, err := s.Load(source, "@user_script")         // once per script; a *SyntaxError has Redis's text
//	s.SetBudget(lua.Budget{Memory: 256 << 20, OnSlice: func() error { ... }})
//	s.BeginRun()                                     // what is allocated from here on counts for the run
//	keys := s.NewTable(len(names), 0)                // new ones for every run
//	keys.SetInt(s, 1, s.NewString(name))
//	s.SetGlobal("KEYS", lua.TableValue(keys))
//	e := s.Run(p, func(c *lua.Call) {                // called only if the script returned
//		v := c.Arg(1)                                // its first result; c.N() results in all
//	})
//
// e is nil, or has the value thrown and where (the host adds "script: sha, on @user_script:1."), or Stop, the error with
// which OnSlice or the memory limit ended the run. A function that a script registers is a Value, which the host keeps
// and runs with CallFunction.
//
// # Values
//
// The zero Value is nil. Kind, IsNumber and so on tell the type; Number, Str, Bytes and Table give the content. Bytes and
// Str alias the string, which never changes. Tables are read with Get, GetInt, GetStr, Len and Next without metamethods.
//
// # Natives
//
// A Native reads its arguments with Check..., Opt... or Arg, pushes results and returns how many. Errors are raised with
// Errorf, ArgError or Throw (for a table such as redis.call's). Loops call Steps. SiteCache is a slot per call
// instruction: redis.call keeps there which command a constant name is, and checks with Same that it still is that name.
package lua
