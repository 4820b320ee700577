package gomemcache

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift"
	"ringshift/internal/steps"
)

// node is what there is for one address: a gomemcache client, and connections for what it can't ask.
type node struct {
	client *memcache.Client
	pool   *pool
	// oldUntil says that the server lacked meta commands on connections up to this epoch. A later one may be to its
	// successor, which has what only meta commands can tell apart from values.
	oldUntil atomic.Uint64
	// idle connections of the client at most: each may turn out to have died.
	idle int
}

// transport sends steps. Any number of goroutines may use it.
type transport struct {
	router  *ringshift.Router
	options Options

	lock   sync.Mutex
	nodes  map[string]*node
	closed bool
}

// server is the one address of a client. A name is resolved whenever a connection is made, as in a pool: one that was
// resolved once would go on to stand for the old server after the name has moved to another.
type server string

// Network and String are what gomemcache dials by.
func (s server) Network() string {
	if strings.HasPrefix(string(s), "/") {
		return "unix"
	}
	return "tcp"
}

func (s server) String() string { return string(s) }

// PickServer gives it for any key.
func (s server) PickServer(string) (net.Addr, error) { return s, nil }

// Each calls do with it.
func (s server) Each(do func(net.Addr) error) error { return do(s) }

// at gives the node of an address, made when it is first needed.
func (t *transport) at(address string) (*node, error) {
	t.lock.Lock()
	defer t.lock.Unlock()
	if n := t.nodes[address]; n != nil {
		return n, nil
	}
	if t.closed {
		return nil, errClosed
	}
	client := memcache.NewFromSelector(server(address))
	client.Timeout, client.MaxIdleConns, client.DialContext = t.options.Timeout, t.options.MaxIdleConns, t.options.DialContext
	n := &node{client: client, idle: t.options.MaxIdleConns, pool: &pool{
		address: address, dial: t.options.DialContext, timeout: t.options.Timeout, most: t.options.MaxIdleConns,
	}}
	t.retire()
	t.nodes[address] = n
	return n, nil
}

// retire gives up the addresses that the spec has no more. What is under way on them ends as it would.
func (t *transport) retire() {
	known := map[string]bool{}
	for _, each := range t.router.Nodes() {
		known[each.Address()] = true
	}
	for address, n := range t.nodes {
		if !known[address] {
			delete(t.nodes, address)
			n.close()
		}
	}
}

func (n *node) close() {
	_ = n.client.Close()
	n.pool.close()
}

func (t *transport) close() {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.closed = true
	for _, n := range t.nodes {
		n.close()
	}
	t.nodes = map[string]*node{}
}

// Send carries out a step.
func (t *transport) Send(ctx context.Context, step *steps.Step) []steps.Reply {
	replies := make([]steps.Reply, len(step.Keys))
	n, err := t.at(step.Node.Address())
	if err == nil {
		keys := make([]string, len(step.Keys))
		for i, key := range step.Keys {
			keys[i] = step.Node.KeyPrefix() + key
		}
		err = n.send(ctx, step, keys, replies)
	}
	if err != nil {
		failure := failureOf(err)
		for i := range replies {
			replies[i] = failure
		}
	}
	return replies
}

// send writes the replies; an error stands for all of them.
func (n *node) send(ctx context.Context, step *steps.Step, keys []string, replies []steps.Reply) error {
	switch step.Do {
	case steps.Get:
		return n.get(ctx, keys, replies)
	case steps.Take:
		all, err := n.byMeta(ctx, keys, false)
		for i, each := range all {
			if each != nil {
				replies[i].Item = each.item
			}
		}
		return err
	case steps.Gets:
		all, err := n.byMeta(ctx, keys, false)
		for i, each := range all {
			if each != nil && each.item != nil {
				replies[i].Item = each.item
				replies[i].Token = &steps.Token{Text: strconv.AppendUint(nil, each.cas, 10)}
			}
		}
		return err
	case steps.Seek:
		return n.seek(ctx, keys, replies)
	case steps.Fill:
		return n.fill(step, keys, replies)
	default:
		for i, key := range keys {
			replies[i] = n.store(step, i, key)
		}
		return nil
	}
}

func (n *node) get(ctx context.Context, keys []string, replies []steps.Reply) error {
	items := make([]*memcache.Item, len(keys))
	err := n.again(func() (err error) {
		if len(keys) == 1 {
			items[0], err = n.client.Get(keys[0])
			if errors.Is(err, memcache.ErrCacheMiss) {
				err = nil
			}
			return err
		}
		all, err := n.client.GetMulti(keys)
		for i, key := range keys {
			items[i] = all[key]
		}
		return err
	})
	if err != nil {
		return err
	}
	var doubtful []int
	for i, item := range items {
		switch {
		case item == nil || string(item.Value) == steps.Placeholder:
		case len(item.Value) == 0 && item.Flags == 0:
			// What is empty may only stand in for a token, which this command can't tell.
			doubtful = append(doubtful, i)
		default:
			replies[i].Item = &steps.Item{Value: item.Value, Flags: item.Flags, TTL: steps.Unknown}
		}
	}
	if len(doubtful) == 0 {
		return nil
	}
	asked := make([]string, len(doubtful))
	for i, at := range doubtful {
		asked[i] = keys[at]
	}
	all, err := n.byMeta(ctx, asked, false)
	for i, each := range all {
		if each != nil {
			replies[doubtful[i]].Item = each.item
		}
	}
	return err
}

func (n *node) seek(ctx context.Context, keys []string, replies []steps.Reply) error {
	// Asked for before the token is taken, so that no later connection can be of it.
	var since uint64
	all, err := n.byMetaAt(ctx, keys, true, func() { since = epoch.Load() })
	for i, each := range all {
		switch {
		case each == nil:
		case each.item != nil:
			replies[i].Item = each.item
		case each.cas != 0:
			// Without CAS (memcached -C) every number is 0, and nothing can be compared.
			replies[i].Token = &steps.Token{Text: strconv.AppendUint(nil, each.cas, 10), Epoch: since}
		}
	}
	return err
}

func (n *node) byMeta(ctx context.Context, keys []string, lease bool) ([]*found, error) {
	return n.byMetaAt(ctx, keys, lease, func() {})
}

// byMetaAt asks by meta commands if the server knows them, or else by those that come nearest. before is called when the
// connection is there and nothing was sent on it.
func (n *node) byMetaAt(ctx context.Context, keys []string, lease bool, before func()) (all []*found, err error) {
	classic := func(c *conn) (err error) {
		if lease {
			all, err = c.place(keys)
		} else {
			all, err = c.gets(keys)
		}
		return err
	}
	err = n.pool.run(ctx, func(c *conn) (err error) {
		before()
		if c.born <= n.oldUntil.Load() {
			return classic(c)
		}
		all, err = c.find(keys, lease)
		return err
	})
	if !errors.Is(err, errUnknownCommand) {
		return all, err
	}
	// A server before 1.6.
	err = n.pool.run(ctx, func(c *conn) error {
		before()
		err := classic(c)
		for known := n.oldUntil.Load(); err == nil && known < c.born; known = n.oldUntil.Load() {
			n.oldUntil.CompareAndSwap(known, c.born)
		}
		return err
	})
	return all, err
}

func (n *node) fill(step *steps.Step, keys []string, replies []steps.Reply) error {
	since := step.Tokens[0].Epoch
	for _, token := range step.Tokens {
		since = min(since, token.Epoch)
	}
	var stored []bool
	var refused []error
	sent, err := n.pool.runSince(since, func(c *conn) (err error) {
		stored, refused, err = c.fill(keys, step.Items, step.Tokens)
		return err
	})
	if !sent {
		return errTokenGone
	}
	for i := range stored {
		replies[i].Done, replies[i].Refused = stored[i], refused[i]
	}
	return err
}

// store sends what gomemcache can send, one key at a time.
func (n *node) store(step *steps.Step, at int, key string) steps.Reply {
	var item *memcache.Item
	if step.Items != nil {
		given := step.Items[at]
		item = &memcache.Item{
			Key: key, Value: given.Value, Flags: given.Flags, Expiration: int32(exptimeOf(given.TTL)),
		}
	}
	var err error
	switch step.Do {
	case steps.Set:
		err = n.again(func() error { return n.client.Set(item) })
	case steps.Delete:
		err = n.again(func() error { return n.client.Delete(key) })
	case steps.Touch:
		err = n.again(func() error { return n.client.Touch(key, item.Expiration) })
	case steps.Add:
		err = n.again(func() error { return n.client.Add(item) })
	case steps.Replace:
		err = n.again(func() error { return n.client.Replace(item) })
	case steps.CompareAndSwap:
		item.CasID, _ = strconv.ParseUint(string(step.Tokens[at].Text), 10, 64)
		err = n.client.CompareAndSwap(item)
	}
	switch {
	case err == nil:
		return steps.Reply{Done: true}
	case errors.Is(err, memcache.ErrCacheMiss), errors.Is(err, memcache.ErrNotStored), errors.Is(err, memcache.ErrCASConflict):
		return steps.Reply{}
	case item != nil && isRefusal(err):
		return steps.Reply{Refused: err}
	}
	return failureOf(err)
}

// again repeats what failed because connections had died while they were idle, of which a client may have several.
func (n *node) again(do func() error) (err error) {
	for range n.idle + 1 {
		if err = do(); err == nil || !hasDied(err) {
			return err
		}
	}
	return err
}

// isRefusal says that the node is well, and this one item not to its liking.
func isRefusal(err error) bool {
	text := err.Error()
	return strings.Contains(text, "object too large for cache") || strings.Contains(text, "out of memory storing object")
}

var (
	errClosed    = errors.New("the client was closed")
	errTokenGone = errors.New("no connection is left from when the token was taken")
)

func failureOf(err error) steps.Reply {
	reply := steps.Reply{Failure: err, Outcome: ringshift.OutcomeError}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, context.DeadlineExceeded) {
		reply.Outcome = ringshift.OutcomeTimeout
	}
	reply.Silent = errors.Is(err, errTokenGone) || errors.Is(err, errClosed)
	return reply
}

// defaults fills in what was left out.
func (o *Options) defaults() {
	if o.Timeout <= 0 {
		o.Timeout = time.Second
	}
	if o.MaxIdleConns <= 0 {
		o.MaxIdleConns = memcache.DefaultMaxIdleConns
	}
	if o.DialContext == nil {
		o.DialContext = (&net.Dialer{}).DialContext
	}
}
