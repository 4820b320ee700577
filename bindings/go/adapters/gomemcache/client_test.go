package gomemcache_test

// The methods of gomemcache, in every stage.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift"
	"ringshift/adapters/gomemcache"
	"ringshift/internal/testbed"
)

func TestMethodsMeanWhatTheyMeanInGomemcache(t *testing.T) {
	server := testbed.Memcached(t)
	client := clientOf(t, testbed.Spec{Blue: []string{server.Address}})
	must(t, client.Ping())
	_, err := client.Get("k")
	wants(t, err, memcache.ErrCacheMiss)
	must(t, client.Set(&memcache.Item{Key: "k", Value: []byte("\x00\xff\r\nv"), Flags: 7, Expiration: 100}))
	if got, err := client.Get("k"); err != nil || string(got.Value) != "\x00\xff\r\nv" || got.Flags != 7 || got.Key != "k" {
		t.Fatal(got, err)
	}
	wants(t, client.Add(&memcache.Item{Key: "k", Value: []byte("w")}), memcache.ErrNotStored)
	must(t, client.Add(&memcache.Item{Key: "a", Value: []byte("w")}))
	must(t, client.Replace(&memcache.Item{Key: "k", Value: []byte("w")}))
	wants(t, client.Replace(&memcache.Item{Key: "none", Value: []byte("w")}), memcache.ErrNotStored)
	found, err := client.GetMulti([]string{"k", "a", "none"})
	if err != nil || len(found) != 2 || string(found["a"].Value) != "w" {
		t.Fatal(found, err)
	}
	must(t, client.Touch("k", 50))
	wants(t, client.Touch("none", 50), memcache.ErrCacheMiss)
	old, err := client.Get("k")
	must(t, err)
	must(t, client.CompareAndSwap(&memcache.Item{Key: "k", Value: append(old.Value, '!'), CasID: old.CasID}))
	wants(t, client.CompareAndSwap(old), memcache.ErrCASConflict)
	must(t, client.Set(&memcache.Item{Key: "n", Value: []byte("5")}))
	if sum, err := client.Increment("n", 3); sum != 8 || err != nil {
		t.Fatal(sum, err)
	}
	if rest, err := client.Decrement("n", 1); rest != 7 || err != nil {
		t.Fatal(rest, err)
	}
	must(t, client.Append(&memcache.Item{Key: "n", Value: []byte("0")}))
	must(t, client.Prepend(&memcache.Item{Key: "n", Value: []byte("1")}))
	if got := on(t, server, "n"); got != "170" {
		t.Fatal(got)
	}
	must(t, client.Delete("k"))
	wants(t, client.Delete("k"), memcache.ErrCacheMiss)
	must(t, client.Invalidate("k"))
	failure := errors.New("no such user")
	_, err = client.GetOrLoad("none", func() ([]byte, error) { return nil, failure }, 0)
	wants(t, err, failure)
	must(t, client.FlushAll())
	must(t, client.Close())
	// A cache that is closed is a cache that is empty, and an invalidation that it can't carry out is lost.
	_, err = client.Get("k")
	wants(t, err, memcache.ErrCacheMiss)
	wants(t, client.Invalidate("k"), ringshift.ErrInvalidationLost)
}

func TestACopyOfOneOrManyKeysKeepsFlagsAndTimes(t *testing.T) {
	blue, green := testbed.Memcached(t), testbed.Memcached(t)
	client := clientOf(t, testbed.Spec{
		Blue: []string{blue.Address}, Green: []string{green.Address}, Stage: "ramp", Percent: 100, MaxTTL: "1h",
	})
	for name, read := range map[string]func(string) error{
		"one":  func(key string) error { _, err := client.Get(key); return err },
		"many": func(key string) error { _, err := client.GetMulti([]string{key, "none"}); return err },
	} {
		// What is without an end gets the spec's max_ttl.
		for expiration, expected := range map[int32]int{500: 500, 0: 3600} {
			key := fmt.Sprint(name, expiration)
			must(t, bare(blue).Set(&memcache.Item{Key: key, Value: []byte("\x00\r\nEND\r\n"), Flags: 9, Expiration: expiration}))
			must(t, read(key))
			copied, err := bare(green).Get("g1:" + key)
			must(t, err)
			if string(copied.Value) != "\x00\r\nEND\r\n" || copied.Flags != 9 {
				t.Fatal(key, copied)
			}
			if seconds := left(t, green, "g1:"+key); seconds > expected || seconds < expected-20 {
				t.Fatal(key, seconds)
			}
		}
	}
}

func TestConnectionsOfAServerThatRestartedAreNotNoticed(t *testing.T) {
	server := testbed.Memcached(t)
	client := clientOf(t, testbed.Spec{Blue: []string{server.Address}})
	var all sync.WaitGroup
	for range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			_ = client.Set(&memcache.Item{Key: "k", Value: []byte("v")})
			_, _ = client.GetOrLoad("l", loaded("v"), 0)
		}()
	}
	all.Wait()
	server.Restart(t)
	must(t, client.Invalidate("k"))
	must(t, client.Set(&memcache.Item{Key: "k", Value: []byte("v")}))
	got, err := client.GetOrLoad("k", unexpected(t), 0)
	must(t, err)
	if string(got.Value) != "v" {
		t.Fatal(got)
	}
}

func TestAGroupThatFailsTouchesNoOther(t *testing.T) {
	good, bad := testbed.Memcached(t), testbed.Memcached(t)
	var cut atomic.Bool
	var relay *testbed.Relay
	relay = testbed.NewRelay(t, bad, func(line string) string {
		if cut.Load() && strings.HasPrefix(line, "get") {
			relay.Drop()
			return ""
		}
		return line
	})
	client := clientOf(t, testbed.Spec{Blue: []string{good.Address, relay.Address}})
	keys := make([]string, 40)
	for i := range keys {
		keys[i] = fmt.Sprintf("user:%d", i)
		must(t, client.Set(&memcache.Item{Key: keys[i], Value: []byte("v")}))
	}
	cut.Store(true)
	found, err := client.GetMulti(keys)
	if err != nil || len(found) == 0 || len(found) == len(keys) {
		t.Fatal(len(found), err)
	}
	for _, key := range keys {
		if (on(t, good, key) == "v") != (found[key] != nil) {
			t.Fatal(key)
		}
	}
}

func TestAnAddressThatLeftTheSpecIsLetGo(t *testing.T) {
	before, after := testbed.Memcached(t), testbed.Memcached(t)
	dialed := map[string]int{}
	var lock sync.Mutex
	router := testbed.Spec{Blue: []string{before.Address}}.Router(t)
	client := gomemcache.New(router, gomemcache.Options{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		lock.Lock()
		defer lock.Unlock()
		dialed[address]++
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}})
	must(t, client.Set(&memcache.Item{Key: "k", Value: []byte("v")}))
	testbed.Spec{Blue: []string{after.Address}}.Apply(t, router)
	must(t, client.Set(&memcache.Item{Key: "k", Value: []byte("v")}))
	if dialed[before.Address] != 1 || dialed[after.Address] != 1 {
		t.Fatal(dialed)
	}
	must(t, client.Close())
	must(t, router.Close())
	wants(t, client.Set(&memcache.Item{Key: "k"}), ringshift.ErrClosed)
}
