package gomemcache_test

// Many goroutines at the same time, for the race detector, and what they share.

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"regexp"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift/adapters/gomemcache"
	"ringshift/internal/testbed"
)

func TestLoadsOfOneKeyAreOneLoad(t *testing.T) {
	client := clientOf(t, testbed.Spec{Blue: []string{testbed.Memcached(t).Address}})
	var loads atomic.Int32
	begun, goOn := make(chan struct{}, 100), make(chan struct{})
	var all sync.WaitGroup
	get := func() {
		defer all.Done()
		item, err := client.GetOrLoad("k", func() ([]byte, error) {
			loads.Add(1)
			begun <- struct{}{}
			<-goOn
			return []byte("v"), nil
		}, 100)
		if err != nil || string(item.Value) != "v" {
			t.Error(item, err)
			return
		}
		item.Value[0] = 'x'
	}
	all.Add(1)
	go get()
	<-begun
	for range 20 {
		all.Add(1)
		go get()
	}
	// Whoever does not wait yet may have missed the value and come too late to share it.
	waiting := regexp.MustCompile(`\[select[^]]*\]:\nringshift/internal/steps\.\(\*loads\)\.run\(`)
	stacks := make([]byte, 1<<20)
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if len(waiting.FindAll(stacks[:runtime.Stack(stacks, true)], -1)) == 20 {
			break
		}
	}
	close(goOn)
	all.Wait()
	if loads.Load() != 1 {
		t.Fatalf("%d loads", loads.Load())
	}
}

// TestNobodyReadsWhatIsOlderThanACompletedWrite moves a cluster on real servers while readers and writers of a few keys meet.
func TestNobodyReadsWhatIsOlderThanACompletedWrite(t *testing.T) {
	blue, green := testbed.Memcached(t), testbed.Memcached(t)
	spec := testbed.Spec{Blue: []string{blue.Address}, Green: []string{green.Address}}
	router := spec.Router(t)
	const keys = 4
	var written, completed [keys]atomic.Int64
	var reads, stale atomic.Int64
	var all sync.WaitGroup
	// Who is under way holds it; a stage waits until all of the one before are through.
	var underWay sync.RWMutex
	stop := make(chan struct{})
	run := func(do func(*gomemcache.Client, int) error) {
		// Each goroutine is a process of its own, or two share one.
		client := gomemcache.New(router, gomemcache.Options{MaxIdleConns: 4})
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
	read := func(client *gomemcache.Client, key int) error {
		least := completed[key].Load()
		item, err := client.GetOrLoad(fmt.Sprint("key:", key), func() ([]byte, error) {
			version := written[key].Load()
			time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
			return fmt.Append(nil, version), nil
		}, 100)
		if err != nil {
			return err
		}
		var version int64
		if _, err := fmt.Sscan(string(item.Value), &version); err != nil {
			return err
		}
		reads.Add(1)
		if version < least {
			stale.Add(1)
		}
		return nil
	}
	var writing [keys]sync.Mutex
	write := func(client *gomemcache.Client, key int) error {
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
	for _, stage := range []testbed.Spec{
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

func TestAnInvalidationThatMeetsANewSpecIsSentToTheNodesOfBoth(t *testing.T) {
	blue, green := testbed.Memcached(t), testbed.Memcached(t)
	var once sync.Once
	var client *gomemcache.Client
	relay := testbed.NewRelay(t, blue, func(line string) string {
		once.Do(func() {
			testbed.Spec{Blue: []string{blue.Address}, Green: []string{green.Address}, Stage: "prepare"}.Apply(t, client.Router())
		})
		return line
	})
	client = clientOf(t, testbed.Spec{Blue: []string{relay.Address}})
	must(t, bare(green).Set(&memcache.Item{Key: "g1:k", Value: []byte("old")}))
	must(t, bare(blue).Set(&memcache.Item{Key: "k", Value: []byte("old")}))
	must(t, client.Invalidate("k"))
	if on(t, blue, "k") != "nothing" || on(t, green, "g1:k") != "nothing" {
		t.Fatal("where only the new spec sends it was not invalidated")
	}
	deleted := 0
	for _, line := range relay.Lines() {
		if line == "delete k" {
			deleted++
		}
	}
	if deleted != 2 {
		t.Fatalf("the node that left the spec meanwhile was asked %d times", deleted)
	}
}

func TestNothingIsLeftOfAClosedClient(t *testing.T) {
	blue, green := testbed.Memcached(t), testbed.Memcached(t)
	spec := testbed.Spec{Blue: []string{blue.Address}, Green: []string{green.Address}}
	router := spec.Router(t)
	before := runtime.NumGoroutine()
	var open atomic.Int32
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		connection, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		open.Add(1)
		return &counted{Conn: connection, open: &open}, nil
	}
	client := gomemcache.New(router, gomemcache.Options{MaxIdleConns: 8, DialContext: dial})
	var all sync.WaitGroup
	for i := range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			for at := range 20 {
				key := fmt.Sprint("k", at)
				_, load := client.GetOrLoad(key, loaded("v"), 0)
				_, many := client.GetMulti([]string{key, "other"})
				if err := errors.Join(load, many, client.Invalidate(key)); err != nil {
					t.Error(i, err)
				}
			}
		}()
	}
	for _, stage := range []string{"prepare", "ramp", "soak", "final"} {
		spec.Stage, spec.Percent = stage, 50
		spec.Apply(t, router)
	}
	all.Wait()
	must(t, client.Close())
	for deadline := time.Now().Add(20 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, and %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
	if count := open.Load(); count != 0 {
		t.Fatal(count, "connections are open")
	}
}

// counted is a connection that counts itself.
type counted struct {
	net.Conn
	open *atomic.Int32
	once sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}
