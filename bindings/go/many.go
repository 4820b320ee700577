//go:build cgo

// Many keys in one call into C.

package ringshift

import (
	"fmt"
	"slices"
	"sync"
)

// RouteMany gives the routes of many keys, in their order and all of one generation, at the cost of one call into C.
//
// It fails as [Router.Route] does; there are then no routes at all.
func (r *Router) RouteMany(keys []string) ([]*Route, error) {
	core := r.core.Load()
	if core == nil {
		return nil, errClosed()
	}
	for position, key := range keys {
		if checkKey(key) != nil {
			return nil, &Error{Kind: ErrInvalidKey, Message: fmt.Sprintf(
				"keys[%d] is not valid UTF-8; use RouteManyBytes for keys that are bytes", position)}
		}
	}
	return routeMany(core, keys)
}

// RouteManyBytes is [Router.RouteMany] for keys that are bytes. The bytes must not change during the call.
func (r *Router) RouteManyBytes(keys [][]byte) ([]*Route, error) {
	core := r.core.Load()
	if core == nil {
		return nil, errClosed()
	}
	return routeMany(core, keys)
}

// GroupByNode gives the positions of keys by the node that is to be read first, all of one generation: one request to
// each node then gets all of its keys. Under nil are those with nowhere to read, as their nodes' breakers are open.
//
// It fails as [Router.RouteMany] does.
func (r *Router) GroupByNode(keys []string) (map[*Node][]int, error) {
	routes, err := r.RouteMany(keys)
	if err != nil {
		return nil, err
	}
	groups := map[*Node][]int{}
	for position, route := range routes {
		var node *Node
		if target := route.Read(); target != nil {
			node = target.Node()
		}
		groups[node] = append(groups[node], position)
	}
	return groups, nil
}

func routeMany[K string | []byte](core *core, keys []K) ([]*Route, error) {
	routes := make([]*Route, len(keys))
	if len(keys) == 0 {
		return routes, nil
	}
	room := batches.Get().(*batch)
	defer room.giveBack()
	pack(room, keys)
	if err := core.askMany(room.packed, room.lengths, room.answers); err != nil {
		return nil, err
	}
	for position := range routes {
		routes[position] = core.routeOf(&room.answers[position])
	}
	return routes, nil
}

// batch is room for what crosses: the keys one after the other, and an answer for each.
type batch struct {
	packed  []byte
	lengths []uintptr
	answers []answer
}

var batches = sync.Pool{New: func() any { return &batch{} }}

// pack puts the keys into a batch.
func pack[K string | []byte](room *batch, keys []K) {
	room.packed = room.packed[:0]
	room.lengths = slices.Grow(room.lengths[:0], len(keys))
	for _, key := range keys {
		room.packed = append(room.packed, key...)
		room.lengths = append(room.lengths, uintptr(len(key)))
	}
	// What an answer held before is overwritten, so only more room is cleared.
	room.answers = slices.Grow(room.answers[:0], len(keys))[:len(keys)]
}

// giveBack keeps the room for another call, unless it is so much that it is better given to the garbage collector.
func (b *batch) giveBack() {
	const mostBytes, mostAnswers = 1 << 20, 1 << 12
	if cap(b.packed) <= mostBytes && cap(b.answers) <= mostAnswers {
		batches.Put(b)
	}
}
