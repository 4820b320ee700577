package steps_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"ringshift"
	"ringshift/internal/steps"
)

// sent is a transport that keeps steps and does what a test wants with them.
type sent struct {
	lock  sync.Mutex
	steps []*steps.Step
	reply func(ctx context.Context, step *steps.Step) steps.Reply
}

func (s *sent) Send(ctx context.Context, step *steps.Step) []steps.Reply {
	s.lock.Lock()
	s.steps = append(s.steps, step)
	s.lock.Unlock()
	replies := make([]steps.Reply, len(step.Keys))
	for i := range replies {
		replies[i] = s.reply(ctx, step)
	}
	return replies
}

func opened(t *testing.T, spec string) *ringshift.Router {
	t.Helper()
	router, err := ringshift.FromSpec([]byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = router.Close() })
	return router
}

const one = `{"format": 1, "generation": 1, "primary": "blue", "max_ttl": "1h", "clusters": {"blue": {
	"placement": {"kind": "modulo", "flavor": "libmemcached"}, "nodes": [{"id": "a", "address": "127.0.0.1:1"}]}}}`

const replicas = `{"format": 1, "generation": 1, "primary": "blue", "clusters": {"blue": {
	"placement": {"kind": "ring"}, "replicas": 2,
	"nodes": [{"id": "a", "address": "127.0.0.1:1"}, {"id": "b", "address": "127.0.0.1:2"}]}}}`

func routed(t *testing.T, router *ringshift.Router) []*ringshift.Route {
	t.Helper()
	route, err := router.Route("k")
	if err != nil {
		t.Fatal(err)
	}
	return []*ringshift.Route{route}
}

func TestAnItemThatIsOverStaysOver(t *testing.T) {
	router := opened(t, one)
	log := &sent{reply: func(context.Context, *steps.Step) steps.Reply { return steps.Reply{Done: true} }}
	carrier := &steps.Carrier{Router: router, Transport: log}
	for _, ttl := range []time.Duration{steps.Unknown, steps.Forever, time.Minute, 2 * time.Hour} {
		_, err := carrier.Store(context.Background(), routed(t, router), []string{"k"}, []*steps.Item{{TTL: ttl}}, steps.Set, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []time.Duration{steps.Unknown, time.Hour, time.Minute, time.Hour} {
		if found := log.steps[i].Items[0].TTL; found != want {
			t.Errorf("item %d was sent with %v; want %v", i, found, want)
		}
	}
}

func TestAnInvalidationIsSentToAllThoughItsCallerGoesAway(t *testing.T) {
	router := opened(t, replicas)
	ctx, cancel := context.WithCancel(context.Background())
	log := &sent{reply: func(ctx context.Context, _ *steps.Step) steps.Reply {
		cancel()
		if err := ctx.Err(); err != nil {
			return steps.Reply{Failure: err, Silent: true}
		}
		return steps.Reply{Done: true}
	}}
	carrier := &steps.Carrier{Router: router, Transport: log}
	written, err := carrier.Invalidate(ctx, routed(t, router), []string{"k"})
	if err != nil || written.Err() != nil || len(log.steps) != 2 {
		t.Fatalf("%v, %v after %d steps; want 2 that were acknowledged", err, written.Err(), len(log.steps))
	}
}
