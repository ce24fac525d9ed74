package scripting

import (
	"bytes"

	"github.com/evald/evald/engine/command"
)

// What a call of EVAL, EVALSHA, FCALL or one of their relatives may do depends on what its script declares.

// ofCall returns a command's flags for calls that run a script with the flags f. A script without a shebang is judged by what it calls.
func (f scriptFlags) ofCall(flags command.Flags) command.Flags {
	if f&flagCompat != 0 {
		return flags
	}
	flags &^= command.Write | command.DenyOOM | command.Stale
	if f&flagNoWrites != 0 {
		flags &^= command.MayReplicate
	} else if flags |= command.Write; f&flagAllowOOM == 0 {
		flags |= command.DenyOOM
	}
	if f&flagAllowStale != 0 {
		flags |= command.Stale
	}
	return flags
}

// evalFlags, shaFlags and functionFlags are Spec.FlagsOf of their commands. A script that cannot be found or parsed changes nothing.

func (r *Runtime) evalFlags(s *command.Spec, args [][]byte) command.Flags {
	if !bytes.HasPrefix(args[1], []byte("#!")) {
		return s.Flags
	}
	l, _, err := parseScript(string(args[1]))
	if err != nil {
		return s.Flags
	}
	return l.flags.ofCall(s.Flags)
}

func (r *Runtime) shaFlags(s *command.Spec, args [][]byte) command.Flags {
	if sc := r.scripts.get(args[1]); sc != nil {
		return sc.limits.flags.ofCall(s.Flags)
	}
	return s.Flags
}

func (r *Runtime) functionFlags(s *command.Spec, args [][]byte) command.Flags {
	if f := r.function(args[1]); f != nil {
		return f.flags.ofCall(s.Flags)
	}
	return s.Flags
}
