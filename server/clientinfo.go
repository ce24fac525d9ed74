package server

import (
	"fmt"
	"strings"
)

// describe is the client's line in CLIENT LIST, without the line break.
func (c *conn) describe() string {
	s := c.s
	used, free := c.in.Buffered()
	multi, cmd := -1, "NULL"
	if c.flags&inMulti != 0 {
		multi = len(c.tx.queued)
	}
	if c.last != nil {
		cmd = c.last.FullName()
	}
	resp := 2
	if c.out.RESP3 {
		resp = 3
	}
	redirect := int64(-1)
	if c.tracking != nil {
		redirect = int64(c.tracking.redirect)
	}
	sub, psub, ssub := 0, 0, 0
	if c.subs != nil {
		sub, psub, ssub = len(c.subs.channels), len(c.subs.patterns), len(c.subs.shards)
	}
	omem := 0
	if n := c.unsent(); n > keepOutput {
		omem = n
	}
	user := "(superuser)"
	if c.user != nil {
		user = c.user.name
	}
	obl, oll := c.unsent(), 0
	if omem > 0 {
		obl, oll = 0, 1
	}
	return fmt.Sprintf("id=%d addr=%s laddr=%s fd=%d name=%s age=%d idle=%d flags=%s db=%d sub=%d psub=%d ssub=%d multi=%d qbuf=%d "+
		"qbuf-free=%d argv-mem=%d multi-mem=%d rbs=%d rbp=%d obl=%d oll=%d omem=%d tot-mem=%d events=%s cmd=%s user=%s redir=%d resp=%d lib-name=%s lib-ver=%s",
		c.id, c.addr, c.laddr, c.fd, c.name, (s.ms-c.created)/1000, (s.ms-c.active)/1000, c.flagLetters(), c.db.Index(), sub, psub, ssub, multi,
		used, free, 0, c.tx.bytes, cap(c.out.Buf), cap(c.out.Buf), obl, oll, omem, c.memory(), c.eventLetters(), cmd, user, redirect, resp,
		c.libName, c.libVer)
}

// memory estimates the bytes that the client takes.
func (c *conn) memory() int {
	used, free := c.in.Buffered()
	return 1024 + used + free + cap(c.out.Buf) + c.tx.bytes
}

func (c *conn) flagLetters() string {
	var b strings.Builder
	for _, f := range []struct {
		on     bool
		letter byte
	}{
		{c.flags&monitoring != 0, 'O'}, {c.subs.count() > 0, 'P'}, {c.flags&inMulti != 0, 'x'}, {c.flags&(isBlocked|isPaused) != 0, 'b'},
		{c.tracking != nil, 't'}, {c.tracking != nil && c.tracking.broken, 'R'}, {c.tracking != nil && c.tracking.bcast, 'B'},
		{c.flags&dirtyCAS != 0, 'd'}, {c.flags&closeAfter != 0, 'c'}, {c.unix, 'U'}, {c.flags&noEvict != 0, 'e'}, {c.flags&noTouch != 0, 'T'},
	} {
		if f.on {
			b.WriteByte(f.letter)
		}
	}
	if b.Len() == 0 {
		return "N"
	}
	return b.String()
}

func (c *conn) eventLetters() string {
	if c.flags&wantWrite != 0 {
		return "rw"
	}
	return "r"
}
