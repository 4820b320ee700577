// What the scenarios, which each adapter's tests run, need of an adapter.

package testbed

import (
	"testing"
	"time"

	"ringshift"
)

// Cache is a client of an adapter, as the scenarios use it.
type Cache interface {
	// Router is the one that it was made with.
	Router() *ringshift.Router
	// Load gives the value of a key, from the origin if the cache has none.
	Load(key string, load func() ([]byte, error)) ([]byte, error)
	// Read gives the value of a key; an error if there is none.
	Read(key string) (string, error)
	// Invalidate removes a key wherever its route says so.
	Invalidate(key string) error
}

// Adapter is an adapter that the scenarios are run on; its clients are C. Each scenario starts servers of its own, and fails
// the test at what must not be.
type Adapter[C Cache] struct {
	// Start starts a server for a test, which stops it.
	Start func(t testing.TB, options ...string) *Server
	// Keeping are options by which a server that was killed has what it had before when it is started again; nil if there are
	// none.
	Keeping func(t testing.TB) []string
	// Client makes a client of a spec for a test, which closes it.
	Client func(t testing.TB, spec Spec) C
	// Open makes a client of a router for a test, which closes it; a request may take so long, connecting too.
	Open func(t testing.TB, router *ringshift.Router, limit time.Duration) C
	// Miss is the error of a read that finds nothing.
	Miss error
	// IsRequest says whether a line that goes to a server is one of a read or of an invalidation, or the first on a
	// connection.
	IsRequest func(line string) bool
	// Put stores a value at a server past the adapter; it lives so long, or for ever at 0.
	Put func(t testing.TB, server *Server, key, value string, left time.Duration)
	// On says what a server itself has under a key; "nothing" if nothing.
	On func(t testing.TB, server *Server, key string) string
}

// two starts a node for blue and one for green, and gives a spec of them without a migration.
func (a Adapter[C]) two(t testing.TB) (blue, green *Server, spec Spec) {
	t.Helper()
	blue, green = a.Start(t), a.Start(t)
	return blue, green, Spec{Blue: []string{blue.Address}, Green: []string{green.Address}}
}

// at fails the test unless key is on blue and on green, under its prefix there, as expected.
func (a Adapter[C]) at(t testing.TB, blue, green *Server, key, onBlue, onGreen string) {
	t.Helper()
	if b, g := a.On(t, blue, key), a.On(t, green, "g1:"+key); b != onBlue || g != onGreen {
		t.Fatalf("%s is on blue: %s, on green: %s; want %s, %s", key, b, g, onBlue, onGreen)
	}
}
