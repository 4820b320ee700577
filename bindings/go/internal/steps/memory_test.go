package steps

// A cluster in memory: nodes that keep items and tokens as servers do, write down what they are sent, and fail when they
// are told to.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"ringshift"
)

var errDown = errors.New("the node is down")

// memory is a transport, and all nodes of it.
type memory struct {
	lock  sync.Mutex
	held  map[Place]map[string]*entry
	given uint64
	lines []string
	// fails says whether a step fails; nil is never.
	fails func(*Step) bool
	// refuses says whether an item is refused; nil is never.
	refuses func(*Item) bool
	// before is called before a step is carried out, without the lock.
	before func(*Step)
	// after is called when it was.
	after func(*Step)
}

// entry is an item, or what stands in for a token.
type entry struct {
	item  *Item
	token string
}

func newMemory() *memory { return &memory{held: map[Place]map[string]*entry{}} }

var doNames = map[Do]string{
	Get: "get", Take: "take", Seek: "seek", Touch: "touch", Fill: "fill", Add: "add", Set: "set", Replace: "replace",
	CompareAndSwap: "cas", Delete: "delete",
}

func (m *memory) Send(ctx context.Context, step *Step) []Reply {
	if m.before != nil {
		m.before(step)
	}
	if m.after != nil {
		defer m.after(step)
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	place := PlaceOf(step.Node)
	keys := m.held[place]
	if keys == nil {
		keys = map[string]*entry{}
		m.held[place] = keys
	}
	replies := make([]Reply, len(step.Keys))
	for i, key := range step.Keys {
		if ctx.Err() != nil {
			replies[i] = Failed(ctx.Err())
			continue
		}
		m.lines = append(m.lines, fmt.Sprintf("%s %s %s", step.Node.ID(), doNames[step.Do], key))
		if m.fails != nil && m.fails(step) {
			replies[i] = Reply{Failure: errDown, Outcome: ringshift.OutcomeError}
			continue
		}
		var item *Item
		if step.Items != nil {
			item = step.Items[i]
		}
		if item != nil && m.refuses != nil && m.refuses(item) {
			replies[i].Refused = errors.New("too large")
			continue
		}
		there := keys[key]
		switch step.Do {
		case Get, Take, Seek:
			if there != nil && there.item != nil {
				replies[i].Item = there.item.clone()
			} else if step.Do == Seek {
				if there == nil {
					m.given++
					there = &entry{token: fmt.Sprint(m.given)}
					keys[key] = there
				}
				replies[i].Token = &Token{Text: []byte(there.token)}
			}
		case Fill:
			if replies[i].Done = there != nil && there.token == string(step.Tokens[i].Text); replies[i].Done {
				keys[key] = &entry{item: item}
			}
		case Set:
			keys[key], replies[i].Done = &entry{item: item}, true
		case Delete:
			replies[i].Done = there != nil && there.item != nil
			delete(keys, key)
		}
	}
	return replies
}

// sent are the lines since it was asked last.
func (m *memory) sent() []string {
	m.lock.Lock()
	defer m.lock.Unlock()
	lines := m.lines
	m.lines = nil
	return lines
}

// put stores an item at the node of an address.
func (m *memory) put(address, prefix, key string, item *Item) {
	place := Place{address, prefix}
	if m.held[place] == nil {
		m.held[place] = map[string]*entry{}
	}
	m.held[place][key] = &entry{item: item}
}

// at is the item at the node of an address.
func (m *memory) at(address, prefix, key string) *Item {
	if there := m.held[Place{address, prefix}][key]; there != nil {
		return there.item
	}
	return nil
}

func route(t *testing.T, c *Carrier, key string) *ringshift.Route {
	t.Helper()
	found, err := c.Route(key)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func equal[T comparable](t *testing.T, got, expected []T) {
	t.Helper()
	if !slices.Equal(got, expected) {
		t.Fatalf("%v; want %v", got, expected)
	}
}
