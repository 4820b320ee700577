package gomemcache_test

// What several tests need.

import (
	"errors"
	"fmt"
	"testing"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift/adapters/gomemcache"
	"ringshift/internal/testbed"
)

// Short names of what nearly every test needs.
var must, wants, lostOf, outcomes = testbed.Must, testbed.Wants, testbed.LostOf, testbed.Outcomes

// clientOf is a client of a spec.
func clientOf(t testing.TB, spec testbed.Spec) *gomemcache.Client {
	t.Helper()
	client := gomemcache.New(spec.Router(t), gomemcache.Options{})
	t.Cleanup(func() { must(t, client.Close()) })
	return client
}

// bare is gomemcache's own client, to look at what is there.
func bare(server *testbed.Server) *memcache.Client { return memcache.New(server.Address) }

func holds(t testing.TB, client *gomemcache.Client, key, value string) {
	t.Helper()
	item, err := client.Get(key)
	gives(t, item, err, value)
}

// gives fails the test unless a read brought this.
func gives(t testing.TB, item *memcache.Item, err error, expected string) {
	t.Helper()
	if err != nil || string(item.Value) != expected {
		t.Fatalf("%v, %v; want %q", item, err, expected)
	}
}

// on says what a server itself has under a key; "nothing" if nothing.
func on(t testing.TB, server *testbed.Server, key string) string {
	t.Helper()
	item, err := bare(server).Get(key)
	if errors.Is(err, memcache.ErrCacheMiss) {
		return "nothing"
	}
	must(t, err)
	return string(item.Value)
}

// left is the time that an item has left at a server, in seconds; -1 for no end.
func left(t testing.TB, server *testbed.Server, key string) int {
	t.Helper()
	var seconds int
	if line := server.Ask(t, "mg "+key+" t\r\n"); line != "HD t-1" {
		if _, err := fmt.Sscanf(line, "HD t%d", &seconds); err != nil {
			t.Fatal(line)
		}
		return seconds
	}
	return -1
}

// nothing is a load that finds nothing.
func nothing() ([]byte, error) { return nil, nil }

// loaded is a load of a value.
func loaded(value string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(value), nil }
}

// unexpected is a load that must not be asked.
func unexpected(t testing.TB) func() ([]byte, error) {
	return func() ([]byte, error) {
		t.Error("the origin was asked")
		return nil, errors.New("unexpected")
	}
}
