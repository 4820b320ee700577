// What an adapter keeps for each address: a client, a pool of connections.

package steps

import (
	"errors"
	"io"
	"sync"

	"ringshift"
)

// ErrClosed is what Use gives after Close.
var ErrClosed = errors.New("the client was closed")

// Nodes has what is kept for each address, made when it is first needed. When a spec no longer has an address, it is closed
// as soon as nobody uses it: an invalidation by the spec before may still be under way there.
type Nodes[N io.Closer] struct {
	// Router tells which addresses are still in use.
	Router *ringshift.Router
	// Open makes what is kept; it connects to nothing.
	Open func(address string) N

	lock       sync.Mutex
	opened     map[string]*opened[N]
	known      map[string]bool
	generation uint64
	closed     bool
}

// opened is what is kept for one address.
type opened[N io.Closer] struct {
	node    N
	users   int
	retired bool
}

// Use does something with what is kept for an address. It only fails after Close, with [ErrClosed].
func (n *Nodes[N]) Use(address string, do func(N)) error {
	one := n.take(address)
	if one == nil {
		return ErrClosed
	}
	defer n.giveBack(one)
	do(one.node)
	return nil
}

func (n *Nodes[N]) take(address string) *opened[N] {
	generation := n.Router.Generation()
	n.lock.Lock()
	defer n.lock.Unlock()
	if n.closed {
		return nil
	}
	if n.known == nil || generation != n.generation {
		n.generation = generation
		n.retire()
	}
	one := n.opened[address]
	if one == nil {
		one = &opened[N]{node: n.Open(address)}
		if n.known[address] {
			n.opened[address] = one
		} else {
			// Somebody who began by the spec before: it is for that alone.
			one.retired = true
		}
	}
	one.users++
	return one
}

func (n *Nodes[N]) giveBack(one *opened[N]) {
	n.lock.Lock()
	defer n.lock.Unlock()
	one.users--
	one.closeIfUnused()
}

// retire learns the addresses of the spec, and gives up those that it has no more.
func (n *Nodes[N]) retire() {
	if n.opened == nil {
		n.opened = map[string]*opened[N]{}
	}
	n.known = map[string]bool{}
	for _, each := range n.Router.Nodes() {
		n.known[each.Address()] = true
	}
	for address, one := range n.opened {
		if !n.known[address] {
			n.giveUp(address, one)
		}
	}
}

// Close gives up everything that is kept, and closes it as soon as nobody uses it.
func (n *Nodes[N]) Close() {
	n.lock.Lock()
	defer n.lock.Unlock()
	n.closed = true
	for address, one := range n.opened {
		n.giveUp(address, one)
	}
}

func (n *Nodes[N]) giveUp(address string, one *opened[N]) {
	delete(n.opened, address)
	one.retired = true
	one.closeIfUnused()
}

func (o *opened[N]) closeIfUnused() {
	if o.retired && o.users == 0 {
		// What it says is of no use to anybody: it is not needed any more.
		_ = o.node.Close()
	}
}
