// Package respclient is a small blocking RESP2 client: one connection, one caller at a time.
// The command-line client, the benchmark's set-up and tests use it; applications are better served by a full client library.
package respclient

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/tidwall/resp"
)

// Error is an error reply of the server, without the leading dash.
type Error string

func (e Error) Error() string { return string(e) }

// Client is one connection. It is not safe for concurrent use, except that Close may be called at any time.
type Client struct {
	conn   net.Conn
	buf    *bufio.Reader
	values *resp.Reader
	out    []byte // requests not yet flushed
}

// Network splits an address into what net.Dial takes: a path (or unix:path) is a Unix socket, everything else host:port.
func Network(addr string) (network, address string) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		return "unix", path
	}
	if strings.Contains(addr, "/") {
		return "unix", addr
	}
	return "tcp", addr
}

// Dial connects to "host:port", or to a Unix socket given by its path.
func Dial(ctx context.Context, addr string) (*Client, error) {
	network, address := Network(addr)
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", addr, rootCause(err))
	}
	return New(conn), nil
}

// rootCause strips the address and system call that net puts around an error ("dial tcp 1.2.3.4:5: connect: "):
// the caller has just named the address.
func rootCause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// New wraps an open connection; Close closes it.
func New(conn net.Conn) *Client {
	buf := bufio.NewReaderSize(conn, 64<<10)
	// resp.NewReader keeps a buffered reader it is given, so Peek below and the value reader share one buffer.
	return &Client{conn: conn, buf: buf, values: resp.NewReader(buf)}
}

// Close closes the connection; a Receive in progress returns an error.
func (c *Client) Close() error { return c.conn.Close() }

// Do sends one command and returns its reply. An error reply is returned as an Error, beside its value.
func (c *Client) Do(args ...string) (resp.Value, error) {
	c.Send(args...)
	if err := c.Flush(); err != nil {
		return resp.Value{}, err
	}
	return c.Receive()
}

// Send queues one command; Flush writes what is queued.
func (c *Client) Send(args ...string) { c.out = AppendCommand(c.out, args...) }

// Queued returns the bytes waiting for Flush.
func (c *Client) Queued() int { return len(c.out) }

// Flush writes the queued commands.
func (c *Client) Flush() error {
	_, err := c.conn.Write(c.out)
	c.out = c.out[:0]
	if err != nil {
		return fmt.Errorf("write: %w", rootCause(err))
	}
	return nil
}

// Receive reads one reply. An error reply is returned as an Error, beside its value; any other error ends the connection.
func (c *Client) Receive() (resp.Value, error) {
	first, err := c.buf.Peek(1)
	if err != nil {
		if errors.Is(err, io.EOF) {
			return resp.Value{}, errors.New("the server closed the connection")
		}
		return resp.Value{}, fmt.Errorf("read: %w", rootCause(err))
	}
	if !strings.ContainsRune("+-:$*", rune(first[0])) {
		c.Close() // the rest of the stream cannot be told apart any more
		return resp.Value{}, fmt.Errorf("reply starts with %q: only RESP2 is read here", first[0])
	}
	v, _, err := c.values.ReadValue()
	if err == nil && !complete(v) {
		err = errors.New("array of more than 1048576 elements")
	}
	if err != nil {
		c.Close()
		return resp.Value{}, fmt.Errorf("read reply: %w", err)
	}
	if e := v.Error(); e != nil {
		return v, Error(e.Error())
	}
	return v, nil
}

// complete reports whether the reader filled the value: it gives up on very long arrays with an untyped value and no error.
func complete(v resp.Value) bool {
	if v.Type() == 0 {
		return false
	}
	for _, e := range v.Array() {
		if !complete(e) {
			return false
		}
	}
	return true
}

// AppendCommand appends the RESP form of one command (an array of bulk strings).
func AppendCommand(b []byte, args ...string) []byte {
	b = AppendArray(b, len(args))
	for _, a := range args {
		b = AppendBulk(b, a)
	}
	return b
}

// AppendArray appends the header of an array of n elements.
func AppendArray(b []byte, n int) []byte {
	b = append(b, '*')
	b = strconv.AppendInt(b, int64(n), 10)
	return append(b, "\r\n"...)
}

// AppendBulk appends one bulk string.
func AppendBulk(b []byte, s string) []byte {
	b = append(b, '$')
	b = strconv.AppendInt(b, int64(len(s)), 10)
	b = append(b, "\r\n"...)
	b = append(b, s...)
	return append(b, "\r\n"...)
}
