package steps

// What was not sent, for a reason of the caller's own: an invalidation is as lost as any, and nobody is blamed.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"ringshift"
	"ringshift/internal/testbed"
)

// transportOf is a transport that gives what a function does.
type transportOf func(*Step) []Reply

func (send transportOf) Send(_ context.Context, step *Step) []Reply { return send(step) }

func TestAnInvalidationThatWasNotSentIsOwed(t *testing.T) {
	for name, cause := range map[string]error{
		"the client was closed": ErrClosed,
		"somebody else gave up": fmt.Errorf("a dialer of the caller's: %w", context.Canceled),
	} {
		t.Run(name, func(t *testing.T) {
			c, m := carrierOf(t, alone)
			c.Transport = transportOf(func(step *Step) []Reply { return slices.Repeat([]Reply{Failed(cause)}, len(step.Keys)) })
			ended, cancel := context.WithCancel(context.Background())
			cancel()
			const times = 100
			for range times {
				written, err := invalidate(ended, t, c, "k")
				if err != nil || !errors.Is(written.Err(), ringshift.ErrInvalidationLost) || !errors.Is(written.Err(), cause) {
					t.Fatal(err, written)
				}
				if _, err := c.Read(context.Background(), route(t, c, "l"), "l"); err != nil {
					t.Fatal(err)
				}
			}
			counts := testbed.Outcomes(t, c.Router)
			if counts["invalidate unsent"] != times || counts["read unsent"] != times || len(counts) != 2 {
				t.Fatal(counts)
			}
			owes(t, c, 1)
			if route(t, c, "k").Read() != nil || route(t, c, "l").Read() == nil {
				t.Fatal("what was not sent is not read, and the node is not blamed for it")
			}
			c.Transport = m
			if _, err := c.Read(context.Background(), route(t, c, "k"), "k"); err != nil {
				t.Fatal(err)
			}
			equal(t, m.sent(), []string{"b0 delete k"})
			owes(t, c, 0)
		})
	}
}

// A key that was checked by an earlier spec may be too long for a node of this one.
func TestWhatANodeCannotHoldIsNotRemovedThere(t *testing.T) {
	later := testbed.Spec{Blue: []string{"b:1"}, Green: []string{"g:1"}, Stage: "prepare"}
	atBlue := func(node *ringshift.Node, _ string) bool { return node.ID() == "b0" }
	t.Run("owed", func(t *testing.T) {
		c, m := owing(t, alone)
		c.CanHold = atBlue
		later.Apply(t, c.Router)
		if _, err := c.Read(context.Background(), route(t, c, "l"), "l"); err != nil {
			t.Fatal(err)
		}
		equal(t, m.sent(), []string{"b0 get l", "b0 delete k"})
		owes(t, c, 0)
	})
	t.Run("a spec that came meanwhile", func(t *testing.T) {
		c, m := carrierOf(t, alone)
		c.CanHold = atBlue
		m.after = func(*Step) {
			m.after = nil
			later.Apply(t, c.Router)
		}
		written, err := invalidate(context.Background(), t, c, "k")
		if err != nil || written.Err() != nil {
			t.Fatal(err, written)
		}
		equal(t, m.sent(), []string{"b0 delete k", "b0 delete k"})
	})
}

func TestNothingBreaksAnInvalidationOff(t *testing.T) {
	c, m := carrierOf(t, testbed.Spec{Blue: []string{"b:1"}, Green: []string{"g:1"}, Stage: "prepare"})
	mistake := errors.New("so the server says")
	c.Transport = transportOf(func(step *Step) []Reply {
		if step.Node.ID() == "b0" {
			return []Reply{{Mistake: mistake}}
		}
		return m.Send(context.Background(), step)
	})
	written, err := invalidate(context.Background(), t, c, "k")
	if err != nil || !errors.Is(written.Err(), ringshift.ErrInvalidationLost) || !errors.Is(written.Err(), mistake) {
		t.Fatal(err, written)
	}
	equal(t, m.sent(), []string{"g0 delete k"})
	owes(t, c, 1)
}
