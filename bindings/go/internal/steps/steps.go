// Package steps carries out routes, whatever the client: the rules of docs/migration.md, "How a client carries out a
// route". It sends nothing itself; an adapter's transport sends one step to one node, and knows no rules.
//
// It is for the adapters of this repository: steps.go has the words, reading.go, many.go, writing.go, loads.go and
// repaying.go the rules, nodes.go what is kept for each address.
package steps

import (
	"context"
	"sync"
	"time"

	"ringshift"
)

// Do is what a step asks of a node.
type Do uint8

const (
	// Get the items.
	Get Do = iota
	// Take is Get with the time that the items have left, to copy them.
	Take
	// Seek gets the items, or tokens to fill what is missing.
	Seek
	// Touch gives items another time to live.
	Touch
	// Fill stores items where their tokens still hold.
	Fill
	// Add stores items where nothing is stored.
	Add
	// Set stores items.
	Set
	// Replace stores items where something is stored.
	Replace
	// CompareAndSwap stores an item in place of a certain one; its token says which.
	CompareAndSwap
	// Delete removes.
	Delete
)

// op is the op under which a step's outcome is reported. A set replaces what is no longer true: where it fails, an
// invalidation is lost.
func (d Do) op() ringshift.Op {
	switch {
	case d <= Touch:
		return ringshift.OpRead
	case d <= Add:
		return ringshift.OpFill
	default:
		return ringshift.OpInvalidate
	}
}

const (
	// Forever is the time to live of an item without an end.
	Forever time.Duration = 0
	// Unknown is that of an item whose server can't tell it, or that has none left. Such an item is never copied; one that is
	// stored with it is over at once.
	Unknown time.Duration = -1
	// Lease is how long a token lives.
	Lease = 30 * time.Second
	// Placeholder stands in for a token on memcached servers without meta commands.
	Placeholder = "\x00ringshift:lease"
)

// Item is a value as a cache keeps it.
type Item struct {
	// Value has the bytes on the wire.
	Value []byte
	// Flags are what the client keeps beside the value, where its protocol can.
	Flags uint32
	// TTL is the time that it has left: Forever, Unknown or more than 0.
	TTL time.Duration
	// Version is what the client's own compare-and-swap compares; 0 if it has none, or if it was not asked for.
	Version uint64
}

// Token is what a fill has to show: that nothing has been removed at this node since it was taken.
type Token struct {
	// Text is what the server is asked to compare.
	Text []byte
	// Epoch is when it was taken, where a token is only good on connections that were there at that time.
	Epoch uint64
}

// Step is one request to one node about one or more keys.
type Step struct {
	Do   Do
	Node *ringshift.Node
	Keys []string
	// Items has one for each key, where items are stored.
	Items []*Item
	// Tokens has one for each key, where one has to be shown.
	Tokens []*Token
}

// Reply is what became of a step for one key.
type Reply struct {
	// Item was found.
	Item *Item
	// Token may be used to fill what was missing.
	Token *Token
	// Done says that an item was stored, removed, or there.
	Done bool
	// Refused says why a node that is alive would not store an item.
	Refused error
	// Failure says why a node did not acknowledge.
	Failure error
	// Outcome is what to report of a failure: Error, Timeout, Unreachable, or Unsent if it says nothing about the node.
	Outcome ringshift.Outcome
	// Mistake is the caller's: it goes straight back, unless an invalidation has begun.
	Mistake error
}

// Transport sends steps by some client.
type Transport interface {
	// Send gives a reply for each key.
	Send(ctx context.Context, step *Step) []Reply
}

// Carrier sends steps and tells the router how they ended. Any number of goroutines may use it.
type Carrier struct {
	Router    *ringshift.Router
	Transport Transport
	// CanHold says whether a node can hold a key; nil is always. What it can't hold is not there, and is not removed.
	CanHold func(node *ringshift.Node, key string) bool
	loads   loads
	owed    collected
	// repays says that it sends invalidations again, and collects no more of them.
	repays bool
}

// Routes are the routes of keys, all of one generation. Keys are bytes: a client's string need not be UTF-8.
func (c *Carrier) Routes(keys ...string) ([]*ringshift.Route, error) {
	packed := make([][]byte, len(keys))
	for i, key := range keys {
		packed[i] = []byte(key)
	}
	return c.Router.RouteManyBytes(packed)
}

// Route is the route of one key.
func (c *Carrier) Route(key string) (*ringshift.Route, error) {
	return c.Router.RouteBytes([]byte(key))
}

// send sends one step. If the context has ended, its error is the result: what failed by then need not be missing, and what
// comes next would fail too. A node is blamed for a deadline that passed while it was asked, as for any other time limit.
func (c *Carrier) send(ctx context.Context, step *Step) ([]Reply, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	replies := c.Transport.Send(ctx, step)
	failed := false
	for i := range replies {
		if mistake := replies[i].Mistake; mistake != nil {
			if step.Do.op() != ringshift.OpInvalidate {
				return nil, mistake
			}
			// Whose nodes behind this one would never hear of it.
			replies[i] = Failed(mistake)
		}
		failed = failed || replies[i].Failure != nil
		c.report(step, i, &replies[i])
	}
	if !failed {
		c.collect(ctx, step.Node)
	}
	if failed && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return replies, nil
}

// one sends a step about one key.
func (c *Carrier) one(ctx context.Context, step *Step) (*Reply, error) {
	replies, err := c.send(ctx, step)
	if err != nil {
		return nil, err
	}
	return &replies[0], nil
}

// sendAll sends steps that may go at the same time.
func (c *Carrier) sendAll(ctx context.Context, steps []*Step) ([][]Reply, error) {
	replies := make([][]Reply, len(steps))
	if len(steps) == 1 {
		var err error
		replies[0], err = c.send(ctx, steps[0])
		return replies, err
	}
	errs := make([]error, len(steps))
	var all sync.WaitGroup
	for i, step := range steps {
		all.Add(1)
		go func() {
			defer all.Done()
			replies[i], errs[i] = c.send(ctx, step)
		}()
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return replies, nil
}

func (c *Carrier) report(step *Step, at int, reply *Reply) {
	outcome := ringshift.OutcomeOK
	switch {
	case reply.Failure != nil && step.Do.op() == ringshift.OpInvalidate:
		// As below.
		_ = c.Router.Lost(step.Node, []byte(step.Keys[at]), reply.Outcome)
		return
	case reply.Failure != nil:
		outcome = reply.Outcome
	case step.Do.op() != ringshift.OpRead:
	case reply.Item != nil || reply.Done:
		outcome = ringshift.OutcomeHit
	default:
		outcome = ringshift.OutcomeMiss
	}
	// It fails only if the router was closed meanwhile; the request still has its result.
	_ = c.Router.Report(step.Node, step.Do.op(), outcome)
}

// limited is the item with at most the time to live that the spec allows.
func (c *Carrier) limited(item *Item) *Item {
	longest := c.Router.MaxTTL()
	// What is over already stays so.
	if longest == 0 || (item.TTL != Forever && item.TTL <= longest) {
		return item
	}
	bounded := *item
	bounded.TTL = longest
	return &bounded
}
