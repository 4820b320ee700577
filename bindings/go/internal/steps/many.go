// Reading many keys: one request for each node at a time, and the nodes at the same time.

package steps

import (
	"context"
	"iter"
	"slices"

	"ringshift"
)

// asked is a position of the keys that is asked for.
type asked struct {
	at    int
	do    Do
	nodes []*ringshift.Node
}

// ReadMany gives the items of many keys, with one request for each node at a time; nil for what is missing.
func (c *Carrier) ReadMany(ctx context.Context, routes []*ringshift.Route, keys []string) ([]*Item, error) {
	c.askFirst(ctx, routes...)
	items, err := c.readMany(ctx, routes, keys)
	c.repay(ctx)
	return items, err
}

func (c *Carrier) readMany(ctx context.Context, routes []*ringshift.Route, keys []string) ([]*Item, error) {
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
	c.copyMany(ctx, missing, keys, items, held)
	return items, nil
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
func (c *Carrier) copyMany(ctx context.Context, found []asked, keys []string, items []*Item, held [][]Held) {
	var groups groups
	for _, each := range found {
		if item := items[each.at]; each.do == Take && item != nil && mayBeCopied(item) {
			for _, h := range held[each.at] {
				groups.add(Fill, h.Node, keys[each.at], each, c.limited(item), h.Token)
			}
		}
	}
	if len(groups.steps) > 0 {
		// As for one key: it is no error of this reader.
		_, _ = c.sendAll(ctx, groups.steps)
	}
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
