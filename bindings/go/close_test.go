package ringshift_test

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ringshift"
)

// Every method of a closed router has a row here.
func TestAfterClose(t *testing.T) {
	router := fromSpec(t, migrationSpec(1, `"stage":"ramp","percent":100`, 2, 3), ringshift.WithRegion("kr"))
	kept := route(t, router, "user:42")
	text := kept.String()
	must(t, router.Close())
	must(t, router.Close())
	// What is behind a comma tells rows of one method apart.
	failures := map[string]error{
		"Route":           second(router.Route("user:42")),
		"Route, no key":   second(router.Route("\xff")),
		"RouteBytes":      second(router.RouteBytes(nil)),
		"RouteMany":       second(router.RouteMany([]string{"user:42"})),
		"RouteMany, none": second(router.RouteMany(nil)),
		"RouteManyBytes":  second(router.RouteManyBytes([][]byte{nil})),
		"GroupByNode":     second(router.GroupByNode([]string{"user:42"})),
		"IndexMany":       router.IndexMany([]string{"user:42", "\xff"}, nil),
		"IndexManyBytes":  router.IndexManyBytes([][]byte{nil}, nil),
		"Report":          router.Report(kept.Read().Node(), ringshift.OpRead, ringshift.OutcomeHit),
		"Report, no node": router.Report(nil, ringshift.OpRead, ringshift.OutcomeHit),
		"Lost":            router.Lost(kept.Read().Node(), []byte("user:42"), ringshift.OutcomeTimeout),
		"Owed":            second(router.Owed(kept.Read().Node())),
		"Repaid":          router.Repaid(ringshift.OwedKey{Key: []byte("user:42"), Loss: 1}),
		"Refresh":         second(router.Refresh()),
		"Apply":           second(router.Apply([]byte(simple(2)))),
		"Metrics":         second(router.Metrics()),
		"MetricsText":     second(router.MetricsText()),
		"Events":          second(router.Events(0)),
		"LastError":       router.LastError(),
	}
	for about, err := range failures {
		t.Run(about, func(t *testing.T) { wantKind(t, err, ringshift.ErrClosed) })
	}
	answers := map[string][2]any{
		"Close":      {router.Close(), nil},
		"Generation": {router.Generation(), uint64(0)},
		"Epoch":      {router.Epoch(), uint64(0)},
		"Stage":      {router.Stage().String(), "none"},
		"Weight":     {router.Weight(), 0},
		"Digest":     {router.Digest(), ""},
		"MaxTTL":     {router.MaxTTL(), time.Duration(0)},

		"Nodes":  {router.Nodes() == nil, true},
		"Node":   {router.Node(kept.Read().Node().Index()) == nil, true},
		"Region": {router.Region(), "kr"},
	}
	for about, answer := range answers {
		t.Run(about, func(t *testing.T) { equal(t, answer[0], answer[1]) })
	}
	// What the tests see of the inside is no method of others.
	rows := map[string]bool{"KeptRoutes": true, "Expand": true, "MetricsJSON": true}
	for about := range failures {
		method, _, _ := strings.Cut(about, ",")
		rows[method] = true
	}
	for about := range answers {
		rows[about] = true
	}
	of := reflect.TypeFor[*ringshift.Router]()
	for number := range of.NumMethod() {
		method := of.Method(number).Name
		if !rows[method] {
			t.Errorf("nothing says what %s does after Close", method)
		}
		delete(rows, method)
	}
	equal(t, len(rows), 0, "rows of no method: ", rows)
	// What was handed out is Go's own memory.
	collect(t, func() bool { return true })
	equal(t, kept.String(), text)
}

// A Close at any moment of any call ends in an answer or in ErrClosed, and in nothing else. (Best run with -race.)
func TestCloseRacesWithEverything(t *testing.T) {
	path := specFile(t, migrationSpec(1, `"stage":"ramp","percent":50`, 5, 6))
	calls := []func(*ringshift.Router) error{
		func(r *ringshift.Router) error { return second(r.Route("user:42")) },
		func(r *ringshift.Router) error { return second(r.RouteBytes([]byte("user:43"))) },
		func(r *ringshift.Router) error { return second(r.RouteMany([]string{"a", "b", "c"})) },
		func(r *ringshift.Router) error { return second(r.GroupByNode([]string{"a", "b", "c"})) },
		func(r *ringshift.Router) error {
			indices := make([]uint32, 3)
			if err := r.IndexMany([]string{"a", "b", "c"}, indices); err != nil {
				return err
			}
			// Nothing, if it was closed in between.
			if node := r.Node(indices[0]); node != nil && node.Index() != indices[0] {
				return fmt.Errorf("%v has not the index %d", node, indices[0])
			}
			return nil
		},
		func(r *ringshift.Router) error { return second(r.Refresh()) },
		func(r *ringshift.Router) error { return second(r.Metrics()) },
		func(r *ringshift.Router) error { return second(r.MetricsText()) },
		func(r *ringshift.Router) error { return second(r.Events(0)) },
		func(r *ringshift.Router) error { return r.LastError() },
		func(r *ringshift.Router) error {
			_ = fmt.Sprint(r.Digest(), r.Generation(), r.Epoch(), r.Stage())
			return nil
		},
		func(r *ringshift.Router) error {
			found, err := r.Route("user:44")
			if err == nil {
				err = r.Report(found.Read().Node(), ringshift.OpRead, ringshift.OutcomeHit)
			}
			return err
		},
	}
	for range 20 {
		router := openFile(t, path, ringshift.WithWatch(time.Millisecond))
		var group sync.WaitGroup
		var running atomic.Int32
		for _, call := range calls {
			group.Add(1)
			go func() {
				defer group.Done()
				for first := true; ; first = false {
					err := call(router)
					if first {
						running.Add(1)
					}
					if router.Generation() == 0 {
						wantClosedOrNil(t, err)
						return
					}
					wantClosedOrNil(t, err)
				}
			}()
		}
		for int(running.Load()) < len(calls) {
			runtime.Gosched()
		}
		for range 2 {
			group.Add(1)
			go func() { defer group.Done(); _ = router.Close() }()
		}
		// A collection now frees all that is not kept alive.
		runtime.GC()
		group.Wait()
	}
}

func wantClosedOrNil(t *testing.T, err error) {
	if err != nil && !errors.Is(err, ringshift.ErrClosed) {
		t.Errorf("%v; want nothing or %v", err, ringshift.ErrClosed)
	}
}

// Routers that nobody uses any more are freed: closed or not, watched or not, their nodes kept or not.
func TestDroppedRoutersAreFreed(t *testing.T) {
	collect(t, func() bool { return true })
	before := ringshift.Owned()
	path := specFile(t, simple(1))
	kept := []*ringshift.Route{}
	closed := []*ringshift.Router{}
	for range 20 {
		keptOne, closedOne := openSome(t, path)
		kept, closed = append(kept, keptOne), append(closed, closedOne)
	}
	if now := ringshift.Owned(); now <= before {
		t.Fatalf("%d routers are open", now-before)
	}
	collect(t, func() bool { return ringshift.Owned() <= before })
	equal(t, kept[0].Read().Cluster(), "blue")
	// A closed router is not what keeps its memory.
	wantKind(t, second(closed[0].Route("user:42")), ringshift.ErrClosed)
}

// openSome is a function of its own so that nothing of it is on a stack afterwards.
//
//go:noinline
func openSome(t *testing.T, path string) (*ringshift.Route, *ringshift.Router) {
	t.Helper()
	dropped, err := ringshift.FromSpec([]byte(simple(1)))
	must(t, err)
	_, err = ringshift.Open(path, ringshift.WithWatch(time.Millisecond))
	must(t, err)
	closed, err := ringshift.FromSpec([]byte(simple(1)))
	must(t, err)
	must(t, closed.Close())
	return route(t, dropped, "user:42"), closed
}

// Routers are made, used and dropped while the collector never rests: nothing is freed under a call.
func TestUnderACollectorThatNeverRests(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	stop := make(chan struct{})
	var collector, workers sync.WaitGroup
	collector.Add(1)
	go func() {
		defer collector.Done()
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	spec := []byte(migrationSpec(1, `"stage":"ramp","percent":50`, 4, 5))
	for worker := range 4 {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for round := range 200 {
				if err := useAndDrop(spec, round%2 == worker%2); err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	workers.Wait()
	close(stop)
	collector.Wait()
}

func useAndDrop(spec []byte, closing bool) error {
	router, err := ringshift.FromSpec(spec)
	if err != nil {
		return err
	}
	keys := make([]string, 50)
	for number := range keys {
		keys[number] = fmt.Sprint("user:", number)
		if _, err := router.Route(keys[number]); err != nil {
			return err
		}
	}
	routes, err := router.RouteMany(keys)
	if err != nil {
		return err
	}
	for number, key := range keys {
		// The last use of the router in a round: it may be collected as soon as the call has begun.
		if number == len(keys)-1 && !closing {
			found, err := router.RouteBytes([]byte(key))
			if err != nil || found.String() != routes[number].String() {
				return fmt.Errorf("%v, %w", found, err)
			}
			return nil
		}
		if err := router.Report(routes[number].Read().Node(), ringshift.OpRead, ringshift.OutcomeHit); err != nil {
			return err
		}
	}
	return router.Close()
}

// collect lets the collector run until something has come about.
func collect(t *testing.T, done func() bool) {
	t.Helper()
	until(t, func() bool {
		runtime.GC()
		return done()
	})
}
