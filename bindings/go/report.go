//go:build cgo

// Telling the router how a request ended.

package ringshift

import "runtime"

// Op is what a request to a node was for.
type Op uint8

const (
	// OpRead: to get a value.
	OpRead Op = 0
	// OpFill: to store a value that was read elsewhere.
	OpFill Op = 1
	// OpInvalidate: to remove a value that is no longer true.
	OpInvalidate Op = 2
)

// String is the op's name in every language and in metrics.
func (o Op) String() string { return nameOf(o, "read", "fill", "invalidate") }

// Outcome is how a request to a node ended.
type Outcome uint8

const (
	// OutcomeHit: the value was there.
	OutcomeHit Outcome = 0
	// OutcomeMiss: the value was not there.
	OutcomeMiss Outcome = 1
	// OutcomeOK: the node did what was asked.
	OutcomeOK Outcome = 2
	// OutcomeError: the request failed, since the node refused or the connection broke.
	OutcomeError Outcome = 3
	// OutcomeTimeout: the node did not answer in time.
	OutcomeTimeout Outcome = 4
	// OutcomeUnreachable: there was no connection to the node and none could be made, so that nothing was sent. It opens
	// the node's breaker at once.
	OutcomeUnreachable Outcome = 5
	// OutcomeUnsent: nothing was sent, or its answer was not waited for, for a reason of the caller's own, as when no
	// connection of its pool was free or it was closed meanwhile. It says nothing of the node.
	OutcomeUnsent Outcome = 6
)

// String is the outcome's name in every language and in metrics.
func (o Outcome) String() string {
	return nameOf(o, "hit", "miss", "ok", "error", "timeout", "unreachable", "unsent")
}

// Report counts how a request to a node of this router ended, for the metrics and for the breakers of the node and its
// cluster: failures open them, answers close them. Use [Router.Lost] for an invalidation that was not acknowledged. It
// takes a lock only for the first request to a node and when a breaker opens or closes.
//
// It fails with [ErrInvalidArgument] if the node is nil or was handed out by another router, or if the op or outcome is
// none of those above, and with [ErrClosed]; nothing is then counted.
//
//	err = router.Report(target.Node(), ringshift.OpRead, ringshift.OutcomeHit)
func (r *Router) Report(node *Node, op Op, outcome Outcome) error {
	core, err := r.about(node)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(core)
	switch {
	case op > OpInvalidate:
		return invalidArgument("%d is not an op; use one of the constants Op...", op)
	case outcome > OutcomeUnsent:
		return invalidArgument("%d is not an outcome; use one of the constants Outcome...", outcome)
	}
	return core.report(node, op, outcome)
}
