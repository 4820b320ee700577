// What gomemcache's errors and our own mean: an answer, a refusal, a failure of the node.

package gomemcache

import (
	"context"
	"errors"
	"net"
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
	reply := steps.Failed(err)
	var connecting *memcache.ConnectTimeoutError
	if errors.As(err, &connecting) {
		// The connection stood, or it would be a [notReached]: what took too long came after that, such as a TLS handshake.
		reply.Outcome = ringshift.OutcomeTimeout
	}
	if errors.Is(err, errTokenGone) {
		reply.Outcome = ringshift.OutcomeUnsent
	}
	return reply
}

// notReached is the error of a connection that could not be made. gomemcache would replace one that is about time by an
// error of its own, which no longer says what took too long.
type notReached struct{ error }

func (n notReached) Unwrap() error { return n.error }

// dialFunc is how connections are made.
type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// telling makes connections by dial, and keeps apart those that could not be made.
func telling(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		connection, err := dial(ctx, network, address)
		if err != nil && steps.Unreached(err) {
			err = notReached{err}
		}
		return connection, err
	}
}
