package scripting

import (
	"strings"

	"github.com/evald/evald/scripting/lua"
)

// openLoading makes the environment in which a library's own code runs: only the part of redis that registers and logs.
func (r *Runtime) openLoading() {
	s := r.state
	api := s.NewProtected(func(t *lua.Table) {
		s.SetField(t, "register_function", s.NewNative("register_function", r.registerFunction))
		s.SetField(t, "register_command", s.NewNative("register_command", r.registerCommand))
		s.SetField(t, "export", s.NewNative("export", r.export))
		s.SetField(t, "require", s.NewNative("require", r.require))
		s.SetField(t, "log", s.NewNative("log", r.log))
		r.setVersions(t)
		for i, name := range logLevels {
			s.SetField(t, name, lua.Int(i))
		}
	})
	r.loadEnv = s.NewProtected(func(t *lua.Table) {
		s.SetField(t, "redis", lua.TableValue(api))
		s.SetField(t, "server", lua.TableValue(api))
	})
}

// registerFunction is redis.register_function(name, callback) or redis.register_function{function_name=, callback=, ...}.
func (r *Runtime) registerFunction(c *lua.Call) int {
	if r.loading == nil {
		r.throw(c, "ERR redis.register_function can only be called on FUNCTION LOAD command")
	}
	f := &function{lib: r.loading}
	switch c.N() {
	case 1:
		r.namedArguments(c, f)
	case 2:
		name, ok := c.ToBytes(c.Arg(1))
		if !ok {
			r.throw(c, "ERR first argument to redis.register_function must be a string")
		}
		if f.name, f.callback = string(name), c.Arg(2); !f.callback.IsFunction() {
			r.throw(c, "ERR second argument to redis.register_function must be a function")
		}
	default:
		r.throw(c, "ERR wrong number of arguments to redis.register_function")
	}
	if !validName(f.name) {
		r.throw(c, string(errBadName))
	}
	for _, other := range r.loading.functions {
		if other.name == f.name {
			r.throw(c, "ERR Function already exists in the library")
		}
	}
	r.loading.functions = append(r.loading.functions, f)
	return c.Return0()
}

// namedArguments reads the table form.
func (r *Runtime) namedArguments(c *lua.Call, f *function) {
	if !c.Arg(1).IsTable() {
		r.throw(c, "ERR calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).")
	}
	named := false
	each(c.Arg(1).Table(), func(k, v lua.Value) {
		if !k.IsString() {
			r.throw(c, "ERR unknown argument given to redis.register_function")
		}
		switch key := k.Str(); {
		case strings.EqualFold(key, "function_name"):
			b, ok := c.ToBytes(v)
			if !ok {
				r.throw(c, "ERR function_name argument given to redis.register_function must be a string")
			}
			f.name, named = string(b), true
		case strings.EqualFold(key, "description"):
			b, ok := c.ToBytes(v)
			if !ok {
				r.throw(c, "ERR description argument given to redis.register_function must be a string")
			}
			f.description = string(b)
		case strings.EqualFold(key, "callback"):
			if !v.IsFunction() {
				r.throw(c, "ERR callback argument given to redis.register_function must be a function")
			}
			f.callback = v
		case strings.EqualFold(key, "flags"):
			r.readFlags(c, f, v)
		default:
			r.throw(c, "ERR unknown argument given to redis.register_function")
		}
	})
	if !named {
		r.throw(c, "ERR redis.register_function must get a function name argument")
	}
	if f.callback.IsNil() {
		r.throw(c, "ERR redis.register_function must get a callback argument")
	}
}

func (r *Runtime) readFlags(c *lua.Call, f *function, v lua.Value) {
	if !v.IsTable() {
		r.throw(c, "ERR flags argument to redis.register_function must be a table representing function flags")
	}
	for i := 1; ; i++ {
		e := v.Table().GetInt(i)
		if e.IsNil() {
			return
		}
		name := ""
		if e.IsString() {
			name = strings.ToLower(e.Str())
		}
		flag, ok := flagNames[name]
		if !ok {
			r.throw(c, "ERR unknown flag given")
		}
		if f.flags&flag == 0 {
			f.flags |= flag
			f.flagNames = append(f.flagNames, name)
		}
	}
}
