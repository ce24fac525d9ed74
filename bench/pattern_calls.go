// This file is the table of what `evald bench --pattern` calls: for each function the case that its users meet most.
package bench

func lockCalls() []pattern {
	const held = "SET @l token PX 60000"
	const rheld = "FCALL rlock_acquire 1 @l w1 60000"
	const read = "FCALL rwlock_read 3 @r @w @q r1 60000"
	const permit = "FCALL sem_acquire 1 @s w1 5 1 60000"
	fair := []string{"FCALL fairlock_acquire 4 @l @q @a @s holder 600000 600000", "FCALL fairlock_acquire 4 @l @q @a @s w1 600000 600000"}
	three := []string{"SET @a token PX 60000", "SET @b token PX 60000", "SET @c token PX 60000"}
	return []pattern{
		{name: "lock_acquire", call: "@l @f | token~ 600000", calls: 2},
		{name: "lock_release", call: "@l | token", each: []string{held}, calls: 1},
		{name: "lock_extend", call: "@l | token 600000", each: []string{held}, calls: 1},
		{name: "lock_inspect", call: "@l @f |", each: []string{held, "SET @f 7"}, calls: 10},
		{name: "lock_force", call: "@l @f | token~ 600000", calls: 4},
		{name: "lock_acquire_many", call: "@a @b @c | token~ 600000", calls: 2},
		{name: "lock_release_many", call: "@a @b @c | token", each: three, calls: 1},
		{name: "lock_extend_many", call: "@a @b @c | token 600000", each: three, calls: 1},
		{name: "rlock_acquire", call: "@l | w1 600000", calls: 3},
		{name: "rlock_release", call: "@l | w1", each: []string{rheld}, calls: 1},
		{name: "rlock_extend", call: "@l | w1 600000", each: []string{rheld}, calls: 1},
		{name: "rwlock_read", call: "@r @w @q | r~ 600000", calls: 5},
		{name: "rwlock_write", call: "@r @w @q | w~ 600000 500", calls: 2},
		{name: "rwlock_release", call: "@r @w @q | r1 read", each: []string{read}, calls: 1},
		{name: "rwlock_extend", call: "@r @w @q | r1 600000 read", each: []string{read}, calls: 1},
		{name: "fairlock_acquire", call: "@l @q @a @s | w~ 600000 600000", calls: 4},
		{name: "fairlock_cancel", call: "@l @q @a | w1", also: "@s", each: fair, calls: 1},
		{name: "fairlock_release", call: "@l @q @a @s | holder", each: fair, calls: 1},
		{name: "sem_acquire", call: "@s | w~ 5 1 600000", calls: 10},
		{name: "sem_release", call: "@s | w1", each: []string{permit}, calls: 1},
		{name: "sem_refresh", call: "@s | w1 600000", each: []string{permit}, calls: 1},
		{name: "sem_inspect", call: "@s |", each: []string{permit}, calls: 10},
		{name: "leader_campaign", call: "@l @e | node~ 600000 10.0.0.1:80", calls: 4},
		{name: "leader_resign", call: "@l @e | node-1", each: []string{"FCALL leader_campaign 2 @l @e node-1 600000"}, calls: 1},
		{name: "latch_init", call: "@l | 3 600000", calls: 2},
		{name: "latch_down", call: "@l | w~", each: []string{"FCALL latch_init 1 @l 3 600000"}, calls: 4},
		{name: "latch_wait", call: "@l |", each: []string{"FCALL latch_init 1 @l 3 600000"}, calls: 10},
		{name: "barrier_arrive", call: "@b | w~ 3 600000", calls: 4},
		{name: "fence_check", call: "@m | 1~", calls: 5},
		{name: "fenced_set", call: "@m @v | 1~ value 600000", calls: 5},
	}
}

// Limits of 100, called 200 times each: half of the calls are admitted, half denied, however fast the server is.
func ratelimitCalls() []pattern {
	const hold = "FCALL rl_reserve 3 @b @h @c call-1 10 1000 1 600000 600000"
	return []pattern{
		{name: "rl_fixed", call: "@l | 100 600000 1", calls: 200},
		{name: "rl_sliding_log", call: "@l | 100 600000 1", calls: 200},
		{name: "rl_sliding_counter", call: "@l | 100 600000 1", calls: 200},
		{name: "rl_token_bucket", call: "@l | 100 1 600000 1", calls: 200},
		{name: "rl_gcra", call: "@l | 99 1 600000 1", calls: 200},
		{name: "rl_at_most", call: "@l | 99 1 600000 3", calls: 66},
		{name: "rl_leaky", call: "@l | 1 600000 60000000 1", calls: 200},
		{name: "rl_concurrency", call: "@h | req~ 10 600000", calls: 20},
		{name: "rl_multi", call: "@s @d | gcra 99 1 600000 1 fixed 1000 600000 0 1", calls: 200},
		{name: "rl_peek", call: "@l | gcra 99 1 600000", each: []string{"FCALL rl_gcra 1 @l 99 1 600000 50"}, calls: 10},
		{name: "rl_reset", call: "@l |", each: []string{"FCALL rl_gcra 1 @l 99 1 600000 1"}, calls: 1},
		{name: "rl_refund", call: "@l @r | gcra 99 1 600000", each: []string{"FCALL rl_gcra 2 @l @r 99 1 600000 1"}, calls: 1},
		{name: "rl_reserve", call: "@b @h @c | call~ 10 1000 1 600000 600000", calls: 200},
		{name: "rl_settle", call: "@b @h @c | call-1 7 1000 1 600000", each: []string{hold}, calls: 1},
		{name: "rl_cancel", call: "@b @h @c | call-1 1000 1 600000", each: []string{hold}, calls: 1},
		{name: "rl_penalty", call: "@s @b | 5 900000 1000 3600000", calls: 10},
	}
}

// A board of as many members as the keyspace, of which any is asked for.
func leaderboardCalls() []pattern {
	const board = "bench:{board}"
	const ten = " 1 a 2 b 3 c 4 d 5 e 6 f 7 g 8 h 9 i 10 j"
	const parts = "bench:{board} bench:{board}:m bench:{board}:d bench:{board}:c bench:{board}:f"
	return []pattern{
		{name: "lb_submit", call: board + " | - m:# ~ best desc 0 0", board: board},
		{name: "lb_submit mdf", call: parts + " | mdf m:# ~ best desc 0 0 name", calls: 2,
			each: []string{"FCALL lb_submit 5 " + parts + " mdf m:# # best desc 0 0 name"}},
		{name: "lb_submit_many", call: "bench:{board} bench:{board}:day | - best desc 0 0 1 m:# ~ 2 m:# ~", board: board},
		{name: "lb_top", call: board + " | - desc competition 10", board: board},
		{name: "lb_page", call: board + " | - desc competition # 10", board: board},
		{name: "lb_rank", call: board + " | - m:# desc competition", board: board},
		{name: "lb_around", call: board + " | - m:# 5 4 desc ordinal", board: board},
		{name: "lb_ranks_for", call: board + " | - desc competition m:# m:~ m:~ m:~ m:~ m:~ m:~ m:~ m:~ m:~", board: board},
		{name: "lb_by_score", call: board + " | - desc ordinal # inf 10", board: board},
		{name: "lb_percentile", call: board + " | desc #", board: board},
		{name: "lb_score_at", call: board + " | desc 9000", board: board},
		{name: "lb_remove", call: board + " | - m:#", board: board, calls: 1},
		{name: "lb_trim", call: "@b | - desc 1 100", each: []string{"ZADD @b 0 last" + ten}, calls: 1},
		{name: "lb_rollover", call: "@b @a | - 600000", each: []string{"ZADD @b" + ten}, calls: 1},
		{name: "lb_merge", call: "@d @x @y | - desc sum 1 1", each: []string{"ZADD @x" + ten, "ZADD @y" + ten}, calls: 10},
	}
}

func sessionCalls() []pattern {
	const a = "FCALL sess_create 2 @idx @a a 1800000 86400000 0 oldest name Ann theme dark"
	const b = "FCALL sess_create 2 @idx @b b 1800000 86400000 0 oldest name Ann theme dark"
	return []pattern{
		{name: "sess_create", call: "@idx @c | c 1800000 86400000 2 oldest name Ann theme dark", also: "@a @b", each: []string{a, b}, calls: 1},
		{name: "sess_get", call: "@a @idx | 1", each: []string{a}, calls: 10},
		{name: "sess_touch", call: "@a @idx | 0", each: []string{a}, calls: 10},
		{name: "sess_update", call: "@a @idx | -1 0 1 cart ~ 0", each: []string{a}, calls: 10},
		{name: "sess_destroy", call: "@a @idx | ", each: []string{a}, calls: 1},
		{name: "sess_destroy_all", call: `@idx @a @b | ""`, each: []string{a, b}, calls: 1},
		{name: "sess_list", call: "@idx | 100", also: "@a @b", each: []string{a, b}, calls: 10},
		{name: "sess_count", call: "@idx |", also: "@a @b", each: []string{a, b}, calls: 10},
		{name: "sess_rotate", call: "@a @n @idx | a n 5000", each: []string{a}, calls: 1},
		{name: "sess_flash_put", call: "@a @idx | notice Saved.", each: []string{a}, calls: 10},
		{name: "sess_flash_pop", call: "@a @idx | notice", each: []string{a, "FCALL sess_flash_put 2 @a @idx notice Saved."}, calls: 1},
	}
}

func cacheCalls() []pattern {
	const lease, fill = "FCALL cache_get_or_lease 1 @e load-1 600000", "FCALL cache_fill 1 @e load-1 value 600000 600000 0 120"
	const five = "@a @b @c @d @e"
	const leases = "FCALL cache_mget_or_lease 5 " + five + " load-1 600000"
	const values = "600000 600000 120 one 0 two 0 three 0 four 0 five 0"
	const written, put = "bench:{wb}:v bench:{wb}:d", "FCALL cache_wb_put 2 bench:{wb}:v bench:{wb}:d id# value 0"
	const tagged = "FCALL cache_tag_set 3 @e @t @u value 600000"
	return []pattern{
		{name: "cache_get_or_lease", call: "@e | load~ 600000", each: []string{lease, fill}, calls: 10},
		{name: "cache_get_or_lease miss", call: "@e | load~ 600000", calls: 1},
		{name: "cache_stats", call: "@s |", also: "@e", each: []string{"FCALL cache_get_or_lease 2 @e @s load-1 600000"}, calls: 10},
		{name: "cache_fill", call: "@e | load-1 value 600000 600000 0 120", each: []string{lease}, calls: 1},
		{name: "cache_abandon", call: "@e | load-1", each: []string{lease}, calls: 1},
		{name: "cache_invalidate", call: "@e | hard 600000", each: []string{lease, fill}, calls: 1},
		{name: "cache_mget_or_lease", call: five + " | load~ 600000", each: []string{leases, "FCALL cache_mfill 5 " + five + " load-1 " + values}, calls: 10},
		{name: "cache_mfill", call: five + " | load-1 " + values, each: []string{leases}, calls: 1},
		{name: "cache_get_xfetch", call: "@e | 1.0", each: []string{lease, fill}, calls: 10},
		{name: "cache_set_if_newer", call: "@e | 1~ value 600000", calls: 5},
		{name: "cache_cas", call: "@e | 0 value 600000", calls: 2},
		{name: "cache_wb_put", call: written + " | id# value 0", calls: 2},
		{name: "cache_wb_take", call: written + " | 1 600000", each: []string{put}, calls: 1},
		{name: "cache_wb_ack", call: written + " | id# 1#", each: []string{put}, calls: 1},
		{name: "cache_tag_set", call: "@e @t @u | value 600000", calls: 4},
		{name: "cache_tag_get", call: "@e @t @u |", each: []string{tagged}, calls: 10},
		{name: "cache_tag_bump", call: "@t | 600000", calls: 10},
	}
}

func utilCalls() []pattern {
	const queue = "bench:{q}:r bench:{q}:d bench:{q}:l bench:{q}:b bench:{q}:x"
	const push, claim = "FCALL queue_push 5 " + queue + " job# 0 0 5 payload", "FCALL queue_claim 5 " + queue + " 1 60000"
	const begin = "FCALL idem_begin 1 @r try-1 ab12 600000"
	const stock, hold = "SET @s 100", "FCALL stock_reserve 3 @s @h @q cart-1 2 600000"
	return []pattern{
		{name: "idem_begin", call: "@r | try~ ab12 600000", calls: 2},
		{name: "idem_complete", call: "@r | try-1 201 {} 600000", each: []string{begin}, calls: 1},
		{name: "idem_abort", call: "@r | try-1", each: []string{begin}, calls: 1},
		{name: "queue_push", call: queue + " | job# 0 0 5 payload", calls: 1},
		{name: "queue_claim", call: queue + " | 1 600000", each: []string{push}, calls: 1},
		{name: "queue_ack", call: queue + " | job# 1", each: []string{push, claim}, calls: 1},
		{name: "queue_nack", call: queue + " | job# 1 0", each: []string{push, claim}, calls: 1},
		{name: "queue_extend", call: queue + " | job# 1 600000", each: []string{push, claim}, calls: 1},
		{name: "queue_reap", call: queue + " | 1", each: []string{push, "FCALL queue_claim 5 " + queue + " 1 1"}, calls: 1},
		{name: "id_snowflake", call: "bench:{id} | 1 1", calls: 1},
		{name: "seq_block", call: "bench:{seq} | 100", calls: 1},
		{name: "dedup_seen", call: "@s | evt~ 600000", calls: 100},
		{name: "bloom_add", call: "@a @b | 1000 7 600000 evt~", calls: 50},
		{name: "bloom_check", call: "@a @b | 1000 7 evt~", each: []string{"FCALL bloom_add 2 @a @b 1000 7 600000 one two"}, calls: 10},
		{name: "hot_hit", call: "bench:{hot}:c bench:{hot}:e | item~ 1 100 600000", calls: 1},
		{name: "hot_top", call: "bench:{hot}:c bench:{hot}:e | 10", each: []string{"FCALL hot_hit 2 bench:{hot}:c bench:{hot}:e item# 1 100 600000"}, calls: 10},
		{name: "counter_bounded", call: "@c | 1 0 100 600000 0", calls: 200},
		{name: "counter_decay", call: "@c | 1 60000", calls: 10},
		{name: "stock_reserve", call: "@s @h @q | cart~ 1 600000", each: []string{stock}, calls: 200},
		{name: "stock_commit", call: "@s @h @q | cart-1", each: []string{stock, hold}, calls: 1},
		{name: "stock_cancel", call: "@s @h @q | cart-1", each: []string{stock, hold}, calls: 1},
		{name: "stock_reap", call: "@s @h @q | 10", each: []string{stock, "FCALL stock_reserve 3 @s @h @q cart-1 2 1"}, calls: 1},
		{name: "once", call: "@m | 600000", calls: 2},
	}
}
