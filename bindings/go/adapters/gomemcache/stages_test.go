package gomemcache_test

// What a migration does with values: how they are copied, how long they live and which of many keys are where.

import (
	"bytes"
	"testing"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift/internal/testbed"
)

func TestCopiesKeepBytesFlagsAndTheTimeThatIsLeft(t *testing.T) {
	blue, green := testbed.Memcached(t), testbed.Memcached(t)
	client := clientOf(t, testbed.Spec{
		Blue: []string{blue.Address}, Green: []string{green.Address}, Stage: "ramp", Percent: 100,
	})
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	values := map[string][]byte{
		"every": every, "empty": {}, "lines": []byte("\r\nEND\r\nVALUE k 0 1\r\n"), "large": bytes.Repeat([]byte("x"), 900_000),
	}
	for key, value := range values {
		must(t, bare(blue).Set(&memcache.Item{Key: key, Value: value, Flags: 0xdeadbeef, Expiration: 1000}))
	}
	must(t, bare(blue).Set(&memcache.Item{Key: "forever", Value: []byte("v")}))
	values["forever"] = []byte("v")
	for key, value := range values {
		for range 2 {
			item, err := client.Get(key)
			must(t, err)
			if !bytes.Equal(item.Value, value) || (item.Flags != 0xdeadbeef && key != "forever") {
				t.Fatalf("%s: %.40q %x", key, item.Value, item.Flags)
			}
		}
		copied, err := bare(green).Get("g1:" + key)
		must(t, err)
		if !bytes.Equal(copied.Value, value) || (copied.Flags != 0xdeadbeef && key != "forever") {
			t.Fatalf("%s was copied as %.40q %x", key, copied.Value, copied.Flags)
		}
		switch seconds := left(t, green, "g1:"+key); {
		case key == "forever" && seconds != -1, key != "forever" && (seconds < 900 || seconds > 1000):
			t.Fatalf("%s has %d seconds left", key, seconds)
		}
	}
}

func TestManyKeysAreReadByTheirOwnRoutes(t *testing.T) {
	client, keys, green := adapter.HalfMoved(t)
	for range 2 {
		found, err := client.GetMulti(keys)
		must(t, err)
		if len(found) != 300 {
			t.Fatalf("%d were found", len(found))
		}
		for key, item := range found {
			if item.Key != key || string(item.Value) != "v "+key {
				t.Fatalf("%s: %v", key, item)
			}
		}
	}
	copied := 0
	for _, server := range green {
		for i := 0; i < len(keys); i += 2 {
			if on(t, server, "g1:"+keys[i]) == "v "+keys[i] {
				copied++
			}
		}
	}
	if copied < 100 || copied > 200 {
		t.Fatalf("%d of 300 keys were copied at 50 percent", copied)
	}
	if found, err := client.GetMulti(nil); err != nil || len(found) != 0 {
		t.Fatal(found, err)
	}
}

func TestReplaceAndAdd(t *testing.T) {
	blue, green := testbed.Memcached(t), testbed.Memcached(t)
	client := clientOf(t, testbed.Spec{
		Blue: []string{blue.Address}, Green: []string{green.Address}, Stage: "ramp", Percent: 100,
	})
	item := func(value string) *memcache.Item { return &memcache.Item{Key: "k", Value: []byte(value)} }
	wants(t, client.Replace(item("v")), memcache.ErrNotStored)
	must(t, bare(blue).Set(&memcache.Item{Key: "k", Value: []byte("old")}))
	must(t, client.Replace(item("new")))
	if on(t, blue, "k") != "nothing" || on(t, green, "g1:k") != "new" {
		t.Fatal("what only the fallback had was not replaced")
	}
	wants(t, client.Add(item("other")), memcache.ErrNotStored)
	must(t, client.Delete("k"))
	must(t, client.Add(item("other")))
	if on(t, blue, "k") != "nothing" || on(t, green, "g1:k") != "other" {
		t.Fatal("it was added elsewhere")
	}
	must(t, client.Touch("k", 500))
	if seconds := left(t, green, "g1:k"); seconds < 400 {
		t.Fatal(seconds)
	}
	wants(t, client.Touch("absent", 500), memcache.ErrCacheMiss)
}
