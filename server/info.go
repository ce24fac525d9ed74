package server

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/evald/evald/engine/command"
)

// infoSections are the sections of INFO in order; those after the mark are shown only with "all", "everything" or by name.
var infoSections = []struct {
	name    string
	extra   bool
	write   func(s *Server, b *strings.Builder)
	heading string
}{
	{"server", false, (*Server).infoServer, "Server"},
	{"clients", false, (*Server).infoClients, "Clients"},
	{"memory", false, (*Server).infoMemory, "Memory"},
	{"persistence", false, (*Server).infoPersistence, "Persistence"},
	{"stats", false, (*Server).infoStats, "Stats"},
	{"replication", false, (*Server).infoReplication, "Replication"},
	{"cpu", false, (*Server).infoCPU, "CPU"},
	{"modules", false, func(*Server, *strings.Builder) {}, "Modules"},
	{"commandstats", true, (*Server).infoCommandStats, "Commandstats"},
	{"errorstats", false, (*Server).infoErrorStats, "Errorstats"},
	{"latencystats", true, (*Server).infoLatencyStats, "Latencystats"},
	{"cluster", false, func(_ *Server, b *strings.Builder) { b.WriteString("cluster_enabled:0\r\n") }, "Cluster"},
	{"keyspace", false, (*Server).infoKeyspace, "Keyspace"},
}

func (s *Server) info(x *command.Ctx) error {
	s.ks.ReadAll()
	want := map[string]bool{}
	for _, a := range x.Args[1:] {
		want[strings.ToLower(string(a))] = true
	}
	var b strings.Builder
	for _, sec := range infoSections {
		if !(want[sec.name] || want["all"] || want["everything"] || (len(want) == 0 || want["default"]) && !sec.extra) {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString("# " + sec.heading + "\r\n")
		sec.write(s, &b)
	}
	x.Reply.Verbatim("txt", b.String())
	return nil
}

func human(n int64) string {
	switch f := float64(n); {
	case n < 1<<10:
		return fmt.Sprintf("%dB", n)
	case n < 1<<20:
		return fmt.Sprintf("%.2fK", f/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.2fM", f/(1<<20))
	case n < 1<<40:
		return fmt.Sprintf("%.2fG", f/(1<<30))
	default:
		return fmt.Sprintf("%.2fT", f/(1<<40))
	}
}

func (s *Server) infoServer(b *strings.Builder) {
	uptime := (s.ms - s.started) / 1000
	exe, _ := os.Executable()
	fmt.Fprintf(b, "redis_version:%s\r\nevald_version:%s\r\nserver_name:evald\r\nredis_git_sha1:00000000\r\nredis_git_dirty:0\r\nredis_build_id:0\r\nredis_mode:standalone\r\n"+
		"os:%s\r\narch_bits:%d\r\nmonotonic_clock:go\r\nmultiplexing_api:%s\r\nprocess_id:%d\r\nprocess_supervised:no\r\nrun_id:%s\r\ntcp_port:%d\r\n"+
		"server_time_usec:%d\r\nuptime_in_seconds:%d\r\nuptime_in_days:%d\r\nhz:%d\r\nconfigured_hz:%d\r\nlru_clock:%d\r\nexecutable:%s\r\nconfig_file:%s\r\nio_threads_active:0\r\n",
		redisVersion, evaldVersion, systemName(), 32<<(^uint(0)>>63), pollerName, os.Getpid(), s.runID, s.config.port,
		s.us, uptime, uptime/86400, s.config.hz, s.config.hz, s.ms/1000&(1<<24-1), exe, s.opts.ConfigFile)
}

func (s *Server) infoClients(b *strings.Builder) {
	maxIn, maxOut, pubsub, blocked := 0, 0, 0, s.waits.count
	for _, c := range s.clients {
		used, _ := c.in.Buffered()
		maxIn, maxOut = max(maxIn, used), max(maxOut, c.unsent())
		if c.subs.count() > 0 {
			pubsub++
		}
		if c.flags&isPaused != 0 {
			blocked++
		}
	}
	watching := 0
	for _, c := range s.clients {
		if len(c.watched) > 0 {
			watching++
		}
	}
	fmt.Fprintf(b, "connected_clients:%d\r\ncluster_connections:0\r\nmaxclients:%d\r\nclient_recent_max_input_buffer:%d\r\nclient_recent_max_output_buffer:%d\r\n"+
		"blocked_clients:%d\r\ntracking_clients:%d\r\npubsub_clients:%d\r\nwatching_clients:%d\r\nclients_in_timeout_table:%d\r\ntotal_watched_keys:%d\r\ntotal_blocking_keys:%d\r\ntotal_blocking_keys_on_nokey:%d\r\n",
		len(s.clients), s.config.maxClients, maxIn, maxOut, blocked, s.tracked.clients, pubsub, watching, len(s.waits.timers), len(s.watches.byKey), len(s.waits.byKey), s.waits.goneKeys())
}

func (s *Server) infoMemory(b *strings.Builder) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s.measureMemory()
	// What a server without data takes is used memory, but maxmemory does not bound it.
	used, rss, peak := s.startup+s.usedMemory(), residentSize(), s.startup+s.stats.peakMemory
	data, normal := s.ks.UsedMemory(), s.clientMemory
	overhead, system := used-data, systemMemory()
	policy := s.config.maxMemoryPolicy
	held := m.HeapSys - m.HeapReleased
	ratio := float64(rss) / float64(max(used, 1))
	fmt.Fprintf(b, "used_memory:%d\r\nused_memory_human:%s\r\nused_memory_rss:%d\r\nused_memory_rss_human:%s\r\nused_memory_peak:%d\r\nused_memory_peak_human:%s\r\n"+
		"used_memory_peak_perc:%.2f%%\r\nused_memory_overhead:%d\r\nused_memory_startup:%d\r\nused_memory_dataset:%d\r\nused_memory_dataset_perc:%.2f%%\r\n",
		used, human(used), rss, human(rss), peak, human(peak), 100*float64(used)/float64(max(peak, 1)),
		overhead, s.startup, data, 100*float64(data)/float64(max(used-s.startup, 1)))
	fmt.Fprintf(b, "allocator_allocated:%d\r\nallocator_active:%d\r\nallocator_resident:%d\r\ntotal_system_memory:%d\r\ntotal_system_memory_human:%s\r\n",
		m.HeapAlloc, m.HeapInuse, held, system, human(system))
	in := s.scripts.Info()
	// One VM runs scripts and functions: its memory stands under EVAL.
	fmt.Fprintf(b, "used_memory_lua:%d\r\nused_memory_vm_eval:%d\r\nused_memory_lua_human:%s\r\nused_memory_scripts_eval:%d\r\nnumber_of_cached_scripts:%d\r\n"+
		"number_of_functions:%d\r\nnumber_of_libraries:%d\r\nused_memory_vm_functions:0\r\nused_memory_vm_total:%d\r\nused_memory_vm_total_human:%s\r\n"+
		"used_memory_functions:%d\r\nused_memory_scripts:%d\r\nused_memory_scripts_human:%s\r\n",
		in.Memory, in.Memory, human(in.Memory), in.ScriptBytes, in.Scripts, in.Functions, in.Libraries, in.Memory, human(in.Memory),
		in.LibraryBytes, in.ScriptBytes+in.LibraryBytes, human(in.ScriptBytes+in.LibraryBytes))
	fmt.Fprintf(b, "maxmemory:%d\r\nmaxmemory_human:%s\r\nmaxmemory_policy:%s\r\nallocator_frag_ratio:%.2f\r\nallocator_frag_bytes:%d\r\nallocator_rss_ratio:%.2f\r\nallocator_rss_bytes:%d\r\nrss_overhead_ratio:%.2f\r\nrss_overhead_bytes:%d\r\nmem_fragmentation_ratio:%.2f\r\n"+
		"mem_fragmentation_bytes:%d\r\nmem_not_counted_for_evict:%d\r\nmem_replication_backlog:0\r\nmem_total_replication_buffers:0\r\nmem_clients_slaves:0\r\nmem_clients_normal:%d\r\n"+
		"mem_cluster_links:0\r\nmem_aof_buffer:0\r\nmem_allocator:go\r\nactive_defrag_running:0\r\nlazyfree_pending_objects:0\r\nlazyfreed_objects:%d\r\ngc_cycles:%d\r\n",
		s.config.maxMemory, human(int64(s.config.maxMemory)), policy, float64(m.HeapInuse)/float64(max(m.HeapAlloc, 1)), m.HeapInuse-m.HeapAlloc,
		float64(held)/float64(max(m.HeapInuse, 1)), held-m.HeapInuse, float64(rss)/float64(max(held, 1)), rss-int64(held), ratio, rss-used,
		s.startup, normal, s.ks.Stats().LazyFreed, m.NumGC)
}

func (s *Server) infoPersistence(b *strings.Builder) {
	loading := 0
	if s.loading() {
		loading = 1
	}
	saving, status, last, current := 0, "ok", -1, -1
	if s.saving.done != nil {
		saving, current = 1, int(time.Since(s.saving.began).Seconds())
	}
	if s.saving.failed {
		status = "err"
	}
	if s.saving.last > 0 {
		last = int(s.saving.last.Seconds())
	}
	fmt.Fprintf(b, "loading:%d\r\nasync_loading:0\r\ncurrent_cow_peak:0\r\ncurrent_cow_size:0\r\ncurrent_cow_size_age:0\r\ncurrent_fork_perc:0.00\r\ncurrent_save_keys_processed:0\r\ncurrent_save_keys_total:0\r\n"+
		"rdb_changes_since_last_save:%d\r\nrdb_bgsave_in_progress:%d\r\nrdb_last_save_time:%d\r\nrdb_last_bgsave_status:%s\r\nrdb_last_bgsave_time_sec:%d\r\n"+
		"rdb_current_bgsave_time_sec:%d\r\nrdb_saves:%d\r\nrdb_last_cow_size:0\r\nrdb_last_load_keys_expired:0\r\nrdb_last_load_keys_loaded:%d\r\naof_enabled:0\r\naof_rewrite_in_progress:0\r\n"+
		"aof_rewrite_scheduled:0\r\naof_last_rewrite_time_sec:-1\r\naof_current_rewrite_time_sec:-1\r\naof_last_bgrewrite_status:ok\r\naof_last_write_status:ok\r\naof_last_cow_size:0\r\naof_rewrites:0\r\naof_rewrites_consecutive_failures:0\r\nmodule_fork_in_progress:0\r\nmodule_fork_last_cow_size:0\r\n",
		loading, s.ks.Stats().Dirty-s.stats.savedDirty, saving, s.stats.lastSave, status, last, current, s.saving.finished, s.stats.loadDone)
	if s.loading() {
		done, total := float64(s.stats.loadDone), float64(max(s.stats.loadTotal, 1))
		eta := 1.0 // as Redis says while nothing is known: clients take 0 for ready
		if done > 0 {
			eta = max(1, float64(s.us-s.stats.loadStart)/1e6*(total-done)/done)
		}
		fmt.Fprintf(b, "loading_start_time:%d\r\nloading_loaded_rows:%d\r\nloading_total_rows:%d\r\nloading_loaded_perc:%.2f\r\nloading_eta_seconds:%.0f\r\n",
			s.stats.loadStart/1e6, s.stats.loadDone, s.stats.loadTotal, 100*done/total, eta)
	}
	durable := 0
	if s.store != nil {
		durable = 1
	}
	fmt.Fprintf(b, "durable:%d\r\n", durable)
	if s.store != nil {
		fmt.Fprintf(b, "durable_turn:%d\r\ncurrent_turn:%d\r\nheld_clients:%d\r\n", s.durable, s.ks.Turn(), len(s.held))
		b.Write(s.store.AppendInfo(nil))
	}
}

func (s *Server) infoStats(b *strings.Builder) {
	st, ks := &s.stats, s.ks.Stats()
	prefixes := 0
	for c := range s.tracked.bcast {
		prefixes += len(c.tracking.prefixes)
	}
	items := 0
	for _, ids := range s.tracked.keys {
		items += len(ids)
	}
	fmt.Fprintf(b, "total_connections_received:%d\r\ntotal_commands_processed:%d\r\ninstantaneous_ops_per_sec:%d\r\ntotal_net_input_bytes:%d\r\ntotal_net_output_bytes:%d\r\n"+
		"total_net_repl_input_bytes:0\r\ntotal_net_repl_output_bytes:0\r\ninstantaneous_input_kbps:%.2f\r\ninstantaneous_output_kbps:%.2f\r\ninstantaneous_input_repl_kbps:0.00\r\ninstantaneous_output_repl_kbps:0.00\r\nrejected_connections:%d\r\n"+
		"sync_full:0\r\nsync_partial_ok:0\r\nsync_partial_err:0\r\nexpired_keys:%d\r\nexpired_subkeys:%d\r\nexpired_stale_perc:0.00\r\nexpired_time_cap_reached_count:%d\r\nexpire_cycle_cpu_milliseconds:0\r\n"+
		"evicted_keys:%d\r\nevicted_clients:%d\r\ntotal_eviction_exceeded_time:0\r\ncurrent_eviction_exceeded_time:0\r\nkeyspace_hits:%d\r\nkeyspace_misses:%d\r\n",
		st.connections, s.totalCommands(), int(st.commandsRate.mean()+0.5), st.bytesIn, st.bytesOut, st.inRate.mean()/1024, st.outRate.mean()/1024,
		st.rejectedConnections, ks.Expired, ks.ExpiredFields, ks.ExpiredTimeCapCount, ks.Evicted, st.evictedClients, ks.Hits, ks.Misses)
	fmt.Fprintf(b, "pubsub_channels:%d\r\npubsub_patterns:%d\r\npubsubshard_channels:%d\r\nlatest_fork_usec:0\r\ntotal_forks:0\r\nmigrate_cached_sockets:0\r\nslave_expires_tracked_keys:0\r\n"+
		"active_defrag_hits:0\r\nactive_defrag_misses:0\r\nactive_defrag_key_hits:0\r\nactive_defrag_key_misses:0\r\ntotal_active_defrag_time:0\r\ncurrent_active_defrag_time:0\r\n"+
		"tracking_total_keys:%d\r\ntracking_total_items:%d\r\ntracking_total_prefixes:%d\r\nunexpected_error_replies:0\r\ntotal_error_replies:%d\r\ndump_payload_sanitizations:0\r\n"+
		"total_reads_processed:0\r\ntotal_writes_processed:0\r\nio_threaded_reads_processed:0\r\nio_threaded_writes_processed:0\r\nclient_query_buffer_limit_disconnections:%d\r\n"+
		"client_output_buffer_limit_disconnections:%d\r\nreply_buffer_shrinks:0\r\nreply_buffer_expands:0\r\nacl_access_denied_auth:%d\r\nacl_access_denied_cmd:%d\r\n"+
		"acl_access_denied_key:%d\r\nacl_access_denied_channel:%d\r\nunits_rolled_back:%d\r\nevicted_scripts:%d\r\n",
		len(s.hub.channels), len(s.hub.patterns), len(s.hub.shards), len(s.tracked.keys), items, prefixes, st.errors, st.queryBufferDisconnects,
		st.outputBufferDisconnects, st.aclDenied[aclAuth-1], st.aclDenied[aclCommand-1], st.aclDenied[aclKey-1], st.aclDenied[aclChannel-1], ks.RolledBack, s.scripts.Info().EvictedScripts)
}

func (s *Server) infoReplication(b *strings.Builder) {
	fmt.Fprintf(b, "role:master\r\nconnected_slaves:0\r\nmaster_failover_state:no-failover\r\nmaster_replid:%s\r\nmaster_replid2:%s\r\nmaster_repl_offset:0\r\n"+
		"second_repl_offset:-1\r\nrepl_backlog_active:0\r\nrepl_backlog_size:1048576\r\nrepl_backlog_first_byte_offset:0\r\nrepl_backlog_histlen:0\r\n",
		s.runID, strings.Repeat("0", 40))
}

func (s *Server) infoCPU(b *strings.Builder) {
	sys, user := cpuTime()
	fmt.Fprintf(b, "used_cpu_sys:%.6f\r\nused_cpu_user:%.6f\r\nused_cpu_sys_children:0.000000\r\nused_cpu_user_children:0.000000\r\n", sys, user)
}

func (s *Server) infoCommandStats(b *strings.Builder) {
	for _, spec := range s.table.All() {
		if u := spec.Usage(); u.Calls > 0 || u.Rejected > 0 || u.Failed > 0 {
			perCall := 0.0
			if u.Calls > 0 {
				perCall = float64(u.Nanos) / 1000 / float64(u.Calls)
			}
			fmt.Fprintf(b, "cmdstat_%s:calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d\r\n",
				spec.FullName(), u.Calls, u.Nanos/1000, perCall, u.Rejected, u.Failed)
		}
	}
}

func (s *Server) infoErrorStats(b *strings.Builder) {
	for _, code := range sortedNames(s.stats.errorCodes) {
		fmt.Fprintf(b, "errorstat_%s:count=%d\r\n", code, *s.stats.errorCodes[code])
	}
}

func (s *Server) infoLatencyStats(b *strings.Builder) {
	if !s.config.latencyTracking {
		return
	}
	for _, spec := range s.table.All() {
		u := spec.Usage()
		if u.Calls == 0 || u.Buckets == nil {
			continue
		}
		fmt.Fprintf(b, "latency_percentiles_usec_%s:", spec.FullName())
		for i, text := range strings.Fields(s.config.latencyPercentiles) {
			if i > 0 {
				b.WriteByte(',')
			}
			var p float64
			fmt.Sscan(text, &p)
			fmt.Fprintf(b, "p%s=%.3f", text, percentile(u, p))
		}
		b.WriteString("\r\n")
	}
}

// percentile is in us.
func percentile(u *command.Usage, p float64) float64 {
	total := uint64(0)
	for _, n := range u.Buckets {
		total += uint64(n)
	}
	rank, seen := uint64(p/100*float64(total)+0.5), uint64(0)
	for i, n := range u.Buckets {
		if seen += uint64(n); n > 0 && seen >= max(rank, 1) {
			return float64(command.BucketLimit(i)) / 1000
		}
	}
	return 0
}

func (s *Server) infoKeyspace(b *strings.Builder) {
	for i := range s.ks.Databases() {
		if db := s.ks.DB(i); db.Len() > 0 {
			fmt.Fprintf(b, "db%d:keys=%d,expires=%d,avg_ttl=%d,subexpiry=%d\r\n", i, db.Len(), db.Expires(), db.AvgTTL(), db.FieldExpires())
		}
	}
}
