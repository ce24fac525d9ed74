package server

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/scripting"
)

// config is the present value of every parameter that has an effect here.
type config struct {
	port, tcpKeepalive, timeout, maxClients       int
	bind, unixSocket, unixSocketPerm              string
	protectedMode                                 bool
	protoMaxBulkLen, clientQueryBufferLimit       int
	outputLimits                                  outputLimits
	maxMemory, maxMemorySamples, evictionTenacity int
	maxMemoryClients                              int
	maxMemoryPolicy                               string
	databases, hz                                 int
	dir, aclFile, requirePass                     string
	aclPubsubDefault                              string
	aclLogMaxLen                                  int
	appendOnly                                    bool
	minReplicas, minReplicasLag                   int
	appendFsync                                   string
	slowlogSlowerThan, slowlogMaxLen              int
	latencyThreshold                              int
	latencyTracking                               bool
	latencyPercentiles                            string
	busyThreshold                                 int
	scriptMaxRuntime, scriptMaxMemory             int
	scriptDebugTimeout                            int
	scriptMaxSource                               int
	scriptRollback, multiRollback                 bool
	maxUnitBytes, backupKeep                      int
	trackingMaxKeys                               int
	shutdownTimeout                               int
	shutdownOnSigint, shutdownOnSigterm           string
	enableDebug, enableProtected                  string
	lazyUserFlush                                 bool
}

// mode says who may change a parameter.
type mode uint8

const (
	mutable   mode = iota
	immutable      // only at start
	protected      // at run time only with enable-protected-configs
)

// param is one parameter of redis.conf.
type param struct {
	name, alias string
	mode        mode
	multi       bool // takes several words
	value       value
	apply       func() error
	changed     bool   // given at start
	start       string // its value at start, before the store's
	stored      bool   // the store has a value: CONFIG REWRITE without a configuration file
	hidden      bool   // CONFIG GET shows it by its full name only
	def         string
}

// params is the table of parameters. It is made once per server.
type params struct {
	list   []*param
	byName map[string]*param
}

func (t *params) add(name, alias string, m mode, def string, v value) *param {
	p := &param{name: name, alias: alias, mode: m, value: v, def: def}
	t.list = append(t.list, p)
	t.byName[name] = p
	if alias != "" {
		t.byName[alias] = p
	}
	_, words := v.(wordsValue)
	_, limits := v.(*outputLimits)
	p.multi = words || limits
	if err := p.value.set(p.split(def)); err != nil {
		panic("server: default of " + name + ": " + err.Error())
	}
	p.def = p.value.text()
	return p
}

// split turns the text of a value into words.
func (p *param) split(text string) []string {
	if p.multi {
		return strings.Fields(text)
	}
	return []string{text}
}

func (t *params) bool(name string, m mode, p *bool, def string) *param {
	if p == nil {
		p = new(bool)
	}
	return t.add(name, "", m, def, boolValue{p})
}

func (t *params) int(name string, m mode, p *int, def, lo, hi int, unit intUnit) *param {
	if p == nil {
		p = new(int)
	}
	text := strconv.Itoa(def)
	if unit == octal {
		text = strconv.FormatInt(int64(def), 8)
	}
	return t.add(name, "", m, text, intValue{p, lo, hi, unit})
}

func (t *params) text(name string, m mode, p *string, def string) *param {
	if p == nil {
		p = new(string)
	}
	return t.add(name, "", m, def, stringValue{p})
}

func (t *params) enum(name string, m mode, p *string, def string, names ...string) *param {
	if p == nil {
		p = new(string)
	}
	return t.add(name, "", m, def, enumValue{p, names})
}

func (t *params) words(name string, m mode, p *string, def string, check func([]string) error) *param {
	if p == nil {
		p = new(string)
	}
	return t.add(name, "", m, def, wordsValue{p, check})
}

func (p *param) as(alias string, t *params) *param {
	p.alias = alias
	t.byName[alias] = p
	return p
}

func (p *param) then(apply func() error) *param {
	p.apply = apply
	return p
}

const maxInt32 = math.MaxInt32

// newParams makes the table. Parameters without a field are accepted, kept and shown, and have nothing to act on in this server.
func (s *Server) newParams() *params {
	t := &params{byName: map[string]*param{}}
	s.networkParams(t)
	s.memoryParams(t)
	s.serverParams(t)
	acceptedParams(t)
	slices.SortFunc(t.list, func(a, b *param) int { return strings.Compare(a.name, b.name) })
	return t
}

func (s *Server) networkParams(t *params) {
	c := &s.config
	t.int("port", mutable, &c.port, 6379, 0, 65535, plain).then(s.applyListen)
	t.words("bind", mutable, &c.bind, "127.0.0.1 -::1", nil).then(s.applyListen)
	t.text("unixsocket", immutable, &c.unixSocket, "")
	t.text("unixsocketperm", immutable, &c.unixSocketPerm, "0")
	t.int("tcp-keepalive", mutable, &c.tcpKeepalive, 300, 0, maxInt32, plain)
	t.int("tcp-backlog", immutable, nil, 511, 0, maxInt32, plain)
	t.int("timeout", mutable, &c.timeout, 0, 0, maxInt32, plain)
	t.int("maxclients", mutable, &c.maxClients, 10000, 1, math.MaxUint32, plain)
	t.bool("protected-mode", mutable, &c.protectedMode, "yes")
	t.int("proto-max-bulk-len", mutable, &c.protoMaxBulkLen, 512<<20, 1<<20, math.MaxInt64, memory).then(s.applyMaxBulk)
	t.int("client-query-buffer-limit", mutable, &c.clientQueryBufferLimit, 1<<30, 1<<20, math.MaxInt64, memory)
	t.add("client-output-buffer-limit", "", mutable, "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60", &c.outputLimits)
	t.int("tracking-table-max-keys", mutable, &c.trackingMaxKeys, 1000000, 0, math.MaxInt64, plain).then(func() error { s.boundTracking(); return nil })
	t.text("requirepass", mutable, &c.requirePass, "").then(s.applyRequirePass)
	t.text("aclfile", immutable, &c.aclFile, "")
	t.enum("acl-pubsub-default", mutable, &c.aclPubsubDefault, "resetchannels", "allchannels", "resetchannels").then(s.applyACLDefault)
	t.int("acllog-max-len", mutable, &c.aclLogMaxLen, 128, 0, math.MaxInt64, plain)
}

func (s *Server) memoryParams(t *params) {
	c, l, a := &s.config, &s.ks.Limits, s.ks.Access()
	t.int("maxmemory", mutable, &c.maxMemory, 0, 0, math.MaxInt64, memory).then(s.applyMaxMemory)
	t.enum("maxmemory-policy", mutable, &c.maxMemoryPolicy, "noeviction", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
		"allkeys-lru", "allkeys-lfu", "allkeys-random", "noeviction").then(s.applyMaxMemory)
	t.int("maxmemory-samples", mutable, &c.maxMemorySamples, 5, 1, maxInt32, plain)
	t.int("maxmemory-eviction-tenacity", mutable, &c.evictionTenacity, 10, 0, 100, plain)
	t.int("maxmemory-clients", mutable, &c.maxMemoryClients, 0, 0, math.MaxInt64, percent)
	t.int("lfu-log-factor", mutable, &a.LogFactor, 10, 0, maxInt32, plain)
	t.int("lfu-decay-time", mutable, &a.DecayTime, 1, 0, maxInt32, plain)
	t.int("hash-max-listpack-entries", mutable, &l.HashMaxListpackEntries, 512, 0, math.MaxInt64, plain).as("hash-max-ziplist-entries", t)
	t.int("hash-max-listpack-value", mutable, &l.HashMaxListpackValue, 64, 0, math.MaxInt64, plain).as("hash-max-ziplist-value", t)
	t.int("set-max-intset-entries", mutable, &l.SetMaxIntsetEntries, 512, 0, math.MaxInt64, plain)
	t.int("set-max-listpack-entries", mutable, &l.SetMaxListpackEntries, 128, 0, math.MaxInt64, plain)
	t.int("set-max-listpack-value", mutable, &l.SetMaxListpackValue, 64, 0, math.MaxInt64, plain)
	t.int("zset-max-listpack-entries", mutable, &l.ZSetMaxListpackEntries, 128, 0, math.MaxInt64, plain).as("zset-max-ziplist-entries", t)
	t.int("zset-max-listpack-value", mutable, &l.ZSetMaxListpackValue, 64, 0, math.MaxInt64, plain).as("zset-max-ziplist-value", t)
	t.int("list-max-listpack-size", mutable, &l.ListMaxListpackSize, -2, math.MinInt32, maxInt32, plain).as("list-max-ziplist-size", t)
	t.int("stream-node-max-bytes", mutable, &l.StreamNodeMaxBytes, 4096, 0, math.MaxInt64, memory)
	t.int("stream-node-max-entries", mutable, &l.StreamNodeMaxEntries, 100, 0, math.MaxInt64, plain)
	t.int("hll-sparse-max-bytes", mutable, &l.HLLSparseMaxBytes, 3000, 0, math.MaxInt64, memory)
}

func (s *Server) serverParams(t *params) {
	c := &s.config
	t.int("databases", immutable, &c.databases, 16, 1, 255, plain)
	t.int("hz", mutable, &c.hz, 10, 0, maxInt32, plain).then(func() error { c.hz = min(max(c.hz, 1), 500); return nil })
	t.text("dir", protected, &c.dir, ".").then(s.applyDir)
	t.bool("appendonly", mutable, &c.appendOnly, "no")
	t.int("min-replicas-to-write", mutable, &c.minReplicas, 0, 0, maxInt32, plain).as("min-slaves-to-write", t).then(s.applyWriteRefusal)
	t.int("min-replicas-max-lag", mutable, &c.minReplicasLag, 10, 0, maxInt32, plain).as("min-slaves-max-lag", t).then(s.applyWriteRefusal)
	t.enum("appendfsync", mutable, &c.appendFsync, "always", "everysec", "always", "no").then(s.applyFsync)
	t.int("slowlog-log-slower-than", mutable, &c.slowlogSlowerThan, 10000, -1, math.MaxInt64, plain).then(s.applyObservers)
	t.int("slowlog-max-len", mutable, &c.slowlogMaxLen, 128, 0, math.MaxInt64, plain).then(s.applySlowlogLen)
	t.int("latency-monitor-threshold", mutable, &c.latencyThreshold, 0, 0, math.MaxInt64, plain).then(s.applyObservers)
	t.bool("latency-tracking", mutable, &c.latencyTracking, "yes")
	t.words("latency-tracking-info-percentiles", mutable, &c.latencyPercentiles, "50 99 99.9", checkPercentiles)
	t.int("busy-reply-threshold", mutable, &c.busyThreshold, 5000, 0, math.MaxInt64, plain).as("lua-time-limit", t).then(s.applyScriptLimits)
	t.int("script-max-runtime", mutable, &c.scriptMaxRuntime, 0, 0, math.MaxInt64, plain).then(s.applyScriptLimits)
	t.int("script-debug-timeout", mutable, &c.scriptDebugTimeout, 300, 0, maxInt32, plain).then(s.applyScriptLimits)
	t.int("script-max-memory", mutable, &c.scriptMaxMemory, 256<<20, 0, math.MaxInt64, memory).then(s.applyScriptLimits)
	t.int("lua-max-script-size", mutable, &c.scriptMaxSource, scripting.DefaultLimits().MaxSource, 1, math.MaxInt64, memory).then(s.applyScriptLimits)
	t.bool("script-rollback", mutable, &c.scriptRollback, "no").then(s.applyScriptLimits)
	t.bool("multi-rollback", mutable, &c.multiRollback, "no")
	t.int("max-unit-bytes", mutable, &c.maxUnitBytes, 64<<20, 0, math.MaxInt64, memory).then(func() error { s.env.MaxUnit = c.maxUnitBytes; return nil })
	t.int("backup-keep", mutable, &c.backupKeep, 1, 0, maxInt32, plain)
	t.int("shutdown-timeout", mutable, &c.shutdownTimeout, 10, 0, maxInt32, plain)
	for name, p := range map[string]*string{"shutdown-on-sigint": &c.shutdownOnSigint, "shutdown-on-sigterm": &c.shutdownOnSigterm} {
		t.words(name, mutable, p, "default", checkShutdownFlags)
	}
	t.enum("enable-debug-command", immutable, &c.enableDebug, "no", "no", "yes", "local")
	t.enum("enable-protected-configs", immutable, &c.enableProtected, "no", "no", "yes", "local")
	t.bool("lazyfree-lazy-user-flush", mutable, &c.lazyUserFlush, "no")
	events := t.add("notify-keyspace-events", "", mutable, "", funcValue{
		put: func(words []string) error {
			classes, ok := engine.EventClass(0), len(words) == 1
			if ok {
				classes, ok = parseEventClasses(words[0])
			}
			if !ok {
				return configError("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
			}
			s.ks.Events().Selected = classes
			return nil
		},
		get: func() string { return eventClassText(s.ks.Events().Selected) },
	})
	events.multi = false
	t.words("save", mutable, nil, "", func(words []string) error {
		if len(words) == 1 && words[0] == "" {
			return nil
		}
		for i, w := range words {
			if n, err := strconv.Atoi(w); err != nil || n < 0 || n == 0 && i%2 == 0 || len(words)%2 != 0 {
				return configError("Invalid save parameters")
			}
		}
		return nil
	})
}

func checkPercentiles(words []string) error {
	for _, w := range words {
		if f, err := strconv.ParseFloat(w, 64); err != nil || f < 0 || f > 100 {
			return configError("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")
		}
	}
	return nil
}

func checkShutdownFlags(words []string) error {
	seen := map[string]bool{}
	for _, w := range words {
		w = strings.ToLower(w)
		if !slices.Contains([]string{"default", "save", "nosave", "now", "force"}, w) {
			return configError("argument(s) must be one of the following: default, save, nosave, now, force")
		}
		seen[w] = true
	}
	if seen["save"] && seen["nosave"] {
		return configError("cannot specify both save and nosave")
	}
	return nil
}

func (s *Server) applyMaxBulk() error {
	s.env.MaxBulk = s.config.protoMaxBulkLen
	for _, c := range s.clients {
		c.in.MaxBulk = s.config.protoMaxBulkLen
	}
	return nil
}

func (s *Server) applyDir() error {
	if err := os.Chdir(s.config.dir); err != nil {
		return configError(fmt.Sprintf("Can't chdir to directory: %v", err))
	}
	if abs, err := filepath.Abs("."); err == nil {
		s.config.dir = abs
	}
	return nil
}

func (s *Server) applyFsync() error {
	if s.store == nil {
		return nil
	}
	return s.store.SetFsync(s.config.appendFsync)
}

// eventLetters are the letters of notify-keyspace-events in the order in which CONFIG GET shows them.
var eventLetters = []struct {
	letter byte
	class  engine.EventClass
}{{'g', engine.EventGeneric}, {'$', engine.EventString}, {'l', engine.EventList}, {'s', engine.EventSet}, {'h', engine.EventHash},
	{'z', engine.EventZSet}, {'x', engine.EventExpired}, {'e', engine.EventEvicted}, {'t', engine.EventStream}, {'d', engine.EventModule},
	{'n', engine.EventNew}, {'K', engine.EventKeyspace}, {'E', engine.EventKeyevent}, {'m', engine.EventKeyMiss}}

const eventsAll = engine.EventGeneric | engine.EventString | engine.EventList | engine.EventSet | engine.EventHash | engine.EventZSet |
	engine.EventExpired | engine.EventEvicted | engine.EventStream | engine.EventModule

func parseEventClasses(text string) (engine.EventClass, bool) {
	classes := engine.EventClass(0)
	for i := range len(text) {
		if text[i] == 'A' {
			classes |= eventsAll
			continue
		}
		k := slices.IndexFunc(eventLetters, func(l struct {
			letter byte
			class  engine.EventClass
		}) bool {
			return l.letter == text[i]
		})
		if k < 0 {
			return 0, false
		}
		classes |= eventLetters[k].class
	}
	return classes, true
}

func eventClassText(classes engine.EventClass) string {
	var b []byte
	if classes&eventsAll == eventsAll {
		b = append(b, 'A')
		classes &^= eventsAll
	}
	for _, l := range eventLetters {
		if classes&l.class != 0 {
			b = append(b, l.letter)
		}
	}
	return string(b)
}
