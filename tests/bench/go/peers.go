// The peers, with as many points a node as ours where they have points.

package main

import (
	"github.com/cespare/xxhash/v2"
	"github.com/dgryski/go-rendezvous"
	"github.com/serialx/hashring"
)

func peers(nodes []string) []subject {
	weights := map[string]int{}
	for _, node := range nodes {
		// In this package the weight of a node is its number of points.
		weights[node] = points
	}
	ring := hashring.NewWithWeights(weights)
	onRing := func(key string) string {
		node, _ := ring.GetNode(key)
		return node
	}
	// As go-redis' Ring uses it.
	scores := rendezvous.New(nodes, xxhash.Sum64String)
	return []subject{
		{"serialx/hashring", oneByOne(onRing), onRing},
		{"go-rendezvous, as in go-redis' Ring", oneByOne(scores.Lookup), scores.Lookup},
	}
}

// sink takes the answers, so that the compiler can't leave the asking out.
var sink string

func oneByOne(lookup func(string) string) func([]string) {
	return func(keys []string) {
		for _, key := range keys {
			sink = lookup(key)
		}
	}
}
