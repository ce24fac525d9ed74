package command

import (
	"encoding/hex"
	"fmt"

	"github.com/evald/evald/engine"
)

// Debug runs the subcommands of DEBUG that are about data. The server declares DEBUG, decides who may use it and has the subcommands
// that are about the process.
func Debug(c *Ctx) error {
	n := len(c.Args)
	for _, s := range [...]struct {
		name string
		ok   bool // the number of arguments
		do   Handler
	}{
		{"digest", n == 2, debugDigest},
		{"digest-value", n >= 2, debugDigestValue},
		{"object", n == 3, debugObject},
		{"reload", n >= 2, debugReload},
		{"listpack", n == 3, func(c *Ctx) error { return debugEncoding(c, "listpack", "Listpack") }},
		{"quicklist", n == 3 || n == 4, func(c *Ctx) error { return debugEncoding(c, "quicklist", "Quicklist") }},
		{"sdslen", n == 3, debugSdslen},
		{"htstats", n == 3 || n == 4, debugHtstats},
		{"htstats-key", n == 3 || n == 4, debugHtstatsKey},
		{"set-active-expire", n == 3, debugActiveExpire},
	} {
		if c.Is(1, s.name) && s.ok {
			return s.do(c)
		}
	}
	return SubcommandSyntax(c)
}

func replySum(c *Ctx, s engine.ValueSum) { c.Reply.Status(hex.EncodeToString(s[:])) }

func debugDigest(c *Ctx) error {
	c.KS.ReadAll()
	replySum(c, c.KS.DataSum())
	return nil
}

func debugDigestValue(c *Ctx) error {
	c.Reply.Array(len(c.Args) - 2)
	for _, key := range c.Args[2:] {
		var s engine.ValueSum
		c.DB.ValueDigest(key, &s)
		replySum(c, s)
	}
	return nil
}

// inspect describes the key at argument 2, which must exist.
func inspect(c *Ctx) (engine.Info, error) {
	in, ok := c.DB.Inspect(c.Args[2])
	if !ok {
		return in, ErrNoSuchKey
	}
	return in, nil
}

// debugObject is for tests, which also ask by it whether an expired key has been removed.
func debugObject(c *Ctx) error {
	in, dump, ok := c.DB.InspectLeft(c.Args[2])
	if !ok {
		return ErrNoSuchKey
	}
	text := fmt.Sprintf("Value at:0x7f0000000000 refcount:1 encoding:%s serializedlength:%d lru:%d lru_seconds_idle:%d", in.Encoding,
		dump-11, (c.KS.Now()/1000-in.Idle)&(1<<24-1), in.Idle)
	if in.Encoding == "quicklist" {
		nodes := int64(in.Nodes)
		text += fmt.Sprintf(" ql_nodes:%d ql_avg_node:%.2f ql_listpack_max:%d ql_compressed:0 ql_uncompressed_size:%d", nodes,
			float64(in.Len)/float64(max(nodes, 1)), c.KS.Limits.ListMaxListpackSize, in.Size)
	}
	c.Reply.Status(text)
	return nil
}

// debugReload encodes the data as the store keeps it and loads it again. There is no file, so NOSAVE has nothing to load.
func debugReload(c *Ctx) error {
	for i := 2; i < len(c.Args); i++ {
		if !c.Is(i, "merge") && !c.Is(i, "noflush") && !c.Is(i, "nosave") {
			return Error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")
		}
	}
	if err := c.KS.Reload(); err != nil {
		return Error("ERR Error trying to load the data: " + err.Error())
	}
	c.Reply.Status("OK")
	return nil
}

func debugEncoding(c *Ctx, encoding, title string) error {
	in, err := inspect(c)
	if err != nil {
		return err
	}
	if in.Encoding != encoding && in.Encoding != encoding+"ex" {
		return Error("ERR Not a " + encoding + " encoded object.")
	}
	c.Reply.Status(title + " structure printed on stdout")
	return nil
}

func debugSdslen(c *Ctx) error {
	in, err := inspect(c)
	if err != nil {
		return err
	}
	if in.Kind != engine.KindRaw {
		return Error("ERR Not an sds encoded string.")
	}
	key := len(c.Args[2])
	c.Reply.Status(fmt.Sprintf("key_sds_len:%d, key_sds_avail:0, key_zmalloc: %d, val_sds_len:%d, val_sds_avail:0, val_zmalloc: %d", key, key+1, in.Len, in.Size))
	return nil
}

func debugHtstats(c *Ctx) error {
	n, err := c.Int(2)
	if err != nil {
		return err
	}
	if n < 0 || n >= int64(c.KS.Databases()) {
		return Error("ERR Out of range database")
	}
	db := c.KS.DB(int(n))
	c.Reply.Verbatim("txt", "[Dictionary HT]\n"+tableStats(db.Len())+"[Expires HT]\n"+tableStats(db.Expires()))
	return nil
}

func tableStats(n int) string {
	const title = "Hash table 0 stats (main hash table):\n"
	if n == 0 {
		return title + "No stats available for empty dictionaries\n"
	}
	return title + fmt.Sprintf(" number of elements: %d\n", n)
}

func debugHtstatsKey(c *Ctx) error {
	in, err := inspect(c)
	if err != nil {
		return err
	}
	if in.Encoding != "hashtable" && in.Encoding != "skiplist" {
		return Error("ERR The value stored at the specified key is not represented using an hash table")
	}
	c.Reply.Verbatim("txt", tableStats(in.Len))
	return nil
}

func debugActiveExpire(c *Ctx) error {
	c.KS.ActiveExpire = string(c.Args[2]) != "0"
	c.Reply.Status("OK")
	return nil
}
