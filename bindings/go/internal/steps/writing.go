// Writing: invalidating and storing, in the order of the route.

package steps

import (
	"context"
	"slices"
	"sync"

	"ringshift"
)

// Written is what became of a write.
type Written struct {
	// Done says by a key's position what the first node that stores it answered; for deletes, whether it was anywhere.
	Done []bool
	lost []ringshift.LostInvalidation
	// cause is why the first of them was.
	cause   error
	refused error
}

// Err is what went wrong, the worst first.
func (w *Written) Err() error {
	if len(w.lost) > 0 {
		return &ringshift.InvalidationLostError{Lost: w.lost, Cause: w.cause}
	}
	return w.refused
}

// Invalidate removes keys everywhere that any process may read, in the order of their routes.
func (c *Carrier) Invalidate(ctx context.Context, routes []*ringshift.Route, keys []string) (*Written, error) {
	return c.Store(ctx, routes, keys, nil, Delete, nil)
}

// ReplaceOne stores an item if there is one already: it reads first, and only invalidates after a miss. The read goes on when
// the context has ended, too: without it there would be no invalidation.
func (c *Carrier) ReplaceOne(ctx context.Context, route *ringshift.Route, key string, item *Item) (*Written, error) {
	written, err := c.replace(carryOn(ctx), route, key, item)
	c.repay(ctx)
	return written, err
}

func (c *Carrier) replace(ctx context.Context, route *ringshift.Route, key string, item *Item) (*Written, error) {
	routes, keys := []*ringshift.Route{route}, []string{key}
	found, err := c.read(ctx, route, key)
	if err != nil {
		return nil, err
	}
	if found != nil {
		return c.store(ctx, routes, keys, []*Item{item}, Replace, nil)
	}
	written, err := c.store(ctx, routes, keys, nil, Delete, nil)
	if written != nil {
		written.Done[0] = false
	}
	return written, err
}

// Store stores items at the nodes that are read, by Set, Replace or CompareAndSwap, and removes them everywhere else.
// Without items it only removes.
//
// A node is sent its request when all before it have acknowledged; one that does not makes the invalidation lost, and
// those behind it are sent theirs all the same. If the generation has changed by then, the deletes are sent again to the
// nodes of both.
//
// It goes on when the context has ended: the origin has the new value already, and half of an invalidation would leave the
// old one to be read. How long it takes is bounded by the client's own time limits.
func (c *Carrier) Store(ctx context.Context, routes []*ringshift.Route, keys []string, items []*Item, how Do, token *Token) (*Written, error) {
	written, err := c.store(ctx, routes, keys, items, how, token)
	c.repay(ctx)
	return written, err
}

func (c *Carrier) store(ctx context.Context, routes []*ringshift.Route, keys []string, items []*Item, how Do, token *Token) (*Written, error) {
	ctx = carryOn(ctx)
	written := &Written{Done: make([]bool, len(keys))}
	limited := make([]*Item, len(items))
	for i, item := range items {
		limited[i] = c.limited(item)
	}
	plan := make([][]turn, len(keys))
	for at, route := range routes {
		for node := range route.Invalidate() {
			// A caller's keys were checked by this route, those that are owed by an earlier one.
			if c.repays && !c.canHold(node, keys[at]) {
				continue
			}
			do := Delete
			if items != nil && isStoredAt(route, node, how) {
				do = how
			}
			plan[at] = append(plan[at], turn{do, node})
		}
	}
	if err := c.write(ctx, written, plan, keys, limited, token); err != nil {
		return nil, err
	}
	// It ends: specs change seldom. Routes are not asked for in vain, since one may be a breaker's only probe.
	for len(keys) > 0 && c.Router.Generation() != routes[0].Generation() {
		now, err := c.Routes(keys...)
		if err != nil {
			// The router was closed: there is nobody else to be told.
			return written, nil
		}
		for at := range keys {
			plan[at] = c.union(routes[at], now[at], keys[at])
		}
		again := &Written{Done: make([]bool, len(keys)), lost: written.lost, cause: written.cause}
		if err := c.write(ctx, again, plan, keys, nil, nil); err != nil {
			return nil, err
		}
		written.lost, written.cause = again.lost, again.cause
		routes = now
	}
	return written, nil
}

// carrying is a context that does not end when its caller's does.
type carrying struct {
	context.Context
	caller context.Context
}

// carryOn is a context for what goes on when ctx has ended.
func carryOn(ctx context.Context) context.Context {
	if ctx.Done() == nil {
		return ctx
	}
	return carrying{context.WithoutCancel(ctx), ctx}
}

// hasGivenUp says that the caller's context has ended, though what it began may go on.
func hasGivenUp(ctx context.Context) bool {
	if on, goesOn := ctx.(carrying); goesOn {
		ctx = on.caller
	}
	return ctx.Err() != nil
}

// turn is what a key's next node is sent.
type turn struct {
	do   Do
	node *ringshift.Node
}

// group is what goes to one node in one turn.
type group struct {
	turn
	positions []int
}

// writeOne is write for one key, as most writes are: there is nothing to be grouped, and nobody to be waited for.
func (c *Carrier) writeOne(ctx context.Context, written *Written, turns []turn, keys []string, items []*Item, token *Token) error {
	var lock sync.Mutex
	only := group{positions: []int{0}}
	for _, only.turn = range turns {
		if err := c.writeGroup(ctx, written, &lock, &only, keys, items, token); err != nil {
			return err
		}
	}
	return nil
}

// write sends each key's requests one after the other, those of different keys at the same time.
func (c *Carrier) write(ctx context.Context, written *Written, plan [][]turn, keys []string, items []*Item, token *Token) error {
	if len(keys) == 1 {
		return c.writeOne(ctx, written, plan[0], keys, items, token)
	}
	var lock sync.Mutex
	for number := 0; ; number++ {
		var groups []*group
		for at, turns := range plan {
			if number >= len(turns) {
				continue
			}
			i := slices.IndexFunc(groups, func(g *group) bool { return g.turn == turns[number] })
			if i == -1 {
				i = len(groups)
				groups = append(groups, &group{turn: turns[number]})
			}
			groups[i].positions = append(groups[i].positions, at)
		}
		if len(groups) == 0 {
			return nil
		}
		errs := make([]error, len(groups))
		var all sync.WaitGroup
		for i, g := range groups {
			if len(groups) == 1 {
				errs[0] = c.writeGroup(ctx, written, &lock, g, keys, items, token)
				break
			}
			all.Add(1)
			go func() {
				defer all.Done()
				errs[i] = c.writeGroup(ctx, written, &lock, g, keys, items, token)
			}()
		}
		all.Wait()
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
	}
}

func (c *Carrier) writeGroup(ctx context.Context, written *Written, lock *sync.Mutex, g *group, keys []string, items []*Item, token *Token) error {
	step := &Step{Do: g.do, Node: g.node}
	for _, at := range g.positions {
		step.Keys = append(step.Keys, keys[at])
		if g.do != Delete {
			step.Items = append(step.Items, items[at])
		}
		if g.do == CompareAndSwap {
			step.Tokens = append(step.Tokens, token)
		}
	}
	replies, err := c.send(ctx, step)
	if err != nil {
		return err
	}
	var refused []string
	lock.Lock()
	for i, at := range g.positions {
		switch reply := &replies[i]; {
		case reply.Refused != nil:
			if written.refused == nil {
				written.refused = reply.Refused
			}
			refused = append(refused, keys[at])
		case reply.Failure != nil:
			written.lose(g.node, keys[at], reply)
		case g.do != Delete || len(items) == 0:
			written.Done[at] = written.Done[at] || reply.Done
		}
	}
	lock.Unlock()
	if len(refused) == 0 {
		return nil
	}
	// What was refused was not stored, but what was there before must go.
	replies, err = c.send(ctx, &Step{Do: Delete, Node: g.node, Keys: refused})
	if err != nil {
		return err
	}
	lock.Lock()
	defer lock.Unlock()
	for i, key := range refused {
		if replies[i].Failure != nil {
			written.lose(g.node, key, &replies[i])
		}
	}
	return nil
}

// lose notes that a node did not acknowledge.
func (w *Written) lose(node *ringshift.Node, key string, reply *Reply) {
	if w.cause == nil {
		w.cause = reply.Failure
	}
	w.lost = append(w.lost, ringshift.LostInvalidation{
		Cluster: node.Cluster(), Node: node.ID(), Address: node.Address(), Key: key,
	})
}

// Place is equal for nodes at which a key is the same entry of the same server, whatever their cluster.
type Place struct{ Address, KeyPrefix string }

// PlaceOf is the place of a node.
func PlaceOf(node *ringshift.Node) Place { return Place{node.Address(), node.KeyPrefix()} }

// isStoredAt says whether a write stores at a node; a token for CompareAndSwap is good at one only.
func isStoredAt(route *ringshift.Route, node *ringshift.Node, how Do) bool {
	nodes := nodesOf(route.Read())
	if how == CompareAndSwap && len(nodes) > 1 {
		nodes = nodes[:1]
	}
	return slices.ContainsFunc(nodes, func(read *ringshift.Node) bool { return PlaceOf(read) == PlaceOf(node) })
}

func (c *Carrier) canHold(node *ringshift.Node, key string) bool {
	return c.CanHold == nil || c.CanHold(node, key)
}

func (c *Carrier) union(old, now *ringshift.Route, key string) []turn {
	var turns []turn
	for _, route := range []*ringshift.Route{old, now} {
		for node := range route.Invalidate() {
			if !c.canHold(node, key) {
				continue
			}
			same := func(t turn) bool { return PlaceOf(t.node) == PlaceOf(node) }
			if i := slices.IndexFunc(turns, same); i >= 0 {
				turns[i].node = node
			} else {
				turns = append(turns, turn{Delete, node})
			}
		}
	}
	return turns
}

// Single is the node of a key that one node holds, whoever asks; nil if there are others.
func Single(route *ringshift.Route) *ringshift.Node {
	nodes := slices.Collect(route.Invalidate())
	if len(nodes) == 1 {
		return nodes[0]
	}
	return nil
}
