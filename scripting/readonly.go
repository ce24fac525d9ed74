package scripting

import "github.com/evald/evald/engine/command"

// NoWrites tells whether a call of EVAL, EVALSHA, FCALL or one of their relatives runs a script that declares no-writes: CLIENT PAUSE
// WRITE lets it through. A script that cannot be found or parsed counts as one that writes.
func (r *Runtime) NoWrites(s *command.Spec, args [][]byte) bool {
	if len(args) < 2 {
		return false
	}
	switch s.Name {
	case "eval_ro", "evalsha_ro", "fcall_ro":
		return true
	case "eval":
		flags, _, err := parseScript(string(args[1]))
		return err == nil && flags.flags&flagNoWrites != 0
	case "evalsha":
		sc := r.scripts.get(args[1])
		return sc != nil && sc.limits.flags&flagNoWrites != 0
	case "fcall":
		f := r.function(args[1])
		return f != nil && f.flags&flagNoWrites != 0
	}
	return false
}
