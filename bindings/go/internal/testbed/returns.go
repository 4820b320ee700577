// A node comes back with what it had before it failed, and nobody repeats the writes that it did not acknowledge.

package testbed

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"ringshift"
)

// returning is some nodes, one of which is away for a while, and two processes that use them.
type returning[C Cache] struct {
	Adapter[C]
	place
	t    *testing.T
	node *Server
	// hangs says that nothing arrives at the node, nor will it ever.
	hangs atomic.Bool
	// first writes, second only reads.
	first, second C
	// keys are some of the node's; never is another one, which is never written.
	keys  []string
	never string
}

// oldContent lets a node come back with old content after each kind of absence.
func (a Adapter[C]) oldContent(run func(name string, play func(t *testing.T))) {
	for _, place := range places {
		run("hung"+place.about+" with old content", func(t *testing.T) {
			r := a.returning(t, place)
			r.hangs.Store(true)
			r.lose(r.keys)
			r.hangs.Store(false)
			r.returns()
		})
	}
	run("flapping with old content", func(t *testing.T) {
		r := a.returning(t, alone)
		for _, key := range r.keys {
			r.hangs.Store(true)
			r.lose([]string{key})
			r.hangs.Store(false)
		}
		r.returns()
	})
	if a.Keeping == nil {
		// It comes back empty, which is no harm.
		return
	}
	run("killed with old content", func(t *testing.T) {
		r := a.returning(t, alone, a.Keeping(t)...)
		r.node.Kill()
		r.lose(r.keys)
		Must(t, r.node.Start())
		r.returns()
	})
}

// returning has the old values of some keys of one node, started with these options.
func (a Adapter[C]) returning(t *testing.T, place place, options ...string) *returning[C] {
	t.Helper()
	r := &returning[C]{Adapter: a, place: place, t: t, node: a.Start(t, options...)}
	relay := NewRelay(t, r.node, func(line string) string {
		if r.hangs.Load() {
			return ""
		}
		return line
	})
	spec := place.spec(t, a.Start, relay.Address)
	r.first, r.second = a.Open(t, spec.Router(t), timeout), a.Open(t, spec.Router(t), timeout)
	for i := 0; len(r.keys) < 3 || r.never == ""; i++ {
		key := fmt.Sprint("key:", i)
		route, err := r.first.Router().Route(key)
		Must(t, err)
		switch {
		case route.Read().Node().ID() != place.node:
		case r.never == "":
			r.never = key
		default:
			r.keys = append(r.keys, key)
		}
	}
	for _, key := range r.keys {
		for _, client := range []C{r.first, r.second} {
			r.loads(client, key, "old", "old")
		}
	}
	return r
}

// loads fails the test unless a client gives this for a key, which the origin has another value of.
func (r *returning[C]) loads(client C, key, atOrigin, expected string) {
	r.t.Helper()
	value, err := client.Load(key, func() ([]byte, error) { return []byte(atOrigin), nil })
	if err != nil || string(value) != expected {
		r.t.Fatalf("%s is %q, %v; want %q", key, value, err, expected)
	}
}

// lose has the first process write keys, all at once, which the node does not acknowledge.
func (r *returning[C]) lose(keys []string) {
	r.t.Helper()
	var all sync.WaitGroup
	for _, key := range keys {
		all.Add(1)
		go func() {
			defer all.Done()
			if err := r.first.Invalidate(key); !errors.Is(err, ringshift.ErrInvalidationLost) {
				r.t.Errorf("the write of %s: %v", key, err)
			}
		}()
	}
	all.Wait()
}

// there is what the node itself has of a key.
func (r *returning[C]) there(key string) string {
	r.t.Helper()
	if r.place.node == "g1" {
		key = "g1:" + key
	}
	return r.On(r.t, r.node, key)
}

// returns looks at what is read of the node when it is back.
func (r *returning[C]) returns() {
	r.t.Helper()
	if owed := Owed(r.t, r.first.Router()); owed != uint64(len(r.keys)) {
		r.t.Fatalf("%d keys are owed", owed)
	}
	for _, key := range r.keys {
		if there := r.there(key); there != "old" {
			r.t.Fatalf("the node came back with %s of %s: this proves nothing", there, key)
		}
		// Another process does not know of the write that did not complete.
		r.loads(r.second, key, "new", "old")
	}
	// The first of these reads may send all of them again, if its node is asked once more by now.
	for _, key := range r.keys {
		if value, err := r.first.Read(key); !errors.Is(err, r.Miss) {
			r.t.Fatalf("%s is %q, %v; want a miss", key, value, err)
		}
		r.loads(r.first, key, "new", "new")
	}
	eventually(r.t, "what is owed to be sent again", func() bool {
		_, err := r.first.Read(r.never)
		for _, key := range r.keys {
			r.loads(r.first, key, "new", "new")
		}
		return errors.Is(err, r.Miss) && Owed(r.t, r.first.Router()) == 0
	})
	for _, key := range r.keys {
		r.loads(r.second, key, "new", "new")
		r.loads(r.first, key, "new", "new")
		if there := r.there(key); there != "new" {
			r.t.Fatalf("the node has %s of %s; want what was loaded", there, key)
		}
	}
}
