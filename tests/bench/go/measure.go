// How time and balance are taken: subjects in turn, several times over.

package main

import (
	"encoding/json"
	"os"
	"time"
)

const (
	rounds = 5
	budget = 400 * time.Millisecond
	trial  = 2_000
)

// subject is one thing that is measured; owner tells a key's node, for the balance, and may be nil.
type subject struct {
	name  string
	run   func(keys []string)
	owner func(key string) string
}

// line is what is printed for a subject and number of nodes.
type line struct {
	Suite      string    `json:"suite"`
	Subject    string    `json:"subject"`
	Nodes      int       `json:"nodes"`
	Keys       int       `json:"keys"`
	NS         []float64 `json:"ns"`
	MaxOverAvg *float64  `json:"max_over_avg"`
}

func (s subject) nanoseconds(keys []string) float64 {
	start := time.Now()
	s.run(keys)
	return float64(time.Since(start).Nanoseconds()) / float64(len(keys))
}

// balance is the keys of the fullest node by the average of all nodes; nil where it isn't measured.
func (s subject) balance(keys []string, nodes int) *float64 {
	// Fewer than a hundred keys a node say nothing about balance.
	if s.owner == nil || len(keys) < nodes*100 {
		return nil
	}
	shares := map[string]int{}
	fullest := 0
	for _, key := range keys {
		owner := s.owner(key)
		shares[owner]++
		fullest = max(fullest, shares[owner])
	}
	ratio := float64(fullest) * float64(nodes) / float64(len(keys))
	return &ratio
}

func measure(subjects []subject, nodes int, keys []string) error {
	taken := make([][]string, len(subjects))
	for index, subject := range subjects {
		subject.nanoseconds(keys[:trial/10])
		each := subject.nanoseconds(keys[:trial])
		count := int(float64(budget.Nanoseconds()) / each)
		taken[index] = keys[:min(max(count, trial), len(keys))]
	}
	times := make([][]float64, len(subjects))
	for range rounds {
		for index, subject := range subjects {
			times[index] = append(times[index], subject.nanoseconds(taken[index]))
		}
	}
	out := json.NewEncoder(os.Stdout)
	for index, subject := range subjects {
		ratio := subject.balance(taken[index], nodes)
		if err := out.Encode(line{"go", subject.name, nodes, len(taken[index]), times[index], ratio}); err != nil {
			return err
		}
	}
	return nil
}
