// Package goredis has go-redis' methods over a router: a [Client] carries out the route of every key.
//
//	router, err := ringshift.Open("cache.json", ringshift.WithWatch(time.Second))
//	client := goredis.New(router, &redis.Options{})
//	user, err := client.GetOrLoad(ctx, "user:42", loadUser, 5*time.Minute)
//	err = client.Invalidate(ctx, "user:42")
//
// It works with Redis from 2.6 and with Valkey; each node is a server of its own (not one of Redis Cluster). What is
// different from a go-redis client:
//
//   - There are the commands for strings that a cache needs, and no others: values of other types can't be copied.
//   - A read never fails because a cache does: a node that can't be reached is a miss (redis.Nil). Only a caller's mistake,
//     such as a key that holds a list, and a context that has ended are errors. A deadline that passes while a node is
//     asked counts as a timeout of the node; a context that is cancelled, and a pool that is full, say nothing about it.
//   - A write that a node did not acknowledge gives a *ringshift.InvalidationLostError. A write that has begun goes on when
//     its context ends, since half of it would leave an old value; the options' time limits end it.
//   - Times to live are limited to the spec's max_ttl. Redis.KeepTTL and times below a millisecond are refused.
//   - GetOrLoad is the whole cache-aside read: it stores what it loads so that no write can be overtaken by it.
//     Invalidate is what follows a write to the database.
//   - SetNX only stores the value where the key is read, if nothing is stored there; what it stores may be older than a
//     write that was completed meanwhile. Use GetOrLoad in its place.
//   - Incr, Decr and Append change a value that exists nowhere else, which can't be migrated. They work for keys that one
//     node holds, whoever asks, and are refused otherwise.
//   - Commands that are given back were carried out already; their Args are empty. Connections time out after a second, and a
//     command is sent once more only if its connection had died, unless the options say otherwise.
//
// One router serves one namespace: its clients send lost invalidations again for each other, so they all need the same
// Options.DB. A client for another one gets a router of its own.
//
// Keys are bytes, as go-redis' are. Everything else that a route stands for is the same in all languages; docs/migration.md
// in the source tree says it.
package goredis

import (
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"ringshift"
	"ringshift/internal/steps"
)

// Client has go-redis' methods over a router. Any number of goroutines may use it.
type Client struct {
	nodes   *steps.Nodes[*server]
	carrier *steps.Carrier
}

// New makes a client; connections are opened when they are needed. The router stays yours to close. The options are those
// of each node's client; Addr and Network are the spec's. nil is all defaults.
func New(router *ringshift.Router, options *redis.Options) *Client {
	var own redis.Options
	if options != nil {
		own = *options
	}
	for _, timeout := range []*time.Duration{&own.DialTimeout, &own.ReadTimeout, &own.WriteTimeout} {
		if *timeout == 0 {
			*timeout = time.Second
		}
	}
	again := own.MaxRetries == 0
	if again {
		// Go-redis would also repeat what was not answered in time: a node that hangs would cost two time limits.
		own.MaxRetries = -1
	}
	if own.DialerRetries == 0 {
		own.DialerRetries = 1
	}
	nodes := &steps.Nodes[*server]{Router: router, Open: func(address string) *server {
		options := own
		options.Addr, options.Network = address, "tcp"
		if strings.HasPrefix(address, "/") {
			options.Network = "unix"
		}
		return &server{Client: redis.NewClient(&options), again: again}
	}}
	return &Client{nodes: nodes, carrier: &steps.Carrier{Router: router, Transport: transport{nodes}}}
}

// Router is the router whose routes are carried out.
func (c *Client) Router() *ringshift.Router { return c.carrier.Router }

// Get gives the value of a key; redis.Nil if no cache has it or answers.
func (c *Client) Get(ctx context.Context, key string) *redis.StringCmd {
	item, err := c.read(ctx, key)
	if err == nil && item == nil {
		err = redis.Nil
	}
	if err != nil {
		return redis.NewStringResult("", err)
	}
	return redis.NewStringResult(string(item.Value), nil)
}

func (c *Client) read(ctx context.Context, key string) (*steps.Item, error) {
	route, err := c.carrier.Route(key)
	if err != nil {
		return nil, err
	}
	return c.carrier.Read(ctx, route, key)
}

// MGet gives the values of many keys, in their order; nil for each that is not found.
func (c *Client) MGet(ctx context.Context, keys ...string) *redis.SliceCmd {
	items, err := c.readMany(ctx, keys)
	if err != nil {
		return redis.NewSliceResult(nil, err)
	}
	values := make([]any, len(keys))
	for i, item := range items {
		if item != nil {
			values[i] = string(item.Value)
		}
	}
	return redis.NewSliceResult(values, nil)
}

func (c *Client) readMany(ctx context.Context, keys []string) ([]*steps.Item, error) {
	routes, err := c.carrier.Routes(keys...)
	if err != nil {
		return nil, err
	}
	return c.carrier.ReadMany(ctx, routes, keys)
}

// Exists tells how many of the keys are found.
func (c *Client) Exists(ctx context.Context, keys ...string) *redis.IntCmd {
	items, err := c.readMany(ctx, keys)
	var count int64
	for _, item := range items {
		if item != nil {
			count++
		}
	}
	return redis.NewIntResult(count, err)
}

// PTTL tells what a key has left; -1 for no end, -2 if it is not found.
func (c *Client) PTTL(ctx context.Context, key string) *redis.DurationCmd {
	route, err := c.carrier.Route(key)
	if err != nil {
		return redis.NewDurationResult(0, err)
	}
	switch item, err := c.carrier.Left(ctx, route, key); {
	case item == nil:
		return redis.NewDurationResult(-2, err)
	case item.TTL == steps.Forever:
		return redis.NewDurationResult(-1, nil)
	case item.TTL == steps.Unknown:
		return redis.NewDurationResult(0, nil)
	default:
		return redis.NewDurationResult(item.TTL, nil)
	}
}

// TTL is PTTL in whole seconds.
func (c *Client) TTL(ctx context.Context, key string) *redis.DurationCmd {
	left, err := c.PTTL(ctx, key).Result()
	if left > 0 {
		left = left.Round(time.Second)
	}
	return redis.NewDurationResult(left, err)
}

// GetOrLoad gives the value of a key; if no cache has it, what load gives, which is then stored for expiration (0 is for
// ever). What is stored is never older than a write whose invalidation was acknowledged. Goroutines that ask for the
// same key at the same time share a load wherever none of them can get a value that is too old by it.
//
// load asks the origin, in this goroutine; nil without an error means that there is nothing, which is redis.Nil and
// not stored, and its error is given as it is. It has 30 seconds for its value to be stored. What it asks for itself, it
// should ask with the context that it gets: asking for the same key by another one waits for itself.
func (c *Client) GetOrLoad(
	ctx context.Context, key string, load func(context.Context) ([]byte, error), expiration time.Duration,
) ([]byte, error) {
	arrived := c.carrier.Arrive()
	ttl, err := ttlOf(expiration)
	if err != nil {
		return nil, err
	}
	route, err := c.carrier.Route(key)
	if err != nil {
		return nil, err
	}
	item, err := c.carrier.Load(ctx, arrived, route, key, func(ctx context.Context) (*steps.Item, error) {
		value, err := load(ctx)
		if value == nil || err != nil {
			return nil, err
		}
		return &steps.Item{Value: value, TTL: ttl}, nil
	})
	if err == nil && item == nil {
		err = redis.Nil
	}
	if err != nil {
		return nil, err
	}
	return item.Value, nil
}

// Set stores a value where the key is read, and removes it everywhere else, in the order of the route. Redis.Nil says that
// no node to store it at may be asked at present.
func (c *Client) Set(ctx context.Context, key string, value any, expiration time.Duration) *redis.StatusCmd {
	written, err := c.write(ctx, key, value, expiration, func(route *ringshift.Route, item *steps.Item) (*steps.Written, error) {
		return c.carrier.Store(ctx, []*ringshift.Route{route}, []string{key}, []*steps.Item{item}, steps.Set, nil)
	})
	if err != nil {
		return redis.NewStatusResult("", err)
	}
	if !written.Done[0] {
		// Breakers keep it from every node to store it at. The old value was removed.
		return redis.NewStatusResult("", redis.Nil)
	}
	return redis.NewStatusResult("OK", nil)
}

// SetEx is Set.
func (c *Client) SetEx(ctx context.Context, key string, value any, expiration time.Duration) *redis.StatusCmd {
	return c.Set(ctx, key, value, expiration)
}

// SetXX is Set, but stores the value only if the key is present.
func (c *Client) SetXX(ctx context.Context, key string, value any, expiration time.Duration) *redis.BoolCmd {
	written, err := c.write(ctx, key, value, expiration, func(route *ringshift.Route, item *steps.Item) (*steps.Written, error) {
		return c.carrier.ReplaceOne(ctx, route, key, item)
	})
	return redis.NewBoolResult(err == nil && written.Done[0], err)
}

// SetNX stores a value where the key is read, if nothing is stored there.
func (c *Client) SetNX(ctx context.Context, key string, value any, expiration time.Duration) *redis.BoolCmd {
	done := false
	_, err := c.write(ctx, key, value, expiration, func(route *ringshift.Route, item *steps.Item) (written *steps.Written, err error) {
		done, err = c.carrier.AddOne(ctx, route, key, item)
		return &steps.Written{}, err
	})
	return redis.NewBoolResult(done, err)
}

func (c *Client) write(
	ctx context.Context, key string, value any, expiration time.Duration,
	how func(*ringshift.Route, *steps.Item) (*steps.Written, error),
) (*steps.Written, error) {
	bytes, err := bytesOf(value)
	if err != nil {
		return nil, err
	}
	ttl, err := ttlOf(expiration)
	if err != nil {
		return nil, err
	}
	route, err := c.carrier.Route(key)
	if err != nil {
		return nil, err
	}
	written, err := how(route, &steps.Item{Value: bytes, TTL: ttl})
	if err == nil {
		err = written.Err()
	}
	return written, err
}

// Del removes keys from every cluster that any process may read, in the order of their routes; how many were anywhere.
func (c *Client) Del(ctx context.Context, keys ...string) *redis.IntCmd {
	routes, err := c.carrier.Routes(keys...)
	if err != nil {
		return redis.NewIntResult(0, err)
	}
	written, err := c.carrier.Invalidate(ctx, routes, keys)
	if err == nil {
		err = written.Err()
	}
	var count int64
	if err == nil {
		for _, done := range written.Done {
			if done {
				count++
			}
		}
	}
	return redis.NewIntResult(count, err)
}

// Unlink is Del.
func (c *Client) Unlink(ctx context.Context, keys ...string) *redis.IntCmd {
	return c.Del(ctx, keys...)
}

// Invalidate removes a key from every cluster that any process may read; what follows a write to the database. A
// *ringshift.InvalidationLostError says that a node did not acknowledge: send it again.
func (c *Client) Invalidate(ctx context.Context, key string) error { return c.Del(ctx, key).Err() }

// Expire gives a key another time to live; false if no cache has it or answers. As in Redis, one that is not above 0 removes
// the key: it is then the same as Del.
func (c *Client) Expire(ctx context.Context, key string, expiration time.Duration) *redis.BoolCmd {
	if expiration <= 0 {
		count, err := c.Del(ctx, key).Result()
		return redis.NewBoolResult(count > 0, err)
	}
	ttl, err := ttlOf(expiration)
	if err != nil {
		return redis.NewBoolResult(false, err)
	}
	return c.touch(ctx, key, ttl)
}

// PExpire is Expire.
func (c *Client) PExpire(ctx context.Context, key string, expiration time.Duration) *redis.BoolCmd {
	return c.Expire(ctx, key, expiration)
}

// Persist gives a key the longest time to live that the spec allows; false if no cache has it or answers.
func (c *Client) Persist(ctx context.Context, key string) *redis.BoolCmd {
	return c.touch(ctx, key, steps.Forever)
}

func (c *Client) touch(ctx context.Context, key string, ttl time.Duration) *redis.BoolCmd {
	route, err := c.carrier.Route(key)
	if err != nil {
		return redis.NewBoolResult(false, err)
	}
	return redis.NewBoolResult(c.carrier.TouchOne(ctx, route, key, &steps.Item{TTL: ttl}))
}

// Close closes all connections as soon as nothing is under way on them; it never fails. A client that is closed is a cache that
// is empty, and an invalidation that it can't carry out is lost.
func (c *Client) Close() error {
	c.nodes.Close()
	return nil
}
