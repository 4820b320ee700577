// Readers and writers of versioned values, which meet while a cluster is moved.

package testbed

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ringshift"
)

// NoStaleReads moves a cluster on real servers while readers and writers of a few keys meet: nobody reads what is older than
// a completed write. open makes a client.
func (a Adapter[C]) NoStaleReads(t *testing.T, open func(*ringshift.Router) C) {
	_, _, spec := a.two(t)
	router := spec.Router(t)
	const keys = 4
	var written, completed [keys]atomic.Int64
	var reads, stale atomic.Int64
	var all sync.WaitGroup
	// Who is under way holds it; a stage waits until all of the one before are through.
	var underWay sync.RWMutex
	stop := make(chan struct{})
	run := func(do func(C, int) error) {
		// Each goroutine is a process of its own, or two share one.
		client := open(router)
		for range 2 {
			all.Add(1)
			go func() {
				defer all.Done()
				for {
					select {
					case <-stop:
						return
					default:
					}
					underWay.RLock()
					err := do(client, rand.IntN(keys))
					underWay.RUnlock()
					if err != nil {
						t.Error(err)
						return
					}
				}
			}()
		}
	}
	read := func(client C, key int) error {
		least := completed[key].Load()
		value, err := client.Load(fmt.Sprint("key:", key), func() ([]byte, error) {
			version := written[key].Load()
			time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
			return fmt.Append(nil, version), nil
		})
		if err != nil {
			return err
		}
		var version int64
		if _, err := fmt.Sscan(string(value), &version); err != nil {
			return err
		}
		reads.Add(1)
		if version < least {
			stale.Add(1)
		}
		return nil
	}
	var writing [keys]sync.Mutex
	write := func(client C, key int) error {
		writing[key].Lock()
		defer writing[key].Unlock()
		version := written[key].Add(1)
		if err := client.Invalidate(fmt.Sprint("key:", key)); err != nil {
			return err
		}
		completed[key].Store(version)
		time.Sleep(time.Millisecond)
		return nil
	}
	run(read)
	run(read)
	run(write)
	for _, stage := range []Spec{
		{}, {Stage: "prepare"}, {Stage: "ramp", Percent: 50}, {Stage: "ramp", Percent: 100}, {Stage: "soak"}, {Stage: "final"},
	} {
		spec.Stage, spec.Percent = stage.Stage, stage.Percent
		underWay.Lock()
		spec.Apply(t, router)
		underWay.Unlock()
		for until := reads.Load() + 300; reads.Load() < until && !t.Failed(); {
			time.Sleep(time.Millisecond)
		}
	}
	close(stop)
	all.Wait()
	if stale.Load() > 0 {
		t.Fatalf("%d of %d reads were stale", stale.Load(), reads.Load())
	}
}
