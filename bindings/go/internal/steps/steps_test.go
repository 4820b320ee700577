package steps

// Replies that are told step by step: whatever each node answers, and specs that change in the middle.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"ringshift"
)

// script answers steps as it is told, and writes them down.
type script struct {
	lock   sync.Mutex
	log    []string
	answer func(step *Step) Reply
}

func (s *script) Send(_ context.Context, step *Step) []Reply {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.log = append(s.log, fmt.Sprintf("%s %s", doNames[step.Do], step.Node.ID()))
	replies := make([]Reply, len(step.Keys))
	for i := range step.Keys {
		replies[i] = s.answer(step)
	}
	return replies
}

func spec(generation int, stage string, replicas int) string {
	nodes := make([]string, 3)
	for i := range nodes {
		nodes[i] = fmt.Sprintf(`{"id":"n%d","address":"127.0.0.1:%d"}`, i, i+10)
	}
	return fmt.Sprintf(`{"format":1,"generation":%d,"primary":"blue","standby":"green","clusters":{
		"blue":{"placement":{"kind":"ring"},"nodes":[{"id":"a","address":"127.0.0.1:1"}]},
		"green":{"placement":{"kind":"ring"},"key_prefix":"g:","replicas":%d,"nodes":[%s]}},
		"migration":{"id":"m","from":"blue","to":"green","stage":%q,"percent":100}}`,
		generation, replicas, strings.Join(nodes, ","), stage)
}

func carrier(t *testing.T, text string, answer func(*Step) Reply) (*Carrier, *script, *ringshift.Route) {
	t.Helper()
	router, err := ringshift.FromSpec([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = router.Close() })
	route, err := router.Route("k")
	if err != nil {
		t.Fatal(err)
	}
	s := &script{answer: answer}
	return &Carrier{Router: router, Transport: s}, s, route
}

const (
	hit = iota
	miss
	noToken
	fails
)

// Whatever each of three replicas and the fallback answers: one key and many ask the same, and what is found at the
// fallback is stored where a token was taken first.
func TestSingleAndManyReadsAskTheSameAndFillByTokens(t *testing.T) {
	down := errors.New("down")
	for outcomes := range 4 * 4 * 4 * 4 {
		answers := map[string]int{}
		reply := func(step *Step) Reply {
			switch answer := answers[step.Node.ID()]; {
			case step.Do == Fill:
				if string(step.Tokens[0].Text) != step.Node.ID() {
					t.Errorf("the token of %s at %s", step.Tokens[0].Text, step.Node.ID())
				}
				return Reply{Done: true}
			case answer == fails:
				return Reply{Failure: down, Outcome: ringshift.OutcomeError}
			case answer == hit:
				return Reply{Item: &Item{Value: []byte("v"), TTL: 60}}
			case answer == miss && step.Do == Seek:
				return Reply{Token: &Token{Text: []byte(step.Node.ID())}}
			}
			return Reply{}
		}
		var logs [2][]string
		var items [2]*Item
		var nodes []*ringshift.Node
		for many := range 2 {
			c, s, route := carrier(t, spec(1, "ramp", 3), reply)
			nodes = append(nodesOf(route.Read()), nodesOf(route.Fallback())...)
			for i, node := range nodes {
				answers[node.ID()] = outcomes >> (2 * i) & 3
			}
			if many == 0 {
				items[0], _ = c.Read(context.Background(), route, "k")
			} else {
				all, err := c.ReadMany(context.Background(), []*ringshift.Route{route}, []string{"k"})
				if err != nil {
					t.Fatal(err)
				}
				items[1] = all[0]
			}
			logs[many] = s.log
		}
		if len(nodes) != 4 {
			t.Fatal(nodes)
		}
		// What goes at the same time is written down in any order.
		for many := range logs {
			slices.Sort(logs[many])
		}
		if !slices.Equal(logs[0], logs[1]) || (items[0] == nil) != (items[1] == nil) {
			t.Fatal(outcomes, logs)
		}
		var expected []string
		answered, filled, found := -1, []string{}, false
		for i, node := range nodes[:3] {
			answer := answers[node.ID()]
			if answered >= 0 && answers[nodes[answered].ID()] == hit {
				break
			}
			expected = append(expected, "seek "+node.ID())
			if answer == miss {
				filled = append(filled, "fill "+node.ID())
			}
			if answered < 0 && answer != fails {
				answered = i
			}
		}
		if found = answered >= 0 && answers[nodes[answered].ID()] == hit; !found {
			source := nodes[3].ID()
			expected = append(expected, "take "+source)
			if found = answers[source] == hit; found {
				expected = append(expected, filled...)
			}
		}
		slices.Sort(expected)
		if !slices.Equal(expected, logs[0]) || (items[0] != nil) != found {
			t.Fatalf("%d: expected %v, seen %v, %v", outcomes, expected, logs[0], items[0])
		}
	}
}

func TestAWriterThatSeesTheGenerationChangeSendsAgainUnderBoth(t *testing.T) {
	var c *Carrier
	changed := false
	c, s, route := carrier(t, strings.Replace(spec(1, "none", 1), `"percent":100`, `"percent":0`, 1), func(step *Step) Reply {
		if !changed {
			changed = true
			for generation, stage := range []string{"prepare", "ramp"} {
				if _, err := c.Router.Apply([]byte(spec(generation+2, stage, 1))); err != nil {
					t.Error(err)
				}
			}
		}
		return Reply{Done: true}
	})
	written, err := c.Store(context.Background(), []*ringshift.Route{route}, []string{"k"}, []*Item{{Value: []byte("v")}}, Set, nil)
	if err != nil || written.Err() != nil || !written.Done[0] {
		t.Fatal(written, err)
	}
	if len(s.log) != 3 || s.log[0] != "set a" || s.log[1] != "delete a" || !strings.HasPrefix(s.log[2], "delete n") {
		t.Fatal(s.log)
	}
}
