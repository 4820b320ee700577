// How time is taken: subjects in turn, several times over.

package main

import "time"

const (
	rounds = 5
	budget = 400 * time.Millisecond
	trial  = 2_000
)

// subject is one thing that is measured.
type subject struct {
	name string
	run  func(keys []string)
	// placement is nil where only time is measured.
	placement *placement
}

func (s subject) nanoseconds(keys []string) float64 {
	start := time.Now()
	s.run(keys)
	return float64(time.Since(start).Nanoseconds()) / float64(len(keys))
}

// measure prints a line for each subject.
func measure(subjects []subject, nodes, keys []string) error {
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
	for index, subject := range subjects {
		line := line{Suite: suite, Subject: subject.name, Nodes: len(nodes), Keys: len(taken[index]), NS: times[index]}
		if err := subject.place(&line, nodes, keys); err != nil {
			return err
		}
		if err := show(line); err != nil {
			return err
		}
	}
	return nil
}
