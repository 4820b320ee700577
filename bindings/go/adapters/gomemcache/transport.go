// The transport: sends steps to memcached, by gomemcache and by connections of our own.

package gomemcache

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift/internal/steps"
)

// node is what there is for one address: a gomemcache client, and connections for what it can't ask.
type node struct {
	client *memcache.Client
	pool   *pool
	// idle connections of the client at most: each may turn out to have died.
	idle int
}

func (o *Options) open(where string) *node {
	at := address(where)
	client := memcache.NewFromSelector(at)
	client.Timeout, client.MaxIdleConns, client.DialContext = o.Timeout, o.MaxIdleConns, telling(o.DialContext)
	return &node{client: client, idle: o.MaxIdleConns, pool: &pool{
		address: at, dial: o.DialContext, timeout: o.Timeout, most: o.MaxIdleConns,
	}}
}

// Close closes the connections that nobody uses.
func (n *node) Close() error {
	n.pool.Close()
	return n.client.Close()
}

// transport sends steps. Any number of goroutines may use it.
type transport struct {
	nodes *steps.Nodes[*node]
}

// Send carries out a step.
func (t transport) Send(ctx context.Context, step *steps.Step) []steps.Reply {
	keys := make([]string, len(step.Keys))
	for i, key := range step.Keys {
		keys[i] = step.Node.KeyPrefix() + key
	}
	replies := make([]steps.Reply, len(keys))
	err := t.nodes.Use(step.Node.Address(), func(n *node) {
		switch step.Do {
		case steps.Get:
			n.get(ctx, keys, replies)
		case steps.Take:
			all, err := n.find(ctx, keys, false, func() {})
			put(replies, all, err, 0)
		case steps.Seek:
			n.seek(ctx, keys, replies)
		case steps.Fill:
			n.fill(step, keys, replies)
		case steps.Delete:
			n.remove(ctx, step, keys, replies)
		default:
			for i, key := range keys {
				replies[i] = n.store(step, i, key)
			}
		}
	})
	for i := range replies {
		if err != nil {
			replies[i] = failureOf(err)
		}
		if item := replies[i].Item; item != nil && item.Version != 0 {
			item.Version ^= fingerprint(step.Node)
		}
	}
	return replies
}

// put makes replies of what was found; what has no answer failed.
func put(replies []steps.Reply, all []*found, err error, since uint64) {
	for i := range replies {
		switch {
		case i >= len(all) || all[i] == nil:
			replies[i] = failureOf(err)
		case all[i].item != nil:
			replies[i].Item = all[i].item
			replies[i].Item.Version = all[i].cas
		case all[i].cas != 0:
			// Without CAS (memcached -C) every number is 0, and nothing can be compared.
			replies[i].Token = &steps.Token{Text: strconv.AppendUint(nil, all[i].cas, 10), Epoch: since}
		}
	}
}

func (n *node) get(ctx context.Context, keys []string, replies []steps.Reply) {
	items := map[string]*memcache.Item{}
	err := n.again(func() error {
		if len(keys) == 1 {
			item, err := n.client.Get(keys[0])
			if err == nil {
				items[keys[0]] = item
			} else if errors.Is(err, memcache.ErrCacheMiss) {
				err = nil
			}
			return err
		}
		some, err := n.client.GetMulti(keys)
		for key, item := range some {
			items[key] = item
		}
		return err
	})
	var doubtful []int
	for i, key := range keys {
		item := items[key]
		switch {
		case item == nil && err != nil:
			replies[i] = failureOf(err)
		case item == nil || string(item.Value) == steps.Placeholder:
		case len(item.Value) == 0 && item.Flags == 0:
			// What is empty may only stand in for a token, which this command can't tell.
			doubtful = append(doubtful, i)
		default:
			replies[i].Item = &steps.Item{Value: item.Value, Flags: item.Flags, TTL: steps.Unknown, Version: item.CasID}
		}
	}
	if len(doubtful) == 0 {
		return
	}
	asked, looked := make([]string, len(doubtful)), make([]steps.Reply, len(doubtful))
	for i, at := range doubtful {
		asked[i] = keys[at]
	}
	all, err := n.find(ctx, asked, false, func() {})
	put(looked, all, err, 0)
	for i, at := range doubtful {
		replies[at] = looked[i]
	}
}

func (n *node) seek(ctx context.Context, keys []string, replies []steps.Reply) {
	// Asked for before the token is taken, so that no later connection can be of it.
	var since uint64
	all, err := n.find(ctx, keys, true, func() { since = epoch.Load() })
	put(replies, all, err, since)
}

// find asks by meta commands if the server knows them, or else by those that come nearest; with lease it takes tokens.
// before is called when the connection is there and nothing was sent on it.
func (n *node) find(ctx context.Context, keys []string, lease bool, before func()) (all []*found, err error) {
	err = n.pool.run(ctx, func(c *conn) (err error) {
		before()
		if !c.old {
			if all, err = c.find(keys, lease); !errors.Is(err, errUnknownCommand) {
				return err
			}
			// A server before 1.6. On the next connection there may be another one.
			c.old = true
		}
		if lease {
			all, err = c.place(keys)
		} else {
			all, err = c.gets(keys)
		}
		return err
	})
	return all, err
}

func (n *node) fill(step *steps.Step, keys []string, replies []steps.Reply) {
	since := step.Tokens[0].Epoch
	for _, token := range step.Tokens {
		since = min(since, token.Epoch)
	}
	var all []*filled
	sent, err := n.pool.runSince(since, func(c *conn) (err error) {
		all, err = c.fill(keys, step.Items, step.Tokens)
		return err
	})
	if !sent {
		err = errTokenGone
	}
	for i := range replies {
		if i < len(all) && all[i] != nil {
			replies[i].Done, replies[i].Refused = all[i].stored, all[i].refused
		} else {
			replies[i] = failureOf(err)
		}
	}
}

// remove removes one key by gomemcache, and many on a connection of our own: a node that hangs is waited for once.
func (n *node) remove(ctx context.Context, step *steps.Step, keys []string, replies []steps.Reply) {
	if len(keys) == 1 {
		replies[0] = n.store(step, 0, keys[0])
		return
	}
	var all []string
	err := n.pool.run(ctx, func(c *conn) (err error) {
		all, err = c.remove(keys)
		return err
	})
	for i := range replies {
		switch {
		case i >= len(all) || all[i] == "":
			replies[i] = failureOf(err)
		case all[i] == "DELETED":
			replies[i].Done = true
		case all[i] != "NOT_FOUND":
			replies[i] = failureOf(fmt.Errorf("memcached answered %.32q to delete", all[i]))
		}
	}
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
		// Not again: if the first one did arrive, its number is not there any more.
		item.CasID, _ = strconv.ParseUint(string(step.Tokens[at].Text), 10, 64)
		err = n.client.CompareAndSwap(item)
	}
	switch {
	case err == nil:
		return steps.Reply{Done: true}
	case isNo(err):
		return steps.Reply{}
	case item != nil && isRefusal(err):
		return steps.Reply{Refused: err}
	}
	return failureOf(err)
}

// again repeats what failed because connections had died while they were idle, of which a client may have several.
func (n *node) again(do func() error) (err error) {
	for range n.idle + 1 {
		if err = do(); err == nil || !steps.HasDied(err) {
			return err
		}
	}
	return err
}
