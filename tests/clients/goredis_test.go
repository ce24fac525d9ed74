// Package clients runs sessions of real client libraries against a server: -addr names it, else a redis-server is
// started, which checks the session itself. run.sh runs all of them (make clients).
package clients

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/evald/evald/internal/redistest"
)

// addr is the server under test.
var addr = flag.String("addr", "", "host:port of the server to test; its data is flushed")

// step is one call and what it must print: the reply, or "error: " and the error's text.
type step struct {
	name string
	call func(ctx context.Context, c *redis.Client) (any, error)
	want string
}

func TestGoRedis(t *testing.T) {
	server := *addr
	if server == "" {
		server = redistest.Start(t)
	}
	for _, protocol := range []int{2, 3} {
		t.Run(fmt.Sprintf("RESP%d", protocol), func(t *testing.T) {
			c := redis.NewClient(&redis.Options{Addr: server, Protocol: protocol})
			defer c.Close()
			ctx := t.Context()
			if err := c.FlushAll(ctx).Err(); err != nil {
				t.Fatal(err)
			}
			for _, family := range [][]step{connection(), generic(), stringsFamily(), hashes(), sortedSets(), scripting()} {
				for _, s := range family {
					v, err := s.call(ctx, c)
					got := fmt.Sprint(v)
					if err != nil {
						got = "error: " + err.Error()
					}
					if got != s.want {
						t.Errorf("%s: got %s, want %s", s.name, got, s.want)
					}
				}
			}
		})
	}
}

func connection() []step {
	return []step{
		{"ping", func(ctx context.Context, c *redis.Client) (any, error) { return c.Ping(ctx).Result() }, "PONG"},
		{"echo", func(ctx context.Context, c *redis.Client) (any, error) { return c.Echo(ctx, "a\r\nb").Result() }, "a\r\nb"},
		{"client name", func(ctx context.Context, c *redis.Client) (any, error) {
			conn := c.Conn()
			defer conn.Close()
			if err := conn.ClientSetName(ctx, "tester").Err(); err != nil {
				return nil, err
			}
			return conn.ClientGetName(ctx).Result()
		}, "tester"},
		{"select", func(ctx context.Context, c *redis.Client) (any, error) {
			conn := c.Conn()
			defer conn.Close()
			if err := conn.Select(ctx, 3).Err(); err != nil {
				return nil, err
			}
			n, err := conn.DBSize(ctx).Result()
			return n, errors.Join(err, conn.Select(ctx, 0).Err()) // the connection goes back to the pool
		}, "0"},
		{"info", func(ctx context.Context, c *redis.Client) (any, error) {
			s, err := c.Info(ctx, "server").Result()
			return strings.Contains(s, "redis_version:"), err
		}, "true"},
		{"time", func(ctx context.Context, c *redis.Client) (any, error) {
			now, err := c.Time(ctx).Result()
			return time.Since(now).Abs() < time.Minute, err
		}, "true"},
		{"command", func(ctx context.Context, c *redis.Client) (any, error) {
			commands, err := c.Command(ctx).Result()
			if commands["get"] == nil {
				return nil, err
			}
			return commands["get"].Flags, err
		}, "[readonly fast]"},
		{"unknown", func(ctx context.Context, c *redis.Client) (any, error) { return c.Do(ctx, "NOSUCH", "a").Result() },
			"error: ERR unknown command 'NOSUCH', with args beginning with: 'a' "},
	}
}

func generic() []step {
	return []step{
		{"set", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.Set(ctx, "g", "v", 100*time.Second).Result()
		}, "OK"},
		{"ttl", func(ctx context.Context, c *redis.Client) (any, error) { return c.TTL(ctx, "g").Result() }, "1m40s"},
		{"persist", func(ctx context.Context, c *redis.Client) (any, error) { return c.Persist(ctx, "g").Result() }, "true"},
		{"no ttl", func(ctx context.Context, c *redis.Client) (any, error) { return c.TTL(ctx, "g").Result() }, "-1ns"},
		{"ttl of nothing", func(ctx context.Context, c *redis.Client) (any, error) { return c.TTL(ctx, "none").Result() }, "-2ns"},
		{"expire nx", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.ExpireNX(ctx, "g", time.Minute).Result()
		}, "true"},
		{"expire gt", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.ExpireGT(ctx, "g", time.Second).Result()
		}, "false"},
		{"pexpireat", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.PExpireAt(ctx, "g", time.UnixMilli(4102444800000)).Result()
		}, "true"},
		{"pexpiretime", func(ctx context.Context, c *redis.Client) (any, error) {
			d, err := c.PExpireTime(ctx, "g").Result()
			return d.Milliseconds(), err
		}, "4102444800000"},
		{"past", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.ExpireAt(ctx, "g", time.Unix(1, 0)).Result()
		}, "true"},
		{"gone", func(ctx context.Context, c *redis.Client) (any, error) { return c.Exists(ctx, "g").Result() }, "0"},
		{"mset", func(ctx context.Context, c *redis.Client) (any, error) { return c.MSet(ctx, "a", 1, "b", 2).Result() }, "OK"},
		{"rename", func(ctx context.Context, c *redis.Client) (any, error) { return c.Rename(ctx, "a", "c").Result() }, "OK"},
		{"rename nothing", func(ctx context.Context, c *redis.Client) (any, error) { return c.Rename(ctx, "a", "c").Result() }, "error: ERR no such key"},
		{"copy", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.Copy(ctx, "c", "d", 0, false).Result()
		}, "1"},
		{"move", func(ctx context.Context, c *redis.Client) (any, error) { return c.Move(ctx, "d", 5).Result() }, "true"},
		{"type", func(ctx context.Context, c *redis.Client) (any, error) { return c.Type(ctx, "c").Result() }, "string"},
		{"object encoding", func(ctx context.Context, c *redis.Client) (any, error) { return c.ObjectEncoding(ctx, "c").Result() }, "int"},
		{"touch", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.Touch(ctx, "b", "c", "none").Result()
		}, "2"},
		{"scan", func(ctx context.Context, c *redis.Client) (any, error) {
			n := 0
			it := c.Scan(ctx, 0, "*", 1).Iterator()
			for it.Next(ctx) {
				n++
			}
			return n, it.Err()
		}, "2"},
		{"dbsize", func(ctx context.Context, c *redis.Client) (any, error) { return c.DBSize(ctx).Result() }, "2"},
		{"unlink", func(ctx context.Context, c *redis.Client) (any, error) { return c.Unlink(ctx, "b", "none").Result() }, "1"},
		{"randomkey", func(ctx context.Context, c *redis.Client) (any, error) { return c.RandomKey(ctx).Result() }, "c"},
		{"del", func(ctx context.Context, c *redis.Client) (any, error) { return c.Del(ctx, "c").Result() }, "1"},
		{"flushdb", func(ctx context.Context, c *redis.Client) (any, error) { return c.FlushDB(ctx).Result() }, "OK"},
	}
}

func stringsFamily() []step {
	return []step{
		{"get nothing", func(ctx context.Context, c *redis.Client) (any, error) { return c.Get(ctx, "s").Result() }, "error: redis: nil"},
		{"setnx", func(ctx context.Context, c *redis.Client) (any, error) { return c.SetNX(ctx, "s", "v", 0).Result() }, "true"},
		{"setnx again", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.SetNX(ctx, "s", "w", time.Minute).Result()
		}, "false"},
		{"set get", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.SetArgs(ctx, "s", "10", redis.SetArgs{Get: true, KeepTTL: true}).Result()
		}, "v"},
		{"incrby", func(ctx context.Context, c *redis.Client) (any, error) { return c.IncrBy(ctx, "s", 5).Result() }, "15"},
		{"incrbyfloat", func(ctx context.Context, c *redis.Client) (any, error) { return c.IncrByFloat(ctx, "s", 0.5).Result() }, "15.5"},
		{"decr", func(ctx context.Context, c *redis.Client) (any, error) { return c.Decr(ctx, "s").Result() },
			"error: ERR value is not an integer or out of range"},
		{"append", func(ctx context.Context, c *redis.Client) (any, error) { return c.Append(ctx, "s", "!").Result() }, "5"},
		{"getrange", func(ctx context.Context, c *redis.Client) (any, error) { return c.GetRange(ctx, "s", -3, -1).Result() }, ".5!"},
		{"setrange", func(ctx context.Context, c *redis.Client) (any, error) { return c.SetRange(ctx, "s", 7, "x").Result() }, "8"},
		{"get", func(ctx context.Context, c *redis.Client) (any, error) { return c.Get(ctx, "s").Result() }, "15.5!\x00\x00x"},
		{"strlen", func(ctx context.Context, c *redis.Client) (any, error) { return c.StrLen(ctx, "s").Result() }, "8"},
		{"getex", func(ctx context.Context, c *redis.Client) (any, error) { return c.GetEx(ctx, "s", time.Hour).Result() }, "15.5!\x00\x00x"},
		{"getdel", func(ctx context.Context, c *redis.Client) (any, error) { return c.GetDel(ctx, "s").Result() }, "15.5!\x00\x00x"},
		{"msetnx", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.MSetNX(ctx, "m1", "a", "m2", "b").Result()
		}, "true"},
		{"mget", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.MGet(ctx, "m1", "none", "m2").Result()
		}, "[a <nil> b]"},
		{"pipeline", func(ctx context.Context, c *redis.Client) (any, error) {
			p := c.Pipeline()
			for range 100 {
				p.Incr(ctx, "n")
			}
			cmds, err := p.Exec(ctx)
			return cmds[99].(*redis.IntCmd).Val(), err
		}, "100"},
		{"transaction", func(ctx context.Context, c *redis.Client) (any, error) {
			var n *redis.IntCmd
			_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.Set(ctx, "n", 5, 0)
				n = p.Incr(ctx, "n")
				return nil
			})
			return n.Val(), err
		}, "6"},
		{"watch", func(ctx context.Context, c *redis.Client) (any, error) {
			err := c.Watch(ctx, func(tx *redis.Tx) error {
				if err := c.Set(ctx, "n", "other", 0).Err(); err != nil { // another connection
					return err
				}
				_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error { p.Set(ctx, "n", "mine", 0); return nil })
				return err
			}, "n")
			return nil, err
		}, "error: redis: transaction failed"},
	}
}

func hashes() []step {
	return []step{
		{"hset", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.HSet(ctx, "h", "a", 1, "b", "x").Result()
		}, "2"},
		{"hget", func(ctx context.Context, c *redis.Client) (any, error) { return c.HGet(ctx, "h", "b").Result() }, "x"},
		{"hget nothing", func(ctx context.Context, c *redis.Client) (any, error) { return c.HGet(ctx, "h", "z").Result() }, "error: redis: nil"},
		{"hmget", func(ctx context.Context, c *redis.Client) (any, error) { return c.HMGet(ctx, "h", "a", "z").Result() }, "[1 <nil>]"},
		{"hgetall", func(ctx context.Context, c *redis.Client) (any, error) { return c.HGetAll(ctx, "h").Result() }, "map[a:1 b:x]"},
		{"hincrby", func(ctx context.Context, c *redis.Client) (any, error) { return c.HIncrBy(ctx, "h", "a", 4).Result() }, "5"},
		{"hincrby text", func(ctx context.Context, c *redis.Client) (any, error) { return c.HIncrBy(ctx, "h", "b", 4).Result() },
			"error: ERR hash value is not an integer"},
		{"hincrbyfloat", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.HIncrByFloat(ctx, "h", "a", 0.5).Result()
		}, "5.5"},
		{"hsetnx", func(ctx context.Context, c *redis.Client) (any, error) { return c.HSetNX(ctx, "h", "a", 1).Result() }, "false"},
		{"hkeys", func(ctx context.Context, c *redis.Client) (any, error) { return c.HKeys(ctx, "h").Result() }, "[a b]"},
		{"hvals", func(ctx context.Context, c *redis.Client) (any, error) { return c.HVals(ctx, "h").Result() }, "[5.5 x]"},
		{"hlen", func(ctx context.Context, c *redis.Client) (any, error) { return c.HLen(ctx, "h").Result() }, "2"},
		{"hexists", func(ctx context.Context, c *redis.Client) (any, error) { return c.HExists(ctx, "h", "a").Result() }, "true"},
		{"hstrlen", func(ctx context.Context, c *redis.Client) (any, error) { return c.HStrLen(ctx, "h", "a").Result() }, "3"},
		{"hscan", func(ctx context.Context, c *redis.Client) (any, error) {
			keys, cursor, err := c.HScan(ctx, "h", 0, "a*", 10).Result()
			return fmt.Sprint(keys, cursor), err
		}, "[a 5.5] 0"},
		{"hrandfield", func(ctx context.Context, c *redis.Client) (any, error) {
			keys, err := c.HRandField(ctx, "h", 10).Result()
			return len(keys), err
		}, "2"},
		{"hrandfield withvalues", func(ctx context.Context, c *redis.Client) (any, error) {
			pairs, err := c.HRandFieldWithValues(ctx, "h", 10).Result()
			return len(pairs), err
		}, "2"},
		{"hdel", func(ctx context.Context, c *redis.Client) (any, error) { return c.HDel(ctx, "h", "a", "z").Result() }, "1"},
		{"wrong type", func(ctx context.Context, c *redis.Client) (any, error) { return c.Get(ctx, "h").Result() },
			"error: WRONGTYPE Operation against a key holding the wrong kind of value"},
	}
}

func sortedSets() []step {
	z := func(score float64, member string) redis.Z { return redis.Z{Score: score, Member: member} }
	return []step{
		{"zadd", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.ZAdd(ctx, "z", z(1, "a"), z(2.5, "b"), z(3, "c"), z(4, "d")).Result()
		}, "4"},
		{"zadd gt ch", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.ZAddArgs(ctx, "z", redis.ZAddArgs{GT: true, Ch: true, Members: []redis.Z{z(0, "a"), z(9, "d"), z(5, "e")}}).Result()
		}, "2"},
		{"zadd incr", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.ZAddArgsIncr(ctx, "z", redis.ZAddArgs{XX: true, Members: []redis.Z{z(0.5, "a")}}).Result()
		}, "1.5"},
		{"zscore", func(ctx context.Context, c *redis.Client) (any, error) { return c.ZScore(ctx, "z", "b").Result() }, "2.5"},
		{"zmscore", func(ctx context.Context, c *redis.Client) (any, error) { return c.ZMScore(ctx, "z", "b", "d").Result() }, "[2.5 9]"},
		{"zrank", func(ctx context.Context, c *redis.Client) (any, error) { return c.ZRank(ctx, "z", "d").Result() }, "4"},
		{"zrevrank", func(ctx context.Context, c *redis.Client) (any, error) { return c.ZRevRank(ctx, "z", "d").Result() }, "0"},
		{"zrank nothing", func(ctx context.Context, c *redis.Client) (any, error) { return c.ZRank(ctx, "z", "x").Result() }, "error: redis: nil"},
		{"zrange", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.ZRangeWithScores(ctx, "z", 0, 1).Result()
		}, "[{1.5 a} {2.5 b}]"},
		{"zrange by score rev", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{Key: "z", Start: "+inf", Stop: "(1.5", ByScore: true, Rev: true, Offset: 1, Count: 2}).Result()
		}, "[{5 e} {3 c}]"},
		{"zcount", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.ZCount(ctx, "z", "-inf", "(5").Result()
		}, "3"},
		{"zincrby", func(ctx context.Context, c *redis.Client) (any, error) { return c.ZIncrBy(ctx, "z", -10, "e").Result() }, "-5"},
		{"zrangebylex", func(ctx context.Context, c *redis.Client) (any, error) {
			c.ZAdd(ctx, "lex", z(0, "a"), z(0, "b"), z(0, "c"))
			return c.ZRangeArgs(ctx, redis.ZRangeArgs{Key: "lex", Start: "(a", Stop: "[c", ByLex: true}).Result()
		}, "[b c]"},
		{"zunionstore", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.ZUnionStore(ctx, "u", &redis.ZStore{Keys: []string{"z", "lex"}, Weights: []float64{2, 1}, Aggregate: "MAX"}).Result()
		}, "5"},
		{"zinter", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.ZInterWithScores(ctx, &redis.ZStore{Keys: []string{"z", "lex"}}).Result()
		}, "[{1.5 a} {2.5 b} {3 c}]"},
		{"zdiff", func(ctx context.Context, c *redis.Client) (any, error) { return c.ZDiff(ctx, "z", "lex").Result() }, "[e d]"},
		{"zintercard", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.ZInterCard(ctx, 2, "z", "lex").Result()
		}, "2"},
		{"zscan", func(ctx context.Context, c *redis.Client) (any, error) {
			keys, _, err := c.ZScan(ctx, "lex", 0, "", 0).Result()
			return keys, err
		}, "[a 0 b 0 c 0]"},
		{"zpopmin", func(ctx context.Context, c *redis.Client) (any, error) { return c.ZPopMin(ctx, "z").Result() }, "[{-5 e}]"},
		{"zpopmax", func(ctx context.Context, c *redis.Client) (any, error) { return c.ZPopMax(ctx, "z", 2).Result() }, "[{9 d} {3 c}]"},
		{"bzpopmin", func(ctx context.Context, c *redis.Client) (any, error) {
			v, err := c.BZPopMin(ctx, time.Second, "z").Result()
			return *v, err
		}, "{{1.5 a} z}"},
		{"zremrangebyrank", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.ZRemRangeByRank(ctx, "lex", 0, 1).Result()
		}, "2"},
		{"zrem", func(ctx context.Context, c *redis.Client) (any, error) { return c.ZRem(ctx, "lex", "c", "x").Result() }, "1"},
		{"empty is gone", func(ctx context.Context, c *redis.Client) (any, error) { return c.Exists(ctx, "lex").Result() }, "0"},
	}
}

func scripting() []step {
	set := redis.NewScript("return redis.call('SET', KEYS[1], ARGV[1])")
	return []step{
		{"no script", func(ctx context.Context, c *redis.Client) (any, error) {
			_, err := c.EvalSha(ctx, strings.Repeat("0", 40), nil).Result()
			return redis.HasErrorPrefix(err, "NOSCRIPT"), nil
		}, "true"},
		{"run", func(ctx context.Context, c *redis.Client) (any, error) {
			return set.Run(ctx, c, []string{"k"}, "v").Result()
		}, "OK"},
		{"run again", func(ctx context.Context, c *redis.Client) (any, error) {
			return set.EvalSha(ctx, c, []string{"k"}, "w").Result()
		}, "OK"},
		{"exists", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.ScriptExists(ctx, set.Hash(), strings.Repeat("0", 40)).Result()
		}, "[true false]"},
		{"types", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.Eval(ctx, "return {1, 2.9, 'x', {3, {}}, false, true}", nil).Result()
		}, "[1 2 x [3 []] <nil> 1]"},
		{"error reply", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.Eval(ctx, "return redis.error_reply('MY error')", nil).Result()
		}, "error: MY error"},
		{"read only", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.EvalRO(ctx, "return redis.call('GET', KEYS[1])", []string{"k"}).Result()
		}, "w"},
		{"write in read only", func(ctx context.Context, c *redis.Client) (any, error) {
			_, err := c.EvalRO(ctx, "return redis.call('DEL', KEYS[1])", []string{"k"}).Result()
			if err == nil {
				return nil, errors.New("a read-only script wrote")
			}
			return strings.HasPrefix(err.Error(), "ERR Write commands are not allowed from read-only scripts."), nil
		}, "true"},
		{"flush", func(ctx context.Context, c *redis.Client) (any, error) { return c.ScriptFlush(ctx).Result() }, "OK"},
		{"flushed", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.ScriptExists(ctx, set.Hash()).Result()
		}, "[false]"},
	}
}
