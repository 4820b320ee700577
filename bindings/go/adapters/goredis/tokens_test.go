package goredis_test

// Fills are defeated by whatever was removed since their token was taken.

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"ringshift/internal/testbed"
)

func TestALoadIsStoredAndReadAgain(t *testing.T) {
	server := testbed.Redis(t)
	client := clientOf(t, testbed.Spec{Blue: []string{server.Address}})
	for _, value := range []string{"v", "", "\x00\r\n"} {
		must(t, client.Invalidate(ctx, "k"))
		for _, load := range []string{value, "it is not asked again"} {
			got, err := client.GetOrLoad(ctx, "k", loaded(load), time.Minute)
			gives(t, got, err, value)
		}
		is(t, client.Get(ctx, "k"), value)
		lives(t, server, "k", time.Minute)
	}
	// A server that has forgotten its scripts is sent them again.
	must(t, bare(t, server).ScriptFlush(ctx).Err())
	got, err := client.GetOrLoad(ctx, "other", loaded("v"), time.Minute)
	gives(t, got, err, "v")
	is(t, client.Get(ctx, "other"), "v")
}

func TestWhatStandsInForATokenIsAMissToEveryRead(t *testing.T) {
	server := testbed.Redis(t)
	client := clientOf(t, testbed.Spec{Blue: []string{server.Address}})
	_, err := client.GetOrLoad(ctx, "k", nothing, 0)
	wants(t, err, redis.Nil)
	if lease := on(t, server, "k"); !strings.HasPrefix(lease, "\x00ringshift:lease:") {
		t.Fatalf("%q", lease)
	}
	lives(t, server, "k", 30*time.Second)
	wants(t, client.Get(ctx, "k").Err(), redis.Nil)
	is(t, client.Exists(ctx, "k"), 0)
	is(t, client.PTTL(ctx, "k"), -2)
	if found, err := client.MGet(ctx, "k", "other").Result(); err != nil || found[0] != nil || found[1] != nil {
		t.Fatal(found, err)
	}
	// The token that another reader left behind is as good as a new one.
	got, err := client.GetOrLoad(ctx, "k", loaded("v"), 0)
	gives(t, got, err, "v")
	is(t, client.Get(ctx, "k"), "v")
}

func TestAnInvalidationDefeatsTheFillOfALoadThatBeganBefore(t *testing.T) {
	server := testbed.Redis(t)
	client := clientOf(t, testbed.Spec{Blue: []string{server.Address}})
	another := clientOf(t, testbed.Spec{Blue: []string{server.Address}})
	for name, meanwhile := range map[string]func(){
		"an invalidation": func() { must(t, client.Invalidate(ctx, "k")) },
		"a set and a delete": func() {
			is(t, client.Set(ctx, "k", "new", 0), "OK")
			is(t, client.Del(ctx, "k"), 1)
		},
		"another reader's token": func() {
			must(t, client.Invalidate(ctx, "k"))
			_, err := another.GetOrLoad(ctx, "k", nothing, 0)
			wants(t, err, redis.Nil)
		},
		"a restart": func() { server.Restart(t) },
	} {
		t.Run(name, func(t *testing.T) {
			got, err := client.GetOrLoad(ctx, "k", func(context.Context) ([]byte, error) {
				meanwhile()
				return []byte("old"), nil
			}, 0)
			gives(t, got, err, "old")
			wants(t, client.Get(ctx, "k").Err(), redis.Nil)
			got, err = client.GetOrLoad(ctx, "k", loaded("new"), 0)
			gives(t, got, err, "new")
			is(t, client.Get(ctx, "k"), "new")
			must(t, client.Invalidate(ctx, "k"))
		})
	}
}

func TestALoadThatBeganBeforeDoesNotReplaceWhatAnotherReaderStoredSince(t *testing.T) {
	spec := testbed.Spec{Blue: []string{testbed.Redis(t).Address}}
	client, other := clientOf(t, spec), clientOf(t, spec)
	_, err := client.GetOrLoad(ctx, "k", func(context.Context) ([]byte, error) {
		must(t, other.Invalidate(ctx, "k"))
		_, err := other.GetOrLoad(ctx, "k", loaded("new"), 0)
		return []byte("old"), err
	}, 0)
	must(t, err)
	is(t, client.Get(ctx, "k"), "new")
}

func TestTokensOfManyKeysShareRoundTrips(t *testing.T) {
	blue, green := testbed.Redis(t), testbed.Redis(t)
	client := clientOf(t, testbed.Spec{
		Blue: []string{blue.Address}, Green: []string{green.Address}, Stage: "ramp", Percent: 100,
	})
	var keys []string
	for i := range 500 {
		keys = append(keys, fmt.Sprint("k", i))
		must(t, bare(t, blue).Set(ctx, keys[i], fmt.Sprint(i), time.Hour).Err())
	}
	for range 2 {
		found, err := client.MGet(ctx, keys...).Result()
		must(t, err)
		for i, value := range found {
			if value != fmt.Sprint(i) {
				t.Fatal(i, value)
			}
		}
	}
	if size, err := bare(t, green).DBSize(ctx).Result(); err != nil || size != 500 {
		t.Fatal(size, err)
	}
}
