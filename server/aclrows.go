package server

import (
	"fmt"
	"strings"
)

// userRows is the prefix of the rows of ACL users: 'U' and the name, with the user's rules as the value. Users made with ACL SETUSER
// so survive a restart, unless an aclfile is the place for them.
const userRows = 'U'

// userSource is the server as the source of these rows.
type userSource Server

func (u *userSource) Row(name []byte) ([]byte, bool) {
	found := u.acl.users[string(name[1:])]
	if found == nil {
		return nil, false
	}
	return []byte(found.describe((*Server)(u))), true
}

func (u *userSource) LoadRow(name, value []byte) error {
	s := (*Server)(u)
	if s.config.aclFile != "" {
		return nil
	}
	next := s.newUser(string(name[1:]))
	if err := next.apply(s, strings.Fields(string(value))); err != nil {
		return fmt.Errorf("user %s: %w", name[1:], err)
	}
	if old := s.acl.users[next.name]; old != nil {
		*old = *next
	} else {
		s.acl.users[next.name] = next
	}
	return nil
}

// usersLoaded puts the users into effect once the store has been read. A password given at start wins over the stored one, and
// whoever came in meanwhile has to give it.
func (s *Server) usersLoaded() error {
	if s.params.byName["requirepass"].changed {
		if err := s.applyRequirePass(); err != nil {
			return err
		}
	}
	u := s.acl.defaultUser
	for _, c := range s.clients {
		if c.user == u && !u.noPassword() {
			s.setUser(c, u, false)
		}
	}
	return nil
}

// touchUser records that the user's row is to be written or removed.
func (s *Server) touchUser(name string) {
	if s.config.aclFile == "" {
		s.ks.TouchRow(append([]byte{userRows}, name...), nil)
	}
}
