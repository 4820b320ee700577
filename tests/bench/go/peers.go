// The peers, with as many points a node as ours where they have points.

package main

import (
	"slices"

	"github.com/cespare/xxhash/v2"
	"github.com/dgryski/go-rendezvous"
	"github.com/serialx/hashring"
)

func peers(nodes []string) []subject {
	return []subject{
		peer("serialx/hashring", nodes, onRing),
		peer("go-rendezvous, as in go-redis' Ring", nodes, byScore),
	}
}

// peer is a subject that is asked for one key at a time.
func peer(name string, nodes []string, build func([]string) func(string) string) subject {
	owner := build(nodes)
	grown := func() (func(string) string, error) { return build(append(slices.Clone(nodes), added)), nil }
	return subject{name, oneByOne(owner), &placement{owner, grown, false}}
}

func onRing(nodes []string) func(string) string {
	weights := map[string]int{}
	for _, node := range nodes {
		// In this package the weight of a node is its number of points.
		weights[node] = points
	}
	ring := hashring.NewWithWeights(weights)
	return func(key string) string {
		node, _ := ring.GetNode(key)
		return node
	}
}

// byScore is as go-redis' Ring uses it.
func byScore(nodes []string) func(string) string {
	return rendezvous.New(nodes, xxhash.Sum64String).Lookup
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
