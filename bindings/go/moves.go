//go:build cgo

// What would move between two specs.

package ringshift

import "encoding/json"

// Moves are what would move if one spec followed another.
type Moves struct {
	// Clusters that both specs have: what the change of each moves.
	Clusters []ClusterMoves `json:"clusters"`
	// Migration is what the migration of the second spec (or, without one there, of the first) moves once it is through;
	// nil if there is none.
	Migration *ClusterMoves `json:"migration"`
}

// ClusterMoves are what would move between two clusters, or two states of one.
type ClusterMoves struct {
	// From is the cluster that keys leave.
	From string `json:"from"`
	// To is the cluster that keys go to.
	To string `json:"to"`
	// Moved is the share of the keys whose entry would be elsewhere, 0 to 1.
	Moved float64 `json:"moved"`
	// Flows say from which node to which, the largest share first. What stays is left out.
	Flows []Flow `json:"flows"`
	// Sample is how many keys were looked at, if this is an estimate; 0 if it is exact.
	Sample int `json:"sample"`
	// Error is how far off Moved may be, with 95 % confidence; 0 if it is exact.
	Error float64 `json:"error"`
}

// Flow is keys that would go from one node to another.
type Flow struct {
	// From is the id of the node that loses them.
	From string `json:"from"`
	// To is the id of the node that gets them.
	To string `json:"to"`
	// Share of all keys, 0 to 1.
	Share float64 `json:"share"`
}

// WhatMoves compares two specs, given as their texts: exactly where both place keys by the same hash, by a sample of keys
// where they don't. It fails as [FromSpec] does, for either of them.
func WhatMoves(before, after []byte) (*Moves, error) {
	text, err := movesJSON(before, after)
	if err != nil {
		return nil, err
	}
	moves := &Moves{}
	if err := json.Unmarshal([]byte(text), moves); err != nil {
		return nil, &Error{Kind: ErrInternal, Message: "the library's moves are not as expected: " + err.Error()}
	}
	return moves, nil
}
