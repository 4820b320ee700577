package goredis_test

// Many goroutines at the same time, for the race detector, and what they share.

import (
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"

	"ringshift"
	"ringshift/adapters/goredis"
	"ringshift/internal/testbed"
)

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
