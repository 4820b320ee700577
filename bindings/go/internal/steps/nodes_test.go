package steps

// What is kept for an address lives as long as somebody needs it.

import (
	"errors"
	"sync"
	"testing"

	"ringshift/internal/testbed"
)

// kept is what is kept for an address.
type kept struct {
	address string
	lock    *sync.Mutex
	closed  map[string]int
}

func (k *kept) Close() error {
	k.lock.Lock()
	defer k.lock.Unlock()
	k.closed[k.address]++
	return nil
}

func TestAnAddressThatLeavesTheSpecIsClosedAfterUse(t *testing.T) {
	spec := testbed.Spec{Blue: []string{"b:1", "b:2"}}
	router := spec.Router(t)
	var lock sync.Mutex
	opened, closed := map[string]int{}, map[string]int{}
	nodes := &Nodes[*kept]{Router: router, Open: func(address string) *kept {
		opened[address]++
		return &kept{address, &lock, closed}
	}}
	nothing := func(*kept) {}
	use := func(address string, do func(*kept)) {
		if err := nodes.Use(address, do); err != nil {
			t.Error(err)
		}
	}
	use("b:1", nothing)
	use("b:2", nothing)
	use("b:2", func(*kept) {
		testbed.Spec{Blue: []string{"b:1", "b:3"}}.Apply(t, router)
		use("b:3", nothing)
		if closed["b:2"] != 0 {
			t.Fatal("it was closed while it was used")
		}
	})
	if closed["b:2"] != 1 || closed["b:1"] != 0 {
		t.Fatal(closed)
	}
	// Somebody who began by the spec before.
	use("b:2", nothing)
	if opened["b:2"] != 2 || closed["b:2"] != 2 {
		t.Fatal(opened, closed)
	}
	use("b:1", func(*kept) {
		nodes.Close()
		if closed["b:1"] != 0 || closed["b:2"] != 2 || closed["b:3"] != 1 {
			t.Fatal(closed)
		}
	})
	if closed["b:1"] != 1 || opened["b:1"] != 1 {
		t.Fatal(opened, closed)
	}
	if err := nodes.Use("b:1", nothing); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
}

func TestNodesAreForAllGoroutines(t *testing.T) {
	a, b := testbed.Spec{Blue: []string{"b:1", "b:2"}}, testbed.Spec{Blue: []string{"b:2", "b:3"}}
	router := a.Router(t)
	var lock sync.Mutex
	opened, closed := 0, map[string]int{}
	nodes := &Nodes[*kept]{Router: router, Open: func(address string) *kept {
		opened++
		return &kept{address, &lock, closed}
	}}
	var all sync.WaitGroup
	for range 4 {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range 2000 {
				used := false
				err := nodes.Use([]string{"b:1", "b:2", "b:3"}[i%3], func(*kept) { used = true })
				if err != nil || !used {
					t.Error(err, used)
				}
			}
		}()
	}
	for i := range 50 {
		[]testbed.Spec{b, a}[i%2].Apply(t, router)
	}
	all.Wait()
	nodes.Close()
	count := 0
	for _, each := range closed {
		count += each
	}
	if count != opened {
		t.Fatalf("%d were opened and %d closed", opened, count)
	}
}
