package server

import "github.com/evald/evald/engine/command"

// max-unit-bytes for plain commands: what is too large never happens. Most rows are no larger than the arguments they are made of, so
// that those tell before the command runs; strings that a command lengthens are refused where it does (command.Ctx). What derives its
// rows from other keys or from packed bytes runs undoable.

// grows are the flags of commands that may add data. Deleting is never refused.
const grows = command.Write | command.DenyOOM

// argumentsExceedUnit tells whether the arguments alone are more than a unit may write.
func (s *Server) argumentsExceedUnit(x *command.Ctx) bool {
	if s.env.MaxUnit == 0 || x.Spec.Flags&grows != grows {
		return false
	}
	n := 0
	for _, a := range x.Args[1:] {
		n += len(a)
	}
	return n > s.env.MaxUnit
}

// call runs c's command within the unit that has begun. One that proves too large is undone, its messages are dropped, and its reply,
// from offset from of the output on, becomes the error.
func (s *Server) call(c *conn, x *command.Ctx, from int) {
	if s.env.MaxUnit == 0 || x.Spec.Flags&(grows|command.Derives) != grows|command.Derives {
		command.Call(x)
		return
	}
	save, mark, spec := s.ks.Savepoint(), len(s.pushes), x.Spec
	command.Call(x)
	if !s.ks.UnitExceeds(s.env.MaxUnit) {
		s.ks.Release(save)
		return
	}
	s.ks.RollbackTo(save)
	s.dropPushes(mark)
	c.out.Buf = c.out.Buf[:from]
	s.reject(c, spec, command.ErrUnitTooLarge.Error())
}
