package gomemcache_test

// Many goroutines at the same time, for the race detector, and what they share.

import (
	"errors"
	"testing"

	"ringshift"
	"ringshift/adapters/gomemcache"
	"ringshift/internal/testbed"
)

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
