package command

import "math/bits"

// Check is the ordered list of refusals for a call by a client or by EXEC's queueing: arity, authentication, ACL, memory, disk,
// replica, loading. Clients see the order, so tests pin it. c.Spec is set.
func Check(c *Ctx) error {
	s, env := c.Spec, c.Env
	if err := CheckArity(s, c.Args); err != nil {
		return err
	}
	if s.Flags&NoAuth == 0 && !c.Client.Authenticated() {
		return ErrNoAuth
	}
	if err := c.Client.Allowed(c); err != nil {
		return err
	}
	if env.OutOfMemory != nil || env.RefuseWrites != nil || env.ReadOnlyReplica {
		if err := env.Refuses(s.CallFlags(c.Args)); err != nil {
			return err
		}
	}
	if env.Loading && s.Flags&Loading == 0 {
		return ErrLoading
	}
	return nil
}

// Refuses returns the error that calls with these flags get at present for want of memory, disk or the right role.
func (env *Env) Refuses(flags Flags) error {
	switch {
	case flags&DenyOOM != 0 && env.OutOfMemory != nil && env.OutOfMemory():
		return ErrOOM
	case flags&Write == 0:
		return nil
	case env.RefuseWrites != nil:
		return env.RefuseWrites
	case env.ReadOnlyReplica:
		return ErrReadOnly
	}
	return nil
}

// CheckArity returns the error of a call with too few or too many arguments.
func CheckArity(s *Spec, args [][]byte) error {
	if s.Arity > 0 && len(args) != s.Arity || len(args) < -s.Arity {
		return WrongArity(s.full)
	}
	return nil
}

// Call runs the handler and writes its error, if it returns one, as the reply. It is the only route to a handler, for clients, EXEC,
// scripts and re-runs alike. It returns the handler's error.
func Call(c *Ctx) error {
	s, env := c.Spec, c.Env
	start := env.Mark
	if start == 0 {
		start = env.Nanotime()
	}
	c.parked, c.Counted = false, false
	err := s.Do(c)
	env.Mark = env.Nanotime()
	nanos := env.Mark - start
	if c.parked {
		return nil // it counts when it is done
	}
	s.usage.Add(nanos)
	if s.After != nil {
		s.After(c, nanos)
	}
	if err != nil {
		s.usage.Failed++
		msg := errorText(err)
		if env.OnError != nil && !c.Counted {
			env.OnError(msg)
		}
		c.Reply.Error(msg)
	}
	if env.AfterCall != nil {
		env.AfterCall(c, nanos)
	}
	return err
}

// errorText is the reply for an error of a handler: user errors carry their code, all else is a defect and says so.
func errorText(err error) string { return err.Error() }

// Add counts a call of that duration.
func (u *Usage) Add(nanos int64) {
	u.Calls++
	u.Nanos += uint64(nanos)
	if u.Buckets == nil {
		u.Buckets = make([]uint32, latencyBuckets)
	}
	u.Buckets[latencyBucket(nanos)]++
}

// Latencies are counted in buckets of a power of two split in four, from 1 ns to about 17 s.
const latencyBuckets = 35 * 4

func latencyBucket(nanos int64) int {
	if nanos < 4 {
		return 0
	}
	e := 63 - bits.LeadingZeros64(uint64(nanos))
	b := e*4 + int(nanos>>(e-2))&3
	return min(b, latencyBuckets-1)
}

// BucketLimit is the upper end, in ns, of latency bucket i.
func BucketLimit(i int) int64 {
	e, q := i/4, int64(i%4)
	if e < 2 {
		return 4
	}
	return (4+q+1)<<(e-2) - 1
}

// Percentile returns the duration in ns that the fraction p of the calls did not exceed, to the end of its bucket.
func (u *Usage) Percentile(p float64) int64 {
	left := uint64(p * float64(u.Calls))
	for i, n := range u.Buckets {
		if uint64(n) > left {
			return BucketLimit(i)
		}
		left -= uint64(n)
	}
	return 0
}
