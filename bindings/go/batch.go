//go:build cgo

// What crosses for many keys at once.

package ringshift

import (
	"fmt"
	"slices"
	"sync"
)

// batch is room for the keys one after the other, for where each ends, and for what comes back.
type batch struct {
	packed []byte
	// offsets are the start of every key and the end of the last.
	offsets []uintptr
	codes   []uint64
}

var batches = sync.Pool{New: func() any { return &batch{} }}

// pack puts keys into a batch, which is given back after use.
func pack[K string | []byte](keys []K) *batch {
	room := batches.Get().(*batch)
	packed, offsets := room.packed[:0], slices.Grow(room.offsets[:0], len(keys)+1)
	offsets = append(offsets, 0)
	for _, key := range keys {
		packed = append(packed, key...)
		offsets = append(offsets, uintptr(len(packed)))
	}
	room.packed, room.offsets = packed, offsets
	return room
}

// keys is how many there are.
func (b *batch) keys() int { return len(b.offsets) - 1 }

// lengths turns the offsets into the lengths of the keys.
func (b *batch) lengths() []uintptr {
	for position, end := range b.offsets[1:] {
		b.offsets[position] = end - b.offsets[position]
	}
	return b.offsets[:b.keys()]
}

// room is room for a code of every key.
func (b *batch) room() []uint64 {
	b.codes = slices.Grow(b.codes[:0], b.keys())[:b.keys()]
	return b.codes
}

// giveBack keeps the room for another call, unless it is so much that it is better given to the garbage collector.
func (b *batch) giveBack() {
	const mostBytes, mostKeys = 1 << 20, 1 << 16
	if cap(b.packed) <= mostBytes && cap(b.offsets) <= mostKeys {
		batches.Put(b)
	}
}

// checkKeys is checkKey for many; instead names the method that takes bytes.
func checkKeys(keys []string, instead string) error {
	for position, key := range keys {
		if checkKey(key) != nil {
			return &Error{Kind: ErrInvalidKey, Message: fmt.Sprintf(
				"keys[%d] is not valid UTF-8; use %s for keys that are bytes", position, instead)}
		}
	}
	return nil
}
