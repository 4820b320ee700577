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

// Perhaps it is owed, and nobody else asks its node for anything.
func TestEachOperationThatMayNotReadAsksFirst(t *testing.T) {
	ctx, item := context.Background(), &Item{Value: []byte("v"), TTL: Forever}
	for name, each := range map[string]struct {
		do   func(c *Carrier, at *ringshift.Route) error
		sent string
	}{
		"read": {func(c *Carrier, at *ringshift.Route) error {
			_, err := c.Read(ctx, at, "k")
			return err
		}, "b0 get k"},
		"read of many": {func(c *Carrier, at *ringshift.Route) error {
			_, err := c.ReadMany(ctx, []*ringshift.Route{at, at}, []string{"k", "k"})
			return err
		}, "b0 get k"},
		"time left": {func(c *Carrier, at *ringshift.Route) error {
			_, err := c.Left(ctx, at, "k")
			return err
		}, "b0 take k"},
		"load": {func(c *Carrier, at *ringshift.Route) error {
			_, err := c.Load(ctx, c.Arrive(), at, "k", func(context.Context) (*Item, error) { return item, nil })
			return err
		}, "b0 seek k"},
		"add": {func(c *Carrier, at *ringshift.Route) error {
			_, err := c.AddOne(ctx, at, "k", item)
			return err
		}, "b0 add k"},
		"touch": {func(c *Carrier, at *ringshift.Route) error {
			_, err := c.TouchOne(ctx, at, "k", item)
			return err
		}, "b0 touch k"},
	} {
		t.Run(name, func(t *testing.T) {
			c, m := owing(t, alone)
			m.put("b:1", "", "k", item)
			if err := each.do(c, route(t, c, "k")); err != nil {
				t.Fatal(err)
			}
			equal(t, m.sent(), []string{"b0 delete k"})
			owes(t, c, 0)
			if err := each.do(c, route(t, c, "k")); err != nil {
				t.Fatal(err)
			}
			if sent := m.sent(); sent[0] != each.sent {
				t.Fatal(sent)
			}
		})
	}
}

// Where others of the keys are read, their answer tells more than a guess.
func TestAReadOfManyAsksFirstOnlyWhereItDoesNotGo(t *testing.T) {
	for name, same := range map[string]bool{"the same node": true, "another node": false} {
		t.Run(name, func(t *testing.T) {
			c, m := owing(t, testbed.Spec{Blue: []string{"b:1", "b:2"}})
			for at := range route(t, c, "k").Invalidate() {
				key := ""
				for number := 0; key == "" || (route(t, c, key).Read().Node() == at) != same; number++ {
					key = fmt.Sprint("l", number)
				}
				keys := []string{"k", key}
				routes, err := c.Routes(keys...)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := c.ReadMany(context.Background(), routes, keys); err != nil {
					t.Fatal(err)
				}
				expected := []string{at.ID() + " delete k", routes[1].Read().Node().ID() + " get " + key}
				if same {
					slices.Reverse(expected)
				}
				equal(t, m.sent(), expected)
				owes(t, c, 0)
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

func TestACallerWhoGaveUpKeepsNothingFromOthers(t *testing.T) {
	c, m := owing(t, alone)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	item := &Item{Value: []byte("v")}
	if _, err := invalidate(ended, t, c, "l"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ReplaceOne(ended, route(t, c, "l"), "l", item); err != nil {
		t.Fatal(err)
	}
	// It has nowhere to read.
	if _, err := c.Read(ended, route(t, c, "k"), "k"); err != nil {
		t.Fatal(err)
	}
	equal(t, m.sent(), []string{"b0 delete l", "b0 get l", "b0 delete l"})
	other := &Carrier{Router: c.Router, Transport: m}
	if _, err := other.Read(context.Background(), route(t, c, "l"), "l"); err != nil {
		t.Fatal(err)
	}
	equal(t, m.sent(), []string{"b0 get l", "b0 delete k"})
	owes(t, c, 0)
}

func TestWhatWaitsForACallerDoesNotBecomeMore(t *testing.T) {
	var keys []string
	for number := range 4 * enough {
		keys = append(keys, fmt.Sprint("k", number))
	}
	c, m := owing(t, testbed.Spec{Blue: []string{"b:1"}, Green: []string{"g:1"}, Stage: "prepare"}, keys...)
	for range 20 {
		// The first node has answered by then.
		ctx, cancel := context.WithCancel(context.Background())
		m.before = func(step *Step) {
			if step.Node.ID() == "g0" {
				cancel()
			}
		}
		if _, err := invalidate(ctx, t, c, "l"); err != nil {
			t.Fatal(err)
		}
	}
	m.before = nil
	m.sent()
	if _, err := c.Read(context.Background(), route(t, c, "l"), "l"); err != nil {
		t.Fatal(err)
	}
	if removals := (len(m.sent()) - 1) / 2; removals < enough || removals >= enough+16 {
		t.Fatalf("%d keys were sent at once; want %d or a few more", removals, enough)
	}
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
