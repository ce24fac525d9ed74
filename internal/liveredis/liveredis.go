// Package liveredis talks to a real redis-server for tests that record goldens from it.
package liveredis

import (
	"context"
	"fmt"
	"testing"

	"github.com/tidwall/resp"

	"github.com/evald/evald/client/respclient"
	"github.com/evald/evald/internal/redistest"
)

// Client is a connection to a redis-server that lives as long as the test.
type Client struct {
	tb testing.TB
	c  *respclient.Client
}

// Error is an error reply.
type Error string

// Start runs redis-server with DEBUG enabled and extra command-line arguments.
func Start(tb testing.TB, args ...string) *Client {
	tb.Helper()
	addr := redistest.Start(tb, append(args, "--enable-debug-command", "yes")...)
	c, err := respclient.Dial(context.Background(), addr)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	return &Client{tb, c}
}

// Do sends one command and returns its reply: string, int64, nil, Error or []any of these.
// Arguments may be string, []byte or anything fmt prints.
func (c *Client) Do(args ...any) any {
	c.tb.Helper()
	text := make([]string, len(args))
	for i, a := range args {
		if b, ok := a.([]byte); ok {
			a = string(b)
		}
		text[i] = fmt.Sprint(a)
	}
	v, err := c.c.Do(text...)
	if err, ok := err.(respclient.Error); ok {
		return Error(err)
	}
	if err != nil {
		c.tb.Fatal(err)
	}
	return plain(v)
}

func plain(v resp.Value) any {
	switch {
	case v.IsNull():
		return nil
	case v.Type() == resp.Integer:
		return int64(v.Integer())
	case v.Type() == resp.Error:
		return Error(v.String())
	case v.Type() != resp.Array:
		return v.String()
	}
	list := make([]any, len(v.Array()))
	for i, x := range v.Array() {
		list[i] = plain(x)
	}
	return list
}
