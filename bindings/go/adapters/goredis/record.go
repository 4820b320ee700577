// What is only right where the cache is the record, and all nodes in turn.

package goredis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"ringshift"
	"ringshift/internal/steps"
)

// Incr adds 1 to a number. Refused for a key that may be on several nodes.
func (c *Client) Incr(ctx context.Context, key string) *redis.IntCmd { return c.IncrBy(ctx, key, 1) }

// IncrBy adds to a number. Refused for a key that may be on several nodes.
func (c *Client) IncrBy(ctx context.Context, key string, value int64) *redis.IntCmd {
	return c.onRecord(ctx, "IncrBy", key, value)
}

// Decr takes 1 from a number. Refused for a key that may be on several nodes.
func (c *Client) Decr(ctx context.Context, key string) *redis.IntCmd { return c.DecrBy(ctx, key, 1) }

// DecrBy takes from a number. Refused for a key that may be on several nodes.
func (c *Client) DecrBy(ctx context.Context, key string, decrement int64) *redis.IntCmd {
	return c.onRecord(ctx, "DecrBy", key, decrement)
}

// Append adds to the end of a value. Refused for a key that may be on several nodes.
func (c *Client) Append(ctx context.Context, key, value string) *redis.IntCmd {
	return c.onRecord(ctx, "Append", key, value)
}

// once is a command that go-redis never sends again: it may have been done though no answer came.
type once struct{ *redis.IntCmd }

// NoRetry says so to go-redis.
func (once) NoRetry() bool { return true }

func (c *Client) onRecord(ctx context.Context, name, key string, value any) *redis.IntCmd {
	route, err := c.carrier.Route(key)
	if err != nil {
		return redis.NewIntResult(0, err)
	}
	at := steps.Single(route)
	if at == nil {
		return redis.NewIntResult(0, invalid("%s is refused during a migration and on replicas: what it changes is kept "+
			"nowhere else and can't be moved; keep such keys in a cluster of their own, with a router of their own", name))
	}
	if err := ctx.Err(); err != nil {
		return redis.NewIntResult(0, err)
	}
	result := redis.NewIntCmd(ctx, strings.ToLower(name), at.KeyPrefix()+key, value)
	if err := c.nodes.Use(at.Address(), func(server *server) { _ = server.Process(ctx, once{result}) }); err != nil {
		result.SetErr(err)
	}
	var answered redis.Error
	outcome := ringshift.OutcomeOK
	if err := result.Err(); err != nil && !errors.As(err, &answered) {
		outcome = replyOf(err).Outcome
	}
	// It fails only if the router was closed meanwhile; the request still has its result.
	_ = c.Router().Report(at, ringshift.OpFill, outcome)
	return result
}

// Ping checks that every node of the spec answers. The error names every node that does not.
func (c *Client) Ping(ctx context.Context) *redis.StatusCmd {
	var all []error
	asked := map[string]bool{}
	for _, each := range c.Router().Nodes() {
		if asked[each.Address()] {
			continue
		}
		asked[each.Address()] = true
		var err error
		closed := c.nodes.Use(each.Address(), func(server *server) {
			err = server.repeat(func() error { return server.Ping(ctx).Err() })
		})
		if err = errors.Join(closed, err); err != nil {
			all = append(all, fmt.Errorf("node %s at %s: %w", each.ID(), each.Address(), err))
		}
	}
	if len(all) > 0 {
		return redis.NewStatusResult("", errors.Join(all...))
	}
	return redis.NewStatusResult("PONG", nil)
}
