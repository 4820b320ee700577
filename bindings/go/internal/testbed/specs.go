// Specs: two clusters, blue and green, and how far the migration from one to the other has come.

package testbed

import (
	"encoding/json"
	"testing"

	"ringshift"
)

// Spec is what the tests vary.
type Spec struct {
	// Blue and Green are the addresses of the clusters' nodes: b0, b1 and so on, g0, g1 and so on. Green's key_prefix is g1:.
	Blue, Green []string
	// Stage of the migration; "" for none at all, "final" for green alone.
	Stage string
	// Percent of a ramp.
	Percent int
	// Replicas of both clusters.
	Replicas int
	// MaxTTL as the spec has it.
	MaxTTL string
	// Breaker as the spec has it; one that keeps nobody away if nil.
	Breaker map[string]any
	// generation; 1 if 0.
	generation int
}

type object = map[string]any

// Text is the spec as JSON.
func (s Spec) Text() []byte {
	cluster := func(name string, addresses []string) object {
		nodes := make([]object, len(addresses))
		for i, address := range addresses {
			nodes[i] = object{"id": name[:1] + string(rune('0'+i)), "address": address}
		}
		return object{"placement": object{"kind": "ring"}, "replicas": max(s.Replicas, 1), "nodes": nodes}
	}
	clusters := object{}
	breaker := s.Breaker
	if breaker == nil {
		// One opens all the same when a node can't be reached: it is over at once, and what comes next is the probe.
		breaker = object{
			"failures": 100, "rate": 1, "cluster_rate": 1, "min_requests": 1_000_000, "open": "1ms", "max_open": "1ms",
		}
	}
	spec := object{
		"format": 1, "generation": max(s.generation, 1), "primary": "blue", "clusters": clusters,
		"breaker": breaker,
	}
	if s.Stage != "final" {
		clusters["blue"] = cluster("blue", s.Blue)
	}
	if len(s.Green) > 0 {
		green := cluster("green", s.Green)
		green["key_prefix"] = "g1:"
		clusters["green"] = green
	}
	switch s.Stage {
	case "":
	case "final":
		spec["primary"] = "green"
	default:
		spec["standby"] = "green"
		migration := object{"id": "m", "from": "blue", "to": "green", "stage": s.Stage}
		if s.Stage == "ramp" {
			migration["percent"] = s.Percent
		}
		spec["migration"] = migration
	}
	if s.MaxTTL != "" {
		spec["max_ttl"] = s.MaxTTL
	}
	text, err := json.Marshal(spec)
	if err != nil {
		panic(err)
	}
	return text
}

// Router opens a router for a test, which closes it.
func (s Spec) Router(t testing.TB) *ringshift.Router {
	t.Helper()
	router, err := ringshift.FromSpec(s.Text())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = router.Close() })
	return router
}

// Apply puts the spec in force as the next generation.
func (s Spec) Apply(t testing.TB, router *ringshift.Router) {
	t.Helper()
	s.generation = int(router.Generation()) + 1
	if applied, err := router.Apply(s.Text()); err != nil || !applied {
		t.Fatalf("the spec was not applied: %v", err)
	}
}
