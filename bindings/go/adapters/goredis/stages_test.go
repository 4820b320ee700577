package goredis_test

// What a migration does with values: how they are copied, how long they live and which of many keys are where.

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"ringshift/internal/testbed"
)

func TestCopiesKeepBytesAndTheTimeThatIsLeft(t *testing.T) {
	blue, green := testbed.Redis(t), testbed.Redis(t)
	client := clientOf(t, testbed.Spec{
		Blue: []string{blue.Address}, Green: []string{green.Address}, Stage: "ramp", Percent: 100,
	})
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	values := map[string]string{"every": string(every), "empty": "", "lines": "\r\n$-1\r\n", "large": strings.Repeat("x", 3<<20)}
	for key, value := range values {
		must(t, bare(t, blue).Set(ctx, key, value, 1000*time.Second).Err())
	}
	must(t, bare(t, blue).Set(ctx, "forever", "v", 0).Err())
	values["forever"] = "v"
	for key, value := range values {
		is(t, client.Get(ctx, key), value)
		is(t, client.Get(ctx, key), value)
		if on(t, green, "g1:"+key) != value {
			t.Fatalf("%s was not copied", key)
		}
		if key == "forever" {
			lives(t, green, "g1:"+key, -1)
		} else {
			lives(t, green, "g1:"+key, 1000*time.Second)
		}
	}
}

func TestManyKeysAreReadByTheirOwnRoutes(t *testing.T) {
	client, keys, green := adapter.HalfMoved(t)
	for range 2 {
		found, err := client.MGet(ctx, keys...).Result()
		must(t, err)
		for i, value := range found {
			if i%2 == 0 && value != "v "+keys[i] || i%2 == 1 && value != nil {
				t.Fatalf("%s: %v", keys[i], value)
			}
		}
	}
	is(t, client.Exists(ctx, keys...), 300)
	copied := 0
	for _, server := range green {
		size, err := bare(t, server).Keys(ctx, "g1:key:*").Result()
		must(t, err)
		copied += len(size)
	}
	if copied < 100 || copied > 200 {
		t.Fatalf("%d of 300 keys were copied at 50 percent", copied)
	}
}

func TestTimesToLive(t *testing.T) {
	blue, green := testbed.Redis(t), testbed.Redis(t)
	spec := testbed.Spec{Blue: []string{blue.Address}, Green: []string{green.Address}, Stage: "ramp", Percent: 100, MaxTTL: "1h"}
	client := clientOf(t, spec)
	for expiration, bound := range map[time.Duration]time.Duration{0: time.Hour, 100 * time.Hour: time.Hour, time.Minute: time.Minute} {
		is(t, client.Set(ctx, "k", "v", expiration), "OK")
		lives(t, green, "g1:k", bound)
		is(t, client.SetXX(ctx, "k", "v", expiration), true)
		lives(t, green, "g1:k", bound)
		must(t, client.Invalidate(ctx, "k"))
		is(t, client.SetXX(ctx, "k", "v", expiration), false)
		is(t, client.SetNX(ctx, "k", "v", expiration), true)
		is(t, client.SetNX(ctx, "k", "w", expiration), false)
		lives(t, green, "g1:k", bound)
		must(t, client.Invalidate(ctx, "k"))
		_, err := client.GetOrLoad(ctx, "k", loaded("v"), expiration)
		must(t, err)
		lives(t, green, "g1:k", bound)
	}
	is(t, client.SetEx(ctx, "k", "v", time.Minute), "OK")
	is(t, client.Expire(ctx, "k", 10*time.Minute), true)
	lives(t, green, "g1:k", 10*time.Minute)
	is(t, client.PExpire(ctx, "k", 100*time.Hour), true)
	lives(t, green, "g1:k", time.Hour)
	is(t, client.Expire(ctx, "k", time.Minute), true)
	is(t, client.Persist(ctx, "k"), true)
	lives(t, green, "g1:k", time.Hour)
	is(t, client.Expire(ctx, "absent", time.Minute), false)
	left, err := client.TTL(ctx, "k").Result()
	if err != nil || left > time.Hour || left < 59*time.Minute || left%time.Second != 0 {
		t.Fatal(left, err)
	}
	is(t, client.TTL(ctx, "absent"), -2)
	must(t, bare(t, blue).Set(ctx, "old", "v", 0).Err())
	is(t, client.PTTL(ctx, "old"), -1)
	// As in Redis: what is over is gone.
	is(t, client.Expire(ctx, "k", 0), true)
	is(t, client.Expire(ctx, "k", -time.Second), false)
	wants(t, client.Get(ctx, "k").Err(), redis.Nil)
}
