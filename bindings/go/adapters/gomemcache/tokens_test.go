package gomemcache_test

// Fills are defeated by whatever was removed since their token was taken.

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift/adapters/gomemcache"
	"ringshift/internal/testbed"
)

// eachKind runs a test with each kind of server that tokens differ for, behind a relay.
func eachKind(t *testing.T, run func(t *testing.T, server *testbed.Server, relay *testbed.Relay)) {
	t.Helper()
	for name, change := range map[string]func(string) string{"1.6": nil, "before 1.6": testbed.Old} {
		t.Run(name, func(t *testing.T) {
			server := testbed.Memcached(t)
			run(t, server, testbed.NewRelay(t, server, change))
		})
	}
}

// take takes a token, as a reader in another process does.
func take(t *testing.T, relay *testbed.Relay, key string) {
	t.Helper()
	_, err := clientOf(t, testbed.Spec{Blue: []string{relay.Address}}).GetOrLoad(key, nothing, 1000)
	wants(t, err, memcache.ErrCacheMiss)
}

func TestALoadIsStoredAndReadAgain(t *testing.T) {
	eachKind(t, func(t *testing.T, server *testbed.Server, relay *testbed.Relay) {
		client := clientOf(t, testbed.Spec{Blue: []string{relay.Address}})
		for _, value := range []string{"v", "", "\x00\r\n"} {
			must(t, client.Invalidate("k"))
			item, err := client.GetOrLoad("k", loaded(value), 1000)
			must(t, err)
			if item.Key != "k" || string(item.Value) != value {
				t.Fatal(item)
			}
			item, err = client.GetOrLoad("k", unexpected(t), 1000)
			must(t, err)
			if string(item.Value) != value {
				t.Fatal(item)
			}
			holds(t, client, "k", value)
			if seconds := left(t, server, "k"); seconds < 900 || seconds > 1000 {
				t.Fatal(seconds)
			}
		}
	})
}

func TestWhatStandsInForATokenIsAMissToEveryRead(t *testing.T) {
	eachKind(t, func(t *testing.T, server *testbed.Server, relay *testbed.Relay) {
		client := clientOf(t, testbed.Spec{Blue: []string{relay.Address}})
		_, err := client.GetOrLoad("k", nothing, 1000)
		wants(t, err, memcache.ErrCacheMiss)
		if server.Ask(t, "mg k t\r\n") == "EN" {
			t.Fatal("no token was taken")
		}
		if seconds := left(t, server, "k"); seconds > 30 {
			t.Fatalf("a token lives for %d seconds", seconds)
		}
		_, err = client.Get("k")
		wants(t, err, memcache.ErrCacheMiss)
		found, err := client.GetMulti([]string{"k", "other"})
		must(t, err)
		if len(found) != 0 {
			t.Fatal(found)
		}
		// The token that another reader left behind is as good as a new one.
		_, err = client.GetOrLoad("k", loaded("v"), 1000)
		must(t, err)
		holds(t, client, "k", "v")
	})
}

func TestAnInvalidationDefeatsTheFillOfALoadThatBeganBefore(t *testing.T) {
	eachKind(t, func(t *testing.T, _ *testbed.Server, relay *testbed.Relay) {
		client := clientOf(t, testbed.Spec{Blue: []string{relay.Address}})
		for _, meanwhile := range []func(){
			func() { must(t, client.Invalidate("k")) },
			func() {
				must(t, client.Set(&memcache.Item{Key: "k", Value: []byte("new")}))
				must(t, client.Delete("k"))
			},
			// Another reader takes a token after the invalidation.
			func() {
				must(t, client.Invalidate("k"))
				take(t, relay, "k")
			},
		} {
			item, err := client.GetOrLoad("k", func() ([]byte, error) {
				meanwhile()
				return []byte("old"), nil
			}, 1000)
			must(t, err)
			if string(item.Value) != "old" {
				t.Fatal(item)
			}
			_, err = client.Get("k")
			wants(t, err, memcache.ErrCacheMiss)
			must(t, client.Invalidate("k"))
		}
	})
}

func TestALoadThatBeganBeforeDoesNotReplaceWhatAnotherReaderStoredSince(t *testing.T) {
	eachKind(t, func(t *testing.T, _ *testbed.Server, relay *testbed.Relay) {
		spec := testbed.Spec{Blue: []string{relay.Address}}
		client, other := clientOf(t, spec), clientOf(t, spec)
		_, err := client.GetOrLoad("k", func() ([]byte, error) {
			must(t, other.Invalidate("k"))
			_, err := other.GetOrLoad("k", loaded("new"), 1000)
			return []byte("old"), err
		}, 1000)
		must(t, err)
		holds(t, client, "k", "new")
	})
}

func TestAnInvalidationDefeatsACopyThatBeganBefore(t *testing.T) {
	blue, green := testbed.Memcached(t), testbed.Memcached(t)
	var client *gomemcache.Client
	armed := false
	relay := testbed.NewRelay(t, blue, func(line string) string {
		if armed && strings.HasPrefix(line, "mg k ") {
			// The copy's source is read now; a writer is through in the meantime, at green last.
			armed = false
			green.Ask(t, "delete g1:k\r\n")
		}
		return line
	})
	client = clientOf(t, testbed.Spec{
		Blue: []string{relay.Address}, Green: []string{green.Address}, Stage: "ramp", Percent: 100,
	})
	must(t, bare(blue).Set(&memcache.Item{Key: "k", Value: []byte("old"), Expiration: 1000}))
	armed = true
	holds(t, client, "k", "old")
	if armed || on(t, green, "g1:k") != "nothing" {
		t.Fatal("an old value was copied over an invalidation")
	}
	holds(t, client, "k", "old")
	if on(t, green, "g1:k") != "old" {
		t.Fatal("it was not copied when nobody was in the way")
	}
}

func TestAServerThatRestartedHasNoTokens(t *testing.T) {
	eachKind(t, func(t *testing.T, server *testbed.Server, relay *testbed.Relay) {
		client := clientOf(t, testbed.Spec{Blue: []string{relay.Address}})
		_, err := client.GetOrLoad("k", func() ([]byte, error) {
			server.Restart(t)
			take(t, relay, "k")
			return []byte("old"), nil
		}, 1000)
		must(t, err)
		_, err = client.Get("k")
		wants(t, err, memcache.ErrCacheMiss)
		// And it goes on as if nothing had been.
		_, err = client.GetOrLoad("k", loaded("new"), 1000)
		must(t, err)
		holds(t, client, "k", "new")
	})
}

func TestEqualCASNumbersOfARestartedServerAreNotMistaken(t *testing.T) {
	server := testbed.Memcached(t)
	client := clientOf(t, testbed.Spec{Blue: []string{server.Address}})
	// The very first number that the server gives, before the restart and after it.
	_, err := client.GetOrLoad("k", func() ([]byte, error) {
		before := server.Ask(t, "mg k c\r\n")
		server.Restart(t)
		server.Ask(t, "mg k c N30\r\n")
		if after := server.Ask(t, "mg k c\r\n"); strings.Fields(after)[1] != strings.Fields(before)[1] {
			t.Fatalf("%s, then %s: this tests nothing", before, after)
		}
		return []byte("old"), nil
	}, 1000)
	must(t, err)
	_, err = client.Get("k")
	wants(t, err, memcache.ErrCacheMiss)
}

func TestWithoutCASNothingIsFilled(t *testing.T) {
	server := testbed.Memcached(t, "-C")
	client := clientOf(t, testbed.Spec{Blue: []string{server.Address}})
	item, err := client.GetOrLoad("k", loaded("v"), 1000)
	must(t, err)
	if string(item.Value) != "v" {
		t.Fatal(item)
	}
	_, err = client.Get("k")
	wants(t, err, memcache.ErrCacheMiss)
}

func TestAServerThatIsNewAfterARestartIsAskedForMeta(t *testing.T) {
	server := testbed.Memcached(t)
	var old atomic.Bool
	old.Store(true)
	relay := testbed.NewRelay(t, server, func(line string) string {
		if old.Load() {
			return testbed.Old(line)
		}
		return line
	})
	client := clientOf(t, testbed.Spec{Blue: []string{relay.Address}})
	_, err := client.GetOrLoad("k", loaded("v"), 1000)
	must(t, err)
	server.Restart(t)
	old.Store(false)
	// What another reader left is an empty item, and can't be told from a value without meta commands.
	server.Ask(t, "mg k v f t c N30\r\n")
	_, err = client.Get("k")
	wants(t, err, memcache.ErrCacheMiss)
}

func TestOldServersAreAskedForMetaOnce(t *testing.T) {
	server := testbed.Memcached(t)
	relay := testbed.NewRelay(t, server, testbed.Old)
	client := clientOf(t, testbed.Spec{Blue: []string{relay.Address}})
	for i := range 3 {
		_, err := client.GetOrLoad(fmt.Sprint("k", i), loaded("v"), 1000)
		must(t, err)
	}
	asked := 0
	for _, line := range relay.Lines() {
		if strings.HasPrefix(line, "mg ") {
			asked++
		}
	}
	if asked != 1 {
		t.Fatalf("%d times", asked)
	}
}

func TestATokenThatAnotherReaderLeftOnAnOldServerIsTakenAsItIs(t *testing.T) {
	relay := testbed.NewRelay(t, testbed.Memcached(t), testbed.Old)
	client := clientOf(t, testbed.Spec{Blue: []string{relay.Address}})
	take(t, relay, "k")
	relay.Forget()
	_, err := client.GetOrLoad("k", loaded("v"), 1000)
	must(t, err)
	holds(t, client, "k", "v")
	for _, line := range relay.Lines() {
		if strings.HasPrefix(line, "add ") {
			t.Fatal(line)
		}
	}
}

func TestCompareAndSwap(t *testing.T) {
	all := []*testbed.Server{testbed.Memcached(t), testbed.Memcached(t)}
	spec := testbed.Spec{Blue: []string{all[0].Address}, Green: []string{all[1].Address}, Stage: "prepare"}
	client := clientOf(t, spec)
	must(t, client.Set(&memcache.Item{Key: "k", Value: []byte("1")}))
	item, err := client.Get("k")
	must(t, err)
	item.Value = []byte("2")
	must(t, client.CompareAndSwap(item))
	holds(t, client, "k", "2")
	item.Value = []byte("3")
	wants(t, client.CompareAndSwap(item), memcache.ErrCASConflict)
	holds(t, client, "k", "2")

	// Another server may have given the same number. Read there, it is a number that was never given.
	for _, server := range all {
		server.Restart(t)
	}
	must(t, client.Set(&memcache.Item{Key: "k", Value: []byte("1")}))
	many, err := client.GetMulti([]string{"k"})
	must(t, err)
	item = many["k"]
	spec.Stage, spec.Percent = "ramp", 100
	spec.Apply(t, client.Router())
	must(t, bare(all[1]).Set(&memcache.Item{Key: "g1:k", Value: []byte("other")}))
	if first, second := all[0].Ask(t, "mg k c\r\n"), all[1].Ask(t, "mg g1:k c\r\n"); first != second {
		t.Fatalf("%s, %s: this tests nothing", first, second)
	}
	wants(t, client.CompareAndSwap(item), memcache.ErrCASConflict)
	holds(t, client, "k", "other")
}
