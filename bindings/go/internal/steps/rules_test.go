package steps

// The rules of docs/migration.md that need no server: what is sent where, in which order, and what the caller is told.
// tests/conformance holds the adapters to all of them.

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ringshift"
	"ringshift/internal/testbed"
)

// ramp has one node in each cluster; every key has moved.
var ramp = testbed.Spec{Blue: []string{"b:1"}, Green: []string{"g:1"}, Stage: "ramp", Percent: 100}

func carrierOf(t *testing.T, spec testbed.Spec) (*Carrier, *memory) {
	t.Helper()
	m := newMemory()
	return &Carrier{Router: spec.Router(t), Transport: m}, m
}

func invalidate(ctx context.Context, t *testing.T, c *Carrier, keys ...string) (*Written, error) {
	t.Helper()
	routes, err := c.Routes(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return c.Invalidate(ctx, routes, keys)
}

func TestWhatOnlyTheFallbackHasIsCopiedWithTheTimeThatItHasLeft(t *testing.T) {
	c, m := carrierOf(t, ramp)
	m.put("b:1", "", "k", &Item{Value: []byte("v"), Flags: 7, TTL: time.Minute})
	item, err := c.Read(context.Background(), route(t, c, "k"), "k")
	if err != nil || string(item.Value) != "v" {
		t.Fatal(item, err)
	}
	equal(t, m.sent(), []string{"g0 seek k", "b0 take k", "g0 fill k"})
	if copied := m.at("g:1", "g1:", "k"); copied == nil || copied.Flags != 7 || copied.TTL != time.Minute {
		t.Fatal(copied)
	}
}

func TestACopyThatCantBeStoredIsNoErrorOfTheReader(t *testing.T) {
	for name, read := range map[string]func(context.Context, *Carrier) (*Item, error){
		"one key": func(ctx context.Context, c *Carrier) (*Item, error) { return c.Read(ctx, route(t, c, "k"), "k") },
		"many keys": func(ctx context.Context, c *Carrier) (*Item, error) {
			items, err := c.ReadMany(ctx, []*ringshift.Route{route(t, c, "k")}, []string{"k"})
			if err != nil {
				return nil, err
			}
			return items[0], nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, m := carrierOf(t, ramp)
			m.put("b:1", "", "k", &Item{Value: []byte("v"), TTL: time.Minute})
			ctx, cancel := context.WithCancel(context.Background())
			m.after = func(step *Step) {
				if step.Do == Take {
					cancel()
				}
			}
			if item, err := read(ctx, c); err != nil || item == nil || string(item.Value) != "v" {
				t.Fatal(item, err)
			}
			equal(t, m.sent(), []string{"g0 seek k", "b0 take k"})
		})
	}
}

func TestWithoutAKnownTimeNothingIsCopied(t *testing.T) {
	c, m := carrierOf(t, ramp)
	m.put("b:1", "", "k", &Item{Value: []byte("v"), TTL: Unknown})
	if item, err := c.Read(context.Background(), route(t, c, "k"), "k"); err != nil || item == nil {
		t.Fatal(item, err)
	}
	equal(t, m.sent(), []string{"g0 seek k", "b0 take k"})
}

func TestAGroupThatFailsInTheMiddleTouchesOnlyWhatHasNoAnswer(t *testing.T) {
	c, m := carrierOf(t, testbed.Spec{Blue: []string{"b:1", "b:2"}, Replicas: 2})
	keys := []string{"k1", "k2", "k3"}
	for _, key := range keys {
		m.put("b:1", "", key, &Item{Value: []byte(key)})
		m.put("b:2", "", key, &Item{Value: []byte(key)})
	}
	var first *ringshift.Node
	failed := 0
	m.fails = func(step *Step) bool {
		if first == nil {
			first = step.Node
		}
		failed++
		return step.Node == first && failed == 2
	}
	routes, err := c.Routes(keys...)
	if err != nil {
		t.Fatal(err)
	}
	items, err := c.ReadMany(context.Background(), routes, keys)
	if err != nil {
		t.Fatal(err)
	}
	for i, item := range items {
		if item == nil || string(item.Value) != keys[i] {
			t.Fatal(i, item)
		}
	}
	if sent := m.sent(); len(sent) != 4 {
		t.Fatal(sent)
	}
}

func TestALostInvalidationNamesEveryNodeAndGoesOn(t *testing.T) {
	c, m := carrierOf(t, ramp)
	m.fails = func(*Step) bool { return true }
	written, err := invalidate(context.Background(), t, c, "k")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, m.sent(), []string{"b0 delete k", "g0 delete k"})
	var lost *ringshift.InvalidationLostError
	if !errors.As(written.Err(), &lost) || !errors.Is(lost, ringshift.ErrInvalidationLost) || !errors.Is(lost, errDown) {
		t.Fatal(written.Err())
	}
	if strings.Contains(lost.Error(), " k") {
		t.Fatal("keys stay out of messages:", lost)
	}
	equal(t, lost.Lost, []ringshift.LostInvalidation{
		{Cluster: "blue", Node: "b0", Address: "b:1", Key: "k"}, {Cluster: "green", Node: "g0", Address: "g:1", Key: "k"},
	})
	metrics, err := c.Router.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	for _, debt := range metrics.Debts {
		if debt.Lost != 1 || !debt.Open {
			t.Fatalf("%+v", debt)
		}
	}
}

func TestAnInvalidationThatMeetsANewSpecIsSentToTheNodesOfBoth(t *testing.T) {
	old := testbed.Spec{Blue: []string{"b:1"}}
	c, m := carrierOf(t, old)
	next := testbed.Spec{Blue: []string{"b:1"}, Green: []string{"g:1"}, Stage: "prepare"}
	applied := false
	m.before = func(*Step) {
		if !applied {
			applied = true
			next.Apply(t, c.Router)
		}
	}
	written, err := invalidate(context.Background(), t, c, "k")
	if err != nil || written.Err() != nil {
		t.Fatal(err, written.Err())
	}
	equal(t, m.sent(), []string{"b0 delete k", "b0 delete k", "g0 delete k"})
}

func TestAnInvalidationOfAKeyThatIsNoTextMeetsANewSpecToo(t *testing.T) {
	c, m := carrierOf(t, testbed.Spec{Blue: []string{"b:1"}})
	next := testbed.Spec{Blue: []string{"b:1"}, Green: []string{"g:1"}, Stage: "prepare"}
	var once sync.Once
	m.before = func(*Step) { once.Do(func() { next.Apply(t, c.Router) }) }
	written, err := invalidate(context.Background(), t, c, "\xff")
	if err != nil || written.Err() != nil {
		t.Fatal(err, written.Err())
	}
	equal(t, m.sent(), []string{"b0 delete \xff", "b0 delete \xff", "g0 delete \xff"})
}

func TestAWriteThatHasBegunGoesOnWhenItsContextEnds(t *testing.T) {
	c, m := carrierOf(t, ramp)
	ctx, cancel := context.WithCancel(context.Background())
	m.before = func(*Step) { cancel() }
	written, err := invalidate(ctx, t, c, "k")
	if err != nil || written.Err() != nil {
		t.Fatal(err, written)
	}
	equal(t, m.sent(), []string{"b0 delete k", "g0 delete k"})
	if _, err := c.Read(ctx, route(t, c, "k"), "k"); !errors.Is(err, context.Canceled) {
		t.Fatal("a read by a context that has ended is no miss:", err)
	}
	equal(t, m.sent(), nil)
	written, err = c.ReplaceOne(ctx, route(t, c, "k"), "k", &Item{})
	if err != nil || written.Err() != nil || written.Done[0] {
		t.Fatal(err, written)
	}
	equal(t, m.sent(), []string{"g0 seek k", "b0 take k", "b0 delete k", "g0 delete k"})
}

func TestWhatANodeRefusesIsRemovedThere(t *testing.T) {
	c, m := carrierOf(t, ramp)
	m.put("g:1", "g1:", "k", &Item{Value: []byte("old")})
	m.refuses = func(item *Item) bool { return len(item.Value) > 3 }
	routes := []*ringshift.Route{route(t, c, "k")}
	written, err := c.Store(context.Background(), routes, []string{"k"}, []*Item{{Value: []byte("large")}}, Set, nil)
	if err != nil || written.Err() == nil || errors.Is(written.Err(), ringshift.ErrInvalidationLost) {
		t.Fatal(err, written)
	}
	equal(t, m.sent(), []string{"b0 delete k", "g0 set k", "g0 delete k"})
}

func TestTheLongestTimeToLiveIsTheSpecs(t *testing.T) {
	spec := ramp
	spec.MaxTTL = "50s"
	c, m := carrierOf(t, spec)
	for ttl, stored := range map[time.Duration]time.Duration{
		Forever: 50 * time.Second, time.Hour: 50 * time.Second, time.Second: time.Second, Unknown: Unknown,
	} {
		routes := []*ringshift.Route{route(t, c, "k")}
		written, err := c.Store(context.Background(), routes, []string{"k"}, []*Item{{TTL: ttl}}, Set, nil)
		if err != nil || written.Err() != nil {
			t.Fatal(err, written)
		}
		if item := m.at("g:1", "g1:", "k"); item.TTL != stored {
			t.Fatalf("%v is stored for %v; want %v", ttl, item.TTL, stored)
		}
	}
}

func TestReplicasBehindAMissAreAskedForTokensOnly(t *testing.T) {
	spec := testbed.Spec{Blue: []string{"b:1"}, Green: []string{"g:1", "g:2"}, Stage: "ramp", Percent: 100}
	spec.Replicas = 2
	spec.Blue = []string{"b:1", "b:2"}
	c, m := carrierOf(t, spec)
	where := route(t, c, "k")
	nodes := slices.Collect(where.Read().Nodes())
	m.put(nodes[1].Address(), "g1:", "k", &Item{Value: []byte("left behind")})
	item, err := c.Load(context.Background(), c.Arrive(), where, "k", func(context.Context) (*Item, error) {
		return &Item{Value: []byte("loaded")}, nil
	})
	if err != nil || string(item.Value) != "loaded" {
		t.Fatal(item, err)
	}
	if there := m.at(nodes[1].Address(), "g1:", "k"); string(there.Value) != "left behind" {
		t.Fatal("a value that was there is left alone")
	}
	if there := m.at(nodes[0].Address(), "g1:", "k"); there == nil || string(there.Value) != "loaded" {
		t.Fatal("where the token is held, it is stored")
	}
}
