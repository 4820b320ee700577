package ringshift_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"ringshift"
)

func TestARouteInARamp(t *testing.T) {
	router := fromSpec(t, migrationSpec(7, `"stage":"ramp","percent":100`, 3, 4))
	moved := route(t, router, "user:42")
	read, fallback := moved.Read(), moved.Fallback()
	equal(t, read.Cluster()+read.KeyPrefix(), "greeng1:")
	equal(t, fallback.Cluster()+fallback.KeyPrefix(), "blue")
	equal(t, read.Node().Address(), read.Node().ID()+".example:11211")
	equal(t, fmt.Sprint(moved.Fill(), moved.Moved(), moved.Stage(), moved.Generation()), "true true ramp 7")
	invalidate := slices.Collect(moved.Invalidate())
	equal(t, len(invalidate), 2)
	// Nodes are the same wherever they are met.
	equal(t, invalidate[0], fallback.Node())
	equal(t, invalidate[1], read.Node())
	text := fmt.Sprintf("read [green/%s at", read.Node().ID())
	if !strings.HasPrefix(moved.String(), text) {
		t.Fatalf("%s does not start with %s", moved, text)
	}
}

func TestWhatANodeSays(t *testing.T) {
	router := fromSpec(t, `{"format":1,"generation":1,"primary":"blue","clusters":{"blue":{"placement":{"kind":"ring"},
		"key_prefix":"p:","nodes":[{"id":"mc1","address":"[::1]:11211","weight":7,"zone":"kr-1a"}]}}}`)
	node := route(t, router, "user:42").Read().Node()
	equal(t, fmt.Sprint(node.Index(), node.ID(), node.Address(), node.Zone(), node.Cluster(), node.KeyPrefix(), node.Weight()),
		fmt.Sprint(0, "mc1", "[::1]:11211", "kr-1a", "blue", "p:", 7))
	equal(t, node.String(), "blue/mc1 at [::1]:11211")
	equal(t, route(t, fromSpec(t, simple(1)), "user:42").Read().Node().Zone(), "")
}

func TestRoutesAreReusedWithinAnEpochAndNodesForEver(t *testing.T) {
	router := fromSpec(t, simple(1))
	first := route(t, router, "user:42")
	equal(t, route(t, router, "user:42"), first)
	many, err := router.RouteMany([]string{"user:42", "user:42"})
	must(t, err)
	equal(t, many[0], first)
	equal(t, many[1], first)
	applied, err := router.Apply([]byte(simple(2)))
	must(t, err)
	equal(t, applied, true)
	next := route(t, router, "user:42")
	if next == first {
		t.Fatal("a route of generation 1 was given for generation 2")
	}
	equal(t, first.Generation(), 1)
	equal(t, next.Generation(), 2)
	equal(t, next.Read().Node(), first.Read().Node())
	// A node of another router is another node, though equal in all that it says.
	other := route(t, fromSpec(t, simple(1)), "user:42").Read().Node()
	if other == first.Read().Node() {
		t.Fatal("two routers share a node")
	}
}

func TestACodeIsExpandedUnderItsEpochOnly(t *testing.T) {
	router := fromSpec(t, simple(1))
	first := route(t, router, "user:42")
	again, err := router.Expand(router.Epoch(), first.Code())
	must(t, err)
	equal(t, again, first)
	// As if another spec had come into force between the two calls.
	_, err = router.Expand(router.Epoch()-1, first.Code())
	equal(t, ringshift.IsReplaced(err), true, err)
	equal(t, ringshift.IsReplaced(nil), false)
	_, err = ringshift.FromSpec(nil)
	equal(t, ringshift.IsReplaced(err), false, err)
}

func TestGoroutinesGetTheSameRoutesAndNodes(t *testing.T) {
	router := fromSpec(t, migrationSpec(1, `"stage":"ramp","percent":50`, 40, 41))
	const workers, keys = 8, 2000
	found := [workers][keys]*ringshift.Route{}
	var group sync.WaitGroup
	for worker := range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for step := range keys {
				// Each begins elsewhere, so that all make routes and all find routes that others made.
				key := (step + worker*keys/workers) % keys
				found[worker][key], _ = router.Route(fmt.Sprint("user:", key))
			}
		}()
	}
	group.Wait()
	nodes := map[string]*ringshift.Node{}
	for key := range keys {
		for worker := range workers {
			if found[worker][key] == nil || found[worker][key] != found[0][key] {
				t.Fatalf("user:%d: %v and %v", key, found[worker][key], found[0][key])
			}
		}
		for node := range found[0][key].Invalidate() {
			if known := nodes[name(node)]; known != nil && known != node {
				t.Fatalf("two nodes %s", name(node))
			}
			nodes[name(node)] = node
		}
	}
	equal(t, len(nodes), 81)
}

func TestKeptRoutesAreBounded(t *testing.T) {
	// Rings with different seeds have nothing to do with each other, so there are more pairs of nodes than are kept.
	spec := strings.Replace(migrationSpec(1, `"stage":"ramp","percent":50`, 600, 601),
		`"vnodes":16},"key_prefix":"g1:"`, `"vnodes":16,"seed":1},"key_prefix":"g1:"`, 1)
	router := fromSpec(t, spec)
	keys := make([]string, 4096)
	most := 0
	for batch := range 60 {
		for offset := range keys {
			keys[offset] = fmt.Sprint("user:", batch*len(keys)+offset)
		}
		routes, err := router.RouteMany(keys)
		must(t, err)
		most = max(most, router.KeptRoutes())
		for offset := 0; offset < len(keys); offset += 500 {
			again := route(t, router, keys[offset])
			equal(t, again.String(), routes[offset].String())
		}
	}
	if most > ringshift.MostRoutes || most < ringshift.MostRoutes*9/10 {
		t.Fatalf("kept up to %d routes; want up to %d", most, ringshift.MostRoutes)
	}
}

func TestRouteManyAndGroupByNode(t *testing.T) {
	router := fromSpec(t, migrationSpec(3, `"stage":"ramp","percent":30`, 5, 6))
	for _, count := range []int{0, 1, 7, 10_000} {
		keys := make([]string, count)
		for number := range keys {
			keys[number] = strings.Repeat("ü", number%3) + fmt.Sprint(number)
		}
		routes, err := router.RouteMany(keys)
		must(t, err)
		groups, err := router.GroupByNode(keys)
		must(t, err)
		equal(t, len(routes), count)
		grouped := 0
		for node, positions := range groups {
			grouped += len(positions)
			equal(t, slices.IsSorted(positions), true)
			for _, position := range positions {
				equal(t, routes[position].Read().Node(), node)
			}
		}
		equal(t, grouped, count)
		for number, key := range keys {
			equal(t, routes[number], route(t, router, key), key)
		}
	}
	none, err := router.RouteMany(nil)
	must(t, err)
	equal(t, none != nil && len(none) == 0, true)
	empty, err := router.RouteMany([]string{"", ""})
	must(t, err)
	equal(t, empty[0], route(t, router, ""))
}

func TestNodesAreThoseInForce(t *testing.T) {
	router := fromSpec(t, migrationSpec(7, `"stage":"ramp","percent":100`, 3, 4))
	var names []string
	for _, node := range router.Nodes() {
		names = append(names, node.Cluster())
	}
	equal(t, strings.Join(names, " "), "blue blue blue green green green green")
	if !slices.Contains(router.Nodes(), route(t, router, "user:42").Read().Node()) {
		t.Fatal("a node of a route is not among the nodes in force")
	}
	before := router.Nodes()
	applied, err := router.Apply([]byte(simple(8)))
	must(t, err)
	equal(t, applied, true)
	for _, node := range before {
		if node.Cluster() == "green" && slices.Contains(router.Nodes(), node) {
			t.Fatal("a node of a cluster that is gone is still in force")
		}
	}
	must(t, router.Close())
	equal(t, len(router.Nodes()), 0)
}
