package goredis_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"ringshift"
	"ringshift/adapters/goredis"
	"ringshift/internal/testbed"
)

func open(t *testing.T, spec string) (*ringshift.Router, *goredis.Client) {
	t.Helper()
	router, err := ringshift.FromSpec([]byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	client := goredis.New(router, nil)
	t.Cleanup(func() {
		_ = client.Close()
		_ = router.Close()
	})
	return router, client
}

func alone(server *testbed.Server) string { return testbed.Text(1, []*testbed.Server{server}, nil, "") }

func moving(from, to *testbed.Server, stage string) string {
	return testbed.Text(1, []*testbed.Server{from}, []*testbed.Server{to}, stage)
}

// bare is go-redis itself, to look at what is there.
func bareOf(t *testing.T, server *testbed.Server) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: server.Address})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// value is what a server has under a key; nothing too for a lease.
func value(t *testing.T, server *testbed.Server, key string) string {
	t.Helper()
	text := bareOf(t, server).Get(ctx, key).Val()
	if strings.HasPrefix(text, "\x00ringshift:lease:") {
		return ""
	}
	return text
}

func mustGet[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func isError(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("%v, not %v", err, target)
	}
}

func load(text string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return []byte(text), nil }
}

func TestEveryAdapterSendsTheSameScripts(t *testing.T) {
	for name, text := range goredis.Scripts() {
		file := mustGet[[]byte](t)(os.ReadFile("../../../../tests/conformance/" + name + ".lua"))
		if string(file) != text {
			t.Fatal(name)
		}
	}
}

func TestCommandsMeanWhatTheyMeanInRedis(t *testing.T) {
	_, client := open(t, alone(testbed.Redis(t)))
	check(t, client.Ping(ctx).Err())
	isError(t, client.Get(ctx, "k").Err(), redis.Nil)
	check(t, client.Set(ctx, "k", "\x00\xffv", 0).Err())
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
	check(t, client.SetEx(ctx, "e", 1.5, time.Minute).Err())
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
	check(t, client.Invalidate(ctx, "k"))
	check(t, client.Close())
	isError(t, client.Get(ctx, "k").Err(), redis.Nil)
	isError(t, client.Invalidate(ctx, "k"), ringshift.ErrInvalidationLost)
}

func TestWhatCannotBeRightIsRefused(t *testing.T) {
	from, to := testbed.Redis(t), testbed.Redis(t)
	_, client := open(t, moving(from, to, "ramp"))
	for _, err := range []error{
		client.Set(ctx, "k", "v", redis.KeepTTL).Err(), client.Set(ctx, "k", "v", time.Nanosecond).Err(),
		client.Set(ctx, "k", struct{}{}, 0).Err(), client.Incr(ctx, "k").Err(), client.Append(ctx, "k", "v").Err(),
	} {
		isError(t, err, ringshift.ErrInvalidArgument)
	}
	check(t, bareOf(t, to).LPush(ctx, "g1:list", "x").Err())
	if err := client.Get(ctx, "list").Err(); err == nil || !strings.HasPrefix(err.Error(), "WRONGTYPE") {
		t.Fatal(err)
	}
}

func TestEveryStage(t *testing.T) {
	from, to := testbed.Redis(t), testbed.Redis(t)
	for _, stage := range []string{"none", "prepare", "ramp", "soak"} {
		_, client := open(t, moving(from, to, stage))
		for name, write := range map[string]func() error{
			"Set": func() error { return client.Set(ctx, "k", "new", 0).Err() },
			"Del": func() error { return client.Del(ctx, "k").Err() },
		} {
			check(t, bareOf(t, from).Set(ctx, "k", "old", 0).Err())
			check(t, bareOf(t, to).Set(ctx, "g1:k", "old", 0).Err())
			check(t, write())
			expected := map[bool]string{true: "new", false: ""}[name == "Set"]
			source, destination := expected, ""
			if stage == "ramp" || stage == "soak" {
				source, destination = "", expected
			}
			left, right := value(t, from, "k"), value(t, to, "g1:k")
			if left != source || (stage != "none" && right != destination) {
				t.Fatal(stage, name, left, right)
			}
		}
	}
}

func TestACopyKeepsTheTimeThatIsLeft(t *testing.T) {
	from, to := testbed.Redis(t), testbed.Redis(t)
	_, client := open(t, moving(from, to, "ramp"))
	for key, read := range map[string]func(string) error{
		"one":  func(key string) error { return client.Get(ctx, key).Err() },
		"many": func(key string) error { return client.MGet(ctx, key, "none").Err() },
	} {
		check(t, bareOf(t, from).Set(ctx, key, "v", 50500*time.Millisecond).Err())
		check(t, read(key))
		if left := bareOf(t, to).PTTL(ctx, "g1:"+key).Val(); left <= 40*time.Second || left > 50500*time.Millisecond {
			t.Fatal(key, left)
		}
	}
	// What is without an end gets the spec's max_ttl.
	check(t, bareOf(t, from).Set(ctx, "forever", "v", 0).Err())
	check(t, client.Get(ctx, "forever").Err())
	if left := bareOf(t, to).PTTL(ctx, "g1:forever").Val(); left <= 0 || left > time.Hour {
		t.Fatal(left)
	}
}

func TestTokens(t *testing.T) {
	server := testbed.Redis(t)
	router, client := open(t, alone(server))
	other := goredis.New(router, nil)
	t.Cleanup(func() { _ = other.Close() })
	got := mustGet[[]byte](t)
	if string(got(client.GetOrLoad(ctx, "k", load("1"), time.Minute))) != "1" ||
		string(got(client.GetOrLoad(ctx, "k", load("2"), time.Minute))) != "1" {
		t.Fatal("the load was not stored")
	}
	overtaken := func(context.Context) ([]byte, error) {
		isError(t, other.Get(ctx, "l").Err(), redis.Nil)
		if all := other.MGet(ctx, "l", "none").Val(); all[0] != nil {
			t.Error(all)
		}
		return []byte("old"), other.Invalidate(ctx, "l")
	}
	got(client.GetOrLoad(ctx, "l", overtaken, 0))
	isError(t, client.Get(ctx, "l").Err(), redis.Nil)
	again := func(context.Context) ([]byte, error) {
		check(t, other.Invalidate(ctx, "m"))
		got(other.GetOrLoad(ctx, "m", load("new"), 0))
		return []byte("old"), nil
	}
	got(client.GetOrLoad(ctx, "m", again, 0))
	if text := client.Get(ctx, "m").Val(); text != "new" {
		t.Fatal(text)
	}
	restarted := func(context.Context) ([]byte, error) {
		server.Kill()
		check(t, server.Start())
		return []byte("old"), nil
	}
	got(client.GetOrLoad(ctx, "r", restarted, 0))
	isError(t, client.Get(ctx, "r").Err(), redis.Nil)
	// The server knows the scripts no more.
	got(client.GetOrLoad(ctx, "s", load("v"), 0))
	if text := client.Get(ctx, "s").Val(); text != "v" {
		t.Fatal(text)
	}
	nothing := func(context.Context) ([]byte, error) { return nil, nil }
	_, err := client.GetOrLoad(ctx, "none", nothing, 0)
	isError(t, err, redis.Nil)
}

func TestADeadNodeIsAMissAndItsInvalidationAnError(t *testing.T) {
	from, to := testbed.Redis(t), testbed.Redis(t)
	_, client := open(t, moving(from, to, "ramp"))
	check(t, client.Set(ctx, "k", "v", 0).Err())
	to.Kill()
	isError(t, client.Get(ctx, "k").Err(), redis.Nil)
	var lost *ringshift.InvalidationLostError
	if err := client.Invalidate(ctx, "k"); !errors.As(err, &lost) || lost.Lost[0].Cluster != "green" || lost.Lost[0].Key != "k" {
		t.Fatal(err)
	}
	if text := mustGet[[]byte](t)(client.GetOrLoad(ctx, "k", load("7"), 0)); string(text) != "7" {
		t.Fatal(text)
	}
}

func TestAFullServerRefusesAValueAndLosesTheOldOne(t *testing.T) {
	server := testbed.Redis(t, "--maxmemory", "3mb", "--maxmemory-policy", "noeviction")
	_, client := open(t, alone(server))
	check(t, client.Set(ctx, "k", "old", 0).Err())
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
	isError(t, client.Get(ctx, "k").Err(), redis.Nil)
	if text := mustGet[[]byte](t)(client.GetOrLoad(ctx, "l", load("v"), 0)); string(text) != "v" {
		t.Fatal(text)
	}
}

func TestACallerThatGoesAwayIsNoFaultOfTheNode(t *testing.T) {
	router, client := open(t, alone(testbed.Redis(t)))
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_ = client.Get(gone, "k").Err()
	for _, request := range mustGet[*ringshift.Metrics](t)(router.Metrics()).Requests {
		if request.Outcome == "error" || request.Outcome == "timeout" {
			t.Fatal(request)
		}
	}
}
