//go:build cgo

// The routes of one epoch that were made already, found by code without a lock.

package ringshift

import (
	"math/bits"
	"sync/atomic"
)

const (
	// mostRoutes bounds the memory. There are as many routes as pairs of nodes in a migration, and more while breakers
	// are open; a table that is full is begun anew.
	mostRoutes = 1 << 16
	// fewestSlots is how many slots a table starts with.
	fewestSlots = 64
)

// table is a hash table with open addressing. Readers search it at any time; writers add to it one at a time and put a
// larger one in its place when half of it is full, so a search always ends at an empty slot.
type table struct {
	epoch uint64
	// slots are a power of two.
	slots []slot
	// shift leaves as many high bits of a hash as number the slots.
	shift uint8
	count int
}

// slot is room for a route. Its code stands beside it, so that a search doesn't have to look into routes; it is written
// before the route and never changes after, so whoever sees the route may read it.
type slot struct {
	route atomic.Pointer[Route]
	code  uint64
}

func newTable(epoch uint64) *table { return newTableOf(epoch, fewestSlots) }

func newTableOf(epoch uint64, slots int) *table {
	return &table{
		epoch: epoch,
		slots: make([]slot, slots),
		shift: uint8(64 - bits.TrailingZeros(uint(slots))),
	}
}

// first is where the search for a code begins. Codes are small numbers side by side and chosen by nobody, so one
// multiplication spreads them.
func (t *table) first(code uint64) int {
	return int(code * 0x9e3779b97f4a7c15 >> t.shift)
}

// find is the route of a code; nil if there is none yet, or if the table is of another epoch.
func (t *table) find(epoch, code uint64) *Route {
	if epoch != t.epoch {
		return nil
	}
	last := len(t.slots) - 1
	for place := t.first(code); ; place++ {
		slot := &t.slots[place&last]
		route := slot.route.Load()
		if route == nil || slot.code == code {
			return route
		}
	}
}

// withRoomForOne is the table itself, or a new one in its place.
func (t *table) withRoomForOne() *table {
	if t.count >= mostRoutes {
		return newTable(t.epoch)
	}
	if 2*(t.count+1) <= len(t.slots) {
		return t
	}
	larger := newTableOf(t.epoch, 2*len(t.slots))
	for place := range t.slots {
		if route := t.slots[place].route.Load(); route != nil {
			larger.add(route)
		}
	}
	return larger
}

// add puts in a route that isn't there. There is room for it.
func (t *table) add(route *Route) {
	last := len(t.slots) - 1
	place := t.first(route.code)
	for t.slots[place&last].route.Load() != nil {
		place++
	}
	slot := &t.slots[place&last]
	slot.code = route.code
	slot.route.Store(route)
	t.count++
}
