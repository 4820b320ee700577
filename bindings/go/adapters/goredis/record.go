package goredis

import (
	"context"
	"encoding"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"ringshift"
	"ringshift/internal/steps"
)

// Incr adds 1 to a number. Refused for a key that may be on several nodes.
func (c *Client) Incr(ctx context.Context, key string) *redis.IntCmd { return c.IncrBy(ctx, key, 1) }

// IncrBy adds to a number. Refused for a key that may be on several nodes.
func (c *Client) IncrBy(ctx context.Context, key string, value int64) *redis.IntCmd {
	return c.onRecord("IncrBy", key, func(client *redis.Client, wire string) *redis.IntCmd {
		return client.IncrBy(ctx, wire, value)
	})
}

// Decr takes 1 from a number. Refused for a key that may be on several nodes.
func (c *Client) Decr(ctx context.Context, key string) *redis.IntCmd { return c.DecrBy(ctx, key, 1) }

// DecrBy takes from a number. Refused for a key that may be on several nodes.
func (c *Client) DecrBy(ctx context.Context, key string, decrement int64) *redis.IntCmd {
	return c.onRecord("DecrBy", key, func(client *redis.Client, wire string) *redis.IntCmd {
		return client.DecrBy(ctx, wire, decrement)
	})
}

// Append adds to the end of a value. Refused for a key that may be on several nodes.
func (c *Client) Append(ctx context.Context, key, value string) *redis.IntCmd {
	return c.onRecord("Append", key, func(client *redis.Client, wire string) *redis.IntCmd {
		return client.Append(ctx, wire, value)
	})
}

func (c *Client) onRecord(name, key string, do func(*redis.Client, string) *redis.IntCmd) *redis.IntCmd {
	route, err := c.router.RouteBytes([]byte(key))
	if err != nil {
		return redis.NewIntResult(0, err)
	}
	at := steps.Single(route)
	if at == nil {
		return redis.NewIntResult(0, invalid("%s is refused during a migration and on replicas: what it changes is kept "+
			"nowhere else and can't be moved; keep such keys in a cluster of their own, with a router of their own", name))
	}
	client, err := c.transport.at(at.Address())
	if err != nil {
		return redis.NewIntResult(0, err)
	}
	result := do(client, at.KeyPrefix()+key)
	outcome := ringshift.OutcomeOK
	var answered redis.Error
	if err := result.Err(); err != nil && !errors.As(err, &answered) {
		outcome = replyOf(steps.Set, err).Outcome
	}
	// It fails only if the router was closed meanwhile; the request still has its result.
	_ = c.router.Report(at, ringshift.OpFill, outcome)
	return result
}

// Ping checks that every node of the spec answers.
func (c *Client) Ping(ctx context.Context) *redis.StatusCmd {
	asked := map[string]bool{}
	for _, each := range c.router.Nodes() {
		if asked[each.Address()] {
			continue
		}
		asked[each.Address()] = true
		client, err := c.transport.at(each.Address())
		if err == nil {
			err = client.Ping(ctx).Err()
		}
		if err != nil {
			return redis.NewStatusResult("", fmt.Errorf("node %s at %s: %w", each.ID(), each.Address(), err))
		}
	}
	return redis.NewStatusResult("PONG", nil)
}

// bytesOf is what go-redis makes of a value.
func bytesOf(_ context.Context, value any) ([]byte, error) {
	switch v := value.(type) {
	case string:
		return []byte(v), nil
	case []byte:
		return v, nil
	case bool:
		if v {
			return []byte("1"), nil
		}
		return []byte("0"), nil
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		return fmt.Append(nil, v), nil
	case float32:
		return strconv.AppendFloat(nil, float64(v), 'f', -1, 64), nil
	case float64:
		return strconv.AppendFloat(nil, v, 'f', -1, 64), nil
	case time.Time:
		return v.AppendFormat(nil, time.RFC3339Nano), nil
	case time.Duration:
		return strconv.AppendInt(nil, v.Nanoseconds(), 10), nil
	case encoding.BinaryMarshaler:
		return v.MarshalBinary()
	}
	return nil, invalid("a value of type %T can't be stored; use a string, []byte, number, bool, time or BinaryMarshaler", value)
}

// ttlOf is the time to live that an expiration means.
func ttlOf(expiration time.Duration) (time.Duration, error) {
	switch {
	case expiration == redis.KeepTTL:
		return 0, invalid("KeepTTL can't be carried out at several nodes; give an expiration")
	case expiration < 0, expiration > 0 && expiration < time.Millisecond:
		return 0, invalid("the expiration %v is not one; use 0 for ever, or a millisecond or more", expiration)
	}
	return expiration, nil
}

func invalid(format string, values ...any) error {
	return &ringshift.Error{Kind: ringshift.ErrInvalidArgument, Message: fmt.Sprintf(format, values...)}
}
