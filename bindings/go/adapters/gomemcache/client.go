// Package gomemcache has gomemcache's methods over a router: a [Client] carries out the route of every key.
//
//	router, err := ringshift.Open("cache.json", ringshift.WithWatch(time.Second))
//	client := gomemcache.New(router, gomemcache.Options{})
//	item, err := client.GetOrLoad("user:42", loadUser, 300)
//	err = client.Invalidate("user:42")
//
// What is different from a gomemcache client:
//
//   - A read never fails because a cache does: a node that can't be reached is a miss (memcache.ErrCacheMiss). Only a
//     caller's mistake, such as a key with a space, is an error.
//   - A write that a node did not acknowledge gives a *ringshift.InvalidationLostError.
//   - Expirations are limited to the spec's max_ttl.
//   - GetOrLoad is the whole cache-aside read: it stores what it loads so that no write can be overtaken by it.
//     Invalidate is what follows a write to the database.
//   - Add only stores the value where the key is read, if nothing is stored there; what it stores may be older than a write
//     that was completed meanwhile. Use GetOrLoad in its place.
//   - A CasID is good at the node where the item was read, and means nothing to a gomemcache client.
//   - Increment, Decrement, Append and Prepend change a value that exists nowhere else, which can't be migrated. They work
//     for keys that one node holds, whoever asks, and are refused otherwise.
//   - Requests time out after a second, unless the options say otherwise.
//
// One router serves one namespace: its clients send lost invalidations again for each other, so a key must be the same entry
// to all of them. Who puts something of its own before keys gets a router of its own.
//
// There are no DeleteAll, GetAndTouch and Stats. Keys are bytes, as gomemcache's are: up to 250 of them together with the
// key_prefix of the node, no spaces and no control characters; memcache.ErrMalformedKey is told before anything is sent.
// Everything else that a route stands for is the same in all languages; docs/migration.md in the source tree says it.
package gomemcache

import (
	"context"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift"
	"ringshift/internal/steps"
)

// Client has gomemcache's methods over a router. Any number of goroutines may use it.
type Client struct {
	nodes   *steps.Nodes[*node]
	carrier *steps.Carrier
}

// New makes a client; connections are opened when they are needed. The router stays yours to close.
func New(router *ringshift.Router, options Options) *Client {
	options.defaults()
	nodes := &steps.Nodes[*node]{Router: router, Open: options.open}
	return &Client{nodes: nodes, carrier: &steps.Carrier{Router: router, Transport: transport{nodes}, CanHold: canHold}}
}

// Router is the router whose routes are carried out.
func (c *Client) Router() *ringshift.Router { return c.carrier.Router }

// Get gives the item of a key; memcache.ErrCacheMiss if no cache has it or answers.
func (c *Client) Get(key string) (*memcache.Item, error) {
	route, err := c.route(key)
	if err != nil {
		return nil, err
	}
	item, err := c.carrier.Read(context.Background(), route, key)
	return itemOf(key, item, err)
}

// GetMulti gives the items of the keys that are found, by key.
func (c *Client) GetMulti(keys []string) (map[string]*memcache.Item, error) {
	routes, err := c.routes(keys)
	if err != nil {
		return nil, err
	}
	items, err := c.carrier.ReadMany(context.Background(), routes, keys)
	if err != nil {
		return nil, err
	}
	found := make(map[string]*memcache.Item, len(keys))
	for i, key := range keys {
		if items[i] != nil {
			found[key], _ = itemOf(key, items[i], nil)
		}
	}
	return found, nil
}

// GetOrLoad gives the item of a key; if no cache has it, what load gives, which is then stored for expiration seconds (as
// in memcache.Item). What is stored is never older than a write whose invalidation was acknowledged. Goroutines that
// ask for the same key at the same time share a load wherever none of them can get a value that is too old by it.
//
// load asks the origin, in this goroutine; nil without an error means that there is nothing, which is
// memcache.ErrCacheMiss and not stored, and its error is given as it is. It has 30 seconds for its value to be stored. It
// must not ask for the same key again: it would wait for itself.
func (c *Client) GetOrLoad(key string, load func() ([]byte, error), expiration int32) (*memcache.Item, error) {
	arrived := c.carrier.Arrive()
	route, err := c.route(key)
	if err != nil {
		return nil, err
	}
	ask := func(context.Context) (*steps.Item, error) {
		value, err := load()
		if value == nil || err != nil {
			return nil, err
		}
		return &steps.Item{Value: value, TTL: ttlOfExpiration(expiration)}, nil
	}
	item, err := c.carrier.Load(context.Background(), arrived, route, key, ask)
	return itemOf(key, item, err)
}

// Set stores an item where its key is read, and removes it everywhere else, in the order of the route. If a node refuses it
// (too large), the old value is removed there and the refusal given; memcache.ErrNotStored says that no node to store it at
// may be asked at present.
func (c *Client) Set(item *memcache.Item) error {
	route, err := c.route(item.Key)
	if err != nil {
		return err
	}
	return notStored(c.carrier.Store(context.Background(), []*ringshift.Route{route}, []string{item.Key},
		[]*steps.Item{given(item)}, steps.Set, nil))
}

// Replace is Set, but stores the item only where the key is present; memcache.ErrNotStored otherwise.
func (c *Client) Replace(item *memcache.Item) error {
	route, err := c.route(item.Key)
	if err != nil {
		return err
	}
	written, err := c.carrier.ReplaceOne(context.Background(), route, item.Key, given(item))
	return notStored(written, err)
}

// Add stores an item where its key is read, if nothing is stored there; memcache.ErrNotStored otherwise.
func (c *Client) Add(item *memcache.Item) error {
	route, err := c.route(item.Key)
	if err != nil {
		return err
	}
	stored, err := c.carrier.AddOne(context.Background(), route, item.Key, given(item))
	if err == nil && !stored {
		err = memcache.ErrNotStored
	}
	return err
}

// Touch gives a key another time to live; memcache.ErrCacheMiss if no cache has it or answers.
func (c *Client) Touch(key string, seconds int32) error {
	route, err := c.route(key)
	if err != nil {
		return err
	}
	done, err := c.carrier.TouchOne(context.Background(), route, key, &steps.Item{TTL: ttlOfExpiration(seconds)})
	if err == nil && !done {
		err = memcache.ErrCacheMiss
	}
	return err
}

// Delete removes a key from every cluster that any process may read, in the order of the route;
// memcache.ErrCacheMiss if it was in none of them.
func (c *Client) Delete(key string) error {
	written, err := c.invalidate(key)
	if err == nil && !written.Done[0] {
		err = memcache.ErrCacheMiss
	}
	return err
}

// Invalidate removes a key from every cluster that any process may read; what follows a write to the database. A
// *ringshift.InvalidationLostError says that a node did not acknowledge: send it again.
func (c *Client) Invalidate(key string) error {
	_, err := c.invalidate(key)
	return err
}

func (c *Client) invalidate(key string) (*steps.Written, error) {
	route, err := c.route(key)
	if err != nil {
		return nil, err
	}
	written, err := c.carrier.Invalidate(context.Background(), []*ringshift.Route{route}, []string{key})
	if err == nil {
		err = written.Err()
	}
	return written, err
}

// Close closes all connections as soon as nothing is under way on them; it never fails. A client that is closed is a cache that
// is empty, and an invalidation that it can't carry out is lost.
func (c *Client) Close() error {
	c.nodes.Close()
	return nil
}

func notStored(written *steps.Written, err error) error {
	switch {
	case err != nil:
		return err
	case written.Err() != nil:
		return written.Err()
	case !written.Done[0]:
		return memcache.ErrNotStored
	}
	return nil
}

// given is an item as a caller gave it.
func given(item *memcache.Item) *steps.Item {
	return &steps.Item{Value: item.Value, Flags: item.Flags, TTL: ttlOfExpiration(item.Expiration)}
}

// itemOf is what a caller gets.
func itemOf(key string, item *steps.Item, err error) (*memcache.Item, error) {
	if err != nil {
		return nil, err
	}
	if item == nil {
		return nil, memcache.ErrCacheMiss
	}
	return &memcache.Item{Key: key, Value: item.Value, Flags: item.Flags, CasID: item.Version}, nil
}

func (c *Client) route(key string) (*ringshift.Route, error) {
	route, err := c.carrier.Route(key)
	if err != nil {
		return nil, err
	}
	return route, checkKey(route, key)
}

func (c *Client) routes(keys []string) ([]*ringshift.Route, error) {
	routes, err := c.carrier.Routes(keys...)
	if err != nil {
		return nil, err
	}
	for i, route := range routes {
		if err := checkKey(route, keys[i]); err != nil {
			return nil, err
		}
	}
	return routes, nil
}

// longest is the longest key that memcached takes, in bytes.
const longest = 250

// checkKey refuses what memcached can't take at any node of the route: it could be read and not be invalidated.
func checkKey(route *ringshift.Route, key string) error {
	if !isLegal(key) {
		return memcache.ErrMalformedKey
	}
	for node := range route.Invalidate() {
		if !fits(node, key) {
			return memcache.ErrMalformedKey
		}
	}
	return nil
}

// canHold says whether memcached can have a key at a node.
func canHold(node *ringshift.Node, key string) bool { return isLegal(key) && fits(node, key) }

func isLegal(key string) bool {
	for i := range len(key) {
		if key[i] <= ' ' || key[i] == 0x7f {
			return false
		}
	}
	return key != ""
}

func fits(node *ringshift.Node, key string) bool { return len(node.KeyPrefix())+len(key) <= longest }
