package server

import (
	"io"
	"log"
	"math/rand/v2"
	"net"
	"time"
)

// Options say how a server starts. Empty fields mean the defaults. What redis.conf has a parameter for may also be given in Config;
// the fields win.
type Options struct {
	Addr       string // host:port, or several separated by commas; "" takes bind and port from the configuration, "none" listens nowhere
	UnixSocket string
	Dir        string            // working directory
	Config     map[string]string // parameters by their redis.conf names
	ConfigFile string            // redis.conf syntax; CONFIG REWRITE writes it

	// OpenStore opens the store in dir under the given appendfsync policy; nil: nothing is durable. It runs before anything listens.
	OpenStore func(dir, fsync string) (Store, error)

	// Loading, if set, is told how far the load at start is, instead of the log: rows done of about total; total is 0 when it has ended.
	Loading func(done, total int)

	// Log takes one line per event worth knowing. nil: discarded.
	Log *log.Logger

	// Clock is the time in unix us; it may be called from the loop only. nil: the system clock. After a test has moved its own clock
	// it calls Server.Wake.
	Clock func() int64
	// Random is the dice of commands such as SRANDMEMBER. nil: a generator with a random seed.
	Random func() uint64

	// Listener, if set, is served besides Addr by goroutine-backed connections: TLS, or a transport that cannot be polled.
	Listener net.Listener
}

func (o *Options) ensureDefaults() {
	if o.Log == nil {
		o.Log = log.New(io.Discard, "", 0)
	}
	if o.Clock == nil {
		o.Clock = func() int64 { return time.Now().UnixMicro() }
	}
	if o.Random == nil {
		o.Random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())).Uint64
	}
	if o.Dir == "" {
		o.Dir = "."
	}
}
