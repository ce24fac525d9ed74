// The fsync policies.
package persistence

import "fmt"

// Policy says when a turn counts as durable, as appendfsync does.
type Policy int32

// The policies. Under each a killed process loses nothing that was acknowledged; they differ in what a power failure may cost.
const (
	Always   Policy = iota // on disk before the acknowledgement: nothing
	EverySec               // with the operating system before it, on disk within a second: the last second
	No                     // with the operating system before it: what the system had not yet written
)

var policyNames = [...]string{"always", "everysec", "no"}

// String returns the name that redis.conf uses.
func (p Policy) String() string { return policyNames[p] }

// ParsePolicy reads the name of a policy.
func ParsePolicy(name string) (Policy, error) {
	for i, n := range policyNames {
		if n == name {
			return Policy(i), nil
		}
	}
	return 0, fmt.Errorf("appendfsync must be always, everysec or no, not %q", name)
}

// SetFsync changes the policy by its name, for turns not yet committed.
func (s *Store) SetFsync(name string) error {
	p, err := ParsePolicy(name)
	if err == nil {
		s.policy.Store(int32(p))
	}
	return err
}
