//go:build cgo

// The nodes that were made already, found by index without a lock.

package ringshift

import "sync/atomic"

// fewestNodes is for how many nodes there is room at first.
const fewestNodes = 16

// nodeList is an array of nodes by index. Readers look at any time; writers add one at a time and put a larger array in
// its place when an index is beyond it. Indices count from 0, so little of it is empty.
type nodeList struct {
	slots atomic.Pointer[[]atomic.Pointer[Node]]
}

// find is the node of an index; nil if it isn't there.
func (l *nodeList) find(index uint32) *Node {
	slots := l.slots.Load()
	if slots == nil || uint64(index) >= uint64(len(*slots)) {
		return nil
	}
	return (*slots)[index].Load()
}

// add puts a node in.
func (l *nodeList) add(node *Node) {
	slots := l.slots.Load()
	if slots == nil || uint64(node.index) >= uint64(len(*slots)) {
		slots = l.larger(int(node.index) + 1)
	}
	(*slots)[node.index].Store(node)
}

// larger puts an array with room for that many nodes, and some more, in the place of the one that is there.
func (l *nodeList) larger(nodes int) *[]atomic.Pointer[Node] {
	made := make([]atomic.Pointer[Node], max(fewestNodes, 2*nodes))
	if old := l.slots.Load(); old != nil {
		for index := range *old {
			made[index].Store((*old)[index].Load())
		}
	}
	l.slots.Store(&made)
	return &made
}
