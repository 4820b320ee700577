// Reading one key, copying what only the fallback has, and what is sent where a key is read.

package steps

import (
	"context"
	"slices"

	"ringshift"
)

// Held is a node that may be filled, and with what.
type Held struct {
	Node  *ringshift.Node
	Token *Token
}

// Read gives the item of one key, nil if no cache has it or answers. A token is only taken where the item may be copied.
func (c *Carrier) Read(ctx context.Context, route *ringshift.Route, key string) (*Item, error) {
	c.askFirst(ctx, route)
	item, err := c.read(ctx, route, key)
	c.repay(ctx)
	return item, err
}

func (c *Carrier) read(ctx context.Context, route *ringshift.Route, key string) (*Item, error) {
	if route.Fill() {
		item, _, err := c.Seek(ctx, route, key)
		return item, err
	}
	for _, target := range []*ringshift.Target{route.Read(), route.Fallback()} {
		item, _, err := c.first(ctx, Get, target, key)
		if item != nil || err != nil {
			return item, err
		}
	}
	return nil, nil
}

// Left gives the item of one key with the time that it has left, wherever it is.
func (c *Carrier) Left(ctx context.Context, route *ringshift.Route, key string) (*Item, error) {
	c.askFirst(ctx, route)
	item, err := c.left(ctx, route, key)
	c.repay(ctx)
	return item, err
}

func (c *Carrier) left(ctx context.Context, route *ringshift.Route, key string) (*Item, error) {
	for _, target := range []*ringshift.Target{route.Read(), route.Fallback()} {
		item, _, err := c.first(ctx, Take, target, key)
		if item != nil || err != nil {
			return item, err
		}
	}
	return nil, nil
}

// Seek gives the item of one key, or else the tokens to fill it with after it was loaded from the origin.
func (c *Carrier) Seek(ctx context.Context, route *ringshift.Route, key string) (*Item, []Held, error) {
	item, held, err := c.first(ctx, Seek, route.Read(), key)
	if item != nil || err != nil {
		return item, nil, err
	}
	do := Get
	if route.Fill() {
		do = Take
	}
	item, _, err = c.first(ctx, do, route.Fallback(), key)
	if item == nil || err != nil {
		return nil, held, err
	}
	if route.Fill() && mayBeCopied(item) {
		// What was not copied is a miss for the next reader; it is no error of this one.
		_, _ = c.FillBy(ctx, held, key, item)
	}
	return item, nil, nil
}

// first asks the nodes of a target in order until one answers. After a miss it also takes tokens at those behind: a value
// at one of them is left alone, since it may be one that a writer is just removing.
func (c *Carrier) first(ctx context.Context, do Do, target *ringshift.Target, key string) (*Item, []Held, error) {
	nodes := nodesOf(target)
	for at, node := range nodes {
		reply, err := c.one(ctx, &Step{Do: do, Node: node, Keys: []string{key}})
		if err != nil {
			return nil, nil, err
		}
		if reply.Failure != nil {
			continue
		}
		if reply.Item != nil || do != Seek {
			return reply.Item, nil, nil
		}
		held := hold(nil, node, reply)
		behind := nodes[at+1:]
		if len(behind) == 0 {
			return nil, held, nil
		}
		steps := make([]*Step, len(behind))
		for i, other := range behind {
			steps[i] = &Step{Do: Seek, Node: other, Keys: []string{key}}
		}
		replies, err := c.sendAll(ctx, steps)
		if err != nil {
			return nil, nil, err
		}
		for i, other := range behind {
			held = hold(held, other, &replies[i][0])
		}
		return nil, held, nil
	}
	return nil, nil, nil
}

// FillBy stores an item wherever its token still holds; whether it did anywhere.
func (c *Carrier) FillBy(ctx context.Context, held []Held, key string, item *Item) (bool, error) {
	if len(held) == 0 {
		return false, nil
	}
	item = c.limited(item)
	steps := make([]*Step, len(held))
	for i, h := range held {
		steps[i] = &Step{Do: Fill, Node: h.Node, Keys: []string{key}, Items: []*Item{item}, Tokens: []*Token{h.Token}}
	}
	replies, err := c.sendAll(ctx, steps)
	done := slices.ContainsFunc(replies, func(of []Reply) bool { return len(of) > 0 && of[0].Done })
	return done, err
}

// AddOne stores an item where it is read, if nothing is stored there: what the first node that answers says.
func (c *Carrier) AddOne(ctx context.Context, route *ringshift.Route, key string, item *Item) (bool, error) {
	c.askFirst(ctx, route)
	reply, err := c.atAll(ctx, Add, nodesOf(route.Read()), key, c.limited(item))
	c.repay(ctx)
	if err == nil && reply.Refused != nil {
		err = reply.Refused
	}
	return reply.Done, err
}

// TouchOne gives an item another time to live where it is read, or else where it will be copied from.
func (c *Carrier) TouchOne(ctx context.Context, route *ringshift.Route, key string, item *Item) (bool, error) {
	c.askFirst(ctx, route)
	done, err := c.touch(ctx, route, key, item)
	c.repay(ctx)
	return done, err
}

func (c *Carrier) touch(ctx context.Context, route *ringshift.Route, key string, item *Item) (bool, error) {
	for _, target := range []*ringshift.Target{route.Read(), route.Fallback()} {
		reply, err := c.atAll(ctx, Touch, nodesOf(target), key, c.limited(item))
		if reply.Done || err != nil {
			return reply.Done, err
		}
	}
	return false, nil
}

// atAll sends the same to all nodes, and gives what the first one that answers says.
func (c *Carrier) atAll(ctx context.Context, do Do, nodes []*ringshift.Node, key string, item *Item) (Reply, error) {
	if len(nodes) == 0 {
		return Reply{}, nil
	}
	steps := make([]*Step, len(nodes))
	for i, node := range nodes {
		steps[i] = &Step{Do: do, Node: node, Keys: []string{key}, Items: []*Item{item}}
	}
	replies, err := c.sendAll(ctx, steps)
	if err != nil {
		return Reply{}, err
	}
	for _, of := range replies {
		if of[0].Failure == nil {
			return of[0], nil
		}
	}
	return Reply{}, nil
}

// mayBeCopied says that the time left is known: an invented one could keep an old value alive for longer than a writer
// allowed.
func mayBeCopied(item *Item) bool { return item.TTL != Unknown }

func hold(held []Held, node *ringshift.Node, reply *Reply) []Held {
	if reply.Failure != nil || reply.Token == nil {
		return held
	}
	return append(held, Held{node, reply.Token})
}

func nodesOf(target *ringshift.Target) []*ringshift.Node {
	if target == nil {
		return nil
	}
	return slices.Collect(target.Nodes())
}
