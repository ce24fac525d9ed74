package command

import (
	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/lcs"
)

func lcsSpec() Spec {
	return Spec{Name: "lcs", Arity: -3, Flags: ReadOnly, Keys: []KeySpec{keysFrom(1, 1, 1, RO|Access)}, Group: GroupString, Since: "7.0.0", Do: lcsCmd,
		Complexity: "O(N*M) where N and M are the lengths of s1 and s2, respectively", Summary: "Finds the longest common substring.",
		Syntax: "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]"}
}

// lcsCmd compares two strings. LCS key1 key2 [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN]
func lcsCmd(c *Ctx) error {
	for _, key := range c.Args[1:3] {
		if t := c.DB.Type(key); t != engine.TypeNone && t != engine.TypeString {
			return Error("ERR The specified keys must contain string values")
		}
	}
	var length, idx, withLen bool
	minLen := int64(0)
	for i := 3; i < len(c.Args); i++ {
		switch {
		case c.Is(i, "idx"):
			idx = true
		case c.Is(i, "len"):
			length = true
		case c.Is(i, "withmatchlen"):
			withLen = true
		case c.Is(i, "minmatchlen") && i+1 < len(c.Args):
			i++
			n, err := c.Int(i)
			if err != nil {
				return err
			}
			minLen = max(n, 0)
		default:
			return ErrSyntax
		}
	}
	if idx && length {
		return Error("ERR If you want both the length and indexes, please just use IDX.")
	}
	var abuf, bbuf [20]byte
	a, _, _ := c.DB.String(c.Args[1], abuf[:])
	b, _, _ := c.DB.String(c.Args[2], bbuf[:])
	const maxCells = 1 << 30 // 4 GiB of table in Redis, which refuses what it can't allocate
	if (int64(len(a))+1)*(int64(len(b))+1) > maxCells {
		return Error("ERR Insufficient memory, failed allocating transient memory for LCS")
	}
	switch {
	case length:
		c.Reply.Int(int64(lcs.Length(a, b)))
	case idx:
		text, matches := lcs.Find(a, b, minLen)
		c.Reply.Map(2)
		c.Reply.BulkString("matches")
		c.Reply.Array(len(matches))
		for _, m := range matches {
			if withLen {
				c.Reply.Array(3)
			} else {
				c.Reply.Array(2)
			}
			c.Reply.Array(2)
			c.Reply.Int(int64(m.AStart))
			c.Reply.Int(int64(m.AEnd))
			c.Reply.Array(2)
			c.Reply.Int(int64(m.BStart))
			c.Reply.Int(int64(m.BEnd))
			if withLen {
				c.Reply.Int(int64(m.Len()))
			}
		}
		c.Reply.BulkString("len")
		c.Reply.Int(int64(len(text)))
	default:
		text, _ := lcs.Find(a, b, 0)
		c.Reply.Bulk(text)
	}
	return nil
}
