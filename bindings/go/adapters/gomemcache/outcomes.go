// What gomemcache's errors and our own mean: an answer, a refusal, a failure of the node.

package gomemcache

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift"
	"ringshift/internal/steps"
)

var errTokenGone = errors.New("no connection is left from when the token was taken")

// isNo says that the server answered that what was asked for could not be done.
func isNo(err error) bool {
	return errors.Is(err, memcache.ErrCacheMiss) || errors.Is(err, memcache.ErrNotStored) ||
		errors.Is(err, memcache.ErrCASConflict)
}

// isRefusal says that the node is well, and this one item not to its liking.
func isRefusal(err error) bool {
	text := err.Error()
	return strings.Contains(text, "object too large for cache") || strings.Contains(text, "out of memory storing object") ||
		strings.HasPrefix(text, "memcache: client error: ")
}

// failureOf is the reply of a node that did not answer as it should.
func failureOf(err error) steps.Reply {
	reply := steps.Reply{Failure: err, Outcome: ringshift.OutcomeError}
	var timeout net.Error
	var connecting *memcache.ConnectTimeoutError
	if errors.As(err, &timeout) && timeout.Timeout() || errors.As(err, &connecting) ||
		errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		reply.Outcome = ringshift.OutcomeTimeout
	}
	// Neither says anything about the node.
	reply.Silent = errors.Is(err, errTokenGone) || errors.Is(err, steps.ErrClosed)
	return reply
}
