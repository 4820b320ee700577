package gomemcache_test

// Where the cache is the record, and all nodes in turn.

import (
	"testing"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift"
	"ringshift/internal/testbed"
)

func TestNumbersAndAppendedValues(t *testing.T) {
	client := clientOf(t, testbed.Spec{Blue: []string{testbed.Memcached(t).Address, testbed.Memcached(t).Address}})
	_, err := client.Increment("n", 1)
	wants(t, err, memcache.ErrCacheMiss)
	must(t, client.Set(&memcache.Item{Key: "n", Value: []byte("41")}))
	if sum, err := client.Increment("n", 2); err != nil || sum != 43 {
		t.Fatal(sum, err)
	}
	if rest, err := client.Decrement("n", 1); err != nil || rest != 42 {
		t.Fatal(rest, err)
	}
	wants(t, client.Append(&memcache.Item{Key: "absent", Value: []byte("x")}), memcache.ErrNotStored)
	must(t, client.Append(&memcache.Item{Key: "n", Value: []byte(" and more")}))
	must(t, client.Prepend(&memcache.Item{Key: "n", Value: []byte("all of ")}))
	holds(t, client, "n", "all of 42 and more")
	// The node has answered.
	if _, err := client.Increment("n", 1); err == nil {
		t.Fatal("it is no number")
	}
	testbed.NoErrors(t, client.Router())
}

func TestNumbersCantBeMoved(t *testing.T) {
	addresses := []string{testbed.Memcached(t).Address, testbed.Memcached(t).Address}
	for name, spec := range map[string]testbed.Spec{
		"a migration": {Blue: addresses[:1], Green: addresses[1:], Stage: "prepare"},
		"replicas":    {Blue: addresses, Replicas: 2},
	} {
		t.Run(name, func(t *testing.T) {
			client := clientOf(t, spec)
			item := &memcache.Item{Key: "n", Value: []byte("1")}
			_, increment := client.Increment("n", 1)
			_, decrement := client.Decrement("n", 1)
			for _, err := range []error{increment, decrement, client.Append(item), client.Prepend(item)} {
				wants(t, err, ringshift.ErrInvalidArgument)
			}
		})
	}
}

func TestFlushAllEmptiesEveryNode(t *testing.T) {
	blue, green := testbed.Memcached(t), testbed.Memcached(t)
	client := clientOf(t, testbed.Spec{Blue: []string{blue.Address}, Green: []string{green.Address}, Stage: "prepare"})
	must(t, bare(blue).Set(&memcache.Item{Key: "k", Value: []byte("v")}))
	must(t, bare(green).Set(&memcache.Item{Key: "k", Value: []byte("v")}))
	must(t, client.FlushAll())
	if on(t, blue, "k") != "nothing" || on(t, green, "k") != "nothing" {
		t.Fatal("not all is gone")
	}
	green.Kill()
	if err := client.FlushAll(); err == nil {
		t.Fatal("a node could not be emptied")
	}
}
