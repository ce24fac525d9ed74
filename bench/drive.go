// This file drives the connections with a goroutine each. It runs where epoll does not; drive_linux.go is the fast way.
package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/evald/evald/client/respclient"
)

// readBuffer holds what one read may return.
const readBuffer = 64 << 10

// batcher hands out the requests of a round in batches.
type batcher struct {
	left    atomic.Int64
	counter atomic.Int64 // see numbers
}

// take reserves up to n requests and returns how many; 0 means the round is over.
func (b *batcher) take(n int) int {
	left := b.left.Add(int64(-n))
	return int(max(0, min(int64(n), left+int64(n))))
}

// numbers returns the source of the i-th connection.
func (d *driver) numbers(i int, counter *atomic.Int64) numbers {
	return numbers{rng: rand.New(rand.NewPCG(d.seed, uint64(i))), counter: counter}
}

// dial opens the connections of a round.
func (d *driver) dial(ctx context.Context) (conns []net.Conn, err error) {
	network, address := respclient.Network(d.addr)
	for i := range min(d.clients, d.requests) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			closeAll(conns)
			return nil, fmt.Errorf("connection %d of %d: %w", i+1, d.clients, err)
		}
		conns = append(conns, conn)
	}
	return conns, nil
}

func closeAll(conns []net.Conn) {
	for _, c := range conns {
		c.Close()
	}
}

// runGoroutines is the portable way to run a round.
func (d *driver) runGoroutines(ctx context.Context) error {
	conns, err := d.dial(ctx)
	if err != nil {
		return err
	}
	defer closeAll(conns)
	stop := context.AfterFunc(ctx, func() { closeAll(conns) })
	defer stop()

	var b batcher
	b.left.Store(int64(d.requests))
	var mu sync.Mutex // of err, and of the driver's results
	var wg sync.WaitGroup
	start := time.Now()
	for i, conn := range conns {
		wg.Go(func() {
			hist := hdrhistogram.New(d.hist.LowestTrackableValue(), d.hist.HighestTrackableValue(), 3)
			var s skipper
			e := d.serve(conn, &b, d.numbers(i, &b.counter), hist, &s)
			mu.Lock()
			defer mu.Unlock()
			err = errors.Join(err, e)
			d.hist.Merge(hist)
			d.count(&s)
		})
	}
	wg.Wait()
	d.elapsed = time.Since(start)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	return d.check()
}

// serve runs batches on one connection until none is left.
func (d *driver) serve(conn net.Conn, b *batcher, src numbers, hist *hdrhistogram.Histogram, s *skipper) error {
	out := append([]byte(nil), d.tmpl.bytes...)
	in, kept := make([]byte, readBuffer), 0
	for {
		n := b.take(d.tmpl.n)
		if n == 0 {
			return nil
		}
		d.tmpl.fill(out, n, &src)
		sent := time.Now()
		// Set once a batch: a round is long, a batch is not.
		if err := conn.SetDeadline(sent.Add(d.timeout)); err != nil {
			return err
		}
		// A server may answer before it has read all: writing on the side keeps both from waiting for each other.
		written := make(chan error, 1)
		go func() { _, err := conn.Write(d.tmpl.batch(out, n)); written <- err }()
		for n > 0 {
			m, err := conn.Read(in[kept:])
			if err != nil {
				return d.readError(err)
			}
			used, replies, err := s.feed(in[:kept+m])
			if err != nil {
				return err
			}
			if kept, err = keep(in, used, kept+m); err != nil {
				return err
			}
			if replies > n {
				return errTooMany
			}
			if replies > 0 {
				hist.RecordValues(int64(time.Since(sent)), int64(replies))
				n -= replies
				d.done.Add(int64(replies))
			}
		}
		if err := <-written; err != nil {
			return err
		}
	}
}

var errTooMany = errors.New("more replies than requests")

// keep moves the unread end of in[:end] to the front and returns its length.
func keep(in []byte, used, end int) (int, error) {
	if used == 0 && end == len(in) {
		return 0, fmt.Errorf("line of more than %d bytes in a reply", len(in))
	}
	return copy(in, in[used:end]), nil
}

func (d *driver) readError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errStalled
	}
	return fmt.Errorf("read: %w", err)
}

// count adds what a connection's skipper saw.
func (d *driver) count(s *skipper) {
	if d.errors == 0 {
		d.problem = s.first
	}
	d.errors += s.errors
}
