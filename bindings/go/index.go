//go:build cgo

// Many keys in one call into C: where each is read first, as a number.

package ringshift

import "fmt"

// IndexMany writes to to[i] the index of the node that is to be read first for keys[i], [NoNode] if there is nowhere to
// read, at the cost of one call into C and without allocating anything; [Router.Node] gives the node. All are of one
// generation. It is for callers that have many keys and want nothing but their nodes.
//
// It fails with [ErrInvalidArgument] if to is shorter than keys, with [ErrInvalidKey] if a key is not valid UTF-8 (use
// [Router.IndexManyBytes] for keys that are bytes), and with [ErrClosed]; nothing is then written. What to has beyond the
// keys stays as it is.
//
//	indices := make([]uint32, len(keys))
//	if err := router.IndexMany(keys, indices); err != nil {
//		…
//	}
func (r *Router) IndexMany(keys []string, to []uint32) error {
	core := r.core.Load()
	if core == nil {
		return errClosed()
	}
	if err := checkKeys(keys, "IndexManyBytes"); err != nil {
		return err
	}
	batch := pack(keys)
	defer batch.giveBack()
	return core.indices(batch, to)
}

// IndexManyBytes is [Router.IndexMany] for keys that are bytes. The bytes must not change during the call.
func (r *Router) IndexManyBytes(keys [][]byte, to []uint32) error {
	core := r.core.Load()
	if core == nil {
		return errClosed()
	}
	batch := pack(keys)
	defer batch.giveBack()
	return core.indices(batch, to)
}

// Node is the node of an index, however long ago it left the spec; nil if there is none, for [NoNode], and after Close.
// It takes no lock when the node was given before.
func (r *Router) Node(index uint32) *Node {
	core := r.core.Load()
	if core == nil {
		return nil
	}
	return core.nodeAt(index)
}

// indices writes the indices for the keys of a batch.
func (c *core) indices(batch *batch, to []uint32) error {
	keys := batch.keys()
	if len(to) < keys {
		return &Error{Kind: ErrInvalidArgument, Message: fmt.Sprintf(
			"there is room for %d indices, but there are %d keys; give room for an index for each", len(to), keys)}
	}
	if keys == 0 {
		return nil
	}
	return c.indexMany(batch.packed, batch.offsets, to)
}
