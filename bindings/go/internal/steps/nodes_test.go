package steps

// What is kept for an address lives as long as somebody needs it.

import (
	"sync"
	"testing"

	"ringshift/internal/servers"
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
	spec := servers.Spec{Blue: []string{"b:1", "b:2"}}
	router := spec.Router(t)
	var lock sync.Mutex
	opened, closed := map[string]int{}, map[string]int{}
	nodes := &Nodes[*kept]{Router: router, Open: func(address string) *kept {
		opened[address]++
		return &kept{address, &lock, closed}
	}}
	nothing := func(*kept) {}
	nodes.Use("b:1", nothing)
	nodes.Use("b:2", nothing)
	nodes.Use("b:2", func(*kept) {
		servers.Spec{Blue: []string{"b:1", "b:3"}}.Apply(t, router)
		nodes.Use("b:3", nothing)
		if closed["b:2"] != 0 {
			t.Fatal("it was closed while it was used")
		}
	})
	if closed["b:2"] != 1 || closed["b:1"] != 0 {
		t.Fatal(closed)
	}
	// Somebody who began by the spec before.
	nodes.Use("b:2", nothing)
	if opened["b:2"] != 2 || closed["b:2"] != 1 {
		t.Fatal(opened, closed)
	}
	nodes.Use("b:1", func(*kept) {
		nodes.Close()
		if closed["b:1"] != 0 || closed["b:2"] != 2 || closed["b:3"] != 1 {
			t.Fatal(closed)
		}
	})
	if closed["b:1"] != 1 || opened["b:1"] != 1 {
		t.Fatal(opened, closed)
	}
}

func TestNodesAreForAllGoroutines(t *testing.T) {
	a, b := servers.Spec{Blue: []string{"b:1", "b:2"}}, servers.Spec{Blue: []string{"b:2", "b:3"}}
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
				nodes.Use([]string{"b:1", "b:2", "b:3"}[i%3], func(k *kept) {
					if k == nil {
						t.Error("nothing is kept")
					}
				})
			}
		}()
	}
	for i := range 50 {
		[]servers.Spec{b, a}[i%2].Apply(t, router)
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
