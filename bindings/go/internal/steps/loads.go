package steps

import (
	"context"
	"sync"
)

// Loads makes concurrent loads of one key one load, without giving anybody a value that is too old.
//
// Whoever comes while a load runs may have begun after a write that the load did not see. So its value is shared only
// with those who had come before the load began, and, if a node accepted its fill, with those who came before the fill
// was sent: had a write been completed in between, its invalidation would have defeated the fill. All others load again,
// as one. docs/migration.md has the whole rule. The zero value is ready.
type Loads struct {
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

// Arrive is to be asked when a read begins.
func (l *Loads) Arrive() uint64 {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.clock++
	return l.clock
}

// Run loads, or waits for somebody else who does. arrived is what Arrive gave when the read began; ask asks the origin,
// nil for nothing; fill stores what was loaded by the tokens of this read, and says whether it was accepted.
func (l *Loads) Run(
	ctx context.Context, key string, arrived uint64,
	ask func(context.Context) (*Item, error), fill func(*Item) (bool, error),
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
			return mine.item.copied(), mine.err
		}
		before = mine
	}
}

// join gives the load to wait for, or to lead; before is the one that was waited for in vain.
func (l *Loads) join(key string, before *load) (mine *load, leads bool) {
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

func (l *Loads) lead(
	ctx context.Context, key string, mine *load, outer *loading,
	ask func(context.Context) (*Item, error), fill func(*Item) (bool, error),
) (*Item, error) {
	mine.useless = true
	defer func() {
		l.leave(key, mine)
		close(mine.done)
	}()
	mine.item, mine.err = ask(context.WithValue(ctx, loadingKey{}, &loading{mine, outer}))
	// A leader whose own context ended says nothing about the origin.
	mine.useless = mine.err != nil && ctx.Err() != nil
	l.leave(key, mine)
	if mine.err != nil || mine.item == nil {
		return nil, mine.err
	}
	mine.accepted, _ = fill(mine.item)
	return mine.item, nil
}

// leave says that nobody can join any more.
func (l *Loads) leave(key string, mine *load) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.running[key] == mine {
		delete(l.running, key)
	}
}
