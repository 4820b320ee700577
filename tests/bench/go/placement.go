// How evenly a subject spreads keys, and what moves when a node is added.

package main

import (
	"fmt"
	"slices"
	"time"
)

const (
	// A slow subject is asked for both for about so long at most.
	placing = 2 * time.Second
	// Keys for each node, without which both would be those of chance.
	balanceNeeds, movesNeed = 1_000, 100
)

// movedAt is the number of nodes at which it is measured what one node more moves, and added is that node.
const (
	movedAt = 100
	added   = "10.255.0.0:11211"
)

// placement tells a key's node, and makes the same with one node more.
type placement struct {
	owner  func(key string) string
	grown  func() (func(key string) string, error)
	isOurs bool
}

// place measures both where there are keys enough.
func (s subject) place(line *line, nodes, keys []string) error {
	if s.placement == nil {
		return nil
	}
	affordable := int(float64(placing.Nanoseconds()) / slices.Min(line.NS))
	keys = keys[:min(max(affordable, line.Keys), len(keys))]
	if len(keys) >= len(nodes)*balanceNeeds {
		even, err := s.balance(nodes, keys)
		if err != nil {
			return err
		}
		line.MaxOverAvg = &even
	}
	if len(nodes) != movedAt || len(keys) < len(nodes)*movesNeed {
		return nil
	}
	moved, err := s.moved(nodes, keys)
	line.Moved = &moved
	return err
}

// balance is the keys of the fullest node by the average of all nodes.
func (s subject) balance(nodes, keys []string) (float64, error) {
	shares := make(map[string]int, len(nodes))
	for _, key := range keys {
		shares[s.placement.owner(key)]++
	}
	fullest, counted := 0, 0
	for _, node := range nodes {
		counted += shares[node]
		fullest = max(fullest, shares[node])
	}
	name := fmt.Sprintf("%s: keys by node add up, N = %d", s.name, len(nodes))
	err := check(name, counted == len(keys), fmt.Sprintf("%d of %d keys have a node", counted, len(keys)))
	return float64(fullest) * float64(len(nodes)) / float64(len(keys)), err
}

// moved is the share of the keys that move when one node is added, by the share that the new node should have.
func (s subject) moved(nodes, keys []string) (float64, error) {
	after, err := s.placement.grown()
	if err != nil {
		return 0, err
	}
	moves, elsewhere := 0, 0
	for _, key := range keys {
		if now := after(key); now != s.placement.owner(key) {
			moves++
			if now != added {
				elsewhere++
			}
		}
	}
	if s.placement.isOurs {
		name := s.name + ": a new node takes keys and nothing else moves"
		detail := fmt.Sprintf("%d of %d keys that moved went to an old node", elsewhere, moves)
		err = check(name, moves > 0 && elsewhere == 0, detail)
	}
	return float64(moves) * float64(len(nodes)+1) / float64(len(keys)), err
}
