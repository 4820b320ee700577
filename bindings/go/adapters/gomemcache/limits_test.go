package gomemcache_test

// Keys, values and times at the limits of what memcached takes.

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift"
	"ringshift/internal/testbed"
)

func TestAKeyThatANodeCantTakeIsRefusedBeforeAnythingIsSent(t *testing.T) {
	blue, green := testbed.Memcached(t), testbed.Memcached(t)
	relays := []*testbed.Relay{testbed.NewRelay(t, blue, nil), testbed.NewRelay(t, green, nil)}
	client := clientOf(t, testbed.Spec{
		Blue: []string{relays[0].Address}, Green: []string{relays[1].Address}, Stage: "prepare",
	})
	longest := strings.Repeat("k", 247)
	must(t, client.Set(&memcache.Item{Key: longest, Value: []byte("v")}))
	holds(t, client, longest, "v")
	must(t, client.Delete(longest))
	for _, relay := range relays {
		relay.Forget()
	}
	// With green's prefix, which is only invalidated, the first one is too long.
	for _, key := range []string{longest + "k", "", "a b", "a\r\nflush_all", "a\tb", "\x7f", strings.Repeat("k", 1000)} {
		item := &memcache.Item{Key: key, Value: []byte("v")}
		_, get := client.Get(key)
		_, multi := client.GetMulti([]string{"fine", key})
		_, load := client.GetOrLoad(key, unexpected(t), 0)
		_, increment := client.Increment(key, 1)
		for name, err := range map[string]error{
			"get": get, "multi": multi, "load": load, "set": client.Set(item), "add": client.Add(item), "replace": client.Replace(item),
			"cas": client.CompareAndSwap(item), "touch": client.Touch(key, 1), "delete": client.Delete(key),
			"invalidate": client.Invalidate(key), "increment": increment, "append": client.Append(item),
		} {
			if !errors.Is(err, memcache.ErrMalformedKey) {
				t.Errorf("%s of %.20q: %v", name, key, err)
			}
		}
	}
	for _, relay := range relays {
		if lines := relay.Lines(); len(lines) > 0 {
			t.Fatal(lines)
		}
	}
}

func TestKeysAreBytes(t *testing.T) {
	client := clientOf(t, testbed.Spec{Blue: []string{testbed.Memcached(t).Address}})
	for _, key := range []string{"\xff\xfe", "schlüssel", "\xed\xa0\x80"} {
		must(t, client.Set(&memcache.Item{Key: key, Value: []byte(key)}))
		holds(t, client, key, key)
	}
}

func TestAValueThatIsTooLargeIsRefusedAndTheOldOneRemoved(t *testing.T) {
	blue, green := testbed.Memcached(t), testbed.Memcached(t)
	client := clientOf(t, testbed.Spec{
		Blue: []string{blue.Address}, Green: []string{green.Address}, Stage: "ramp", Percent: 100,
	})
	must(t, bare(blue).Set(&memcache.Item{Key: "k", Value: []byte("old")}))
	must(t, bare(green).Set(&memcache.Item{Key: "g1:k", Value: []byte("old")}))
	large := bytes.Repeat([]byte("x"), 2<<20)
	err := client.Set(&memcache.Item{Key: "k", Value: large})
	if err == nil || errors.Is(err, ringshift.ErrInvalidationLost) || !strings.Contains(err.Error(), "too large") {
		t.Fatal(err)
	}
	if on(t, blue, "k") != "nothing" || on(t, green, "g1:k") != "nothing" {
		t.Fatal("an old value is left")
	}
	// A load is given, and not stored.
	item, err := client.GetOrLoad("k", func() ([]byte, error) { return large, nil }, 0)
	must(t, err)
	if len(item.Value) != len(large) {
		t.Fatal(len(item.Value))
	}
	_, err = client.Get("k")
	wants(t, err, memcache.ErrCacheMiss)
	// The node has answered: that is no error of its.
	metrics, err := client.Router().Metrics()
	must(t, err)
	for _, each := range metrics.Requests {
		if each.Outcome == "error" || each.Outcome == "timeout" {
			t.Fatalf("%+v", each)
		}
	}
}

func TestExpirations(t *testing.T) {
	const month = 30 * 24 * 60 * 60
	server := testbed.Memcached(t)
	client := clientOf(t, testbed.Spec{Blue: []string{server.Address}})
	limited := clientOf(t, testbed.Spec{Blue: []string{server.Address}, MaxTTL: "1h"})
	now := int32(time.Now().Unix())
	for _, each := range []struct {
		about       string
		expiration  int32
		left, bound int
	}{
		{"for ever", 0, -1, 3600},
		{"a minute", 60, 60, 60},
		{"30 days", month, month, 3600},
		{"a Unix time in two hours", now + 7200, 7200, 3600},
		{"a Unix time in a minute", now + 60, 60, 60},
		{"a Unix time in 40 days", now + 40*86400, 40 * 86400, 3600},
	} {
		t.Run(each.about, func(t *testing.T) {
			item := &memcache.Item{Key: "k", Value: []byte("v"), Expiration: each.expiration}
			check := func(expected int) {
				t.Helper()
				// Some seconds may have passed since they were counted.
				if got := left(t, server, "k"); got > expected || got < expected-20 {
					t.Fatalf("%d seconds; want %d", got, expected)
				}
			}
			must(t, client.Set(item))
			check(each.left)
			must(t, limited.Set(item))
			check(each.bound)
			must(t, limited.Touch("k", each.expiration))
			check(each.bound)
			must(t, limited.Invalidate("k"))
			must(t, limited.Add(item))
			check(each.bound)
			must(t, limited.Replace(item))
			check(each.bound)
			must(t, limited.Invalidate("k"))
			_, err := limited.GetOrLoad("k", loaded("v"), each.expiration)
			must(t, err)
			check(each.bound)
		})
	}
	for about, expiration := range map[string]int32{"below 0": -1, "a Unix time that is over": now - 60} {
		t.Run(about, func(t *testing.T) {
			for _, one := range []interface {
				Set(*memcache.Item) error
				Get(string) (*memcache.Item, error)
			}{client, limited} {
				must(t, one.Set(&memcache.Item{Key: "k", Value: []byte("v"), Expiration: expiration}))
				_, err := one.Get("k")
				wants(t, err, memcache.ErrCacheMiss)
			}
		})
	}
}
