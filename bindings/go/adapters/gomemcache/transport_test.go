package gomemcache_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift/adapters/gomemcache"
	"ringshift/internal/testbed"
)

func TestANameIsResolvedByEachConnection(t *testing.T) {
	router := testbed.Spec{Blue: []string{"localhost:1"}}.Router(t)
	var asked []string
	client := gomemcache.New(router, gomemcache.Options{
		DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
			asked = append(asked, network+" "+address)
			return nil, errors.New("nobody there")
		},
	})
	defer client.Close()
	if _, err := client.GetOrLoad("k", loaded("v"), 0); err != nil {
		t.Fatal(err)
	}
	if err := client.Delete("k"); err == nil {
		t.Fatal("an invalidation that was not sent was no error")
	}
	if len(asked) != 2 || asked[0] != "tcp localhost:1" || asked[1] != asked[0] {
		t.Fatalf("dialed %q; want the spec's address, for each command", asked)
	}
}

func TestATokenOfAServerThatTookThePlaceOfAnOldOneIsNoValue(t *testing.T) {
	// A server before 1.6 with an empty value; it is replaced by one of today that has a token's empty item.
	var isNew atomic.Bool
	address := testbed.Serve(t, func(asked net.Conn) {
		defer asked.Close()
		began := isNew.Load()
		for lines := bufio.NewScanner(asked); lines.Scan() && isNew.Load() == began; {
			switch command, _, _ := strings.Cut(lines.Text(), " "); {
			case command != "mg":
				fmt.Fprint(asked, "VALUE k 0 0 7\r\n\r\nEND\r\n")
			case began:
				fmt.Fprint(asked, "VA 0 f0 t29 c7 Z\r\n\r\n")
			default:
				fmt.Fprint(asked, "ERROR\r\n")
			}
		}
	})
	client := clientOf(t, testbed.Spec{Blue: []string{address}})
	for range 3 {
		if item, err := client.Get("k"); err != nil || len(item.Value) != 0 {
			t.Fatalf("%v, %v; want the empty value of the old server", item, err)
		}
	}
	isNew.Store(true)
	for range 3 {
		if item, err := client.Get("k"); !errors.Is(err, memcache.ErrCacheMiss) {
			t.Fatalf("%v, %v; want a miss", item, err)
		}
	}
}

// What is sent again is many keys: a node that hangs must not be waited for once for each of them.
func TestManyKeysAreRemovedInOneRoundTrip(t *testing.T) {
	server := testbed.Memcached(t)
	var mode atomic.Value
	mode.Store("lost")
	relay := testbed.NewRelay(t, server, func(line string) string {
		if strings.HasPrefix(line, "delete ") && mode.Load() == "lost" {
			return "nonsense\r\n"
		}
		if strings.HasPrefix(line, "delete k1") && mode.Load() == "refused" {
			return "nonsense\r\n"
		}
		return line
	})
	router := testbed.Spec{Blue: []string{relay.Address}}.Router(t)
	client := gomemcache.New(router, gomemcache.Options{})
	t.Cleanup(func() { must(t, client.Close()) })
	for _, key := range []string{"k0", "k1", "k2"} {
		must(t, bare(server).Set(&memcache.Item{Key: key, Value: []byte("old")}))
		lostOf(t, client.Invalidate(key))
	}
	owed := func() uint64 {
		metrics, err := router.Metrics()
		must(t, err)
		return metrics.Owed.Keys
	}
	mode.Store("refused")
	relay.Forget()
	if _, err := client.Get("other"); !errors.Is(err, memcache.ErrCacheMiss) {
		t.Fatal(err)
	}
	if lines := relay.Lines(); len(lines) != 4 || owed() != 1 {
		t.Fatalf("%q, and %d keys are owed; want the three deletes, of which one was not done", lines, owed())
	}
	for key, expected := range map[string]string{"k0": "nothing", "k1": "old", "k2": "nothing"} {
		if on(t, server, key) != expected {
			t.Fatal(key)
		}
	}
}
