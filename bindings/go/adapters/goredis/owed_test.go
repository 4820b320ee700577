package goredis_test

// Invalidations that were not sent at all, and who sends lost ones again.

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"ringshift"
	"ringshift/adapters/goredis"
	"ringshift/internal/testbed"
)

// All connections wait for a node that hangs, and those who have them tell: nobody else knows anything about it.
func TestAPoolThatIsFullSaysNothingAboutItsNode(t *testing.T) {
	for name, options := range map[string]*redis.Options{
		"after a while": {PoolSize: 1, PoolTimeout: 10 * time.Millisecond},
		"at once":       {PoolSize: 2, MaxActiveConns: 1},
	} {
		t.Run(name, func(t *testing.T) {
			server := testbed.Redis(t)
			relay := testbed.NewRelay(t, server, nil)
			router := testbed.Spec{Blue: []string{relay.Address}}.Router(t)
			options.ReadTimeout = time.Minute
			client := goredis.New(router, options)
			is(t, client.Set(ctx, "k", "old", 0), "OK")
			server.Pause(t)
			relay.Forget()
			busy := make(chan error)
			go func() { busy <- client.Get(ctx, "busy").Err() }()
			for len(relay.Lines()) == 0 {
				time.Sleep(time.Millisecond)
			}
			for range 20 {
				wants(t, client.Get(ctx, "absent").Err(), redis.Nil)
			}
			lostOf(t, client.Invalidate(ctx, "k"))
			server.Resume(t)
			wants(t, <-busy, redis.Nil)
			counts := outcomes(t, router)
			if counts["read unsent"] != 20 || counts["invalidate unsent"] != 1 || counts["read timeout"]+counts["read error"] != 0 {
				t.Fatal(counts)
			}
			// Whoever had the connection was answered, and has sent it again.
			if now := on(t, server, "k"); now != "nothing" || testbed.Owed(t, router) != 0 {
				t.Fatal(now)
			}
			must(t, client.Close())
		})
	}
}

func TestWhoReadsOnlyManyKeysSendsAgainToo(t *testing.T) {
	for name, read := range map[string]func(*goredis.Client) error{
		"MGet":   func(c *goredis.Client) error { return c.MGet(ctx, "k").Err() },
		"Exists": func(c *goredis.Client) error { return c.Exists(ctx, "k").Err() },
		"TTL":    func(c *goredis.Client) error { return c.TTL(ctx, "k").Err() },
		"Expire": func(c *goredis.Client) error { return c.Expire(ctx, "k", time.Minute).Err() },
		"SetNX":  func(c *goredis.Client) error { return c.SetNX(ctx, "k", "v", 0).Err() },
	} {
		t.Run(name, func(t *testing.T) {
			server := testbed.Redis(t)
			client := clientOf(t, testbed.Spec{Blue: []string{server.Address}})
			is(t, client.Set(ctx, "k", "old", 0), "OK")
			route, err := client.Router().Route("k")
			must(t, err)
			must(t, client.Router().Lost(route.Read().Node(), []byte("k"), ringshift.OutcomeUnsent))
			must(t, read(client))
			if now := on(t, server, "k"); now != "nothing" || testbed.Owed(t, client.Router()) != 0 {
				t.Fatal(now)
			}
			is(t, client.Set(ctx, "k", "new", 0), "OK")
			if found, err := client.MGet(ctx, "k").Result(); err != nil || found[0] != "new" {
				t.Fatal(found, err)
			}
		})
	}
}
