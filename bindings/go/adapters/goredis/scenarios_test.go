package goredis_test

// What holds for every adapter: the scenarios of testbed, run on this one.

import (
	"context"
	"errors"
	"regexp"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"ringshift"
	"ringshift/adapters/goredis"
	"ringshift/internal/testbed"
)

// adapter is this one, as the scenarios use it.
var adapter = testbed.Adapter[cache]{
	Start: testbed.Redis,
	Keeping: func(t testing.TB) []string {
		return []string{"--appendonly", "yes", "--appendfsync", "no", "--dir", t.TempDir()}
	},
	Client: func(t testing.TB, spec testbed.Spec) cache { return cache{clientOf(t, spec)} },
	Open: func(t testing.TB, router *ringshift.Router, limit time.Duration) cache {
		client := goredis.New(router, &redis.Options{DialTimeout: limit, ReadTimeout: limit, WriteTimeout: limit})
		t.Cleanup(func() { must(t, client.Close()) })
		return cache{client}
	},
	Miss:      redis.Nil,
	IsRequest: regexp.MustCompile(`(?i)^(get|del|hello)$`).MatchString,
	Put: func(t testing.TB, server *testbed.Server, key, value string, left time.Duration) {
		t.Helper()
		must(t, bare(t, server).Set(ctx, key, value, left).Err())
	},
	On: on,
}

// cache is a client as the scenarios use it.
type cache struct{ *goredis.Client }

func (c cache) Load(key string, load func() ([]byte, error)) ([]byte, error) {
	return c.GetOrLoad(ctx, key, func(context.Context) ([]byte, error) { return load() }, time.Minute)
}

func (c cache) Read(key string) (string, error) { return c.Get(ctx, key).Result() }

func (c cache) Invalidate(key string) error { return c.Client.Invalidate(ctx, key) }

func TestStages(t *testing.T) {
	adapter.Stages(t, func(t *testing.T, client cache) {
		is(t, client.Set(ctx, "k", "v", 0), "OK")
		is(t, client.Get(ctx, "k"), "v")
	}, func(t *testing.T, client cache) {
		is(t, client.Del(ctx, "k", "absent"), 1)
		is(t, client.Unlink(ctx, "k"), 0)
		wants(t, client.Get(ctx, "k").Err(), redis.Nil)
	})
}

func TestAWriteLeavesNoOldValueInAnyStage(t *testing.T) {
	adapter.WritesLeaveNothingOld(t, func(client cache) error {
		return client.Set(ctx, "k", "new", 0).Err()
	}, func(client cache) error { return client.Del(ctx, "k").Err() })
}

func TestUnreached(t *testing.T) { adapter.Unreached(t) }

func TestFaultsOfANode(t *testing.T) { adapter.Faults(t) }

func TestReplicas(t *testing.T) { adapter.Replicas(t) }

func TestLoadsOfOneKeyAreOneLoad(t *testing.T) { adapter.OneLoad(t) }

func TestNobodyReadsWhatIsOlderThanACompletedWrite(t *testing.T) {
	adapter.NoStaleReads(t, func(router *ringshift.Router) cache { return cache{goredis.New(router, nil)} })
}

func TestAnInvalidationThatMeetsANewSpecIsSentToTheNodesOfBoth(t *testing.T) {
	adapter.InvalidationMeetsNewSpec(t, "del")
}

func TestNothingIsLeftOfAClosedClient(t *testing.T) {
	adapter.NothingIsLeft(t, func(router *ringshift.Router, dial testbed.Dial) (use func(string) error, end func() error) {
		client := goredis.New(router, &redis.Options{Dialer: dial})
		return func(key string) error {
			_, err := client.GetOrLoad(ctx, key, loaded("v"), 0)
			return errors.Join(err, client.MGet(ctx, key, "other").Err(), client.Invalidate(ctx, key))
		}, client.Close
	})
}
