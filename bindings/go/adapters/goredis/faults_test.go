package goredis_test

// Servers that die, hang, refuse and answer half of what they were asked; contexts that end.

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"ringshift"
	"ringshift/adapters/goredis"
	"ringshift/internal/testbed"
)

func TestADeadNode(t *testing.T) {
	blue, green := testbed.Redis(t), testbed.Redis(t)
	client := clientOf(t, testbed.Spec{
		Blue: []string{blue.Address}, Green: []string{green.Address}, Stage: "ramp", Percent: 100,
	})
	is(t, client.Set(ctx, "k", "v", 0), "OK")
	green.Kill()
	wants(t, client.Get(ctx, "k").Err(), redis.Nil)
	must(t, bare(t, blue).Set(ctx, "k", "w", 0).Err())
	is(t, client.Get(ctx, "k"), "w")
	if found, err := client.MGet(ctx, "k", "absent").Result(); err != nil || found[0] != "w" || found[1] != nil {
		t.Fatal(found, err)
	}
	got, err := client.GetOrLoad(ctx, "absent", loaded("loaded"), 0)
	gives(t, got, err, "loaded")
	want := ringshift.LostInvalidation{Cluster: "green", Node: "g0", Address: green.Address, Key: "k"}
	for name, err := range map[string]error{
		"set": client.Set(ctx, "k", "x", 0).Err(), "del": client.Del(ctx, "k").Err(), "invalidate": client.Invalidate(ctx, "k"),
	} {
		if lost := lostOf(t, err); len(lost) != 1 || lost[0] != want {
			t.Fatal(name, lost)
		}
	}
	if lost := lostOf(t, client.Del(ctx, "k", "l").Err()); len(lost) != 2 || lost[1].Key != "l" {
		t.Fatal(lost)
	}
	if on(t, blue, "k") != "nothing" {
		t.Fatal("the other node was not invalidated")
	}
	// What the dead node did not remove is read, and stored, at the other one.
	is(t, client.SetNX(ctx, "k", "x", 0), true)
	is(t, client.Get(ctx, "k"), "x")
	if err := client.Ping(ctx).Err(); err == nil || !strings.Contains(err.Error(), "g0") || strings.Contains(err.Error(), "b0") {
		t.Fatal(err)
	}
	must(t, green.Start())
	// After many failures go-redis itself looks only now and then whether a server is back.
	for deadline := time.Now().Add(20 * time.Second); client.Ping(ctx).Err() != nil && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	is(t, client.Ping(ctx), "PONG")
	must(t, client.Invalidate(ctx, "k"))
}

func TestANodeThatHangs(t *testing.T) {
	server := testbed.Redis(t)
	relay := testbed.NewRelay(t, server, nil)
	router := testbed.Spec{Blue: []string{relay.Address}}.Router(t)
	client := goredis.New(router, &redis.Options{ReadTimeout: 50 * time.Millisecond})
	is(t, client.Ping(ctx), "PONG")
	server.Pause(t)
	relay.Forget()
	wants(t, client.Get(ctx, "k").Err(), redis.Nil)
	got, err := client.GetOrLoad(ctx, "k", loaded("v"), 0)
	gives(t, got, err, "v")
	lostOf(t, client.Invalidate(ctx, "k"))
	if asked := slices.DeleteFunc(relay.Lines(), func(line string) bool { return !adapter.IsRequest(line) }); !slices.Equal(
		asked, []string{"get", "hello", "hello"}) {
		t.Fatal("each has waited once, also while it was connecting, and not:", asked)
	}
	server.Resume(t)
	if counts := outcomes(t, router); counts["read timeout"] != 2 || counts["invalidate timeout"] != 1 || len(counts) != 2 {
		t.Fatal(counts)
	}
	must(t, client.Close())
}

func TestPasswordsAndTLSThatAreRefusedAreNotUnreachable(t *testing.T) {
	server := testbed.Redis(t)
	must(t, bare(t, server).ConfigSet(ctx, "requirepass", "right").Err())
	for outcome, options := range map[string]*redis.Options{
		"error": {Password: "wrong", ReadTimeout: time.Minute},
		// A Redis without TLS never answers to it.
		"timeout": {DialTimeout: 50 * time.Millisecond, TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12}},
	} {
		t.Run(outcome, func(t *testing.T) {
			router := testbed.Spec{Blue: []string{server.Address}}.Router(t)
			client := goredis.New(router, options)
			wants(t, client.Get(ctx, "k").Err(), redis.Nil)
			lostOf(t, client.Invalidate(ctx, "k"))
			if counts := outcomes(t, router); counts["read "+outcome] != 1 || counts["invalidate "+outcome] != 1 || len(counts) != 2 {
				t.Fatal(counts)
			}
			must(t, client.Close())
		})
	}
}

func TestAConnectionThatDiesInTheMiddleKeepsWhatWasAnswered(t *testing.T) {
	green := testbed.Redis(t)
	half := testbed.Fake(t, func(line string) (string, bool) {
		switch strings.ToLower(line) {
		case "hello", "client":
			return "-ERR unknown command\r\n", true
		case "c":
			// The last of the commands: times and values, of which the second value breaks off.
			return ":1000\r\n$1\r\nA\r\n:2000\r\n$9\r\nhal", false
		}
		return "", true
	})
	router := testbed.Spec{Blue: []string{half}, Green: []string{green.Address}, Stage: "ramp", Percent: 100}.Router(t)
	client := goredis.New(router, &redis.Options{Protocol: 2, DisableIdentity: true, MaxRetries: -1})
	found, err := client.MGet(ctx, "a", "b", "c").Result()
	must(t, err)
	if found[0] != "A" || found[1] != nil || found[2] != nil {
		t.Fatal(found)
	}
	if counts := outcomes(t, router); counts["read hit"] != 1 || counts["read error"] != 2 {
		t.Fatal(counts)
	}
	must(t, client.Close())
}

func TestConnectionsThatDiedWhileIdleAreNoFailures(t *testing.T) {
	relay := testbed.NewRelay(t, testbed.Redis(t), nil)
	client := clientOf(t, testbed.Spec{Blue: []string{relay.Address}})
	for range 5 {
		is(t, client.Set(ctx, "k", "v", 0), "OK")
		relay.Drop()
		is(t, client.Get(ctx, "k"), "v")
		relay.Drop()
		must(t, client.Invalidate(ctx, "k"))
		relay.Drop()
		got, err := client.GetOrLoad(ctx, "k", loaded("v"), 0)
		gives(t, got, err, "v")
		relay.Drop()
	}
	testbed.NoErrors(t, client.Router())
}

func TestAServerWithoutRoomRefusesAndTheOldValueIsRemoved(t *testing.T) {
	server := testbed.Redis(t)
	client := clientOf(t, testbed.Spec{Blue: []string{server.Address}})
	is(t, client.Set(ctx, "k", "old", 0), "OK")
	must(t, bare(t, server).ConfigSet(ctx, "maxmemory", "1").Err())
	err := client.Set(ctx, "k", "new", 0).Err()
	if err == nil || !strings.HasPrefix(err.Error(), "OOM") {
		t.Fatal(err)
	}
	wants(t, client.Get(ctx, "k").Err(), redis.Nil)
	// No room for a lease: it is loaded, and not stored.
	got, err := client.GetOrLoad(ctx, "k", loaded("v"), 0)
	gives(t, got, err, "v")
	wants(t, client.Get(ctx, "k").Err(), redis.Nil)
	if counts := outcomes(t, client.Router()); counts["read error"]+counts["fill error"]+counts["invalidate error"] != 0 {
		t.Fatal(counts)
	}
}

func TestContextsThatEnd(t *testing.T) {
	blue, green := testbed.Redis(t), testbed.Redis(t)
	client := clientOf(t, testbed.Spec{
		Blue: []string{blue.Address}, Green: []string{green.Address}, Stage: "ramp", Percent: 100,
	})
	is(t, client.Set(ctx, "k", "v", 0), "OK")
	ended, cancel := context.WithCancel(ctx)
	cancel()
	wants(t, client.Get(ended, "k").Err(), context.Canceled)
	wants(t, client.MGet(ended, "k").Err(), context.Canceled)
	wants(t, client.Exists(ended, "k", "l").Err(), context.Canceled)
	wants(t, client.Expire(ended, "k", time.Minute).Err(), context.Canceled)
	_, err := client.GetOrLoad(ended, "k", loaded("x"), 0)
	wants(t, err, context.Canceled)
	late, cancel := context.WithTimeout(ctx, 0)
	defer cancel()
	wants(t, client.Get(late, "k").Err(), context.DeadlineExceeded)
	for outcome := range outcomes(t, client.Router()) {
		if outcome != "invalidate ok" {
			t.Fatal("the nodes were blamed for it:", outcome)
		}
	}
	// The origin has the new value already.
	is(t, client.SetXX(ended, "k", "w", 0), true)
	is(t, client.Get(ctx, "k"), "w")
	is(t, client.SetXX(ended, "absent", "w", 0), false)
	must(t, client.Invalidate(ended, "k"))
	if on(t, green, "g1:k") != "nothing" {
		t.Fatal("it was not invalidated")
	}
}

// Callers' deadlines may be shorter than all other time limits: without them the breaker of a node that hangs would stay closed.
func TestADeadlineThatPassesWhileANodeHangsIsATimeoutOfTheNode(t *testing.T) {
	server := testbed.Redis(t)
	for name, options := range map[string]*redis.Options{
		"while it answers": {ReadTimeout: time.Hour, ContextTimeoutEnabled: true},
		"while it is connected to": {DialTimeout: time.Hour, Dialer: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			router := testbed.Spec{Blue: []string{server.Address}}.Router(t)
			client := goredis.New(router, options)
			if options.Dialer == nil {
				is(t, client.Ping(ctx), "PONG")
			}
			server.Pause(t)
			defer server.Resume(t)
			for i, ask := range []func(context.Context) error{
				func(ctx context.Context) error { return client.Get(ctx, "k").Err() },
				func(ctx context.Context) error { return client.MGet(ctx, "k", "l").Err() },
				func(ctx context.Context) error {
					_, err := client.GetOrLoad(ctx, "k", loaded("v"), 0)
					return err
				},
			} {
				before := outcomes(t, router)["read timeout"]
				late, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
				// The connection's deadline may come a little before the context's: then it is a miss.
				if err := ask(late); err != nil && !errors.Is(err, redis.Nil) && !errors.Is(err, context.DeadlineExceeded) {
					t.Fatal(i, err)
				}
				cancel()
				if counts := outcomes(t, router); counts["read timeout"] <= before || len(counts) != 1 {
					t.Fatal(i, counts)
				}
			}
			must(t, client.Close())
		})
	}
}

func TestAKeyThatHoldsSomethingElseIsTheCallersMistake(t *testing.T) {
	server := testbed.Redis(t)
	client := clientOf(t, testbed.Spec{Blue: []string{server.Address}})
	must(t, bare(t, server).LPush(ctx, "k", "v").Err())
	if err := client.Get(ctx, "k").Err(); err == nil || !strings.HasPrefix(err.Error(), "WRONGTYPE") {
		t.Fatal(err)
	}
	must(t, client.Invalidate(ctx, "k"))
	wants(t, client.Get(ctx, "k").Err(), redis.Nil)
}

func TestAClosedClientSaysNothingAboutItsNodes(t *testing.T) {
	client := clientOf(t, testbed.Spec{Blue: []string{testbed.Redis(t).Address}})
	must(t, client.Close())
	got, err := client.GetOrLoad(ctx, "k", loaded("v"), 0)
	gives(t, got, err, "v")
	wants(t, client.Get(ctx, "k").Err(), redis.Nil)
	lostOf(t, client.Invalidate(ctx, "k"))
	if client.Ping(ctx).Err() == nil || client.Incr(ctx, "k").Err() == nil {
		t.Fatal("it is closed")
	}
	counts := outcomes(t, client.Router())
	if counts["read unsent"] != 2 || counts["invalidate unsent"] != 1 || counts["fill unsent"] != 1 || len(counts) != 3 {
		t.Fatal(counts)
	}
	// Another client of the router may read what this one did not remove, once it has removed it.
	other := goredis.New(client.Router(), nil)
	must(t, other.MGet(ctx, "k").Err())
	is(t, other.Set(ctx, "k", "w", 0), "OK")
	if owed := testbed.Owed(t, client.Router()); owed != 0 {
		t.Fatal(owed)
	}
	must(t, other.Close())
}

func TestACounterIsNeverSentTwice(t *testing.T) {
	var counted atomic.Int32
	// A server that counts, and dies before it answers.
	address := testbed.Fake(t, func(line string) (string, bool) {
		switch strings.ToLower(line) {
		case "incrby":
			counted.Add(1)
			return "", false
		case "hello", "client":
			return "-ERR unknown command\r\n", true
		}
		return "", true
	})
	client := clientOf(t, testbed.Spec{Blue: []string{address}})
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	wants(t, client.Incr(ended, "n").Err(), context.Canceled)
	if counts := outcomes(t, client.Router()); len(counts) != 0 {
		t.Fatal("the node was blamed for it:", counts)
	}
	if err := client.Incr(context.Background(), "n").Err(); err == nil {
		t.Error("what was not answered was no error")
	}
	if times := counted.Load(); times != 1 {
		t.Errorf("counted %d times; want once", times)
	}
}
