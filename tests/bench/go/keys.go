// The keys and nodes that every program of the benchmark uses, in every language.

package main

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Virtual nodes for each node, in every subject that has any.
const points = 160

// makeKeys returns keys like user:12345678:profile, all different.
func makeKeys(count int) []string {
	keys := make([]string, count)
	for index := range keys {
		keys[index] = fmt.Sprintf("user:%08d:profile", index*48271%100_000_000)
	}
	return keys
}

// makeNodes returns 10.0.0.0:11211 and on.
func makeNodes(count int) []string {
	nodes := make([]string, count)
	for n := range nodes {
		nodes[n] = fmt.Sprintf("10.%d.%d.%d:11211", n>>16, n>>8&255, n&255)
	}
	return nodes
}

// makeSpec returns a spec of one cluster; when migrating, half of the keys are on the way to another with one node more.
func makeSpec(nodes []string, migrating bool) ([]byte, error) {
	cluster := func(names []string, prefix string) map[string]any {
		members := make([]map[string]any, len(names))
		for index, name := range names {
			members[index] = map[string]any{"id": name, "address": name}
		}
		placement := map[string]any{"kind": "ring", "vnodes": points}
		return map[string]any{"placement": placement, "key_prefix": prefix, "nodes": members}
	}
	clusters := map[string]any{"blue": cluster(nodes, "")}
	spec := map[string]any{"format": 1, "generation": 1, "primary": "blue", "clusters": clusters}
	if migrating {
		clusters["green"] = cluster(append(slices.Clone(nodes), added), "g1:")
		spec["standby"] = "green"
		spec["migration"] = map[string]any{"id": "bench", "from": "blue", "to": "green", "stage": "ramp", "percent": 50}
	}
	return json.Marshal(spec)
}
