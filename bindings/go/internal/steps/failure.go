// What an error says about the node that was asked.

package steps

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"syscall"

	"ringshift"
)

// Failed is the reply of a node that did not answer as it should.
func Failed(err error) Reply {
	reply := Reply{Failure: err, Outcome: ringshift.OutcomeError}
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, ErrClosed), isLocal(err):
		// That the caller gave up or closed the client says nothing about the node, nor does what this process lacks.
		reply.Outcome = ringshift.OutcomeUnsent
	case Unreached(err):
		reply.Outcome = ringshift.OutcomeUnreachable
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, os.ErrDeadlineExceeded),
		errors.Is(err, context.DeadlineExceeded):
		reply.Outcome = ringshift.OutcomeTimeout
	}
	return reply
}

// Unreached says that no connection could be made, for want of a name, a route, a listener or time. What comes after that, such
// as a refused certificate or password, is told by a server that was reached.
func Unreached(err error) bool {
	var operation *net.OpError
	return errors.As(err, &operation) && operation.Op == "dial"
}

// isLocal says that there was nothing left in this process, or on this machine, to make a connection with.
func isLocal(err error) bool {
	local := []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL}
	return Unreached(err) && slices.ContainsFunc(local, func(each error) bool { return errors.Is(err, each) })
}

// HasDied says that a connection had been closed by the other side.
func HasDied(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
