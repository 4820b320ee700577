package steps

// Readers and writers of a few keys meet while a cluster is moved, with nodes that fail now and then: nobody reads what is
// older than a write that was completed before the read began.

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"ringshift"
	"ringshift/internal/testbed"
)

const (
	stormKeys    = 3
	stormReaders = 6
	stormWriters = 2
	stormTurns   = 1500
)

// storm is an origin, and what is known of it.
type storm struct {
	carrier *Carrier

	lock               sync.Mutex
	written, completed [stormKeys]int
	stage              int
	// active counts what is under way, by the stage that it began in.
	active       map[int]int
	reads, stale int
}

// begin is the stage that something begins in, and what is the least that a reader of a key then has to see.
func (s *storm) begin(key int) (stage, least int) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.active[s.stage]++
	return s.stage, s.completed[key]
}

func (s *storm) end(stage int, note func()) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.active[stage]--
	note()
}

func (s *storm) read(key int) error {
	stage, least := s.begin(key)
	arrived, name := s.carrier.Arrive(), fmt.Sprint("key:", key)
	version := -1
	route, err := s.carrier.Route(name)
	if err == nil {
		var item *Item
		item, err = s.carrier.Load(context.Background(), arrived, route, name, func(context.Context) (*Item, error) {
			s.lock.Lock()
			found := s.written[key]
			s.lock.Unlock()
			yield()
			return &Item{Value: []byte(fmt.Sprint(found))}, nil
		})
		if err == nil {
			_, err = fmt.Sscan(string(item.Value), &version)
		}
	}
	s.end(stage, func() {
		s.reads++
		if version < least {
			s.stale++
		}
	})
	return err
}

func (s *storm) write(key int) error {
	stage, _ := s.begin(key)
	s.lock.Lock()
	s.written[key]++
	version := s.written[key]
	s.lock.Unlock()
	name := fmt.Sprint("key:", key)
	route, err := s.carrier.Route(name)
	if err == nil {
		var done *Written
		if done, err = s.carrier.Invalidate(context.Background(), []*ringshift.Route{route}, []string{name}); err == nil {
			err = done.Err()
		}
	}
	s.end(stage, func() { s.completed[key] = max(s.completed[key], version) })
	return err
}

// goOn waits until so many reads are done, and nothing is under way that began before the present stage.
func (s *storm) goOn(reads int) {
	for {
		s.lock.Lock()
		before := 0
		for stage, count := range s.active {
			if stage < s.stage {
				before += count
			}
		}
		done := before == 0 && s.reads >= reads
		s.lock.Unlock()
		if done {
			return
		}
		runtime.Gosched()
	}
}

func yield() {
	for range rand.IntN(8) {
		runtime.Gosched()
	}
}

func TestNobodyReadsWhatIsOlderThanACompletedWrite(t *testing.T) {
	stages := []testbed.Spec{
		{}, {Stage: "prepare"}, {Stage: "ramp", Percent: 50}, {Stage: "ramp", Percent: 100}, {Stage: "soak"}, {Stage: "final"},
	}
	for i := range stages {
		stages[i].Blue, stages[i].Green, stages[i].Replicas = []string{"b:1", "b:2"}, []string{"g:1", "g:2", "g:3"}, 2
	}
	router := stages[0].Router(t)
	m := newMemory()
	m.before = func(*Step) { yield() }
	// Reads and fills may fail; a write that does is not completed, which is not what this is about.
	m.fails = func(step *Step) bool { return step.Do != Delete && rand.IntN(50) == 0 }
	s := &storm{carrier: &Carrier{Router: router, Transport: m}, active: map[int]int{}}
	var all sync.WaitGroup
	run := func(goroutines int, do func(int) error, goesOn func(turn int) bool) {
		for range goroutines {
			all.Add(1)
			go func() {
				defer all.Done()
				for turn := 0; goesOn(turn); turn++ {
					if err := do(rand.IntN(stormKeys)); err != nil {
						t.Error(err)
					}
				}
			}()
		}
	}
	run(stormReaders, s.read, func(turn int) bool { return turn < stormTurns })
	run(stormWriters, s.write, func(int) bool {
		yield()
		s.lock.Lock()
		defer s.lock.Unlock()
		return s.reads < stormReaders*stormTurns
	})
	for i, stage := range stages[1:] {
		s.goOn(stormReaders * stormTurns * (i + 1) / len(stages))
		stage.Apply(t, router)
		s.lock.Lock()
		s.stage++
		s.lock.Unlock()
	}
	all.Wait()
	if s.stale > 0 || s.reads != stormReaders*stormTurns {
		t.Fatalf("%d of %d reads were stale", s.stale, s.reads)
	}
	if len(m.sent()) < s.reads {
		t.Fatal("the nodes were hardly asked")
	}
}
