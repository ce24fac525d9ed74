package client

import (
	"context"
	"time"
)

// Job is a job of a Queue.
type Job struct {
	ID, Payload string
	Try         int64 // which try this is, from 1
}

// Queue is a queue of jobs that are neither lost nor, unless a worker is too slow, run twice.
type Queue struct {
	c    *Client
	keys []string // ready, delayed, leased, body, dead
}

// NewQueue returns the queue of that name.
func NewQueue(c *Client, name string) *Queue {
	return &Queue{c, []string{tagged("q", name, "ready"), tagged("q", name, "delayed"), tagged("q", name, "leased"), tagged("q", name, "body"), tagged("q", name, "dead")}}
}

// JobOptions of a job.
type JobOptions struct {
	Delay    time.Duration
	Priority int // 0 (first) to 255
	MaxTries int // 5 by default
}

// Push adds a job; false if one of that id is in the queue already, so Push can be repeated.
func (q *Queue) Push(ctx context.Context, id, payload string, o JobOptions) (added bool, err error) {
	if o.MaxTries == 0 {
		o.MaxTries = 5
	}
	n, err := q.c.integer(ctx, "queue_push", q.keys, id, ms(o.Delay), o.Priority, o.MaxTries, payload)
	return n == 1, err
}

// Claim takes up to n jobs (1 to 100) for a lease, after it has put back those whose lease ran out.
func (q *Queue) Claim(ctx context.Context, n int, lease time.Duration) ([]Job, error) {
	if _, err := q.c.array(ctx, 2, "queue_reap", q.keys, 100); err != nil {
		return nil, err
	}
	r, err := q.c.array(ctx, 0, "queue_claim", q.keys, n, ms(lease))
	if err != nil {
		return nil, err
	}
	var jobs []Job
	for r.more() && r.err == nil {
		jobs = append(jobs, Job{ID: r.str(), Payload: r.str(), Try: r.int()})
	}
	return jobs, r.err
}

// Ack says that a job is done. ErrLost: its lease had run out and another has it.
func (q *Queue) Ack(ctx context.Context, j Job) error {
	n, err := q.c.integer(ctx, "queue_ack", q.keys, j.ID, j.Try)
	if err == nil && n == 0 {
		err = ErrLost
	}
	return err
}

// Nack says that a job failed: it is tried again after delay, or dead when it has no tries left.
func (q *Queue) Nack(ctx context.Context, j Job, delay time.Duration) (dead bool, err error) {
	r, err := q.c.array(ctx, 2, "queue_nack", q.keys, j.ID, j.Try, ms(delay))
	if err != nil {
		return false, err
	}
	if r.int() == 0 {
		return false, ErrLost
	}
	return r.int() == 1, r.err
}

// Extend keeps a job that takes longer than its lease.
func (q *Queue) Extend(ctx context.Context, j Job, lease time.Duration) error {
	r, err := q.c.array(ctx, 2, "queue_extend", q.keys, j.ID, j.Try, ms(lease))
	if err == nil && r.int() == 0 {
		err = ErrLost
	}
	return err
}
