//go:build cgo

// What a router knows about itself.

package ringshift

import "encoding/json"

// Metrics are all counters and states of a router at one moment. No key and no value is ever among them.
type Metrics struct {
	// Generation in force.
	Generation uint64 `json:"generation"`
	// Digest is its content hash.
	Digest string `json:"digest"`
	// Epoch counts what was put in force.
	Epoch uint64 `json:"epoch"`
	// Region of this process; "" if none was given.
	Region string `json:"region"`
	// Stage in this region: "none", "prepare", "ramp" or "soak".
	Stage string `json:"stage"`
	// Weight is the share of the keys that have moved in this region, in basis points.
	Weight int `json:"weight"`
	// Reloads says how refreshes ended.
	Reloads ReloadMetrics `json:"reloads"`
	// Requests that were reported, by cluster, op and outcome; those that never happened are left out.
	Requests []RequestMetric `json:"requests"`
	// Breakers of all nodes in the spec, by cluster name and in the order of the spec.
	Breakers []BreakerMetric `json:"breakers"`
	// ClusterBreakers are those of the clusters in the spec, by name.
	ClusterBreakers []ClusterBreakerMetric `json:"cluster_breakers"`
	// Debts are the invalidations that were lost, for each cluster of the spec, by name.
	Debts []DebtMetric `json:"debts"`
	// Owed are the keys whose invalidation is to be sent again.
	Owed OwedMetrics `json:"owed"`
	// Warnings name what is uneven in the spec in force, by cluster name.
	Warnings []WarningMetric `json:"warnings"`
}

// ReloadMetrics say how refreshes ended.
type ReloadMetrics struct {
	// Refreshes that have ended, however they did: a number that stands still means that nobody watches.
	Refreshes uint64 `json:"refreshes"`
	// Applied: a new spec was put in force, the first one included.
	Applied uint64 `json:"applied"`
	// Unchanged: the file held the spec in force.
	Unchanged uint64 `json:"unchanged"`
	// Rejected: the file was bad; counted once for as long as it stays the same.
	Rejected uint64 `json:"rejected"`
	// Illegal: a spec was put in force that may not follow the one before, such as one that skips a stage.
	Illegal uint64 `json:"illegal"`
	// LastIllegal has the generations of the last such change and why it is illegal; "" if there was none.
	LastIllegal string `json:"last_illegal"`
	// LastSuccess is when the file was last found good, in seconds since 1970.
	LastSuccess int64 `json:"last_success"`
	// LastError is what is wrong with the file at present: where (pointer, line and column), what, and what would be
	// right; "" if nothing is.
	LastError string `json:"last_error"`
	// LastErrorKind is its kind, such as "spec_syntax"; "" if nothing is wrong.
	LastErrorKind string `json:"last_error_kind"`
	// LastGoodError is why the last good copy could not be written; "" if it could, or if none is kept.
	LastGoodError string `json:"last_good_error"`
}

// RequestMetric is a count of requests.
type RequestMetric struct {
	// Cluster is its name.
	Cluster string `json:"cluster"`
	// Op is "read", "fill" or "invalidate".
	Op string `json:"op"`
	// Outcome is "hit", "miss", "ok", "error", "timeout", "unreachable" or "unsent".
	Outcome string `json:"outcome"`
	// Count of such requests since the router was opened.
	Count uint64 `json:"count"`
}

// BreakerMetric is the state of a breaker.
type BreakerMetric struct {
	// Cluster is its name.
	Cluster string `json:"cluster"`
	// Node is the node's id.
	Node string `json:"node"`
	// State is "closed", "open" or "half_open".
	State string `json:"state"`
	// Opened is how often it has opened, failed probes included.
	Opened uint64 `json:"opened"`
}

// ClusterBreakerMetric is the state of a cluster's breaker: one that is open keeps this process from reading the cluster.
type ClusterBreakerMetric struct {
	// Cluster is its name.
	Cluster string `json:"cluster"`
	// State is "closed", "open" or "half_open".
	State string `json:"state"`
	// Opened is how often it has opened, failed probes included.
	Opened uint64 `json:"opened"`
}

// DebtMetric is what a cluster may still hold that is no longer true, as far as this process knows.
type DebtMetric struct {
	// Cluster is its name.
	Cluster string `json:"cluster"`
	// Lost is how many invalidations were reported as an error, a timeout, unreachable or unsent, under the cluster's present
	// key_prefix.
	Lost uint64 `json:"lost"`
	// Last is when the last of them was, in seconds since 1970; 0 if there was none.
	Last int64 `json:"last"`
	// Open says whether a value that it should have removed may still be there: until max_ttl and 30 seconds have
	// passed or the key_prefix changes. Whoever changes stages doesn't move towards such a cluster.
	Open bool `json:"open"`
}

// OwedMetrics are lost invalidations that are to be sent again: how much this process keeps itself from reading.
type OwedMetrics struct {
	// Keys that are not read where their invalidation was lost.
	Keys uint64 `json:"keys"`
	// UnlistedNodes are not read at all, since more keys were lost there than a router remembers. Those that values were
	// copied from before are one together: nothing is read anywhere then.
	UnlistedNodes uint64 `json:"unlisted_nodes"`
	// Repaid keys were invalidated again, and that was acknowledged.
	Repaid uint64 `json:"repaid"`
}

// WarningMetric is a cluster whose fullest node owns over 15 % more than its fair share.
type WarningMetric struct {
	// Cluster is its name.
	Cluster string `json:"cluster"`
	// Node is the fullest node's id.
	Node string `json:"node"`
	// Load is how much of its fair share that node owns, in basis points, rounded up.
	Load int64 `json:"load"`
	// Pointer is the JSON pointer of the cluster's placement.
	Pointer string `json:"pointer"`
	// Vnodes is a number of `vnodes` that mends it; 0 if none was found.
	Vnodes int `json:"vnodes"`
	// MaxLoad is a `max_load` that mends it, in basis points; 0 if none was found.
	MaxLoad int `json:"max_load"`
	// Message says what is wrong and what would mend it.
	Message string `json:"message"`
}

// Metrics gives all counters and states as data, for the host's own metrics registry. It fails with [ErrClosed].
func (r *Router) Metrics() (*Metrics, error) {
	core := r.core.Load()
	if core == nil {
		return nil, errClosed()
	}
	text, err := core.metricsJSON()
	if err != nil {
		return nil, err
	}
	metrics := &Metrics{}
	if err := json.Unmarshal([]byte(text), metrics); err != nil {
		return nil, &Error{Kind: ErrInternal, Message: "the library's metrics are not as expected: " + err.Error()}
	}
	return metrics, nil
}

// MetricsText gives all counters and states in the OpenMetrics text format, version 1.0: what a scrape of /metrics
// answers, with the content type "application/openmetrics-text; version=1.0.0; charset=utf-8". It fails with
// [ErrClosed].
func (r *Router) MetricsText() (string, error) {
	core := r.core.Load()
	if core == nil {
		return "", errClosed()
	}
	return core.metricsText()
}
