package scripting

import (
	"container/list"
	"crypto/sha1"
	"encoding/hex"

	"github.com/evald/evald/scripting/lua"
)

// evalCacheSize is how many scripts that only EVAL brought are kept (as in Redis 7.4); those of SCRIPT LOAD stay.
const evalCacheSize = 500

// script is a compiled EVAL script.
type script struct {
	sha    string // 40 hexadecimal digits, lower case
	source string
	limits scriptLimits
	proto  *lua.Proto
	lru    *list.Element // nil: came by SCRIPT LOAD and is never evicted

	stats   stats
	profile *profile // nil: off
}

// cache holds the compiled scripts by SHA1.
type cache struct {
	bySHA   map[string]*script
	recent  *list.List // of *script, most recent first
	evicted uint64
	bytes   int64
}

func newCache() *cache { return &cache{bySHA: map[string]*script{}, recent: list.New()} }

// get finds a script by its SHA1 in any case and notes the use. It does not allocate.
func (c *cache) get(sha []byte) *script {
	var low [2 * sha1.Size]byte
	if len(sha) != len(low) {
		return nil
	}
	for i, b := range sha {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		low[i] = b
	}
	s := c.bySHA[string(low[:])]
	if s != nil && s.lru != nil {
		c.recent.MoveToFront(s.lru)
	}
	return s
}

// add keeps a new script; forEval ones push out the least recently used.
func (c *cache) add(s *script, forEval bool) {
	c.bySHA[s.sha] = s
	c.bytes += s.size()
	if !forEval {
		return
	}
	s.lru = c.recent.PushFront(s)
	for c.recent.Len() > evalCacheSize {
		old := c.recent.Back().Value.(*script)
		c.remove(old)
		c.evicted++
	}
}

func (c *cache) remove(s *script) {
	delete(c.bySHA, s.sha)
	c.bytes -= s.size()
	if s.lru != nil {
		c.recent.Remove(s.lru)
	}
}

// pin makes a script one of SCRIPT LOAD and tells whether it was not yet.
func (c *cache) pin(s *script) bool {
	if s.lru == nil {
		return false
	}
	c.recent.Remove(s.lru)
	s.lru = nil
	return true
}

func (s *script) size() int64 { return int64(len(s.source)) + 200 }

// shaOf writes the hexadecimal SHA1 of a source into dst.
func shaOf(dst *[2 * sha1.Size]byte, src []byte) {
	sum := sha1.Sum(src)
	hex.Encode(dst[:], sum[:])
}
