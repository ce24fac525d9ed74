// Package client is a Go client of the pattern library: locks, rate limits, leaderboards, sessions, caches and more as
// typed calls. It works over any redis.UniversalClient (one server, Sentinel, Cluster, Ring) with any server that speaks
// Redis 7's FUNCTION and FCALL, or, by Options.Scripts, EVALSHA.
//
// # What it does on errors
//
// A function that is not loaded ("Function not found", NOSCRIPT) is loaded and called again: it cannot have run. Any
// other failed call is not repeated, by this package or by the connection below it, unless it only reads: after a
// timeout nobody knows whether the server ran it, and a limit must not be charged twice. Calls that are safe to repeat
// say so, and the types of this package repeat those themselves.
//
// # Keys
//
// Every call's keys share one hash tag, so that everything works in a cluster: lock:{name}, rl:{id}, and so on. A name
// or id must not contain "}".
package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/evald/evald/scripts"
)

// Errors that callers tell apart by errors.Is. Anything else comes from the server or the connection.
var (
	// ErrTaken: somebody else holds the lock, permit or leadership.
	ErrTaken = errors.New("taken by another")
	// ErrLost: what was held is not held any more.
	ErrLost = errors.New("lost: it ran out or was taken away")
	// ErrNotFound: there is no such thing (session, cache entry, member, job).
	ErrNotFound = errors.New("not found")
	// ErrConflict: it was changed since it was read.
	ErrConflict = errors.New("changed since it was read")
)

// Options of a Client. The zero value serves.
type Options struct {
	// Scripts calls every function as a script (EVALSHA) rather than by FCALL: for users who may not load functions.
	Scripts bool
}

// Client calls functions of the pattern library. It is safe for use by many goroutines.
type Client struct {
	rdb  redis.UniversalClient
	opts Options
	load sync.Mutex // one goroutine loads, the others wait and find it done
}

// New returns a client over rdb, which stays the caller's to close.
func New(rdb redis.UniversalClient, opts Options) *Client { return &Client{rdb: rdb, opts: opts} }

// Redis returns the connection below.
func (c *Client) Redis() redis.UniversalClient { return c.rdb }

// Ensure loads the libraries on every primary that does not have them as they are in this program. Calls load what is
// missing by themselves; Ensure at start finds out early, and brings a newer version of the library.
func (c *Client) Ensure(ctx context.Context) error {
	for _, lib := range scripts.Libraries() {
		if err := c.ensure(ctx, lib); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) ensure(ctx context.Context, lib scripts.Library) error {
	c.load.Lock()
	defer c.load.Unlock()
	err := c.eachPrimary(ctx, func(ctx context.Context, node redis.UniversalClient) error {
		if c.opts.Scripts {
			for _, f := range lib.Functions {
				if err := node.ScriptLoad(ctx, f.Script).Err(); err != nil {
					return err
				}
			}
			return nil
		}
		have, err := node.FunctionList(ctx, redis.FunctionListQuery{LibraryNamePattern: lib.Name, WithCode: true}).Result()
		if err != nil {
			return err
		}
		if slices.ContainsFunc(have, func(l redis.Library) bool { return l.Name == lib.Name && l.Code == lib.Source }) {
			return nil
		}
		return node.FunctionLoadReplace(ctx, lib.Source).Err()
	})
	if err != nil {
		return fmt.Errorf("load the library %s: %w", lib.Name, err)
	}
	return nil
}

// eachPrimary runs f on every primary: functions and scripts belong to a node.
func (c *Client) eachPrimary(ctx context.Context, f func(ctx context.Context, node redis.UniversalClient) error) error {
	node := func(ctx context.Context, r *redis.Client) error { return f(ctx, r) }
	switch rdb := c.rdb.(type) {
	case *redis.ClusterClient:
		return rdb.ForEachMaster(ctx, node)
	case *redis.Ring:
		return rdb.ForEachShard(ctx, node)
	default:
		return f(ctx, rdb)
	}
}

// onceCmd is a command that must not be sent twice.
type onceCmd struct{ *redis.Cmd }

func (onceCmd) NoRetry() bool { return true }

// Call calls a function by its name and returns its reply as go-redis decodes it: int64, string, []any, nil.
// The typed calls of this package are made of it.
func (c *Client) Call(ctx context.Context, name string, keys []string, args ...any) (any, error) {
	f, lib, ok := scripts.LookupFunction(name)
	if !ok {
		return nil, fmt.Errorf("call %s: no such function in the pattern library", name)
	}
	v, err := c.send(ctx, f, keys, args, false)
	switch {
	case err == nil:
	case strings.HasPrefix(err.Error(), "NOSCRIPT"):
		v, err = c.send(ctx, f, keys, args, true) // EVAL runs it on the very node that lacks it, and keeps it there
	case strings.HasPrefix(err.Error(), "ERR Function not found"):
		if err = c.ensure(ctx, lib); err == nil {
			v, err = c.send(ctx, f, keys, args, false)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", name, err)
	}
	return v, nil
}

// send makes one request. eval sends the source instead of its digest.
func (c *Client) send(ctx context.Context, f scripts.Function, keys []string, args []any, eval bool) (any, error) {
	readonly := slices.Contains(f.Flags, "no-writes")
	cmd := make([]any, 0, 3+len(keys)+len(args))
	switch {
	case eval:
		cmd = append(cmd, "EVAL", f.Script)
	case c.opts.Scripts:
		cmd = append(cmd, "EVALSHA", f.SHA1)
	case readonly:
		cmd = append(cmd, "FCALL_RO", f.Name)
	default:
		cmd = append(cmd, "FCALL", f.Name)
	}
	cmd = append(cmd, len(keys))
	for _, k := range keys {
		cmd = append(cmd, k)
	}
	request := redis.NewCmd(ctx, append(cmd, args...)...)
	var err error
	if readonly {
		err = c.rdb.Process(ctx, request)
	} else {
		err = c.rdb.Process(ctx, onceCmd{request})
	}
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return request.Val(), nil
}

// reply reads an array reply, position by position. A wrong shape is remembered as an error.
type reply struct {
	list []any
	at   int
	err  error
}

// array calls a function that replies with an array of at least n elements. A nil reply is ErrNotFound.
func (c *Client) array(ctx context.Context, n int, name string, keys []string, args ...any) (*reply, error) {
	v, err := c.Call(ctx, name, keys, args...)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, ErrNotFound
	}
	list, ok := v.([]any)
	if !ok || len(list) < n {
		return nil, fmt.Errorf("call %s: unexpected reply %v", name, v)
	}
	return &reply{list: list}, nil
}

// integer calls a function that replies with an integer.
func (c *Client) integer(ctx context.Context, name string, keys []string, args ...any) (int64, error) {
	v, err := c.Call(ctx, name, keys, args...)
	if err != nil {
		return 0, err
	}
	n, ok := v.(int64)
	if !ok {
		return 0, fmt.Errorf("call %s: unexpected reply %v", name, v)
	}
	return n, nil
}

func (r *reply) more() bool { return r.at < len(r.list) }

func (r *reply) next() any {
	if !r.more() {
		r.fail("the reply is too short")
		return nil
	}
	r.at++
	return r.list[r.at-1]
}

func (r *reply) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("unexpected reply %v: %s", r.list, what)
	}
}

func (r *reply) int() int64 {
	n, ok := r.next().(int64)
	if !ok {
		r.fail("not an integer")
	}
	return n
}

func (r *reply) ms() time.Duration { return time.Duration(r.int()) * time.Millisecond }

// str reads a string; nil reads as "".
func (r *reply) str() string {
	v := r.next()
	if v == nil {
		return ""
	}
	s, ok := v.(string)
	if !ok {
		r.fail("not a string")
	}
	return s
}

// ms writes a duration for a function: whole milliseconds, rounded up, so that something short does not become nothing.
func ms(d time.Duration) int64 { return int64((d + time.Millisecond - 1) / time.Millisecond) }

// tagged makes a key of which the id decides the slot.
func tagged(prefix, id string, parts ...string) string {
	key := prefix + ":{" + id + "}"
	for _, p := range parts {
		key += ":" + p
	}
	return key
}
