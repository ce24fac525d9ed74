// The rules that depend on what a function means, over all functions: a refused call writes nothing and says exactly when it would
// not be refused; the same call twice has the effect of one. Every function stands in each table or in the list of those to which
// the rule does not apply.
package patterns

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/evald/evald/scripts"
)

// rule is one case. Calls are "name keys | args" in words; @x is short for the key x:{r}, "" is empty. A name in capitals is a
// command. Calls before the case are separated by ";". In a reply * is any number. Times are short, for a clock that the test
// moves; where the clock runs by itself, those of 30 to 1000 ms are as many seconds.
type rule struct {
	name, before, call string
	want               string // the reply; of a second call, where there are two
	retry              int    // place of the time in the reply after which the call is not refused, from 1; 0: there is none
}

const (
	aBoard   = "@z @m @d @c @f"
	aQueue   = "@r @d @l @b @x"
	aStock   = "@s @h @q"
	aSession = "sess_create @idx @s | s 60000 60000 0 oldest"
)

// refusals are calls that are refused, or find nothing to do.
func refusals() []rule {
	return []rule{
		{"barrier_arrive", "barrier_arrive @b | a 2 60000", "@b | a 2 60000", "[0 1]", 0},
		{"fairlock_acquire", "fairlock_acquire @l @q @a @s | a 60 1000", "@l @q @a @s | b 60 0", "[0 0 *]", 3},
		{"fairlock_cancel", "fairlock_acquire @l @q @a @s | a 60 1000", "@l @q @a | b", "0", 0},
		{"fairlock_release", "fairlock_acquire @l @q @a @s | a 60 1000", "@l @q @a @s | b", "0", 0},
		{"fence_check", "fence_check @m | 9", "@m | 8", "[0 9]", 0},
		{"fenced_set", "fenced_set @m @v | 9 new", "@m @v | 8 old", "[0 9]", 0},
		{"latch_down", "latch_init @l | 2 60000; latch_down @l | a", "@l | a", "[0 1]", 0},
		{"latch_init", "latch_init @l | 2 60000", "@l | 3 60", "[0 2]", 0},
		{"leader_campaign", "leader_campaign @l @e | a 60 here", "@l @e | b 60", "[0 1 a * here]", 0},
		{"leader_resign", "leader_campaign @l @e | a 60 here", "@l @e | b", "0", 0},
		{"lock_acquire", "lock_acquire @l @f | a 60", "@l @f | b 60", "[0 0 *]", 0},
		{"lock_acquire_many", "lock_acquire @b | a 60", "@a @b | b 60", "[0 2 *]", 0},
		{"lock_extend", "lock_acquire @l @f | a 60", "@l | b 60", "[0 0]", 0},
		{"lock_extend_many", "lock_acquire @b | a 60; lock_acquire @a | b 60", "@a @b | b 600", "[0 2]", 0},
		{"lock_release", "lock_acquire @l | a 60", "@l | b", "0", 0},
		{"lock_release_many", "lock_acquire @l | a 60", "@l @x | b", "[0 1]", 0},
		{"rlock_acquire", "rlock_acquire @l | a 60", "@l | b 60", "[0 0 *]", 0},
		{"rlock_extend", "rlock_acquire @l | a 60", "@l | b 600", "[0 0]", 0},
		{"rlock_release", "rlock_acquire @l | a 60", "@l | b", "-1", 0},
		{"rwlock_extend", "rwlock_read @r @w @q | a 60", "@r @w @q | b 600 read", "[-1 0]", 0},
		{"rwlock_extend", "rwlock_write @r @w @q | a 60", "@r @w @q | b 600 write", "[-1 0]", 0},
		{"rwlock_read", "rwlock_write @r @w @q | a 60", "@r @w @q | b 60", "[0 *]", 2},
		{"rwlock_release", "rwlock_read @r @w @q | a 60", "@r @w @q | b read", "-1", 0},
		{"rwlock_write", "rwlock_write @r @w @q | a 60", "@r @w @q | b 60", "[0 *]", 2},
		{"rwlock_write", "rwlock_read @r @w @q | a 60", "@r @w @q | b 60", "[0 *]", 2},
		{"sem_acquire", "sem_acquire @s | a 1 1 60", "@s | b 1 1 60", "[0 1 *]", 3},
		{"sem_acquire", "sem_acquire @s @w | a 5 3 60; sem_acquire @s @w | b 5 2 40", "@s @w | c 5 4 60", "[0 * *]", 3},
		{"sem_refresh", "sem_acquire @s | a 1 1 60", "@s | b 600", "[-1 0]", 0},
		{"sem_release", "sem_acquire @s | a 1 1 60", "@s | b", "-1", 0},

		{"rl_at_most", "rl_gcra @l | 2 3 90 3", "@l | 2 3 90 2", "[0 1 3 0 * *]", 5},
		{"rl_cancel", "rl_reserve @b @h @c | a 5 10 1 60 600", "@b @h @c | b 10 1 60", "[0 0 5]", 0},
		{"rl_concurrency", "rl_concurrency @h | a 1 60", "@h | b 1 60", "[1 1 0 * *]", 4},
		{"rl_fixed", "rl_fixed @l | 3 60 2", "@l | 3 60 2", "[1 3 1 * *]", 4},
		{"rl_fixed", "rl_fixed @l | 3 60 2 1", "@l | 3 60 2 1", "[1 3 1 * *]", 4},
		{"rl_gcra", "rl_gcra @l | 2 3 90 2", "@l | 2 3 90 2", "[1 3 1 * *]", 4},
		{"rl_leaky", "rl_leaky @l | 1 30 50 1; rl_leaky @l | 1 30 50 2", "@l | 1 30 50 1", "[1 * *]", 2},
		{"rl_multi", "rl_gcra @a | 2 3 90 1; rl_fixed @b | 2 60 2", "@a @b | gcra 2 3 90 1 fixed 2 60 0 1", "[1 2 1 2 0 * *]", 6},
		{"rl_penalty", "rl_penalty @s @b | 1 60000 60 600", "@s @b | 1 60000 60 600", "[1 1 *]", 3},
		{"rl_refund", "rl_fixed @l | 3 60000 2", "@l @op | fixed 3 60000", "[0 3 1 -1 *]", 0},
		{"rl_reserve", "rl_reserve @b @h @c | a 8 10 1 30 600", "@b @h @c | b 5 10 1 30 600", "[1 10 * * *]", 4},
		{"rl_reserve", "rl_reserve @b @h @c | a 8 10 1 30 70", "@b @h @c | b 5 10 1 30 600", "[1 10 * * *]", 4}, // a hold that comes back first
		{"rl_reset", "rl_fixed @l | 3 60000 2", "@x |", "0", 0},
		{"rl_settle", "rl_reserve @b @h @c | a 5 10 1 60 600", "@b @h @c | b 3 10 1 60", "[0 0 5]", 0},
		{"rl_sliding_counter", "rl_sliding_counter @l | 3 60 2", "@l | 3 60 2", "[1 3 1 * *]", 4},
		{"rl_sliding_log", "rl_sliding_log @l | 3 60 2", "@l | 3 60 2", "[1 3 1 * *]", 4},
		{"rl_token_bucket", "rl_token_bucket @l | 3 1 60 2", "@l | 3 1 60 2", "[1 3 1 * *]", 4},

		{"lb_merge", "", "@z @a | - desc sum 1", "0", 0},
		{"lb_remove", "lb_submit " + aBoard + " | mdf ann 5 set desc 0 0", aBoard + " | mdf bob", "0", 0},
		{"lb_rollover", "", "@z @a | - 60000", "[0 0]", 0},
		{"lb_submit", "lb_submit " + aBoard + " | mdf ann 5 set desc 0 0", aBoard + " | mdf ann 4 best desc 0 0 text", "[0 5 1 1 1]", 0},
		{"lb_submit", "lb_submit @z | - ann 5 set desc 1 0", "@z | - bob 5 set desc 1 0", "[0 5 -1 -1 1]", 0},
		{"lb_submit_many", "lb_submit @z | - ann 5 set desc 0 0", "@z | - best desc 0 0 1 ann 4", "[0]", 0},
		{"lb_trim", "lb_submit @z | - ann 5 set desc 0 0", "@z | - desc 1 10", "[0]", 0},

		{"sess_count", "", "@idx |", "0", 0},
		{"sess_create", "sess_create @idx @s | s 60000 60000 1 reject", "@idx @t | t 60000 60000 1 reject", "[0 LIMIT]", 0},
		{"sess_create", aSession + "; sess_update @s @idx | -1 0 0 0", "@idx @s | s 60 60 0 oldest", "[0 EXISTS]", 0},
		{"sess_destroy", aSession, "@t @idx |", "0", 0},
		{"sess_destroy_all", aSession, "@idx | s", "[0]", 0},
		{"sess_flash_pop", aSession, "@s @idx | notice", "nil", 0},
		{"sess_flash_put", aSession, "@t @idx | notice text", "0", 0},
		{"sess_get", aSession, "@t @idx | 1", "nil", 0},
		{"sess_list", "", "@idx | 10", "[]", 0},
		{"sess_rotate", aSession, "@t @n @idx | t n", "[0 0]", 0},
		{"sess_touch", aSession, "@t @idx | 60000", "[0 0]", 0},
		{"sess_update", aSession, "@s @idx | 7 0 1 a b 0", "[0 1]", 0},
		{"sess_update", "", "@s @idx | -1 0 1 a b 0", "[-1 0]", 0},

		{"cache_abandon", "cache_get_or_lease @e | a 60", "@e | b", "0", 0},
		{"cache_cas", "cache_cas @e | 0 v 60000", "@e | 5 w 60", "[0 *]", 0},
		{"cache_fill", "cache_get_or_lease @e | a 60", "@e | b v 60 60 0 0", "[0 0]", 0},
		{"cache_get_or_lease", "cache_get_or_lease @e | a 60", "@e | b 60", "[wait nil 0 * 0]", 4},
		{"cache_invalidate", "", "@e | hard 60", "0", 0},
		{"cache_mfill", "cache_get_or_lease @e | a 60", "@e @g | b 60 60 0 v 0 w 0", "[0 0]", 0},
		{"cache_mget_or_lease", "cache_get_or_lease @e | a 60", "@e | b 60", "[[wait nil 0 * 0]]", 0},
		{"cache_set_if_newer", "cache_set_if_newer @e | 7 v 60000", "@e | 6 w 60", "[0 7]", 0},
		{"cache_tag_set", "cache_tag_set @e @t | v 60000; cache_tag_bump @t | 60000", "@e @t | w 60000 1", "[0 *]", 0},
		{"cache_wb_ack", "cache_wb_put @v @d | a 1 0", "@v @d | b 1", "-1", 0},
		{"cache_wb_take", "cache_wb_put @v @d | a 1 60000", "@v @d | 10 60", "[]", 0},

		{"bloom_add", "bloom_add @a @b | 100 3 60000 x y", "@a @b | 100 3 60000 y x x", "[0 0 0]", 0},
		{"counter_bounded", "counter_bounded @c | 3 0 4 60000 0", "@c | 2 0 4 60 0", "[3 0]", 0},
		{"dedup_seen", "dedup_seen @s | a 60", "@s | a 60", "0", 0},
		{"idem_abort", "idem_begin @r | a p 60", "@r | b", "0", 0},
		{"idem_begin", "idem_begin @r | a p 60", "@r | b p 60", "[in_flight *  ]", 2},
		{"idem_begin", "idem_begin @r | a p 60", "@r | b q 60", "[mismatch 0  ]", 0},
		{"idem_begin", "idem_begin @r | a p 60; idem_complete @r | a 200 body 600", "@r | b p 60", "[done 0 200 body]", 0},
		{"idem_complete", "idem_begin @r | a p 60", "@r | b 200 body 600", "0", 0},
		{"once", "once @o | 60", "@o | 60 leading", "[0 *]", 2},
		{"queue_ack", "queue_push " + aQueue + " | j 0 0 3 p; queue_claim " + aQueue + " | 1 60", aQueue + " | j 2", "0", 0},
		{"queue_claim", "queue_push " + aQueue + " | j 60 0 3 p", aQueue + " | 10 60", "[]", 0},
		{"queue_extend", "queue_push " + aQueue + " | j 0 0 3 p", aQueue + " | j 1 600", "[0 0]", 0},
		{"queue_nack", "queue_push " + aQueue + " | j 0 0 3 p", aQueue + " | j 1 0", "[0 0]", 0},
		{"queue_push", "queue_push " + aQueue + " | j 0 0 3 p", aQueue + " | j 0 0 3 other", "0", 0},
		{"queue_reap", "queue_push " + aQueue + " | j 0 0 3 p; queue_claim " + aQueue + " | 1 60", aQueue + " | 10", "[0 0]", 0},
		{"seq_block", "SET @s | 9007199254740990", "@s | 10", "OVERFLOW", 0},
		{"stock_cancel", "SET @s | 5; stock_reserve " + aStock + " | a 2 60", aStock + " | b", "[0 3]", 0},
		{"stock_commit", "SET @s | 5; stock_reserve " + aStock + " | a 2 60", aStock + " | b", "0", 0},
		{"stock_reap", "SET @s | 5; stock_reserve " + aStock + " | a 2 60", aStock + " | 10", "[0 0 3]", 0},
		{"stock_reserve", "SET @s | 5; stock_reserve " + aStock + " | a 4 60", aStock + " | b 2 60", "[0 1]", 0},
	}
}

// neverRefuse are the functions that write and always have something to do.
func neverRefuse() []string {
	return []string{"lock_force", "cache_tag_bump", "cache_wb_put", "counter_decay", "hot_hit", "id_snowflake"}
}

// repeats are calls of which a second one, as after a lost reply, has no further effect.
func repeats() []rule {
	const receipt = "[0 * * -1 *]"
	return []rule{
		{"barrier_arrive", "", "@b | a 2 60000", "[0 1]", 0},
		{"fairlock_acquire", "", "@l @q @a @s | a 60 1000", "[1 1]", 0},
		{"fairlock_acquire", "fairlock_acquire @l @q @a @s | a 60 1000", "@l @q @a @s | b 60 1000", "[0 1 *]", 0},
		{"fairlock_cancel", "fairlock_acquire @l @q @a @s | a 60 1000; fairlock_acquire @l @q @a @s | b 60 1000", "@l @q @a | b", "0", 0},
		{"fairlock_release", "fairlock_acquire @l @q @a @s | a 60 1000", "@l @q @a @s | a", "-1", 0},
		{"fence_check", "", "@m | 9", "[1 9]", 0},
		{"fenced_set", "", "@m @v | 9 v 60000", "[1 9]", 0},
		{"latch_down", "latch_init @l | 2 60000", "@l | a", "[0 1]", 0},
		{"latch_init", "", "@l | 2 60000", "[0 2]", 0},
		{"leader_campaign", "", "@l @e | a 60 here", "[1 1 a * here]", 0},
		{"leader_resign", "leader_campaign @l @e | a 60", "@l @e | a", "-1", 0},
		{"lock_acquire", "", "@l @f | a 60", "[1 1 *]", 0},
		{"lock_acquire_many", "", "@a @b | a 60", "[1 0 *]", 0},
		{"lock_extend", "lock_acquire @l | a 60", "@l | a 600", "[1 *]", 0},
		{"lock_extend_many", "lock_acquire_many @a @b | a 60", "@a @b | a 600", "[1 0]", 0},
		{"lock_force", "lock_acquire @l @f | a 60", "@l @f | b 60", "[2 ]", 0},
		{"lock_release", "lock_acquire @l | a 60", "@l | a", "-1", 0},
		{"lock_release_many", "lock_acquire_many @a @b | a 60", "@a @b | a", "[0 1]", 0},
		{"rlock_acquire", "", "@l @c @x | a 60 one 600", "[1 1 *]", 0},
		{"rlock_extend", "rlock_acquire @l | a 60", "@l | a 600", "[1 *]", 0},
		{"rlock_release", "rlock_acquire @l | a 60; rlock_acquire @l | a 60", "@l @c @x | a one 600", "1", 0},
		{"rwlock_extend", "rwlock_read @r @w @q | a 60", "@r @w @q | a 600 read", "[1 *]", 0},
		{"rwlock_read", "", "@r @w @q | a 60", "[1 1]", 0},
		{"rwlock_release", "rwlock_read @r @w @q | a 60", "@r @w @q | a read", "-1", 0},
		{"rwlock_write", "", "@r @w @q | a 60 50", "[1 0]", 0},
		{"sem_acquire", "", "@s @w | a 5 2 60", "[1 2 5]", 0},
		{"sem_refresh", "sem_acquire @s | a 1 1 60", "@s | a 600", "[1 *]", 0},
		{"sem_release", "sem_acquire @s @w | a 5 2 60", "@s @w | a", "-1", 0},

		{"rl_cancel", "rl_reserve @b @h @c | a 5 10 1 60 600", "@b @h @c | a 10 1 60", "[0 0 10]", 0},
		{"rl_concurrency", "", "@h | a 2 60", "[0 2 1 -1 *]", 0},
		{"rl_fixed", "", "@l @op | 9 60000 2", receipt, 0},
		{"rl_gcra", "", "@l @op | 8 9 60000 2", receipt, 0},
		{"rl_refund", "rl_fixed @l @op | 9 60000 2", "@l @op | fixed 9 60000", "[0 9 9 -1 *]", 0},
		{"rl_reserve", "", "@b @h @c | a 5 10 1 60 600", "[0 10 5 -1 *]", 0},
		{"rl_reset", "rl_fixed @l | 9 60000 2", "@l |", "0", 0},
		{"rl_settle", "rl_reserve @b @h @c | a 5 10 1 60 600", "@b @h @c | a 3 10 1 60", "[0 0 7]", 0},
		{"rl_sliding_counter", "", "@l @op | 9 60000 2", receipt, 0},
		{"rl_sliding_log", "", "@l @op | 9 60000 2", receipt, 0},
		{"rl_token_bucket", "", "@l @op | 9 1 60000 2", receipt, 0},

		{"lb_merge", "lb_submit @a | - ann 5 set desc 0 0", "@z @a | - desc sum 2", "1", 0},
		{"lb_remove", "lb_submit " + aBoard + " | mdf ann 5 set desc 0 0", aBoard + " | mdf ann", "0", 0},
		{"lb_rollover", "lb_submit @z | - ann 5 set desc 0 0", "@z @a | - 60000", "[0 1]", 0},
		{"lb_submit", "", aBoard + " | mdf ann 5 best desc 0 0 text", "[0 5 1 1 1]", 0},
		{"lb_submit_many", "", "@z @a | - best desc 0 0 1 ann 5 2 ann 5", "[0 0]", 0},
		{"lb_trim", "ZADD @z | 1 a 2 b 3 c", "@z | - desc 2 10", "[0]", 0},

		{"sess_count", aSession, "@idx |", "1", 0},
		{"sess_create", "", "@idx @s | s 60000 60000 1 oldest a b", "[1 1 *]", 0},
		{"sess_destroy", aSession, "@s @idx |", "0", 0},
		{"sess_destroy_all", aSession, "@idx @s | \"\"", "[0]", 0},
		{"sess_flash_put", aSession, "@s @idx | notice text", "1", 0},
		{"sess_get", aSession, "@s @idx | 1", "[1 * 60000 *]", 0},
		{"sess_list", aSession, "@idx | 10", "[s * *]", 0},
		{"sess_rotate", aSession, "@s @n @idx | s n 5000", "[1 1]", 0},
		{"sess_touch", aSession, "@s @idx | 600", "[1 *]", 0},
		{"sess_update", aSession, "@s @idx | 1 0 1 a b 0", "[0 2]", 0},

		{"cache_abandon", "cache_get_or_lease @e | a 60", "@e | a", "0", 0},
		{"cache_cas", "", "@e | 0 v 60000", "[0 *]", 0},
		{"cache_fill", "cache_get_or_lease @e | a 60", "@e | a v 60 60 0 0", "[1 *]", 0},
		{"cache_get_or_lease", "", "@e | a 60", "[miss nil 1 0 0]", 0},
		{"cache_mfill", "cache_mget_or_lease @e @g | a 60", "@e @g | a 60 60 0 v 0 w 1", "[* *]", 0},
		{"cache_mget_or_lease", "", "@e @g | a 60", "[[miss nil 1 0 0] [miss nil 1 0 0]]", 0},
		{"cache_set_if_newer", "", "@e | 7 v 60000", "[1 7]", 0},
		{"cache_tag_set", "", "@e @t | v 60000", "[1 *]", 0},
		{"cache_wb_ack", "cache_wb_put @v @d | a 1 0", "@v @d | a 1", "-1", 0},

		{"bloom_add", "", "@a @b | 100 3 60000 x", "[0]", 0},
		{"dedup_seen", "", "@s | a 60", "0", 0},
		{"idem_abort", "idem_begin @r | a p 60", "@r | a", "0", 0},
		{"idem_begin", "", "@r | a p 60", "[started 0  ]", 0},
		{"idem_complete", "idem_begin @r | a p 60", "@r | a 200 body 600", "1", 0},
		{"once", "", "@o | 60", "[0 *]", 0},
		{"queue_ack", "queue_push " + aQueue + " | j 0 0 3 p; queue_claim " + aQueue + " | 1 60", aQueue + " | j 1", "0", 0},
		{"queue_extend", "queue_push " + aQueue + " | j 0 0 3 p; queue_claim " + aQueue + " | 1 60", aQueue + " | j 1 600", "[1 *]", 0},
		{"queue_nack", "queue_push " + aQueue + " | j 0 0 3 p; queue_claim " + aQueue + " | 1 60", aQueue + " | j 1 0", "[0 0]", 0},
		{"queue_push", "", aQueue + " | j 0 0 3 p", "0", 0},
		{"stock_cancel", "SET @s | 5; stock_reserve " + aStock + " | a 2 60", aStock + " | a", "[0 5]", 0},
		{"stock_commit", "SET @s | 5; stock_reserve " + aStock + " | a 2 60", aStock + " | a", "0", 0},
		{"stock_reserve", "SET @s | 5", aStock + " | a 2 60", "[1 3]", 0},
	}
}

// alwaysAgain are the functions of which every call counts, as its user means it to: they take, draw or add.
func alwaysAgain() []string {
	return []string{"rl_at_most", "rl_leaky", "rl_multi", "rl_penalty", // a receipt is for the limits of one key
		"sess_flash_pop", "cache_invalidate", "cache_tag_bump", "cache_wb_put", "cache_wb_take", "counter_bounded", "counter_decay",
		"hot_hit", "id_snowflake", "seq_block", "queue_claim", "queue_reap", "stock_reap"}
}

// words takes the keys and arguments of a call apart.
func (c *caller) words(call string) (keys []string, args []any) {
	keyWords, argWords, _ := strings.Cut(call, "|")
	word := func(s string) string {
		if key, ok := strings.CutPrefix(s, "@"); ok {
			return key + ":{r}"
		}
		if c.server.clock == 0 && regexp.MustCompile(`^([3-9]0|600|1000)$`).MatchString(s) {
			return s + "000"
		}
		return strings.ReplaceAll(s, `""`, "")
	}
	for _, s := range strings.Fields(keyWords) {
		keys = append(keys, word(s))
	}
	for _, s := range strings.Fields(argWords) {
		args = append(args, word(s))
	}
	return keys, args
}

// do makes a call of a rule.
func (c *caller) do(name, call string) (any, error) {
	keys, args := c.words(call)
	if name == strings.ToUpper(name) {
		cmd := []any{name}
		for _, k := range keys {
			cmd = append(cmd, k)
		}
		return c.rdb.Do(ctx, append(cmd, args...)...).Result()
	}
	return c.try(name, keys, args...)
}

// prepare makes the calls before a rule's own on an empty database.
func (c *caller) prepare(r rule) {
	c.t.Helper()
	c.rdb.FlushDB(ctx)
	for _, call := range strings.Split(r.before, ";") {
		if call = strings.TrimSpace(call); call == "" {
			continue
		}
		name, rest, _ := strings.Cut(call, " ")
		if _, err := c.do(name, rest); err != nil {
			c.t.Fatalf("%s: %v", call, err)
		}
	}
}

// answer makes a rule's call: the reply as text, or the code of the error.
func (c *caller) answer(r rule) string {
	v, err := c.do(r.name, r.call)
	if err != nil {
		code, _, _ := strings.Cut(err.Error(), " ")
		return code
	}
	return text(v)
}

// matches compares a reply with what a rule wants; * is a number.
func matches(want, got string) bool {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(want), `\*`, `-?\d+`) + "$").MatchString(got)
}

// rules runs f for every case on every server in both ways, and demands a case of every function that writes and is not in except.
func rules(t *testing.T, list []rule, except []string, f func(t *testing.T, c *caller, r rule)) {
	for _, lib := range scripts.Libraries() {
		for _, fn := range lib.Functions {
			has := slices.ContainsFunc(list, func(r rule) bool { return r.name == fn.Name })
			not := slices.Contains(except, fn.Name) || slices.Contains(fn.Flags, "no-writes")
			if has == not {
				t.Errorf("%s: has a case %v, is an exception %v", fn.Name, has, not)
			}
		}
	}
	each(t, func(t *testing.T, c *caller) {
		for _, r := range list {
			t.Run(r.name, func(t *testing.T) {
				c := &caller{t: t, rdb: c.rdb, fn: c.fn, server: c.server}
				c.prepare(r)
				f(t, c, r)
			})
		}
	})
}

// A refused call writes nothing. The time it tells is exact: the same call is refused a millisecond before, and not then.
func TestRuleRefused(t *testing.T) {
	rules(t, refusals(), neverRefuse(), func(t *testing.T, c *caller, r rule) {
		before := c.snapshot()
		got := c.answer(r)
		if !matches(r.want, got) {
			t.Fatalf("%s, want %s", got, r.want)
		}
		if d := c.difference(before); d != "" {
			t.Fatalf("refused with %s, but: %s", got, d)
		}
		if r.retry == 0 || c.server.clock == 0 {
			return // TestRegression11RetryAfterExact waits on clocks that run
		}
		v, err := c.do(r.name, r.call)
		if err != nil {
			t.Fatal(err)
		}
		list, _ := v.([]any)
		retry, _ := list[r.retry-1].(int64)
		if retry <= 0 {
			t.Fatalf("%s: retry after %d", text(v), retry)
		}
		c.tick(retry*1000 - 1000)
		if early := c.answer(r); !matches(r.want, early) {
			t.Fatalf("%s, but a millisecond earlier: %s", text(v), early)
		}
		c.tick(1000)
		if after := c.answer(r); matches(r.want, after) {
			t.Fatalf("%s, but %d ms later: %s", text(v), retry, after)
		}
	})
}

// The same call again, as after a lost reply, leaves everything as it is, byte for byte and expiry for expiry.
func TestRuleSameCallTwice(t *testing.T) {
	rules(t, repeats(), alwaysAgain(), func(t *testing.T, c *caller, r rule) {
		if first := c.answer(r); first == "BADARG" || first == "WRONGTYPE" {
			t.Fatal(first)
		}
		before := c.snapshot()
		if got := c.answer(r); !matches(r.want, got) {
			t.Fatalf("again: %s, want %s", got, r.want)
		}
		if c.server.clock == 0 {
			return // a renewal counts from a later moment, in real time
		}
		if d := c.difference(before); d != "" {
			t.Fatalf("the second call: %s", d)
		}
	})
}
