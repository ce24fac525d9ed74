package server

import "math"

// acceptedParams are parameters of redis.conf that this server has nothing to act on for: they concern RDB and AOF files, fork,
// replication, cluster, TLS and the allocator. They are accepted, checked, kept and shown, so that configuration files, clients and
// test suites that name them go on.
func acceptedParams(t *params) {
	for _, p := range []struct {
		name string
		m    mode
		def  string
	}{
		{"activedefrag", mutable, "no"}, {"activerehashing", mutable, "yes"}, {"always-show-logo", immutable, "no"},
		{"aof-disable-auto-gc", mutable, "no"}, {"aof-load-truncated", mutable, "yes"}, {"aof-rewrite-incremental-fsync", mutable, "yes"},
		{"aof-timestamp-enabled", mutable, "no"}, {"aof-use-rdb-preamble", mutable, "yes"}, {"cluster-allow-pubsubshard-when-down", mutable, "yes"},
		{"cluster-allow-reads-when-down", mutable, "no"}, {"cluster-allow-replica-migration", mutable, "yes"}, {"cluster-enabled", immutable, "no"},
		{"cluster-replica-no-failover", mutable, "no"}, {"cluster-require-full-coverage", mutable, "yes"}, {"crash-log-enabled", mutable, "yes"},
		{"crash-memcheck-enabled", mutable, "yes"}, {"daemonize", immutable, "no"}, {"disable-thp", immutable, "yes"}, {"dynamic-hz", mutable, "yes"},
		{"io-threads-do-reads", immutable, "no"}, {"jemalloc-bg-thread", mutable, "yes"}, {"lazyfree-lazy-eviction", mutable, "no"},
		{"lazyfree-lazy-expire", mutable, "no"}, {"lazyfree-lazy-server-del", mutable, "no"}, {"lazyfree-lazy-user-del", mutable, "no"},
		{"no-appendfsync-on-rewrite", mutable, "no"}, {"rdb-del-sync-files", mutable, "no"}, {"rdb-save-incremental-fsync", mutable, "yes"},
		{"rdbchecksum", immutable, "yes"}, {"rdbcompression", mutable, "yes"}, {"repl-disable-tcp-nodelay", mutable, "no"},
		{"repl-diskless-sync", mutable, "yes"}, {"replica-announced", mutable, "yes"}, {"replica-ignore-disk-write-errors", mutable, "no"},
		{"replica-ignore-maxmemory", mutable, "yes"}, {"replica-lazy-flush", mutable, "no"}, {"replica-read-only", mutable, "yes"},
		{"replica-serve-stale-data", mutable, "yes"}, {"set-proc-title", immutable, "yes"}, {"stop-writes-on-bgsave-error", mutable, "yes"},
		{"syslog-enabled", immutable, "no"}, {"tls-cluster", mutable, "no"}, {"tls-prefer-server-ciphers", mutable, "no"},
		{"tls-replication", mutable, "no"}, {"tls-session-caching", mutable, "yes"}, {"lua-enable-insecure-api", mutable, "no"},
	} {
		t.bool(p.name, p.m, nil, p.def)
	}
	for _, p := range []struct {
		name        string
		m           mode
		def, lo, hi int
		unit        intUnit
	}{
		{"active-defrag-cycle-max", mutable, 25, 1, 99, plain}, {"active-defrag-cycle-min", mutable, 1, 1, 99, plain},
		{"active-defrag-ignore-bytes", mutable, 100 << 20, 1, math.MaxInt64, memory}, {"active-defrag-max-scan-fields", mutable, 1000, 1, math.MaxInt64, plain},
		{"active-defrag-threshold-lower", mutable, 10, 0, 1000, plain}, {"active-defrag-threshold-upper", mutable, 100, 0, 1000, plain},
		{"active-expire-effort", mutable, 1, 1, 10, plain}, {"auto-aof-rewrite-min-size", mutable, 64 << 20, 0, math.MaxInt64, memory},
		{"auto-aof-rewrite-percentage", mutable, 100, 0, maxInt32, plain}, {"cluster-announce-bus-port", mutable, 0, 0, 65535, plain},
		{"cluster-announce-port", mutable, 0, 0, 65535, plain}, {"cluster-announce-tls-port", mutable, 0, 0, 65535, plain},
		{"cluster-link-sendbuf-limit", mutable, 0, 0, math.MaxInt64, memory}, {"cluster-migration-barrier", mutable, 1, 0, maxInt32, plain},
		{"cluster-node-timeout", mutable, 15000, 0, math.MaxInt64, plain}, {"cluster-port", immutable, 0, 0, 65535, plain},
		{"cluster-replica-validity-factor", mutable, 10, 0, maxInt32, plain}, {"io-threads", immutable, 1, 1, 128, plain},
		{"list-compress-depth", mutable, 0, 0, maxInt32, plain},
		{"repl-backlog-size", mutable, 1 << 20, 1, math.MaxInt64, memory},
		{"repl-backlog-ttl", mutable, 3600, 0, math.MaxInt64, plain}, {"repl-diskless-sync-delay", mutable, 5, 0, maxInt32, plain},
		{"repl-diskless-sync-max-replicas", mutable, 0, 0, maxInt32, plain}, {"repl-ping-replica-period", mutable, 10, 1, maxInt32, plain},
		{"repl-timeout", mutable, 60, 1, maxInt32, plain}, {"replica-announce-port", mutable, 0, 0, 65535, plain},
		{"replica-priority", mutable, 100, 0, maxInt32, plain}, {"socket-mark-id", immutable, 0, 0, math.MaxUint32, plain},
		{"tls-port", immutable, 0, 0, 65535, plain}, {"tls-session-cache-size", mutable, 20480, 0, maxInt32, plain},
		{"tls-session-cache-timeout", mutable, 300, 0, maxInt32, plain}, {"max-new-connections-per-cycle", mutable, 10, 1, 1000, plain},
		{"max-new-tls-connections-per-cycle", mutable, 1, 1, 1000, plain},
	} {
		t.int(p.name, p.m, nil, p.def, p.lo, p.hi, p.unit)
	}
	for _, p := range []struct {
		name string
		m    mode
		def  string
	}{
		{"aof_rewrite_cpulist", immutable, ""}, {"appenddirname", immutable, "appendonlydir"}, {"appendfilename", immutable, "appendonly.aof"},
		{"bgsave_cpulist", immutable, ""}, {"bind-source-addr", mutable, ""}, {"bio_cpulist", immutable, ""}, {"cluster-announce-hostname", mutable, ""},
		{"cluster-announce-human-nodename", mutable, ""}, {"cluster-announce-ip", mutable, ""}, {"cluster-config-file", immutable, "nodes.conf"},
		{"dbfilename", protected, "dump.rdb"}, {"ignore-warnings", mutable, ""}, {"locale-collate", mutable, ""}, {"logfile", immutable, ""},
		{"masterauth", mutable, ""}, {"masteruser", mutable, ""}, {"pidfile", immutable, ""},
		{"proc-title-template", mutable, "{title} {listen-addr} {server-mode}"}, {"replica-announce-ip", mutable, ""}, {"server_cpulist", immutable, ""},
		{"syslog-ident", immutable, "redis"}, {"tls-ca-cert-dir", mutable, ""}, {"tls-ca-cert-file", mutable, ""}, {"tls-cert-file", mutable, ""},
		{"tls-ciphers", mutable, ""}, {"tls-ciphersuites", mutable, ""}, {"tls-client-cert-file", mutable, ""}, {"tls-client-key-file", mutable, ""},
		{"tls-client-key-file-pass", mutable, ""}, {"tls-dh-params-file", mutable, ""}, {"tls-key-file", mutable, ""}, {"tls-key-file-pass", mutable, ""},
		{"tls-protocols", mutable, ""},
	} {
		t.text(p.name, p.m, nil, p.def)
	}
	for _, name := range []string{"key-load-delay", "rdb-key-save-delay", "watchdog-period", "loading-process-events-interval-bytes"} { // for Redis's own tests
		t.int(name, mutable, nil, 0, math.MinInt32, math.MaxInt64, plain).hidden = true
	}
	t.words("replicaof", immutable, nil, "", nil).as("slaveof", t)
	t.words("oom-score-adj-values", mutable, nil, "0 200 800", func(words []string) error {
		if len(words) != 3 {
			return errWords
		}
		return nil
	})
	t.enum("cluster-preferred-endpoint-type", mutable, nil, "ip", "ip", "hostname", "unknown-endpoint")
	t.enum("enable-module-command", immutable, nil, "no", "no", "yes", "local")
	t.enum("loglevel", mutable, nil, "notice", "debug", "verbose", "notice", "warning", "nothing")
	t.enum("oom-score-adj", mutable, nil, "no", "no", "yes", "relative", "absolute")
	t.enum("propagation-error-behavior", mutable, nil, "ignore", "ignore", "panic", "panic-on-replicas")
	t.enum("repl-diskless-load", mutable, nil, "disabled", "disabled", "on-empty-db", "swapdb", "flush-before-load")
	t.enum("sanitize-dump-payload", mutable, nil, "no", "no", "yes", "clients")
	t.enum("supervised", immutable, nil, "no", "upstart", "systemd", "auto", "no")
	t.enum("syslog-facility", immutable, nil, "local0", "user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7")
	t.enum("tls-auth-clients", mutable, nil, "yes", "no", "yes", "optional")
	for name, alias := range map[string]string{"cluster-replica-no-failover": "cluster-slave-no-failover",
		"cluster-replica-validity-factor": "cluster-slave-validity-factor",
		"repl-ping-replica-period":        "repl-ping-slave-period",
		"replica-announce-ip":             "slave-announce-ip", "replica-announce-port": "slave-announce-port",
		"replica-ignore-maxmemory": "slave-ignore-maxmemory", "replica-lazy-flush": "slave-lazy-flush", "replica-priority": "slave-priority",
		"replica-read-only": "slave-read-only", "replica-serve-stale-data": "slave-serve-stale-data"} {
		t.byName[name].as(alias, t)
	}
}
