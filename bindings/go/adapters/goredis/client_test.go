package goredis_test

// The commands of go-redis, in every stage.

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"ringshift"
	"ringshift/adapters/goredis"
	"ringshift/internal/testbed"
)

func TestEveryAdapterSendsTheSameScripts(t *testing.T) {
	for name, text := range goredis.Scripts() {
		file, err := os.ReadFile("../../../../tests/conformance/" + name + ".lua")
		must(t, err)
		if string(file) != text {
			t.Fatal(name)
		}
	}
}

func TestCommandsMeanWhatTheyMeanInRedis(t *testing.T) {
	client := clientOf(t, testbed.Spec{Blue: []string{testbed.Redis(t).Address}})
	must(t, client.Ping(ctx).Err())
	wants(t, client.Get(ctx, "k").Err(), redis.Nil)
	must(t, client.Set(ctx, "k", "\x00\xffv", 0).Err())
	if got := client.Get(ctx, "k").Val(); got != "\x00\xffv" {
		t.Fatal(got)
	}
	if client.SetNX(ctx, "k", "w", 0).Val() || !client.SetNX(ctx, "n", 1, 0).Val() {
		t.Fatal("SetNX")
	}
	if !client.SetXX(ctx, "k", "w", 100*time.Second).Val() || client.SetXX(ctx, "none", "w", 0).Val() {
		t.Fatal("SetXX")
	}
	if left := client.TTL(ctx, "k").Val(); left < 99*time.Second || left > 100*time.Second {
		t.Fatal(left)
	}
	if left := client.PTTL(ctx, "none").Val(); left != -2 {
		t.Fatal(left)
	}
	if !client.Expire(ctx, "k", 50*time.Second).Val() || client.PExpire(ctx, "none", time.Second).Val() {
		t.Fatal("Expire")
	}
	must(t, client.SetEx(ctx, "e", 1.5, time.Minute).Err())
	if got := client.MGet(ctx, "e", "none", "n").Val(); len(got) != 3 || got[0] != "1.5" || got[1] != nil || got[2] != "1" {
		t.Fatal(got)
	}
	if count := client.Exists(ctx, "e", "none", "n").Val(); count != 2 {
		t.Fatal(count)
	}
	if client.Incr(ctx, "i").Val() != 1 || client.IncrBy(ctx, "i", 5).Val() != 6 || client.Decr(ctx, "i").Val() != 5 ||
		client.DecrBy(ctx, "i", 2).Val() != 3 || client.Append(ctx, "t", "ab").Val() != 2 {
		t.Fatal("counters")
	}
	if count := client.Del(ctx, "k", "none", "e").Val(); count != 2 {
		t.Fatal(count)
	}
	if count := client.Unlink(ctx, "n").Val(); count != 1 {
		t.Fatal(count)
	}
	must(t, client.Invalidate(ctx, "k"))
	must(t, client.Close())
	wants(t, client.Get(ctx, "k").Err(), redis.Nil)
	wants(t, client.Invalidate(ctx, "k"), ringshift.ErrInvalidationLost)
}

func TestWhatCannotBeRightIsRefused(t *testing.T) {
	blue, green := testbed.Redis(t), testbed.Redis(t)
	client := clientOf(t, testbed.Spec{
		Blue: []string{blue.Address}, Green: []string{green.Address}, Stage: "ramp", Percent: 100, MaxTTL: "1h",
	})
	for _, err := range []error{
		client.Set(ctx, "k", "v", redis.KeepTTL).Err(), client.Set(ctx, "k", "v", time.Nanosecond).Err(),
		client.Set(ctx, "k", struct{}{}, 0).Err(), client.Incr(ctx, "k").Err(), client.Append(ctx, "k", "v").Err(),
	} {
		wants(t, err, ringshift.ErrInvalidArgument)
	}
	must(t, bare(t, green).LPush(ctx, "g1:list", "x").Err())
	if err := client.Get(ctx, "list").Err(); err == nil || !strings.HasPrefix(err.Error(), "WRONGTYPE") {
		t.Fatal(err)
	}
}

func TestACopyKeepsTheTimeThatIsLeft(t *testing.T) {
	blue, green := testbed.Redis(t), testbed.Redis(t)
	client := clientOf(t, testbed.Spec{
		Blue: []string{blue.Address}, Green: []string{green.Address}, Stage: "ramp", Percent: 100, MaxTTL: "1h",
	})
	for key, read := range map[string]func(string) error{
		"one":  func(key string) error { return client.Get(ctx, key).Err() },
		"many": func(key string) error { return client.MGet(ctx, key, "none").Err() },
	} {
		must(t, bare(t, blue).Set(ctx, key, "v", 50500*time.Millisecond).Err())
		must(t, read(key))
		if left := bare(t, green).PTTL(ctx, "g1:"+key).Val(); left <= 40*time.Second || left > 50500*time.Millisecond {
			t.Fatal(key, left)
		}
	}
	// What is without an end gets the spec's max_ttl.
	must(t, bare(t, blue).Set(ctx, "forever", "v", 0).Err())
	must(t, client.Get(ctx, "forever").Err())
	if left := bare(t, green).PTTL(ctx, "g1:forever").Val(); left <= 0 || left > time.Hour {
		t.Fatal(left)
	}
}

func TestAFullServerRefusesAValueAndLosesTheOldOne(t *testing.T) {
	server := testbed.Redis(t, "--maxmemory", "3mb", "--maxmemory-policy", "noeviction")
	client := clientOf(t, testbed.Spec{Blue: []string{server.Address}})
	must(t, client.Set(ctx, "k", "old", 0).Err())
	var err error
	for at := 0; err == nil && at < 100; at++ {
		err = client.Set(ctx, strings.Repeat("x", at+1), make([]byte, 200_000), 0).Err()
	}
	if err == nil || !strings.HasPrefix(err.Error(), "OOM") {
		t.Fatal(err)
	}
	if err := client.Set(ctx, "k", make([]byte, 200_000), 0).Err(); err == nil {
		t.Fatal("there was room")
	}
	wants(t, client.Get(ctx, "k").Err(), redis.Nil)
	value, err := client.GetOrLoad(ctx, "l", loaded("v"), 0)
	gives(t, value, err, "v")
}
