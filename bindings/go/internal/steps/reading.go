package steps

import (
	"context"
	"iter"
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
		_, err = c.FillBy(ctx, held, key, item)
	}
	return item, nil, err
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

// ReadWithToken gives the item of one key, the node that it is at and its token for CompareAndSwap. A fallback's token would
// be of no use.
func (c *Carrier) ReadWithToken(ctx context.Context, route *ringshift.Route, key string) (*Item, Held, error) {
	for _, node := range nodesOf(route.Read()) {
		reply, err := c.one(ctx, &Step{Do: Gets, Node: node, Keys: []string{key}})
		if err != nil {
			return nil, Held{}, err
		}
		if reply.Failure == nil {
			return reply.Item, Held{node, reply.Token}, nil
		}
	}
	return nil, Held{}, nil
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

// asked is a position of the keys that is asked for.
type asked struct {
	at    int
	do    Do
	nodes []*ringshift.Node
}

// ReadMany gives the items of many keys, with one request for each node at a time; nil for what is missing.
func (c *Carrier) ReadMany(ctx context.Context, routes []*ringshift.Route, keys []string) ([]*Item, error) {
	items := make([]*Item, len(keys))
	held := make([][]Held, len(keys))
	reads := make([]asked, len(keys))
	for at, route := range routes {
		reads[at] = asked{at, Get, nodesOf(route.Read())}
		if route.Fill() {
			reads[at].do = Seek
		}
	}
	behind, err := c.askMany(ctx, reads, keys, items, held)
	if err != nil {
		return nil, err
	}
	if err := c.askBehind(ctx, behind, keys, held); err != nil {
		return nil, err
	}
	var missing []asked
	for at, route := range routes {
		if items[at] != nil || route.Fallback() == nil {
			continue
		}
		missing = append(missing, asked{at, Get, nodesOf(route.Fallback())})
		if route.Fill() {
			missing[len(missing)-1].do = Take
		}
	}
	if _, err := c.askMany(ctx, missing, keys, items, make([][]Held, len(keys))); err != nil {
		return nil, err
	}
	return items, c.copyMany(ctx, missing, keys, items, held)
}

// askMany asks each position's nodes in order until one answers, and writes what comes into items and held. It gives,
// for each token read that was a miss, the nodes behind the one that answered.
func (c *Carrier) askMany(ctx context.Context, waiting []asked, keys []string, items []*Item, held [][]Held) ([]asked, error) {
	var behind []asked
	for attempt := 0; ; attempt++ {
		var groups groups
		for _, each := range waiting {
			if attempt < len(each.nodes) {
				groups.add(each.do, each.nodes[attempt], keys[each.at], each, nil, nil)
			}
		}
		if len(groups.steps) == 0 {
			return behind, nil
		}
		replies, err := c.sendAll(ctx, groups.steps)
		if err != nil {
			return nil, err
		}
		waiting = nil
		for each, reply := range groups.replies(replies) {
			switch node := each.nodes[attempt]; {
			case reply.Failure != nil:
				waiting = append(waiting, each)
			case reply.Item != nil:
				items[each.at] = reply.Item
			case each.do == Seek:
				held[each.at] = hold(nil, node, reply)
				behind = append(behind, asked{each.at, Seek, each.nodes[attempt+1:]})
			}
		}
	}
}

// askBehind takes tokens at the other nodes of what was missing.
func (c *Carrier) askBehind(ctx context.Context, behind []asked, keys []string, held [][]Held) error {
	var groups groups
	for _, each := range behind {
		for _, node := range each.nodes {
			groups.add(Seek, node, keys[each.at], asked{each.at, Seek, []*ringshift.Node{node}}, nil, nil)
		}
	}
	if len(groups.steps) == 0 {
		return nil
	}
	replies, err := c.sendAll(ctx, groups.steps)
	if err != nil {
		return err
	}
	for each, reply := range groups.replies(replies) {
		if reply.Failure == nil {
			held[each.at] = hold(held[each.at], each.nodes[0], reply)
		}
	}
	return nil
}

// copyMany stores what was found at the fallback wherever its token still holds.
func (c *Carrier) copyMany(ctx context.Context, found []asked, keys []string, items []*Item, held [][]Held) error {
	var groups groups
	for _, each := range found {
		if item := items[each.at]; each.do == Take && item != nil && mayBeCopied(item) {
			for _, h := range held[each.at] {
				groups.add(Fill, h.Node, keys[each.at], each, c.limited(item), h.Token)
			}
		}
	}
	if len(groups.steps) == 0 {
		return nil
	}
	_, err := c.sendAll(ctx, groups.steps)
	return err
}

// AddOne stores an item where it is read, if nothing is stored there: what the first node that answers says.
func (c *Carrier) AddOne(ctx context.Context, route *ringshift.Route, key string, item *Item) (bool, error) {
	reply, err := c.atAll(ctx, Add, nodesOf(route.Read()), key, c.limited(item))
	if err == nil && reply.Refused != nil {
		err = reply.Refused
	}
	return reply.Done, err
}

// TouchOne gives an item another time to live where it is read, or else where it will be copied from.
func (c *Carrier) TouchOne(ctx context.Context, route *ringshift.Route, key string, item *Item) (bool, error) {
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

// groups are what goes to one node by one step.
type groups struct {
	steps   []*Step
	members [][]asked
}

func (g *groups) add(do Do, node *ringshift.Node, key string, member asked, item *Item, token *Token) {
	i := slices.IndexFunc(g.steps, func(step *Step) bool { return step.Do == do && step.Node == node })
	if i == -1 {
		i = len(g.steps)
		g.steps = append(g.steps, &Step{Do: do, Node: node})
		g.members = append(g.members, nil)
	}
	step := g.steps[i]
	step.Keys = append(step.Keys, key)
	if item != nil {
		step.Items = append(step.Items, item)
		step.Tokens = append(step.Tokens, token)
	}
	g.members[i] = append(g.members[i], member)
}

func (g *groups) replies(replies [][]Reply) iter.Seq2[asked, *Reply] {
	return func(yield func(asked, *Reply) bool) {
		for i, of := range replies {
			for j := range of {
				if !yield(g.members[i][j], &of[j]) {
					return
				}
			}
		}
	}
}
