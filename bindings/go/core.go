//go:build cgo

// The core of a router: the C router, and what was made of its answers.

package ringshift

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// core owns a C router. It is never copied, and freed as ffi.go says.
type core struct {
	router   routerReference
	identity *identity
	// routes holds the routes that exist already. Readers only load it.
	routes atomic.Pointer[table]
	// mutex guards nodes and all writing to routes.
	mutex sync.Mutex
	nodes map[nodeReference]*Node
}

func newCore(router routerReference) *core {
	made := &core{router: router, identity: &identity{}, nodes: map[nodeReference]*Node{}}
	made.routes.Store(newTable(0))
	return made
}

// route is the route of a key.
func (c *core) route(key *byte, length int) (*Route, error) {
	var found answer
	if err := c.ask(key, length, &found); err != nil {
		return nil, err
	}
	return c.routeOf(&found), nil
}

// routeOf is the Route of an answer.
func (c *core) routeOf(found *answer) *Route {
	if known := c.routes.Load().find(found.epoch(), found.code()); known != nil {
		return known
	}
	return c.learn(found)
}

// learn makes the Route of an answer and keeps it, unless another goroutine was faster.
func (c *core) learn(found *answer) *Route {
	defer runtime.KeepAlive(c) // the nodes are C's
	c.mutex.Lock()
	defer c.mutex.Unlock()
	routes := c.routes.Load()
	epoch, code := found.epoch(), found.code()
	if known := routes.find(epoch, code); known != nil {
		return known
	}
	made := found.read(c.node)
	// A goroutine that got its answer before a refresh must not bring an older epoch back.
	if epoch < routes.epoch {
		return made
	}
	if epoch > routes.epoch {
		routes = newTable(epoch)
	}
	routes = routes.withRoomForOne()
	routes.add(made)
	c.routes.Store(routes)
	return made
}

// node is the one Node of a reference. The mutex is held.
func (c *core) node(reference nodeReference) *Node {
	if known := c.nodes[reference]; known != nil {
		return known
	}
	made := describe(reference, c.identity)
	c.nodes[reference] = made
	return made
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
