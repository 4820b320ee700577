// One node of three, or of three in each of two clusters, fails in every way that a node can, while callers read and write,
// and is back after it.

package testbed

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ringshift"
)

// place is where the node is that fails.
type place struct {
	about string
	// node is its id.
	node string
	// ramp says that there are two clusters, and that a half of the first one has moved.
	ramp bool
}

var (
	alone  = place{"", "b1", false}
	places = []place{alone, {" in the source of a ramp", "b1", true}, {" in the destination of a ramp", "g1", true}}
)

// spec is that of the clusters; the node that fails has this address.
func (p place) spec(t *testing.T, start func(t testing.TB, options ...string) *Server, address string) Spec {
	t.Helper()
	three := func(second string) []string { return []string{start(t).Address, second, start(t).Address} }
	if !p.ramp {
		return Spec{Blue: three(address), Breaker: breaker()}
	}
	blue, green := three(address), three(start(t).Address)
	if p.node == "g1" {
		blue, green = green, blue
	}
	return Spec{Blue: blue, Green: green, Stage: "ramp", Percent: 50, Breaker: breaker()}
}

// fault is some nodes, one of which fails, and those who use them.
type fault struct {
	*crowd
	place
	node  *Server
	relay *Relay
	// opened is how often the breaker had opened before the node failed.
	opened uint64
}

// breaker is that of the faults: it opens soon, and not for long.
func breaker() object {
	return object{
		"failures": 3, "rate": 0.2, "min_requests": 10, "window": "1s", "cluster_rate": 1, "open": "50ms", "max_open": "1s",
	}
}

// how is what a fault needs beside its place.
type how struct {
	// breaker; the usual one if nil.
	breaker object
	// absent says that the node that fails is not there yet.
	absent bool
	// relayed puts a relay in front of it, which may change what is sent.
	relayed bool
	change  func(string) string
}

// fault starts the nodes, and a crowd that uses them.
func (a Adapter[C]) fault(t *testing.T, place place, how how) *fault {
	t.Helper()
	f := &fault{place: place, node: a.Start(t)}
	address := f.node.Address
	if how.relayed {
		f.relay = NewRelay(t, f.node, how.change)
		address = f.relay.Address
	}
	if how.absent {
		f.node.Kill()
	}
	spec := place.spec(t, a.Start, address)
	if how.breaker != nil {
		spec.Breaker = how.breaker
	}
	f.crowd = newCrowd(t, a.Open(t, spec.Router(t), timeout), a.Miss, place.node)
	// Before the servers go, also when the test fails.
	t.Cleanup(f.halt)
	f.start()
	f.goOn(200)
	if !how.absent {
		f.opened = f.breaker().Opened
	}
	return f
}

// Faults lets a node fail in each way, and has it back. Four at a time, on however many processors: they mostly wait.
func (a Adapter[C]) Faults(t *testing.T) {
	var all sync.WaitGroup
	defer all.Wait()
	turns := make(chan struct{}, 4)
	run := func(name string, play func(t *testing.T)) {
		all.Add(1)
		go func() {
			defer all.Done()
			turns <- struct{}{}
			defer func() { <-turns }()
			t.Run(name, play)
		}()
	}
	isDown := func(t *testing.T, f *fault) {
		f.opens()
		f.goOn(1000)
		f.hardlyWaits()
		Must(t, f.node.Start())
		f.closes()
		f.ends()
		f.asksLittle()
	}
	run("killed", func(t *testing.T) {
		f := a.fault(t, alone, how{})
		f.node.Kill()
		isDown(t, f)
	})
	run("refusing", func(t *testing.T) { isDown(t, a.fault(t, alone, how{absent: true})) })
	run("flapping", func(t *testing.T) {
		f := a.fault(t, alone, how{})
		for range 4 {
			f.opened = f.breaker().Opened
			f.node.Kill()
			f.opens()
			f.goOn(100)
			Must(t, f.node.Start())
			f.closes()
		}
		f.hardlyWaits()
		f.ends()
		f.asksLittle()
	})
	run("slow", func(t *testing.T) {
		var slow atomic.Bool
		var requests atomic.Int64
		patient := breaker()
		patient["open"], patient["max_open"] = "200ms", "2s"
		f := a.fault(t, alone, how{breaker: patient, relayed: true, change: func(line string) string {
			if slow.Load() && a.IsRequest(strings.TrimRight(line, "\r\n")) && requests.Add(1)%3 != 0 {
				time.Sleep(timeout * 2)
			}
			return line
		}})
		slow.Store(true)
		f.opens()
		f.goOn(3000)
		f.hardlyWaits()
		slow.Store(false)
		f.closes()
		f.ends()
	})
	for _, place := range places {
		run("hung"+place.about, func(t *testing.T) { a.hangs(t, place) })
	}
	a.oldContent(run)
	// That what is measured would be seen without breakers.
	run("hung, and no breaker is heeded", func(t *testing.T) {
		none := breaker()
		none["failures"], none["rate"], none["min_requests"], none["max_ejected"] = 100, 1, 1_000_000, 0
		f := a.fault(t, alone, how{breaker: none})
		f.node.Pause(t)
		f.settle()
		waited, reads, late := f.waited.Load(), f.reads.Load(), f.late.Load()
		f.goOn(36)
		waited, reads, late = f.waited.Load()-waited, f.reads.Load()-reads, f.late.Load()-late
		if waited*12 < reads {
			t.Errorf("only %d of %d reads have waited for a timeout", waited, reads)
		}
		// Each waits once.
		if late > readers+writers {
			t.Errorf("%d operations have taken longer than a timeout", late)
		}
		f.node.Resume(t)
		f.end()
	})
}

// hangs lets the node of a place hang and go on.
func (a Adapter[C]) hangs(t *testing.T, place place) {
	t.Helper()
	f := a.fault(t, place, how{relayed: true})
	f.node.Pause(t)
	f.opens()
	f.settle()
	opened, sent := f.breaker().Opened, f.sent.Load()
	f.relay.Forget()
	f.goOn(3000)
	// Each probe but the last has failed by now, which opened the breaker again.
	probes, writes := int(f.breaker().Opened-opened)+1, int(f.sent.Load()-sent)
	asked := slices.DeleteFunc(f.relay.Lines(), func(line string) bool { return !a.IsRequest(line) })
	// A probe may be the invalidations that are owed.
	if len(asked) > probes*f.written()+writes+writers {
		t.Errorf("%d requests arrived, with %d probes at most and %d writes: %q", len(asked), probes, writes, asked)
	}
	f.hardlyWaits()
	f.node.Resume(t)
	f.closes()
	f.ends()
	f.asksLittle()
}

// written is how many keys are written of which the invalidation is lost at the node that fails.
func (f *fault) written() (count int) {
	for _, key := range f.keys {
		if key.lostAt != nil && !key.still {
			count++
		}
	}
	return count
}

// breaker is that of the node that fails. Those of the others never open.
func (f *fault) breaker() (found ringshift.BreakerMetric) {
	f.t.Helper()
	metrics, err := f.client.Router().Metrics()
	Must(f.t, err)
	for _, each := range metrics.Breakers {
		if each.Node == f.place.node {
			found = each
		} else if each.Opened > 0 {
			f.t.Errorf("the breaker of %s has opened, which is well", each.Node)
		}
	}
	return found
}

func (f *fault) opens() {
	f.t.Helper()
	eventually(f.t, "the breaker to open", func() bool {
		breaker := f.breaker()
		return breaker.Opened > f.opened && breaker.State != "closed"
	})
}

func (f *fault) closes() {
	f.t.Helper()
	eventually(f.t, "the breaker to close", func() bool { return f.breaker().State == "closed" })
}

// hardlyWaits looks at how many reads have waited for a whole timeout, so far.
func (f *fault) hardlyWaits() {
	f.t.Helper()
	waited, reads := f.waited.Load(), f.reads.Load()
	if waited*100 > reads {
		f.t.Errorf("%d of %d reads have waited for a timeout", waited, reads)
	}
}

// ends lets the callers go on for a while, and looks at what they have seen.
func (f *fault) ends() {
	f.t.Helper()
	f.goOn(300)
	f.end()
	if late, all := f.late.Load(), f.operations.Load(); late*100 > all {
		f.t.Errorf("%d of %d operations have taken longer than a timeout", late, all)
	}
}

// asksLittle looks at how many reads have failed: those that opened the breaker, those under way beside them, and probes.
func (f *fault) asksLittle() {
	f.t.Helper()
	counts := Outcomes(f.t, f.client.Router())
	failed := counts["read error"] + counts["read timeout"] + counts["read unreachable"]
	events, err := f.client.Router().Events(0)
	Must(f.t, err)
	most := f.breaker().Opened
	for _, event := range events {
		if event.Kind == "breaker_opened" {
			most += readers + 2
		}
	}
	if failed == 0 || failed > most {
		f.t.Errorf("%d reads have failed, and not from 1 to %d: %v", failed, most, counts)
	}
}
