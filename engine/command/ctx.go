package command

import (
	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/stream"
)

// Mode says where a call comes from.
type Mode uint8

// The modes.
const (
	FromClient Mode = 0
	InMulti    Mode = 1 << iota >> 1 // inside EXEC
	InScript                         // by redis.call
	Rerun                            // a blocked command is tried again
)

// NoBlock are the modes in which a blocking command must not wait.
const NoBlock = InMulti | InScript

// Ctx is one call: what to run, on what, for whom, and where the reply goes. A Ctx is reused from call to call.
type Ctx struct {
	KS     *engine.Keyspace
	DB     *engine.DB // the selected database
	Env    *Env
	Client Client
	Spec   *Spec
	Args   [][]byte // Args[0] is the name; a subcommand's name is Args[1]. Valid during the call only: the engine copies what it keeps.
	Reply  Reply
	Mode   Mode

	// Counted is set by a handler whose error is in errorstats already: a script's, thrown by one of its commands.
	Counted bool
	parked  bool // the handler called Block, and the client waits
	scratch [64]byte
	entries stream.Iterator // of the stream command that replies: in here it costs no allocation
}

// Client is who calls, as far as commands need to know. The server's connection is one; so is a script's caller.
type Client interface {
	ID() uint64
	// Select changes the connection's database; inside a script, the script's.
	Select(c *Ctx, db int)
	// Block parks the client with the command it is running.
	Block(c *Ctx, b Block)
	// Allowed returns nil, or the NOPERM error of the client's user for this call.
	Allowed(c *Ctx) error
	// Authenticated tells whether the client may run more than AUTH, HELLO, QUIT and RESET.
	Authenticated() bool
}

// Block is a wish to wait until one of the keys may serve the command, which then runs again.
type Block struct {
	Keys     [][]byte
	Type     engine.Type // only keys of this type can serve it; streams with a group also wake when the key goes
	Deadline int64       // unix ms; 0: no end
	OnGone   bool        // also run again when a key is deleted or changes type (XREADGROUP)
	Timeout  func(r Reply)
}

// Block parks the caller and returns true; in a script or a transaction, where nothing waits, it returns false and the handler
// replies at once as if the time had run out.
func (c *Ctx) Block(b Block) bool {
	if c.Mode&NoBlock != 0 {
		return false
	}
	c.Client.Block(c, b)
	c.parked = true
	return true
}

// Env is what calls need to know of the whole server. The loop owns it and changes it.
type Env struct {
	Table *Table
	// Nanotime is a monotonic clock in ns, for timing calls.
	Nanotime func() int64
	// Mark is when the last call ended, if the next one follows at once; else 0. Reading the clock costs as much as a small command:
	// calls in a row share the reading between them.
	Mark int64
	// Loading is true until the store has been read.
	Loading bool
	// ReadOnlyReplica refuses writes.
	ReadOnlyReplica bool
	// OutOfMemory evicts if it must and tells whether memory is still over maxmemory. nil: no limit.
	OutOfMemory func() bool
	// RefuseWrites is the MISCONF or NOREPLICAS error that writes get at present, or nil.
	RefuseWrites error
	// MaxUnit is max-unit-bytes: the rows of a command, a script or a transaction may take no more bytes. 0: any.
	MaxUnit int
	// Memory is asked by MEMORY; nil: only what the keyspace counts is known.
	Memory Memory
	// MaxBulk is proto-max-bulk-len: the longest string a command may build.
	MaxBulk int
	// OnError is told of every error reply with its code, for errorstats.
	OnError func(msg string)
	// AfterCall is told of every finished call with its duration in ns, for SLOWLOG and LATENCY; may be nil.
	AfterCall func(c *Ctx, nanos int64)
}

// Notify sends a keyspace event about key in the selected database.
func (c *Ctx) Notify(class engine.EventClass, name string, key []byte) { c.DB.Notify(class, name, key) }
