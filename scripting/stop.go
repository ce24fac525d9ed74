package scripting

// Stop makes the running script end with an error at its next budget check, whatever it has written: the server is about to end and
// drops the unit. It is called from WhileBusy.
func (r *Runtime) Stop() { r.run.killed = true }
