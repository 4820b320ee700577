package gomemcache

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift"
	"ringshift/internal/steps"
)

// What is about one server: compare-and-swap, and what is only right where the cache is the record.

// Token says which value CompareAndSwap may replace, and at which node.
type Token struct {
	cas   *steps.Token
	place steps.Place
}

// GetWithToken is Get, and the token for CompareAndSwap. What only the fallback has is memcache.ErrCacheMiss.
func (c *Client) GetWithToken(key string) (*memcache.Item, *Token, error) {
	route, err := c.route(key)
	if err != nil {
		return nil, nil, err
	}
	item, held, err := c.carrier.ReadWithToken(context.Background(), route, key)
	if err != nil || item == nil {
		_, err = itemOf(key, item, err)
		return nil, nil, err
	}
	found, err := itemOf(key, item, nil)
	return found, &Token{held.Token, steps.PlaceOf(held.Node)}, err
}

// CompareAndSwap is Set, but stores the item only if the key's value is still the one that the token is of;
// memcache.ErrCASConflict otherwise, also if the key is read elsewhere by now.
func (c *Client) CompareAndSwap(item *memcache.Item, token *Token) error {
	route, err := c.route(item.Key)
	if err != nil {
		return err
	}
	if route.Read() == nil || steps.PlaceOf(route.Read().Node()) != token.place {
		return memcache.ErrCASConflict
	}
	stored, err := c.store(item, steps.CompareAndSwap, token.cas)
	if err == nil && !stored {
		err = memcache.ErrCASConflict
	}
	return err
}

// Increment adds to a number. Refused for a key that may be on several nodes.
func (c *Client) Increment(key string, delta uint64) (uint64, error) {
	var sum uint64
	err := c.onRecord("Increment", key, func(client *memcache.Client, wire string) (err error) {
		sum, err = client.Increment(wire, delta)
		return err
	})
	return sum, err
}

// Decrement takes from a number. Refused for a key that may be on several nodes.
func (c *Client) Decrement(key string, delta uint64) (uint64, error) {
	var rest uint64
	err := c.onRecord("Decrement", key, func(client *memcache.Client, wire string) (err error) {
		rest, err = client.Decrement(wire, delta)
		return err
	})
	return rest, err
}

// Append adds to the end of a value. Refused for a key that may be on several nodes.
func (c *Client) Append(item *memcache.Item) error {
	return c.onRecord("Append", item.Key, func(client *memcache.Client, wire string) error {
		return client.Append(&memcache.Item{Key: wire, Value: item.Value, Flags: item.Flags})
	})
}

// Prepend adds to the beginning of a value. Refused for a key that may be on several nodes.
func (c *Client) Prepend(item *memcache.Item) error {
	return c.onRecord("Prepend", item.Key, func(client *memcache.Client, wire string) error {
		return client.Prepend(&memcache.Item{Key: wire, Value: item.Value, Flags: item.Flags})
	})
}

func (c *Client) onRecord(name, key string, do func(*memcache.Client, string) error) error {
	route, err := c.route(key)
	if err != nil {
		return err
	}
	at := steps.Single(route)
	if at == nil {
		return &ringshift.Error{Kind: ringshift.ErrInvalidArgument, Message: fmt.Sprintf(
			"%s is refused during a migration and on replicas: what it changes is kept nowhere else and can't be moved; "+
				"keep such keys in a cluster of their own, with a router of their own", name)}
	}
	n, err := c.transport.at(at.Address())
	if err != nil {
		return err
	}
	err = do(n.client, at.KeyPrefix()+key)
	outcome := ringshift.OutcomeOK
	answers := []error{memcache.ErrCacheMiss, memcache.ErrNotStored}
	if err != nil && !slices.ContainsFunc(answers, func(answer error) bool { return errors.Is(err, answer) }) {
		outcome = failureOf(err).Outcome
	}
	// It fails only if the router was closed meanwhile; the request still has its result.
	_ = c.router.Report(at, ringshift.OpFill, outcome)
	return err
}

// FlushAll empties every node of the spec, whatever else is on it.
func (c *Client) FlushAll() error {
	return c.atEach((*memcache.Client).FlushAll)
}

// Ping checks that every node of the spec answers.
func (c *Client) Ping() error {
	return c.atEach((*memcache.Client).Ping)
}

func (c *Client) atEach(do func(*memcache.Client) error) error {
	asked := map[string]bool{}
	for _, each := range c.router.Nodes() {
		if asked[each.Address()] {
			continue
		}
		asked[each.Address()] = true
		n, err := c.transport.at(each.Address())
		if err == nil {
			err = n.again(func() error { return do(n.client) })
		}
		if err != nil {
			return fmt.Errorf("node %s at %s: %w", each.ID(), each.Address(), err)
		}
	}
	return nil
}
