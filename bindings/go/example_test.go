package ringshift_test

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"slices"

	"ringshift"
)

// A migration of two clusters, half of the way.
const exampleSpec = `{
  "format": 1, "generation": 12, "primary": "blue", "standby": "green",
  "clusters": {
    "blue":  {"placement": {"kind": "modulo", "flavor": "libmemcached"},
              "nodes": [{"id": "mc1", "address": "10.0.0.1:11211"}, {"id": "mc2", "address": "10.0.0.2:11211"}]},
    "green": {"placement": {"kind": "ring"}, "key_prefix": "g1:",
              "nodes": [{"id": "mc7", "address": "10.0.1.7:11211"}, {"id": "mc8", "address": "10.0.1.8:11211"}]}
  },
  "migration": {"id": "2026-11-blue-green", "from": "blue", "to": "green", "stage": "ramp", "percent": 60}
}`

func exampleRouter() *ringshift.Router {
	router, err := ringshift.FromSpec([]byte(exampleSpec))
	if err != nil {
		log.Fatal(err)
	}
	return router
}

func ExampleRouter_Route() {
	router := exampleRouter()
	defer router.Close()
	route, err := router.Route("user:42")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("read:", route.Read())
	fmt.Println("after a miss:", route.Fallback(), "and copy:", route.Fill())
	for node := range route.Invalidate() {
		fmt.Println("invalidate:", node.KeyPrefix()+"user:42", "on", node.ID())
	}
	// Output:
	// read: [green/mc7 at 10.0.1.7:11211]
	// after a miss: [blue/mc1 at 10.0.0.1:11211] and copy: true
	// invalidate: user:42 on mc1
	// invalidate: g1:user:42 on mc7
}

func ExampleRouter_GroupByNode() {
	router := exampleRouter()
	defer router.Close()
	keys := []string{"user:1", "user:2", "user:3", "user:42"}
	groups, err := router.GroupByNode(keys)
	if err != nil {
		log.Fatal(err)
	}
	var lines []string
	for node, positions := range groups {
		lines = append(lines, fmt.Sprint(node, " gets keys ", positions))
	}
	slices.Sort(lines)
	for _, line := range lines {
		fmt.Println(line)
	}
	// Output:
	// blue/mc2 at 10.0.0.2:11211 gets keys [0]
	// green/mc7 at 10.0.1.7:11211 gets keys [3]
	// green/mc8 at 10.0.1.8:11211 gets keys [1 2]
}

func ExampleRouter_IndexMany() {
	router := exampleRouter()
	defer router.Close()
	keys := []string{"user:1", "user:2", "user:3", "user:42"}
	indices := make([]uint32, len(keys))
	if err := router.IndexMany(keys, indices); err != nil {
		log.Fatal(err)
	}
	for position, key := range keys {
		if node := router.Node(indices[position]); node != nil { // nil: go to the origin
			fmt.Println(key, "from", node.Address())
		}
	}
	// Output:
	// user:1 from 10.0.0.2:11211
	// user:2 from 10.0.1.8:11211
	// user:3 from 10.0.1.8:11211
	// user:42 from 10.0.1.7:11211
}

func ExampleRouter_Report() {
	router := exampleRouter()
	defer router.Close()
	route, err := router.Route("user:42")
	if err != nil {
		log.Fatal(err)
	}
	if target := route.Read(); target != nil {
		// … ask the node; it did not answer in time:
		err = router.Report(target.Node(), ringshift.OpRead, ringshift.OutcomeTimeout)
	}
	metrics, failure := router.Metrics()
	if err != nil || failure != nil {
		log.Fatal(err, failure)
	}
	fmt.Println(metrics.Requests)
	// Output:
	// [{green read timeout 1}]
}

func ExampleRouter_MetricsText() {
	router := exampleRouter()
	defer router.Close()
	http.HandleFunc("/metrics", func(answer http.ResponseWriter, _ *http.Request) {
		text, err := router.MetricsText()
		if err != nil {
			http.Error(answer, err.Error(), http.StatusServiceUnavailable)
			return
		}
		answer.Header().Set("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
		_, _ = answer.Write([]byte(text))
	})
}

func ExampleError() {
	_, err := ringshift.FromSpec([]byte(`{"format": 2}`))
	fmt.Println(errors.Is(err, ringshift.ErrSpecInvalid))
	var failure *ringshift.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.Kind, failure.Pointer, failure.Line, failure.Column)
	}
	// Output:
	// true
	// spec_invalid /format 1 12
}
