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
//   - CompareAndSwap wants the token that GetWithToken gave: a CasID doesn't say which server it is of.
//   - Increment, Decrement, Append and Prepend change a value that exists nowhere else, which can't be migrated. They work
//     for keys that one node holds, whoever asks, and are refused otherwise.
package gomemcache

import (
	"context"
	"net"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift"
	"ringshift/internal/steps"
)

// Options are those of gomemcache's client, for each node.
type Options struct {
	// Timeout of one request, connecting included; a second if 0.
	Timeout time.Duration
	// MaxIdleConns to one address; gomemcache's own default if 0.
	MaxIdleConns int
	// DialContext connects; a [net.Dialer]'s if nil.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client has gomemcache's methods over a router. Any number of goroutines may use it.
type Client struct {
	router    *ringshift.Router
	transport *transport
	carrier   *steps.Carrier
	loads     steps.Loads
}

// New makes a client; connections are opened when they are needed. The router stays yours to close.
func New(router *ringshift.Router, options Options) *Client {
	options.defaults()
	t := &transport{router: router, options: options, nodes: map[string]*node{}}
	return &Client{router: router, transport: t, carrier: &steps.Carrier{Router: router, Transport: t}}
}

// Router is the router whose routes are carried out.
func (c *Client) Router() *ringshift.Router { return c.router }

// Get gives the item of a key; memcache.ErrCacheMiss if no cache has it or answers. Its CasID is 0; see
// [Client.GetWithToken].
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
// memcache.ErrCacheMiss and not stored. It has 30 seconds for its value to be stored. It must not ask for the same key: it
// would wait for itself.
func (c *Client) GetOrLoad(key string, load func() ([]byte, error), expiration int32) (*memcache.Item, error) {
	ctx, arrived := context.Background(), c.loads.Arrive()
	route, err := c.route(key)
	if err != nil {
		return nil, err
	}
	item, held, err := c.carrier.Seek(ctx, route, key)
	if err != nil || item != nil {
		return itemOf(key, item, err)
	}
	ask := func(context.Context) (*steps.Item, error) {
		value, err := load()
		if value == nil || err != nil {
			return nil, err
		}
		return &steps.Item{Value: value, TTL: ttlOfExpiration(expiration)}, nil
	}
	fill := func(item *steps.Item) (bool, error) { return c.carrier.FillBy(ctx, held, key, item) }
	item, err = c.loads.Run(ctx, key, arrived, ask, fill)
	return itemOf(key, item, err)
}

// Set stores an item where its key is read, and removes it everywhere else, in the order of the route.
func (c *Client) Set(item *memcache.Item) error {
	stored, err := c.store(item, steps.Set, nil)
	if err == nil && !stored {
		// Every node to store it at is kept away by its breaker. The old value was removed.
		return memcache.ErrNotStored
	}
	return err
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

// Close closes all connections. The client can't be used any more.
func (c *Client) Close() error {
	c.transport.close()
	return nil
}

// store stores by a set or a compare-and-swap.
func (c *Client) store(item *memcache.Item, how steps.Do, token *steps.Token) (bool, error) {
	route, err := c.route(item.Key)
	if err != nil {
		return false, err
	}
	written, err := c.carrier.Store(context.Background(), []*ringshift.Route{route}, []string{item.Key},
		[]*steps.Item{given(item)}, how, token)
	if err != nil {
		return false, err
	}
	return written.Done[0], written.Err()
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
	return &memcache.Item{Key: key, Value: item.Value, Flags: item.Flags}, nil
}

func (c *Client) route(key string) (*ringshift.Route, error) {
	route, err := c.router.RouteBytes([]byte(key))
	if err != nil {
		return nil, err
	}
	return route, checkKey(route, key)
}

func (c *Client) routes(keys []string) ([]*ringshift.Route, error) {
	packed := make([][]byte, len(keys))
	for i, key := range keys {
		packed[i] = []byte(key)
	}
	routes, err := c.router.RouteManyBytes(packed)
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
	for i := range len(key) {
		if key[i] <= ' ' || key[i] == 0x7f {
			return memcache.ErrMalformedKey
		}
	}
	for node := range route.Invalidate() {
		if key == "" || len(node.KeyPrefix())+len(key) > longest {
			return memcache.ErrMalformedKey
		}
	}
	return nil
}
