// The transport: sends steps to Redis by go-redis' clients.

package goredis

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"ringshift/internal/steps"
)

// mark is how every lease begins.
const mark = "\x00ringshift:lease:"

// server is a client of one address.
type server struct {
	*redis.Client
	// again says that what failed because its connection had died is repeated.
	again bool
}

// repeat does something, and once more if the connection had died.
func (s *server) repeat(do func() error) error {
	err := do()
	if s.again && err != nil && steps.HasDied(err) {
		err = do()
	}
	return err
}

// transport sends steps. Any number of goroutines may use it.
type transport struct {
	nodes *steps.Nodes[*server]
}

// Send carries out a step.
func (t transport) Send(ctx context.Context, step *steps.Step) (replies []steps.Reply) {
	keys := make([]string, len(step.Keys))
	for i, key := range step.Keys {
		keys[i] = step.Node.KeyPrefix() + key
	}
	closed := t.nodes.Use(step.Node.Address(), func(server *server) {
		node := node{ctx, server}
		switch step.Do {
		case steps.Get:
			replies = node.get(keys)
		case steps.Take:
			replies = node.take(keys)
		case steps.Seek:
			replies = node.seek(keys)
		case steps.Fill:
			replies = node.fill(step, keys)
		default:
			replies = node.write(step, keys)
		}
	})
	if closed != nil {
		replies = slices.Repeat([]steps.Reply{replyOf(closed)}, len(keys))
	}
	return replies
}

// node is a server, for one step.
type node struct {
	ctx    context.Context
	server *server
}

func (n node) command(arguments ...any) *redis.Cmd { return redis.NewCmd(n.ctx, arguments...) }

// send sends commands in one round trip, and gives what was answered to each.
func (n node) send(commands []*redis.Cmd) []answer {
	failed := n.server.repeat(func() error {
		switch len(commands) {
		case 0:
			return nil
		case 1:
			return n.server.Process(n.ctx, commands[0])
		}
		_, err := n.server.Pipelined(n.ctx, func(pipe redis.Pipeliner) error {
			for _, command := range commands {
				if err := pipe.Process(n.ctx, command); err != nil {
					return err
				}
			}
			return nil
		})
		return err
	})
	answers := make([]answer, len(commands))
	for i, command := range commands {
		answers[i] = answerTo(command, failed)
	}
	return answers
}

func (n node) get(keys []string) []steps.Reply {
	replies := make([]steps.Reply, len(keys))
	if len(keys) == 1 {
		replies[0] = n.send([]*redis.Cmd{n.command("get", keys[0])})[0].item()
		return replies
	}
	arguments := []any{"mget"}
	for _, key := range keys {
		arguments = append(arguments, key)
	}
	all := n.send([]*redis.Cmd{n.command(arguments...)})[0]
	values, _ := all.value.([]any)
	if all.err == nil && len(values) != len(keys) {
		all.err = errors.New("the server did not answer to MGET as Redis does")
	}
	for i := range keys {
		switch {
		case all.err != nil:
			replies[i] = replyOf(all.err)
		case values[i] != nil:
			replies[i] = answer{value: values[i]}.item()
		}
	}
	return replies
}

func (n node) take(keys []string) []steps.Reply {
	var commands []*redis.Cmd
	for _, key := range keys {
		// The time first: if the value is replaced in between, a copy lives too short rather than too long.
		commands = append(commands, n.command("pttl", key), n.command("get", key))
	}
	answers := n.send(commands)
	replies := make([]steps.Reply, len(keys))
	for i := range keys {
		left, found := answers[2*i], answers[2*i+1]
		replies[i] = found.item()
		if replies[i].Item == nil {
			continue
		}
		switch ttl, isTime := left.value.(int64); {
		case left.err != nil:
			replies[i] = replyOf(left.err)
		case isTime && ttl == -1:
			replies[i].Item.TTL = steps.Forever
		case isTime && ttl > 0:
			replies[i].Item.TTL = time.Duration(ttl) * time.Millisecond
		}
	}
	return replies
}

func (n node) seek(keys []string) []steps.Reply {
	replies := n.get(keys)
	var missing []int
	var calls [][]any
	for i, key := range keys {
		if reply := &replies[i]; reply.Item == nil && reply.Failure == nil && reply.Mistake == nil {
			missing = append(missing, i)
			calls = append(calls, []any{key, newLease(), steps.Lease.Milliseconds()})
		}
	}
	for j, got := range n.run(lease, calls) {
		reply := &replies[missing[j]]
		text, isText := got.value.(string)
		switch {
		case errors.Is(got.err, redis.Nil):
			made, _ := calls[j][1].(string)
			reply.Token = &steps.Token{Text: []byte(made)}
		case isText && strings.HasPrefix(text, mark):
			reply.Token = &steps.Token{Text: []byte(text)}
		default:
			if *reply = got.item(); reply.Refused != nil {
				// There is no room for a lease, and so there is no token.
				*reply = steps.Reply{}
			}
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

func (n node) fill(step *steps.Step, keys []string) []steps.Reply {
	calls := make([][]any, len(keys))
	for i, key := range keys {
		calls[i] = []any{key, step.Tokens[i].Text, step.Items[i].Value, milliseconds(step.Items[i].TTL)}
	}
	replies := make([]steps.Reply, len(keys))
	for i, got := range n.run(fill, calls) {
		replies[i] = got.done(int64(1))
	}
	return replies
}

// write sends what stores or removes, or gives another time to live.
func (n node) write(step *steps.Step, keys []string) []steps.Reply {
	commands := make([]*redis.Cmd, len(keys))
	for i, key := range keys {
		if step.Do == steps.Delete {
			commands[i] = n.command("del", key)
			continue
		}
		item := step.Items[i]
		if step.Do == steps.Touch {
			commands[i] = n.command("pexpire", key, item.TTL.Milliseconds())
			if item.TTL == steps.Forever {
				commands[i] = n.command("persist", key)
			}
			continue
		}
		arguments := []any{"set", key, item.Value}
		if item.TTL != steps.Forever {
			arguments = append(arguments, "px", milliseconds(item.TTL))
		}
		switch step.Do {
		case steps.Add:
			arguments = append(arguments, "nx")
		case steps.Replace:
			arguments = append(arguments, "xx")
		}
		commands[i] = n.command(arguments...)
	}
	if step.Do == steps.Touch && step.Items[0].TTL == steps.Forever {
		// A key without an end can't be persisted, and is there all the same.
		for _, key := range keys {
			commands = append(commands, n.command("exists", key))
		}
	}
	answers := n.send(commands)
	replies := make([]steps.Reply, len(keys))
	for i, got := range answers[len(answers)-len(keys):] {
		switch step.Do {
		case steps.Set, steps.Add, steps.Replace:
			replies[i] = got.done("OK")
		default:
			replies[i] = got.done(int64(1))
		}
	}
	return replies
}

// milliseconds of a time to live; 0 for ever.
func milliseconds(ttl time.Duration) int64 {
	if ttl == steps.Forever {
		return 0
	}
	return max(1, ttl.Milliseconds())
}
