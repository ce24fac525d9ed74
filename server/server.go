// Package server runs the command loop: sockets, goroutines and time, and the commands that concern connections and the server
// itself. Everything is owned by the loop's goroutine (loop.go) unless its file says otherwise.
package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/scripting"
)

// Server is one running server. Use New, then Start or Run.
type Server struct {
	opts   Options
	config config
	params *params
	table  *command.Table
	specs  special
	env    command.Env
	ctx    command.Ctx // of the command that runs for a client
	ks     *engine.Keyspace

	store     Store  // nil: nothing is durable
	durable   uint64 // newest acknowledged turn
	committed uint64 // newest turn handed to the store
	held      []*conn
	releasing bool // some of held go out in the next turn

	lead           lead
	poll           *poller
	pollMu         sync.RWMutex // guards pollClosed against Wake
	pollClosed     bool
	events         []event
	listeners      []*listener
	boundTo        string // bind and port that the TCP sockets have
	listensNowhere bool   // Options.Addr is none
	readBuf        []byte
	inbox          inbox
	arrived        []arrival // taken from the inbox, from arrivedNext on not yet handled
	arrivedNext    int
	spareResumed   []*conn // changes places with resumed while that is worked on

	clock    func() int64 // unix us; DEBUG CLOCK may replace it
	us, ms   int64        // time of the turn, unix us and ms
	started  int64        // unix ms
	nextCron int64        // unix ms
	stopped  bool
	stopErr  error
	done     chan struct{}
	quit     atomic.Pointer[stopRequest]

	lastID          uint64
	clients         []*conn
	byID            map[uint64]*conn
	byFD            []*conn
	running         *conn   // whose command is being executed
	dirty           []*conn // with output to be sent
	startup         int64   // bytes of the heap when the server was made
	nextHTTPWarning int64   // ms
	late            bool    // a command of the running unit took longer than clockGrain
	closing         []*conn // closed in this turn
	resumed         []*conn // to go on with

	hub         hub
	collector   collector
	pushes      []push
	pushBuf     []byte
	eventBuf    []byte
	nameBuf     []byte
	watches     watchTable
	waits       waits
	waitCtx     command.Ctx
	units       uint64 // finished
	observers   int    // watches, waits and tracking clients: someone wants to know of touched keys
	tracked     trackTable
	invalidated int // touches of the running unit that tracking clients know of
	monitors    []*conn

	evictPolicy  engine.EvictPolicy
	clientMemory int64  // bytes of all clients when last measured
	measuredTurn uint64 // the turn in which eviction measured them
	pausedUntil  int64  // unix ms, 0: not paused
	pauseAll     bool
	diskError    error // why the store takes no writes, or nil

	busyDepth  int   // 1 while a long script lets other clients in
	busyError  error // what they get
	busyBuf    []byte
	busyEvents []event
	console    *console // nil: no script is in the debugger

	acl            acl
	requirePassSet bool
	stats          stats
	saving         saving
	slow           slowlog
	latencies      latencies
	cronNext       int
	runID          string
	scripts        *scripting.Runtime
	abandoned      bool // a script was cut off by the server's end: the turn is dropped
}

// special are the commands that the server itself must know.
type special struct {
	exec, discard, multi, watch, quit, reset, touch, auth, hello, ping, flushall, flushdb, clientPause, clientUnpause *command.Spec
	inSubscription                                                                                                    map[*command.Spec]bool
}

// stopRequest asks the loop to end, from another goroutine.
type stopRequest struct{ signal os.Signal }

// New makes a server from its options: it reads the configuration, opens the store and listens, but serves nothing yet.
func New(o Options) (*Server, error) {
	o.ensureDefaults()
	s := &Server{opts: o, done: make(chan struct{}), byID: map[uint64]*conn{}, readBuf: make([]byte, readSize)}
	s.initLead()
	s.hub = hub{map[string][]*conn{}, map[string][]*conn{}, map[string][]*conn{}}
	s.watches.byKey = map[string][]*watch{}
	s.waits.byKey, s.waits.isReady = map[string][]*wait{}, map[string]bool{}
	s.stats.errorCodes = map[string]*uint64{}
	if err := s.configure(); err != nil {
		return nil, err
	}
	s.started = o.Clock() / 1000
	s.ms = s.started
	s.clock = o.Clock
	s.stats.lastSave = s.started / 1000
	start := time.Now()
	s.runID = fmt.Sprintf("%016x%016x%08x", o.Random(), o.Random(), uint32(o.Random()))
	s.tracked = trackTable{keys: map[string]map[uint64]struct{}{}, bcast: map[*conn]struct{}{}}
	s.env = command.Env{Nanotime: func() int64 { return int64(time.Since(start)) }, MaxBulk: s.config.protoMaxBulkLen, OnError: s.onError, AfterCall: s.afterCall}
	s.env.Memory = (*memoryReport)(s)
	s.ks.RegisterRows(userRows, (*userSource)(s))
	s.ks.RegisterRows(paramRows, (*paramSource)(s))
	s.collector = newCollector()
	s.openScripting()
	s.env.Table = s.commands()
	s.table = s.env.Table
	s.findSpecial()
	s.ctx = command.Ctx{KS: s.ks, Env: &s.env}
	s.waitCtx = s.ctx
	if err := s.loadUsers(); err != nil {
		return nil, err
	}
	if err := s.applyAll(); err != nil {
		return nil, err
	}
	if err := s.openDir(); err != nil {
		return nil, err
	}
	s.startup = heapSize()
	return s, nil
}

// commands builds the table of every command.
func (s *Server) commands() *command.Table {
	families := append(command.Families(), s.scripts.Commands(), s.connection(), s.client(), s.transactions(), s.pubsub(), s.configuration(), s.administration(), s.cluster(), []command.Spec{migrateSpec()}, command.Docs())
	return command.NewTable(families...)
}

func (s *Server) findSpecial() {
	find := func(name string) *command.Spec { return s.table.Lookup([]byte(name)) }
	s.specs = special{exec: find("exec"), discard: find("discard"), multi: find("multi"), watch: find("watch"), quit: find("quit"),
		reset: find("reset"), touch: find("touch"), auth: find("auth"), flushall: find("flushall"), flushdb: find("flushdb"), hello: find("hello"), ping: find("ping"),
		clientPause: s.table.Find([]byte("client|pause")), clientUnpause: s.table.Find([]byte("client|unpause")), inSubscription: map[*command.Spec]bool{}}
	for _, name := range []string{"subscribe", "unsubscribe", "psubscribe", "punsubscribe", "ssubscribe", "sunsubscribe", "ping", "quit", "reset"} {
		s.specs.inSubscription[find(name)] = true
	}
}

// openDir opens the store, the poller and the listening sockets.
func (s *Server) openDir() (err error) {
	if s.poll, err = newPoller(); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			s.closeAll()
		}
	}()
	if s.opts.OpenStore != nil {
		if err := checkDir(s.opts.Dir); err != nil {
			return err
		}
		if s.store, err = s.opts.OpenStore(s.opts.Dir, s.config.appendFsync); err != nil {
			return err
		}
		s.store.Notify(s.Wake)
	}
	return s.listen()
}

// checkDir makes the directory and tells whether it can be written, in one line.
func checkDir(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("data directory %s: %w", dir, reasonOf(err))
	}
	f, err := os.CreateTemp(dir, ".write-test-*")
	if err != nil {
		return fmt.Errorf("data directory %s is not writable: %w", dir, reasonOf(err))
	}
	f.Close()
	os.Remove(f.Name())
	return nil
}

func reasonOf(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// Addr returns the address of the first listening socket, "" if there is none.
func (s *Server) Addr() string {
	if len(s.listeners) == 0 {
		return ""
	}
	return s.listeners[0].addr
}

// Run makes a server and runs it until ctx ends, a client says SHUTDOWN, or SIGTERM or SIGINT comes. Everything acknowledged is
// durable when it returns nil.
func Run(ctx context.Context, o Options) error {
	s, err := New(o)
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(signals)
	go func() {
		for {
			select {
			case <-ctx.Done():
				s.stop(nil)
				return
			case sig := <-signals:
				s.stop(sig)
			case <-s.done:
				return
			}
		}
	}()
	return s.Serve()
}

// Serve loads the store and runs the loop on the calling goroutine until the server is stopped.
func (s *Server) Serve() error {
	defer close(s.done)
	if s.opts.Listener != nil {
		go s.acceptStreams(s.opts.Listener)
	}
	err := s.load()
	switch err {
	case nil:
		s.logReady()
		err = s.run()
	case errStopped: // while loading
		err = nil
	}
	if err == nil {
		err = s.stopErr
	}
	if cerr := s.closeAll(); err == nil {
		err = cerr
	}
	return err
}

// Start runs Serve on a goroutine of its own. Close ends it.
func (s *Server) Start() {
	go func() {
		if err := s.Serve(); err != nil {
			s.opts.Log.Print(err)
		}
	}()
}

// Close stops a started server and returns when everything acknowledged is durable.
func (s *Server) Close() {
	s.stop(nil)
	<-s.done
}

func (s *Server) stop(sig os.Signal) {
	s.quit.Store(&stopRequest{sig})
	s.Wake()
}

func (s *Server) acceptStreams(l net.Listener) {
	go func() {
		<-s.done
		l.Close()
	}()
	for {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		s.ServeConn(nc)
	}
}

func (s *Server) logReady() {
	for _, l := range s.listeners {
		s.opts.Log.Printf("ready to accept connections on %s", l.addr)
	}
}

// load fills the keyspace from the store, answering clients meanwhile.
func (s *Server) load() error {
	if s.store == nil {
		s.ks.OpenGate()
		return nil
	}
	s.tick()
	s.env.Loading = true
	start, shown := time.Now(), time.Now()
	s.stats.loadStart = s.us
	err := s.store.Load(s.ks, func(done, total int) error {
		s.stats.loadDone, s.stats.loadTotal = done, total
		if s.opts.Loading != nil {
			s.opts.Loading(done, total)
		} else if time.Since(shown) > time.Second {
			shown = time.Now()
			s.opts.Log.Printf("loading: %d of about %d rows", done, total)
		}
		return s.pollWhileLoading()
	})
	if s.opts.Loading != nil {
		s.opts.Loading(0, 0)
	}
	if err != nil {
		return err
	}
	if err := s.paramsLoaded(); err != nil {
		return err
	}
	if err := s.usersLoaded(); err != nil {
		return err
	}
	if err := s.scripts.Loaded(); err != nil {
		return err
	}
	s.env.Loading = false
	keys := 0
	for i := range s.ks.Databases() {
		keys += s.ks.DB(i).Len()
	}
	s.opts.Log.Printf("loaded %d keys in %.3f seconds", keys, time.Since(start).Seconds())
	s.durable = s.store.Durable()
	return nil
}

func (s *Server) loading() bool { return s.env.Loading }

// closeAll ends what New and the clients opened. The store finishes first: whoever waits for a commit gets the reply.
func (s *Server) closeAll() error {
	var err error
	s.endSave()
	if s.store != nil {
		for ok := s.store.Sync() == nil; ok; ok = s.releasing {
			s.acknowledge()
			s.release()
		}
		err = s.store.Close()
		s.store = nil
	}
	for len(s.clients) > 0 {
		c := s.clients[len(s.clients)-1]
		c.flags |= closeAfter
		s.close(c)
	}
	s.release()
	for _, l := range s.listeners {
		l.close()
	}
	s.listeners = nil
	s.pollMu.Lock()
	if s.poll != nil && !s.pollClosed {
		s.poll.close()
		s.pollClosed = true
	}
	s.pollMu.Unlock()
	return err
}

// configure makes the keyspace and the parameters, and gives them the values of the configuration file, Options.Config and the
// other options, the later ones winning.
func (s *Server) configure() error {
	databases := 16
	set, err := s.startValues()
	if err != nil {
		return err
	}
	for _, v := range set {
		if v.name == "databases" {
			fmt.Sscan(v.words[0], &databases)
		}
	}
	if databases < 1 || databases > 255 {
		return fmt.Errorf("databases: argument must be between 1 and 255 inclusive")
	}
	s.ks = engine.New(engine.Options{Databases: databases, Random: s.opts.Random})
	s.initACL()
	s.params = s.newParams()
	for _, v := range set {
		if err := s.startValue(v); err != nil {
			return err
		}
	}
	if err := s.takeAddr(); err != nil {
		return err
	}
	if s.opts.Dir != "" {
		if s.config.dir, err = filepath.Abs(s.opts.Dir); err != nil {
			return fmt.Errorf("data directory %s: %w", s.opts.Dir, err)
		}
	}
	return nil
}
