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
	slots []atomic.Pointer[Route]
	// shift leaves as many high bits of a hash as number the slots.
	shift uint8
	count int
}

func newTable(epoch uint64) *table { return newTableOf(epoch, fewestSlots) }

func newTableOf(epoch uint64, slots int) *table {
	return &table{
		epoch: epoch,
		slots: make([]atomic.Pointer[Route], slots),
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
	for slot := t.first(code); ; slot++ {
		route := t.slots[slot&last].Load()
		if route == nil || route.code == code {
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
	for slot := range t.slots {
		if route := t.slots[slot].Load(); route != nil {
			larger.add(route)
		}
	}
	return larger
}

// add puts in a route that isn't there. There is room for it.
func (t *table) add(route *Route) {
	last := len(t.slots) - 1
	slot := t.first(route.code)
	for t.slots[slot&last].Load() != nil {
		slot++
	}
	t.slots[slot&last].Store(route)
	t.count++
}
