//go:build cgo

// The core of a router: the C router, and what was made of its answers.

package ringshift

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
)

// core owns a C router. It is never copied, and freed as ffi.go says.
type core struct {
	// loses says that an invalidation was lost at some time: until then nothing can be owed, and it is not worth a call to ask.
	loses    atomic.Bool
	router   routerReference
	identity *identity
	// routes holds the routes that exist already. Readers only load it.
	routes atomic.Pointer[table]
	// mutex guards nodes and all writing to routes and byIndex.
	mutex sync.Mutex
	nodes map[nodeReference]*Node
	// byIndex holds the same nodes. Readers only load it.
	byIndex nodeList
}

func newCore(router routerReference) *core {
	made := &core{router: router, identity: &identity{}, nodes: map[nodeReference]*Node{}}
	made.routes.Store(newTable(0))
	return made
}

// route is the route of a key.
func (c *core) route(key *byte, length int) (*Route, error) {
	epoch, code, err := c.ask(key, length)
	if err != nil {
		return nil, err
	}
	if known := c.routes.Load().find(epoch, code); known != nil {
		return known, nil
	}
	made, err := c.learn(epoch, code)
	if isReplaced(err) {
		return c.route(key, length)
	}
	return made, err
}

// isReplaced says whether a code could not be expanded as another spec has come into force since it was given. The key is
// then asked about again, which is rare and ends when specs cease to come faster than calls.
func isReplaced(err error) bool { return err != nil && errors.Is(err, ErrInvalidArgument) }

// learn makes the Route of a code and keeps it, unless another goroutine was faster. A second question about the key
// would be a second request to a breaker that lets only one through, so it is the code that is asked about.
func (c *core) learn(epoch, code uint64) (*Route, error) {
	defer runtime.KeepAlive(c) // the nodes are C's
	var found answer
	if err := c.expand(epoch, code, &found); err != nil {
		return nil, err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	routes := c.routes.Load()
	if known := routes.find(epoch, code); known != nil {
		return known, nil
	}
	made := found.read(c.node)
	// A goroutine that got its answer before a refresh must not bring an older epoch back.
	if epoch < routes.epoch {
		return made, nil
	}
	if epoch > routes.epoch {
		routes = newTable(epoch)
	}
	routes = routes.withRoomForOne()
	routes.add(made)
	c.routes.Store(routes)
	return made, nil
}

// node is the one Node of a reference. The mutex is held.
func (c *core) node(reference nodeReference) *Node {
	if known := c.nodes[reference]; known != nil {
		return known
	}
	made := describe(reference, c.identity)
	c.nodes[reference] = made
	c.byIndex.add(made)
	return made
}

// nodeAt is the Node of an index; nil if there is none.
func (c *core) nodeAt(index uint32) *Node {
	if known := c.byIndex.find(index); known != nil || index == NoNode {
		return known
	}
	defer runtime.KeepAlive(c) // the node is C's
	reference := c.at(index)
	if reference == nil {
		return nil
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.node(reference)
}

// inForce are the nodes of the spec in force.
func (c *core) inForce() []*Node {
	defer runtime.KeepAlive(c) // the nodes are C's
	references := c.references()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	nodes := make([]*Node, len(references))
	for position, reference := range references {
		nodes[position] = c.node(reference)
	}
	return nodes
}
