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

// versioned is a value at the origin, which is a number that each write makes greater.
type versioned struct {
	writing            sync.Mutex
	written, completed atomic.Int64
}

// versions is what the readers and writers share.
type versions struct {
	keys         [4]versioned
	reads, stale atomic.Int64
	all          sync.WaitGroup
	// Who is under way holds it; a stage waits until all of the one before are through.
	underWay sync.RWMutex
	stop     chan struct{}
}

// NoStaleReads moves a cluster on real servers while readers and writers of a few keys meet: nobody reads what is older than
// a completed write. Each client that open makes is a process of its own.
func (a Adapter[C]) NoStaleReads(t *testing.T, open func(*ringshift.Router) C) {
	_, _, spec := a.two(t)
	router := spec.Router(t)
	v := versions{stop: make(chan struct{})}
	for _, do := range []func(Cache, int) error{v.read, v.read, v.write} {
		client := open(router)
		for range 2 {
			v.run(t, func(key int) error { return do(client, key) })
		}
	}
	for _, stage := range []Spec{
		{}, {Stage: "prepare"}, {Stage: "ramp", Percent: 50}, {Stage: "ramp", Percent: 100}, {Stage: "soak"}, {Stage: "final"},
	} {
		spec.Stage, spec.Percent = stage.Stage, stage.Percent
		v.underWay.Lock()
		spec.Apply(t, router)
		v.underWay.Unlock()
		for until := v.reads.Load() + 300; v.reads.Load() < until && !t.Failed(); {
			time.Sleep(time.Millisecond)
		}
	}
	close(v.stop)
	v.all.Wait()
	if stale := v.stale.Load(); stale > 0 {
		t.Fatalf("%d of %d reads were stale", stale, v.reads.Load())
	}
}

// run does something with random keys in a goroutine, until it is told to stop.
func (v *versions) run(t *testing.T, do func(key int) error) {
	v.all.Add(1)
	go func() {
		defer v.all.Done()
		for {
			select {
			case <-v.stop:
				return
			default:
			}
			v.underWay.RLock()
			err := do(rand.IntN(len(v.keys)))
			v.underWay.RUnlock()
			if err != nil {
				t.Error(err)
				return
			}
		}
	}()
}

func (v *versions) read(client Cache, at int) error {
	key := &v.keys[at]
	least := key.completed.Load()
	value, err := client.Load(fmt.Sprint("key:", at), func() ([]byte, error) {
		version := key.written.Load()
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
	v.reads.Add(1)
	if version < least {
		v.stale.Add(1)
	}
	return nil
}

func (v *versions) write(client Cache, at int) error {
	key := &v.keys[at]
	key.writing.Lock()
	defer key.writing.Unlock()
	version := key.written.Add(1)
	if err := client.Invalidate(fmt.Sprint("key:", at)); err != nil {
		return err
	}
	key.completed.Store(version)
	time.Sleep(time.Millisecond)
	return nil
}
