//go:build cgo

// Routes: all that there is to know about a key.

package ringshift

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Route is what to do for a key. It does not hold the key and never changes; while one spec is in force, keys with equal
// routes get the same Route.
//
//   - Read from Read; nil means that open breakers, of nodes or clusters, leave nothing to read: go to the origin.
//   - After a miss, look at Fallback; if Fill, copy what is found there to Read.
//   - When the value changes, remove the key from the nodes of Invalidate, in order; each must acknowledge before the
//     next is sent.
type Route struct {
	read       *Target
	fallback   *Target
	invalidate []*Node
	generation uint64
	code       uint64
	stage      Stage
	moved      bool
	fill       bool
}

// Read is where to read; nil if open breakers, of nodes or clusters, leave nothing to read.
func (r *Route) Read() *Target { return r.read }

// Fallback is where to look after a miss; nil if nowhere.
func (r *Route) Fallback() *Target { return r.fallback }

// Fill says whether a value that is found at Fallback is copied to Read.
func (r *Route) Fill() bool { return r.fill }

// Invalidate are the nodes from which the key must be removed when its value changes, in this order: each must
// acknowledge before the next is sent.
//
//	for node := range route.Invalidate() {
//		…
//	}
func (r *Route) Invalidate() iter.Seq[*Node] { return slices.Values(r.invalidate) }

// Stage is the stage of the migration in this process' region.
func (r *Route) Stage() Stage { return r.stage }

// Moved says whether the key has moved; an open breaker may still send it elsewhere.
func (r *Route) Moved() bool { return r.moved }

// Generation is that of the spec that the route comes from.
func (r *Route) Generation() uint64 { return r.generation }

// String is for people.
func (r *Route) String() string {
	return fmt.Sprintf("read %v, fallback %v, fill %t, invalidate %s, stage %s, moved %t, generation %d",
		r.read, r.fallback, r.fill, names(r.invalidate), r.stage, r.moved, r.generation)
}

// Target is where a key lives in one cluster: at least one node. It never changes.
type Target struct {
	nodes []*Node
}

// Node is the node to ask first.
func (t *Target) Node() *Node { return t.nodes[0] }

// Nodes are all nodes to ask, in order; more than one if the cluster has replicas. Nodes whose breaker is open are left
// out.
func (t *Target) Nodes() iter.Seq[*Node] { return slices.Values(t.nodes) }

// Cluster is the name of the cluster.
func (t *Target) Cluster() string { return t.nodes[0].cluster }

// KeyPrefix is what to put before the key that is sent to any of the nodes; "" if nothing.
func (t *Target) KeyPrefix() string { return t.nodes[0].keyPrefix }

// String is for people.
func (t *Target) String() string {
	if t == nil {
		return "nowhere"
	}
	return names(t.nodes)
}

func names(nodes []*Node) string {
	all := make([]string, len(nodes))
	for position, node := range nodes {
		all[position] = node.String()
	}
	return "[" + strings.Join(all, ", ") + "]"
}
