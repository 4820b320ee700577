// What is about one server: compare-and-swap, what is only right where the cache is the record, and all nodes in turn.

package gomemcache

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift"
	"ringshift/internal/steps"
)

// CompareAndSwap is Set, but stores the item only if the key's value is still the one whose CasID the item has;
// memcache.ErrCASConflict otherwise, also if it is gone, if it was found at the fallback, or if the key is read elsewhere by
// now. The value is then left where it is read, and removed everywhere else.
func (c *Client) CompareAndSwap(item *memcache.Item) error {
	route, err := c.route(item.Key)
	if err != nil {
		return err
	}
	target := route.Read()
	if target == nil {
		return memcache.ErrCASConflict
	}
	number := item.CasID ^ fingerprint(target.Node())
	written, err := c.carrier.Store(context.Background(), []*ringshift.Route{route}, []string{item.Key},
		[]*steps.Item{given(item)}, steps.CompareAndSwap, &steps.Token{Text: strconv.AppendUint(nil, number, 10)})
	if err == nil {
		err = written.Err()
	}
	if err == nil && !written.Done[0] {
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
	if closed := c.nodes.Use(at.Address(), func(n *node) { err = do(n.client, at.KeyPrefix()+key) }); closed != nil {
		err = closed
	}
	outcome := ringshift.OutcomeOK
	if err != nil && !isNo(err) && !isRefusal(err) {
		outcome = failureOf(err).Outcome
	}
	// It fails only if the router was closed meanwhile; the request still has its result.
	_ = c.Router().Report(at, ringshift.OpFill, outcome)
	return err
}

// FlushAll empties every node of the spec, whatever else is on it. The error names every node that did not do it.
func (c *Client) FlushAll() error {
	return c.atEach((*memcache.Client).FlushAll)
}

// Ping checks that every node of the spec answers. The error names every node that does not.
func (c *Client) Ping() error {
	return c.atEach((*memcache.Client).Ping)
}

func (c *Client) atEach(do func(*memcache.Client) error) error {
	var all []error
	asked := map[string]bool{}
	for _, each := range c.Router().Nodes() {
		if asked[each.Address()] {
			continue
		}
		asked[each.Address()] = true
		var err error
		closed := c.nodes.Use(each.Address(), func(n *node) {
			err = n.again(func() error { return do(n.client) })
		})
		if err = errors.Join(closed, err); err != nil {
			all = append(all, fmt.Errorf("node %s at %s: %w", each.ID(), each.Address(), err))
		}
	}
	return errors.Join(all...)
}
