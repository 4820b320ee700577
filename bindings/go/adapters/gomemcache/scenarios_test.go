package gomemcache_test

// What holds for every adapter: the scenarios of testbed, run on this one.

import (
	"errors"
	"regexp"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift"
	"ringshift/adapters/gomemcache"
	"ringshift/internal/testbed"
)

// adapter is this one, as the scenarios use it.
var adapter = testbed.Adapter[cache]{
	Start:  testbed.Memcached,
	Client: func(t testing.TB, spec testbed.Spec) cache { return cache{clientOf(t, spec)} },
	Open: func(t testing.TB, router *ringshift.Router, limit time.Duration) cache {
		client := gomemcache.New(router, gomemcache.Options{Timeout: limit, MaxIdleConns: 16})
		t.Cleanup(func() { must(t, client.Close()) })
		return cache{client}
	},
	Miss:      memcache.ErrCacheMiss,
	IsRequest: regexp.MustCompile(`^(gets|mg|delete) `).MatchString,
	Put: func(t testing.TB, server *testbed.Server, key, value string, left time.Duration) {
		t.Helper()
		must(t, bare(server).Set(&memcache.Item{Key: key, Value: []byte(value), Expiration: int32(left / time.Second)}))
	},
	On: on,
}

// cache is a client as the scenarios use it.
type cache struct{ *gomemcache.Client }

func (c cache) Load(key string, load func() ([]byte, error)) ([]byte, error) {
	item, err := c.GetOrLoad(key, load, 100)
	if err != nil {
		return nil, err
	}
	return item.Value, nil
}

func (c cache) Read(key string) (string, error) {
	item, err := c.Get(key)
	if err != nil {
		return "", err
	}
	return string(item.Value), nil
}

func TestStages(t *testing.T) {
	adapter.Stages(t, func(t *testing.T, client cache) {
		must(t, client.Set(&memcache.Item{Key: "k", Value: []byte("v")}))
		holds(t, client.Client, "k", "v")
	}, func(t *testing.T, client cache) {
		must(t, client.Delete("k"))
		wants(t, client.Delete("k"), memcache.ErrCacheMiss)
		_, err := client.Get("k")
		wants(t, err, memcache.ErrCacheMiss)
	})
}

func TestAWriteLeavesNoOldValueInAnyStage(t *testing.T) {
	adapter.WritesLeaveNothingOld(t, func(client cache) error {
		return client.Set(&memcache.Item{Key: "k", Value: []byte("new")})
	}, func(client cache) error { return client.Delete("k") })
}

func TestUnreached(t *testing.T) { adapter.Unreached(t) }

func TestFaultsOfANode(t *testing.T) { adapter.Faults(t) }

func TestReplicas(t *testing.T) { adapter.Replicas(t) }

func TestLoadsOfOneKeyAreOneLoad(t *testing.T) { adapter.OneLoad(t) }

func TestNobodyReadsWhatIsOlderThanACompletedWrite(t *testing.T) {
	adapter.NoStaleReads(t, func(router *ringshift.Router) cache {
		return cache{gomemcache.New(router, gomemcache.Options{MaxIdleConns: 4})}
	})
}

func TestAnInvalidationThatMeetsANewSpecIsSentToTheNodesOfBoth(t *testing.T) {
	adapter.InvalidationMeetsNewSpec(t, "delete k")
}

func TestNothingIsLeftOfAClosedClient(t *testing.T) {
	adapter.NothingIsLeft(t, func(router *ringshift.Router, dial testbed.Dial) (use func(string) error, end func() error) {
		client := gomemcache.New(router, gomemcache.Options{MaxIdleConns: 8, DialContext: dial})
		return func(key string) error {
			_, load := client.GetOrLoad(key, loaded("v"), 0)
			_, many := client.GetMulti([]string{key, "other"})
			return errors.Join(load, many, client.Invalidate(key))
		}, client.Close
	})
}
