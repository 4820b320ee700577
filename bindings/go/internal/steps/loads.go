// Loading what no cache has, once for all who ask for it at the same time.

package steps

import (
	"bytes"
	"context"
	"sync"

	"ringshift"
)

// Arrive is to be asked when a load begins, before its route is.
func (c *Carrier) Arrive() uint64 { return c.loads.arrive() }

// Load gives the item of a key; if no cache has it, what ask brings from the origin, which is then stored wherever nothing
// was removed meanwhile. ask gives nil for nothing. arrived is what Arrive gave.
func (c *Carrier) Load(
	ctx context.Context, arrived uint64, route *ringshift.Route, key string, ask func(context.Context) (*Item, error),
) (*Item, error) {
	c.askFirst(ctx, route)
	item, err := c.load(ctx, arrived, route, key, ask)
	c.repay(ctx)
	return item, err
}

func (c *Carrier) load(
	ctx context.Context, arrived uint64, route *ringshift.Route, key string, ask func(context.Context) (*Item, error),
) (*Item, error) {
	item, held, err := c.Seek(ctx, route, key)
	if item != nil || err != nil {
		return item, err
	}
	fill := func(item *Item) bool {
		// What was not stored is a miss for the next reader; it is no error of this one.
		accepted, _ := c.FillBy(ctx, held, key, item)
		return accepted
	}
	return c.loads.run(ctx, key, arrived, ask, fill)
}

// loads makes concurrent loads of one key one load, without giving anybody a value that is too old.
//
// Whoever comes while a load runs may have begun after a write that the load did not see. So its value is shared only
// with those who had come before the load began, and, if a node accepted its fill, with those who came before the fill
// was sent: had a write been completed in between, its invalidation would have defeated the fill. All others load again,
// as one. docs/migration.md has the whole rule. The zero value is ready.
type loads struct {
	lock    sync.Mutex
	clock   uint64
	running map[string]*load
}

// load is a load, and what became of it.
type load struct {
	began    uint64
	led      bool
	done     chan struct{}
	item     *Item
	accepted bool
	err      error
	// useless if whoever led it gave up, or panicked.
	useless bool
	// next is the load of all those with whom this one may not be shared.
	next *load
}

type loadingKey struct{}

// loading are the loads that a context is part of.
type loading struct {
	load  *load
	outer *loading
}

func (l *loads) arrive() uint64 {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.clock++
	return l.clock
}

// run loads, or waits for somebody else who does. arrived is what arrive gave when the read began; ask asks the origin;
// fill stores what was loaded by the tokens of this read, and says whether it was accepted. The item is the caller's own.
func (l *loads) run(
	ctx context.Context, key string, arrived uint64,
	ask func(context.Context) (*Item, error), fill func(*Item) bool,
) (*Item, error) {
	var before *load
	outer, _ := ctx.Value(loadingKey{}).(*loading)
	for {
		mine, leads := l.join(key, before)
		if leads {
			return l.lead(ctx, key, mine, outer, ask, fill)
		}
		for each := outer; each != nil; each = each.outer {
			if each.load == mine {
				// A load that asks for its own key would wait for itself.
				return ask(ctx)
			}
		}
		select {
		case <-mine.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if !mine.useless && (mine.accepted || mine.began > arrived) {
			return mine.item.clone(), mine.err
		}
		before = mine
	}
}

// join gives the load to wait for, or to lead; before is the one that was waited for in vain.
func (l *loads) join(key string, before *load) (mine *load, leads bool) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if before == nil {
		mine = l.running[key]
	} else {
		if before.next == nil {
			before.next = &load{done: make(chan struct{})}
		}
		mine = before.next
	}
	if mine == nil {
		mine = &load{done: make(chan struct{})}
	}
	if mine.led {
		return mine, false
	}
	l.clock++
	mine.led, mine.began = true, l.clock
	if l.running == nil {
		l.running = map[string]*load{}
	}
	l.running[key] = mine
	return mine, true
}

func (l *loads) lead(
	ctx context.Context, key string, mine *load, outer *loading,
	ask func(context.Context) (*Item, error), fill func(*Item) bool,
) (*Item, error) {
	mine.useless = true
	defer func() {
		l.leave(key, mine)
		close(mine.done)
	}()
	item, err := ask(context.WithValue(ctx, loadingKey{}, &loading{mine, outer}))
	mine.item, mine.err = item, err
	// A leader whose own context ended says nothing about the origin.
	mine.useless = err != nil && ctx.Err() != nil
	// From here on the fill may be sent: whoever comes now may have begun after a write that it does not know of.
	l.leave(key, mine)
	if err != nil || item == nil {
		return nil, err
	}
	// The leader's caller may change what it gets while others still read theirs.
	mine.item = item.clone()
	mine.accepted = fill(item)
	return item, nil
}

// leave says that nobody can join any more.
func (l *loads) leave(key string, mine *load) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.running[key] == mine {
		delete(l.running, key)
	}
}

func (i *Item) clone() *Item {
	if i == nil {
		return nil
	}
	other := *i
	other.Value = bytes.Clone(i.Value)
	return &other
}
