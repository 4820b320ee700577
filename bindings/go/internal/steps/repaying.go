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

// enough keys are waiting for somebody who sends them: who does would be held up by more, and each is kept from the other
// clients of the router for a while.
const enough = 64

// isEnough costs next to nothing where there are none.
func (c *collected) isEnough() bool {
	if !c.any.Load() {
		return false
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	return len(c.keys) >= enough
}

// collect asks what is owed to a node that has answered; not for a caller who has given up, and will not send it.
func (c *Carrier) collect(ctx context.Context, node *ringshift.Node) {
	if c.repays || c.owed.isEnough() || hasGivenUp(ctx) {
		return
	}
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

// askFirst is how every operation on keys where they are read begins. Where one of them may not be read at all it asks what is
// owed, and sends that again: perhaps that is why it may not, and nobody else comes by.
func (c *Carrier) askFirst(ctx context.Context, routes ...*ringshift.Route) {
	for _, route := range routes {
		if route.Read() == nil {
			c.askAbout(ctx, routes)
			return
		}
	}
}

// askAbout asks each node of the routes that go nowhere once, but for those that the others go to: they are asked when they
// have answered.
func (c *Carrier) askAbout(ctx context.Context, routes []*ringshift.Route) {
	asked := map[*ringshift.Node]bool{}
	for _, route := range routes {
		if target := route.Read(); target != nil {
			asked[target.Node()] = true
		}
	}
	for _, route := range routes {
		if route.Read() != nil {
			continue
		}
		for node := range route.Invalidate() {
			if !asked[node] {
				asked[node] = true
				c.collect(ctx, node)
			}
		}
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
	again := &Carrier{Router: c.Router, Transport: c.Transport, CanHold: c.CanHold, repays: true}
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
