package steps

// Invalidations that were lost and are sent again: when, by whom, and when not. tests/conformance has what each operation sends.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"ringshift"
	"ringshift/internal/testbed"
)

// owing has a key k, and perhaps more, whose invalidation was lost at its one node, which answers again.
func owing(t *testing.T, spec testbed.Spec, keys ...string) (*Carrier, *memory) {
	t.Helper()
	c, m := carrierOf(t, spec)
	m.fails = func(*Step) bool { return true }
	written, err := invalidate(context.Background(), t, c, append(keys, "k")...)
	if err != nil || !errors.Is(written.Err(), ringshift.ErrInvalidationLost) {
		t.Fatal(err, written)
	}
	m.fails = nil
	m.sent()
	return c, m
}

// owes fails the test unless so many keys are owed.
func owes(t *testing.T, c *Carrier, keys uint64) {
	t.Helper()
	metrics, err := c.Router.Metrics()
	if err != nil || metrics.Owed.Keys != keys {
		t.Fatal(err, metrics.Owed)
	}
}

var alone = testbed.Spec{Blue: []string{"b:1"}}

func TestEachOperationSendsAgainWhenItHasEnded(t *testing.T) {
	ctx, item := context.Background(), &Item{Value: []byte("v"), TTL: Forever}
	for name, each := range map[string]struct {
		do   func(c *Carrier, at *ringshift.Route) error
		sent []string
	}{
		"read": {func(c *Carrier, at *ringshift.Route) error {
			_, err := c.Read(ctx, at, "l")
			return err
		}, []string{"b0 get l"}},
		"read of many": {func(c *Carrier, at *ringshift.Route) error {
			_, err := c.ReadMany(ctx, []*ringshift.Route{at}, []string{"l"})
			return err
		}, []string{"b0 get l"}},
		"time left": {func(c *Carrier, at *ringshift.Route) error {
			_, err := c.Left(ctx, at, "l")
			return err
		}, []string{"b0 take l"}},
		"load": {func(c *Carrier, at *ringshift.Route) error {
			_, err := c.Load(ctx, c.Arrive(), at, "l", func(context.Context) (*Item, error) { return item, nil })
			return err
		}, []string{"b0 seek l", "b0 fill l"}},
		"add": {func(c *Carrier, at *ringshift.Route) error {
			_, err := c.AddOne(ctx, at, "l", item)
			return err
		}, []string{"b0 add l"}},
		"touch": {func(c *Carrier, at *ringshift.Route) error {
			_, err := c.TouchOne(ctx, at, "l", item)
			return err
		}, []string{"b0 touch l"}},
		"set": {func(c *Carrier, at *ringshift.Route) error {
			_, err := c.Store(ctx, []*ringshift.Route{at}, []string{"l"}, []*Item{item}, Set, nil)
			return err
		}, []string{"b0 set l"}},
		"replace": {func(c *Carrier, at *ringshift.Route) error {
			_, err := c.ReplaceOne(ctx, at, "l", item)
			return err
		}, []string{"b0 get l", "b0 delete l"}},
		"removal": {func(c *Carrier, at *ringshift.Route) error {
			_, err := c.Invalidate(ctx, []*ringshift.Route{at}, []string{"l"})
			return err
		}, []string{"b0 delete l"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, m := owing(t, alone, "j")
			if err := each.do(c, route(t, c, "l")); err != nil {
				t.Fatal(err)
			}
			sent := m.sent()
			last := len(each.sent)
			if len(sent) != last+2 {
				t.Fatal(sent)
			}
			slices.Sort(sent[last:])
			equal(t, sent, append(slices.Clone(each.sent), "b0 delete j", "b0 delete k"))
			owes(t, c, 0)
			if route(t, c, "k").Read() == nil {
				t.Fatal("it is not read, and was repaid")
			}
			if err := each.do(c, route(t, c, "l")); err != nil {
				t.Fatal(err)
			}
			if again := m.sent(); slices.Contains(again, "b0 delete k") {
				t.Fatal("sent twice:", again)
			}
		})
	}
}

func TestACallerWhoGaveUpDoesNotWaitForIt(t *testing.T) {
	c, m := owing(t, alone)
	ctx, cancel := context.WithCancel(context.Background())
	m.after = func(*Step) { cancel() }
	written, err := invalidate(ctx, t, c, "l")
	if err != nil || written.Err() != nil {
		t.Fatal(err, written)
	}
	equal(t, m.sent(), []string{"b0 delete l"})
	owes(t, c, 1)
	// Whoever comes next does.
	if _, err := c.Read(context.Background(), route(t, c, "l"), "l"); err != nil {
		t.Fatal(err)
	}
	equal(t, m.sent(), []string{"b0 get l", "b0 delete k"})
	owes(t, c, 0)
}

func TestWhatIsSentAgainGoesOnWhenItsContextEnds(t *testing.T) {
	c, m := owing(t, testbed.Spec{Blue: []string{"b:1"}, Green: []string{"g:1"}, Stage: "prepare"})
	ctx, cancel := context.WithCancel(context.Background())
	m.before = func(step *Step) {
		if step.Do == Delete {
			cancel()
		}
	}
	if _, err := c.Read(ctx, route(t, c, "l"), "l"); err != nil {
		t.Fatal(err)
	}
	equal(t, m.sent(), []string{"b0 get l", "b0 delete k", "g0 delete k"})
	owes(t, c, 0)
}

// An answer that came before the failures proves nothing.
func TestAStepThatFailedInTheMiddleIsNoAnswer(t *testing.T) {
	c, m := owing(t, alone)
	asked := 0
	m.fails = func(*Step) bool {
		asked++
		return asked == 2
	}
	keys := []string{"l", "m"}
	routes, err := c.Routes(keys...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ReadMany(context.Background(), routes, keys); err != nil {
		t.Fatal(err)
	}
	equal(t, m.sent(), []string{"b0 get l", "b0 get m"})
	owes(t, c, 1)
}

func TestWhatIsLostOnceMoreStaysOwedAndIsNotTold(t *testing.T) {
	c, m := owing(t, alone, "j")
	m.fails = func(*Step) bool { return m.lines[len(m.lines)-1] == "b0 delete k" }
	if _, err := c.Read(context.Background(), route(t, c, "l"), "l"); err != nil {
		t.Fatal(err)
	}
	owes(t, c, 1)
	if route(t, c, "k").Read() != nil || route(t, c, "j").Read() == nil {
		t.Fatal("what was acknowledged is read, and nothing else")
	}
}

func TestAnInvalidationThatSomebodyElseCancelledIsOwed(t *testing.T) {
	c, m := carrierOf(t, alone)
	dialer := fmt.Errorf("a dialer of the caller's: %w", context.Canceled)
	c.Transport = transportOf(func(step *Step) []Reply { return slices.Repeat([]Reply{Failed(dialer)}, len(step.Keys)) })
	written, err := invalidate(context.Background(), t, c, "k")
	if err != nil || !errors.Is(written.Err(), ringshift.ErrInvalidationLost) {
		t.Fatal(err, written)
	}
	owes(t, c, 1)
	c.Transport = m
	if _, err := c.Read(context.Background(), route(t, c, "k"), "k"); err != nil {
		t.Fatal(err)
	}
	equal(t, m.sent(), []string{"b0 delete k"})
	owes(t, c, 0)
}

// transportOf is a transport that gives what a function does.
type transportOf func(*Step) []Reply

func (send transportOf) Send(_ context.Context, step *Step) []Reply { return send(step) }
