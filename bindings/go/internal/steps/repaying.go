// Sending again what was lost: a node that did not acknowledge an invalidation may come back with what it held before.

package steps

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"ringshift"
)

// collected are the owed keys that the router gave out, until some operation has ended. The zero value is ready.
type collected struct {
	any  atomic.Bool
	lock sync.Mutex
	keys []ringshift.OwedKey
}

// collect asks what is owed to a node that has answered.
func (c *Carrier) collect(node *ringshift.Node) {
	// It fails only if the router was closed meanwhile, which then owes nobody any more.
	owed, _ := c.Router.Owed(node)
	if len(owed) == 0 {
		return
	}
	c.owed.lock.Lock()
	defer c.owed.lock.Unlock()
	c.owed.keys = append(c.owed.keys, owed...)
	c.owed.any.Store(true)
}

// take gives the keys, and the last loss of each.
func (c *collected) take() (keys []string, losses map[string]uint64) {
	c.lock.Lock()
	owed := c.keys
	c.keys = nil
	c.any.Store(false)
	c.lock.Unlock()
	losses = make(map[string]uint64, len(owed))
	for _, each := range owed {
		key := string(each.Key)
		if _, twice := losses[key]; !twice {
			keys = append(keys, key)
		}
		losses[key] = max(losses[key], each.Loss)
	}
	return keys, losses
}

// askAbout asks what is owed where a key may not be read at all, and sends it again: perhaps that is why it may not, and
// nobody else comes by.
func (c *Carrier) askAbout(ctx context.Context, route *ringshift.Route) {
	if route.Read() != nil {
		return
	}
	for node := range route.Invalidate() {
		c.collect(node)
	}
	c.repay(ctx)
}

// repay sends the invalidations again that were collected, when an operation has ended. A caller who has given up does
// not wait for it: whoever comes next does. What fails stays owed, and is not told: the caller has the result of something
// else.
func (c *Carrier) repay(ctx context.Context) {
	if !c.owed.any.Load() || ctx.Err() != nil {
		return
	}
	keys, losses := c.owed.take()
	if len(keys) == 0 {
		// Somebody else was faster.
		return
	}
	routes, err := c.Routes(keys...)
	if err != nil {
		return
	}
	// What its own steps find to be owed is left to the next operation.
	again := &Carrier{Router: c.Router, Transport: c.Transport, repays: true}
	written, err := again.store(ctx, routes, keys, nil, Delete, nil)
	if err != nil {
		return
	}
	for _, key := range keys {
		isLost := func(lost ringshift.LostInvalidation) bool { return lost.Key == key }
		if !slices.ContainsFunc(written.lost, isLost) {
			// As above.
			_ = c.Router.Repaid(ringshift.OwedKey{Key: []byte(key), Loss: losses[key]})
		}
	}
}
