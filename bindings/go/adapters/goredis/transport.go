package goredis

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"ringshift"
	"ringshift/internal/steps"
)

// mark is how every lease begins.
const mark = "\x00ringshift:lease:"

// transport sends steps. Any number of goroutines may use it.
type transport struct {
	router  *ringshift.Router
	options redis.Options

	lock    sync.Mutex
	clients map[string]*redis.Client
	closed  bool
}

var errClosed = errors.New("the client was closed")

// at gives the client of an address, made when it is first needed.
func (t *transport) at(address string) (*redis.Client, error) {
	t.lock.Lock()
	defer t.lock.Unlock()
	if client := t.clients[address]; client != nil {
		return client, nil
	}
	if t.closed {
		return nil, errClosed
	}
	options := t.options
	options.Addr, options.Network = address, "tcp"
	if strings.HasPrefix(address, "/") {
		options.Network = "unix"
	}
	client := redis.NewClient(&options)
	t.retire()
	t.clients[address] = client
	return client, nil
}

// retire gives up the addresses that the spec has no more. What is under way on them fails, as if they were gone.
func (t *transport) retire() {
	known := map[string]bool{}
	for _, each := range t.router.Nodes() {
		known[each.Address()] = true
	}
	for address, client := range t.clients {
		if !known[address] {
			delete(t.clients, address)
			_ = client.Close()
		}
	}
}

func (t *transport) close() {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.closed = true
	for _, client := range t.clients {
		_ = client.Close()
	}
	t.clients = map[string]*redis.Client{}
}

// Send carries out a step.
func (t *transport) Send(ctx context.Context, step *steps.Step) []steps.Reply {
	client, err := t.at(step.Node.Address())
	if err != nil {
		failure := replyOf(step.Do, err)
		return all(step, func(int, string) steps.Reply { return failure })
	}
	keys := make([]string, len(step.Keys))
	for i, key := range step.Keys {
		keys[i] = step.Node.KeyPrefix() + key
	}
	switch step.Do {
	case steps.Get:
		return get(ctx, client, step, keys)
	case steps.Take:
		return take(ctx, client, step, keys)
	case steps.Seek:
		return seek(ctx, client, step, keys)
	}
	return write(ctx, client, step, keys)
}

// pipelined sends commands in one round trip, and says why they failed as a whole: then the commands themselves need not
// know it. What a server answered to one of them is in that command.
func pipelined(ctx context.Context, client *redis.Client, queue func(redis.Pipeliner)) error {
	_, err := client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		queue(pipe)
		return nil
	})
	var answered redis.Error
	if errors.As(err, &answered) {
		return nil
	}
	return err
}

// all gives a reply for each key.
func all(step *steps.Step, reply func(i int, key string) steps.Reply) []steps.Reply {
	replies := make([]steps.Reply, len(step.Keys))
	for i, key := range step.Keys {
		replies[i] = reply(i, key)
	}
	return replies
}

func get(ctx context.Context, client *redis.Client, step *steps.Step, keys []string) []steps.Reply {
	if len(keys) == 1 {
		value, err := client.Get(ctx, keys[0]).Bytes()
		return []steps.Reply{found(step.Do, value, err)}
	}
	values, err := client.MGet(ctx, keys...).Result()
	return all(step, func(i int, _ string) steps.Reply {
		if err != nil {
			return replyOf(step.Do, err)
		}
		text, isThere := values[i].(string)
		if !isThere {
			return steps.Reply{}
		}
		return found(step.Do, []byte(text), nil)
	})
}

func take(ctx context.Context, client *redis.Client, step *steps.Step, keys []string) []steps.Reply {
	left, values := make([]*redis.DurationCmd, len(keys)), make([]*redis.StringCmd, len(keys))
	failed := pipelined(ctx, client, func(pipe redis.Pipeliner) {
		for i, key := range keys {
			// The time first: if the value is replaced in between, a copy lives too short rather than too long.
			left[i], values[i] = pipe.PTTL(ctx, key), pipe.Get(ctx, key)
		}
	})
	return all(step, func(i int, _ string) steps.Reply {
		if failed != nil {
			return replyOf(step.Do, failed)
		}
		value, err := values[i].Bytes()
		reply := found(step.Do, value, err)
		if reply.Item == nil {
			return reply
		}
		switch ttl, err := left[i].Result(); {
		case err != nil:
			return replyOf(step.Do, err)
		case ttl == -1:
			reply.Item.TTL = steps.Forever
		case ttl > 0:
			reply.Item.TTL = ttl
		}
		return reply
	})
}

func seek(ctx context.Context, client *redis.Client, step *steps.Step, keys []string) []steps.Reply {
	replies := get(ctx, client, step, keys)
	for i, key := range keys {
		if replies[i].Item != nil || replies[i].Failure != nil || replies[i].Mistake != nil {
			continue
		}
		made := newLease()
		value, err := lease.Run(ctx, client, []string{key}, made, steps.Lease.Milliseconds()).Text()
		switch {
		case errors.Is(err, redis.Nil):
			replies[i].Token = &steps.Token{Text: []byte(made)}
		case err != nil:
			if replies[i] = replyOf(step.Do, err); replies[i].Refused != nil {
				// There is no room for a lease, and so there is no token.
				replies[i] = steps.Reply{}
			}
		case strings.HasPrefix(value, mark):
			replies[i].Token = &steps.Token{Text: []byte(value)}
		default:
			replies[i] = found(step.Do, []byte(value), nil)
		}
	}
	return replies
}

func newLease() string {
	var random [16]byte
	// It never fails.
	_, _ = rand.Read(random[:])
	return mark + hex.EncodeToString(random[:])
}

// write sends what stores or removes; those of one step share a round trip where the client can.
func write(ctx context.Context, client *redis.Client, step *steps.Step, keys []string) []steps.Reply {
	done := make([]func() (bool, error), len(keys))
	send := func(c redis.Cmdable, i int, key string) {
		var item *steps.Item
		if step.Items != nil {
			item = step.Items[i]
		}
		switch step.Do {
		case steps.Set, steps.Add, steps.Replace:
			arguments := redis.SetArgs{TTL: item.TTL, Mode: map[steps.Do]string{steps.Add: "NX", steps.Replace: "XX"}[step.Do]}
			command := c.SetArgs(ctx, key, item.Value, arguments)
			done[i] = func() (bool, error) { return isOK(command.Result()) }
		case steps.Delete:
			command := c.Del(ctx, key)
			done[i] = func() (bool, error) { n, err := command.Result(); return n > 0, err }
		case steps.Touch:
			if item.TTL == steps.Forever {
				c.Persist(ctx, key)
			} else {
				c.PExpire(ctx, key, item.TTL)
			}
			// A key without an end can't be persisted, and is there all the same.
			command := c.Exists(ctx, key)
			done[i] = func() (bool, error) { n, err := command.Result(); return n > 0, err }
		}
	}
	if step.Do == steps.Fill {
		return all(step, func(i int, _ string) steps.Reply {
			item := step.Items[i]
			n, err := fill.Run(ctx, client, []string{keys[i]}, step.Tokens[i].Text, item.Value, milliseconds(item.TTL)).Int()
			if err != nil {
				return replyOf(step.Do, err)
			}
			return steps.Reply{Done: n == 1}
		})
	}
	var failed error
	if len(keys) == 1 && step.Do != steps.Touch {
		send(client, 0, keys[0])
	} else {
		failed = pipelined(ctx, client, func(pipe redis.Pipeliner) {
			for i, key := range keys {
				send(pipe, i, key)
			}
		})
	}
	return all(step, func(i int, _ string) steps.Reply {
		if failed != nil {
			return replyOf(step.Do, failed)
		}
		is, err := done[i]()
		if err != nil {
			return replyOf(step.Do, err)
		}
		return steps.Reply{Done: is}
	})
}

func isOK(status string, err error) (bool, error) {
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	return status == "OK", err
}

// milliseconds of a time to live; 0 for ever.
func milliseconds(ttl time.Duration) int64 {
	if ttl == steps.Forever {
		return 0
	}
	return max(1, ttl.Milliseconds())
}

// found is the reply for a value; a lease is a miss.
func found(do steps.Do, value []byte, err error) steps.Reply {
	switch {
	case errors.Is(err, redis.Nil):
		return steps.Reply{}
	case err != nil:
		return replyOf(do, err)
	case strings.HasPrefix(string(value), mark):
		return steps.Reply{}
	}
	return steps.Reply{Item: &steps.Item{Value: value, TTL: steps.Unknown}}
}

// replyOf is the reply for a request that failed.
func replyOf(do steps.Do, err error) steps.Reply {
	var answered redis.Error
	if errors.As(err, &answered) {
		switch {
		case strings.HasPrefix(err.Error(), "WRONGTYPE"):
			return steps.Reply{Mistake: err}
		case strings.HasPrefix(err.Error(), "OOM"):
			return steps.Reply{Refused: err}
		}
		return steps.Reply{Failure: err, Outcome: ringshift.OutcomeError}
	}
	reply := steps.Reply{Failure: err, Outcome: ringshift.OutcomeError}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, context.DeadlineExceeded) {
		reply.Outcome = ringshift.OutcomeTimeout
	}
	// That the caller went away, or closed the client, says nothing about the node.
	reply.Silent = errors.Is(err, errClosed) || errors.Is(err, context.Canceled) || errors.Is(err, redis.ErrClosed)
	return reply
}
