//go:build cgo

// Keys whose invalidation was lost, and is to be sent again.

package ringshift

import "runtime"

// OwedKey is a key whose invalidation is to be sent again.
type OwedKey struct {
	// Key is without the prefix of any cluster.
	Key []byte
	// Loss says which loss this is about: one that came later is not repaid with it.
	Loss uint64
}

// Lost counts an invalidation that a node did not acknowledge, as [Router.Report] does, and remembers its key: until
// [Router.Repaid], or no value that it should have removed can live any more, routes do not read it there, nor anywhere
// else if values are copied from there in a migration. So what a node held before it was down is not read when it is
// back. Keys take at most 16 MiB of a router; what is lost beyond that keeps the node from being read at all, for as long
// as its values can live.
//
// It fails with [ErrInvalidArgument] if the node is nil or was handed out by another router, or if the outcome is none of
// [OutcomeError], [OutcomeTimeout], [OutcomeUnreachable] and [OutcomeUnsent], and with [ErrClosed]; nothing is then counted.
func (r *Router) Lost(node *Node, key []byte, outcome Outcome) error {
	core, err := r.about(node)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(core)
	core.loses.Store(true)
	return core.lost(node, key, outcome)
}

// Owed gives keys whose invalidation is to be sent again, now that a node has answered. Ask after each request that a node
// answered: while nothing is owed that costs next to nothing. A few keys are given at a time, and each of them once in five
// seconds until it is repaid, so that any number of goroutines may ask.
//
// It fails with [ErrInvalidArgument] if the node is nil or was handed out by another router, and with [ErrClosed].
//
//	owed, err := router.Owed(node)
//	for _, each := range owed {
//		// ... remove each.Key from every node of its route's Invalidate(), in order; if all acknowledge:
//		err = router.Repaid(each)
//	}
func (r *Router) Owed(node *Node) ([]OwedKey, error) {
	core, err := r.about(node)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(core)
	if !core.loses.Load() {
		return nil, nil
	}
	return core.owed(node)
}

// Repaid tells that the invalidation of a key that [Router.Owed] gave was sent again, in the order of its route, and
// acknowledged by every node of it. It does nothing if it was lost once more meanwhile, or is not owed, and fails with
// [ErrClosed].
func (r *Router) Repaid(owed OwedKey) error {
	core := r.core.Load()
	if core == nil {
		return errClosed()
	}
	defer runtime.KeepAlive(core)
	return core.repaid(owed)
}

// about is the core that a call about a node goes to. It fails if the router was closed, or the node is not one of its own.
func (r *Router) about(node *Node) (*core, error) {
	core := r.core.Load()
	switch {
	case core == nil:
		return nil, errClosed()
	case node == nil:
		return nil, invalidArgument("the node is nil; report to a node of a route")
	case node.owner != core.identity:
		return nil, invalidArgument("the node was handed out by another router; report to that one")
	}
	return core, nil
}
