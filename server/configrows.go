package server

import "fmt"

// paramRows is the prefix of the rows of parameters: 'P' and the name, with the value as text. CONFIG REWRITE writes them where there
// is no configuration file: one for each parameter that CONFIG SET has given another value than it had at start.
const paramRows = 'P'

// paramSource is the server as the source of these rows.
type paramSource Server

func (s *paramSource) Row(name []byte) ([]byte, bool) {
	p := s.params.byName[string(name[1:])]
	if p == nil || !p.stored {
		return nil, false
	}
	return []byte(p.value.text()), true
}

// LoadRow sets a parameter, unless a flag, a variable or the configuration file has said what it shall be. What another version wrote
// and this one does not know stays in the store and has no effect.
func (s *paramSource) LoadRow(name, value []byte) error {
	p := s.params.byName[string(name[1:])]
	switch {
	case p == nil || p.mode == immutable:
		s.opts.Log.Printf("the stored parameter %q is not one of this version: it has no effect", name[1:])
		return nil
	case p.changed:
		p.stored = true // until the next CONFIG REWRITE
		return nil
	}
	if err := p.value.set(p.split(string(value))); err != nil {
		s.opts.Log.Printf("the stored value %q of parameter %s has no effect: %v", value, p.name, err)
		return nil
	}
	p.stored = true
	return nil
}

// paramsLoaded puts the stored parameters into effect once the store has been read.
func (s *Server) paramsLoaded() error {
	for _, p := range s.params.list {
		if !p.stored || p.changed || p.apply == nil {
			continue
		}
		if err := p.apply(); err != nil {
			return fmt.Errorf("stored parameter %s: %w", p.name, err)
		}
	}
	return nil
}

// storeParams writes or removes the rows.
func (s *Server) storeParams() {
	for _, p := range s.params.list {
		changed := p.value.text() != p.start && p.name != "dir"
		if changed || p.stored {
			p.stored = changed
			s.ks.TouchRow(append([]byte{paramRows}, p.name...), nil)
		}
	}
}
