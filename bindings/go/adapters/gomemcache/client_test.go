package gomemcache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift"
	"ringshift/adapters/gomemcache"
	"ringshift/internal/testbed"
)

func open(t *testing.T, spec string) (*ringshift.Router, *gomemcache.Client) {
	t.Helper()
	router, err := ringshift.FromSpec([]byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	client := gomemcache.New(router, gomemcache.Options{Timeout: 2 * time.Second})
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

// value is what a server has under a key; nothing too for what stands in for a token.
func value(server *testbed.Server, key string) string {
	answer := server.AskUntil("mg "+key+" v\r\nmn", "MN\r\n")
	_, rest, isThere := strings.Cut(answer, "\r\n")
	if !isThere || !strings.HasPrefix(answer, "VA ") || strings.Contains(answer, " Z\r\n") {
		return ""
	}
	return strings.TrimSuffix(rest, "\r\nMN\r\n")
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

func is(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("%v, not %v", err, target)
	}
}

func TestMethodsMeanWhatTheyMeanInGomemcache(t *testing.T) {
	server := testbed.Memcached(t)
	_, client := open(t, alone(server))
	item := mustGet[*memcache.Item](t)
	check(t, client.Ping())
	_, err := client.Get("k")
	is(t, err, memcache.ErrCacheMiss)
	check(t, client.Set(&memcache.Item{Key: "k", Value: []byte("\x00\xff\r\nv"), Flags: 7, Expiration: 100}))
	if got := item(client.Get("k")); string(got.Value) != "\x00\xff\r\nv" || got.Flags != 7 || got.Key != "k" {
		t.Fatal(got)
	}
	is(t, client.Add(&memcache.Item{Key: "k", Value: []byte("w")}), memcache.ErrNotStored)
	check(t, client.Add(&memcache.Item{Key: "a", Value: []byte("w")}))
	check(t, client.Replace(&memcache.Item{Key: "k", Value: []byte("w")}))
	is(t, client.Replace(&memcache.Item{Key: "none", Value: []byte("w")}), memcache.ErrNotStored)
	found, err := client.GetMulti([]string{"k", "a", "none"})
	if err != nil || len(found) != 2 || string(found["a"].Value) != "w" {
		t.Fatal(found, err)
	}
	check(t, client.Touch("k", 50))
	is(t, client.Touch("none", 50), memcache.ErrCacheMiss)
	old, err := client.Get("k")
	check(t, err)
	check(t, client.CompareAndSwap(&memcache.Item{Key: "k", Value: append(old.Value, '!'), CasID: old.CasID}))
	is(t, client.CompareAndSwap(old), memcache.ErrCASConflict)
	check(t, client.Set(&memcache.Item{Key: "n", Value: []byte("5")}))
	if sum, err := client.Increment("n", 3); sum != 8 || err != nil {
		t.Fatal(sum, err)
	}
	if rest, err := client.Decrement("n", 1); rest != 7 || err != nil {
		t.Fatal(rest, err)
	}
	check(t, client.Append(&memcache.Item{Key: "n", Value: []byte("0")}))
	check(t, client.Prepend(&memcache.Item{Key: "n", Value: []byte("1")}))
	if got := value(server, "n"); got != "170" {
		t.Fatal(got)
	}
	check(t, client.Delete("k"))
	is(t, client.Delete("k"), memcache.ErrCacheMiss)
	check(t, client.Invalidate("k"))
	for _, key := range []string{"", "a key", "tab\t", strings.Repeat("x", 251)} {
		_, err := client.Get(key)
		is(t, err, memcache.ErrMalformedKey)
	}
	check(t, client.FlushAll())
	check(t, client.Close())
	// A cache that is closed is a cache that is empty, and an invalidation that it can't carry out is lost.
	_, err = client.Get("k")
	is(t, err, memcache.ErrCacheMiss)
	is(t, client.Invalidate("k"), ringshift.ErrInvalidationLost)
}

func TestEveryStage(t *testing.T) {
	from, to := testbed.Memcached(t), testbed.Memcached(t)
	for _, stage := range []string{"none", "prepare", "ramp", "soak"} {
		_, client := open(t, moving(from, to, stage))
		writes := map[string]func() error{
			"Set":    func() error { return client.Set(&memcache.Item{Key: "k", Value: []byte("new")}) },
			"Delete": func() error { return client.Delete("k") },
		}
		for name, write := range writes {
			_, old := open(t, alone(from))
			check(t, old.Set(&memcache.Item{Key: "k", Value: []byte("old")}))
			to.AskUntil("set g1:k 0 0 3\r\nold", "STORED\r\n")
			check(t, write())
			left, right := value(from, "k"), value(to, "g1:k")
			moved := stage == "ramp" || stage == "soak"
			expected := map[bool]string{true: "new", false: ""}[name == "Set"]
			source, destination := expected, ""
			if moved {
				source, destination = "", expected
			}
			if left != source || (stage != "none" && right != destination) {
				t.Fatal(stage, name, left, right)
			}
		}
		if _, err := client.Increment("k", 1); stage != "none" {
			is(t, err, ringshift.ErrInvalidArgument)
		}
	}
}

func TestACopyKeepsBytesFlagsAndTheTimeThatIsLeft(t *testing.T) {
	from, to := testbed.Memcached(t), testbed.Memcached(t)
	_, client := open(t, moving(from, to, "ramp"))
	_, old := open(t, alone(from))
	binary := []byte("\x00\xff\r\nEND\r\n")
	reads := map[string]func(string) error{
		"one":  func(key string) error { _, err := client.Get(key); return err },
		"many": func(key string) error { _, err := client.GetMulti([]string{key, "none"}); return err },
	}
	for key, read := range reads {
		check(t, old.Set(&memcache.Item{Key: key, Value: binary, Flags: 9, Expiration: 500}))
		check(t, read(key))
		answer := to.AskUntil("mg g1:"+key+" v f t\r\nmn", "MN\r\n")
		var size, flags, left int
		if _, err := fmt.Sscanf(answer, "VA %d f%d t%d", &size, &flags, &left); err != nil {
			t.Fatal(answer)
		}
		if size != len(binary) || flags != 9 || left < 490 || left > 500 || !strings.Contains(answer, string(binary)) {
			t.Fatal(answer)
		}
	}
	// What is without an end gets the spec's max_ttl.
	from.AskUntil("set forever 0 0 1\r\nv", "STORED\r\n")
	mustGet[*memcache.Item](t)(client.Get("forever"))
	if answer := to.AskUntil("mg g1:forever t", "\r\n"); !strings.HasPrefix(answer, "HD t3") || answer == "HD t-1\r\n" {
		t.Fatal(answer)
	}
}

// relay passes everything on to a server, but for what change makes of it.
func relay(t *testing.T, server *testbed.Server, change func([]byte) []byte) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			upstream, err := net.Dial("tcp", server.Address)
			if err != nil {
				_ = client.Close()
				continue
			}
			pass := func(from, to net.Conn, change func([]byte) []byte) {
				data := make([]byte, 1<<16)
				for {
					n, err := from.Read(data)
					if err != nil {
						break
					}
					changed := change(data[:n])
					if changed == nil {
						break
					}
					if _, err := to.Write(changed); err != nil {
						break
					}
				}
				_, _ = from.Close(), to.Close()
			}
			go pass(client, upstream, change)
			go pass(upstream, client, func(data []byte) []byte { return data })
		}
	}()
	return listener.Addr().String()
}

// withoutMeta makes a server one of before 1.6.
func withoutMeta(data []byte) []byte { return bytes.ReplaceAll(data, []byte("mg "), []byte("m? ")) }

func TestTokens(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"meta":        func(data []byte) []byte { return data },
		"placeholder": withoutMeta,
	} {
		t.Run(name, func(t *testing.T) {
			server := testbed.Memcached(t)
			spec := strings.ReplaceAll(alone(server), server.Address, relay(t, server, change))
			router, client := open(t, spec)
			other := gomemcache.New(router, gomemcache.Options{})
			t.Cleanup(func() { _ = other.Close() })
			item := mustGet[*memcache.Item](t)
			load := func(text string) func() ([]byte, error) { return func() ([]byte, error) { return []byte(text), nil } }
			if got := item(client.GetOrLoad("k", load("1"), 100)); string(got.Value) != "1" {
				t.Fatal(got)
			}
			if got := item(client.GetOrLoad("k", load("2"), 100)); string(got.Value) != "1" {
				t.Fatal(got)
			}
			overtaken := func() ([]byte, error) {
				_, err := other.Get("l")
				is(t, err, memcache.ErrCacheMiss)
				return []byte("old"), other.Invalidate("l")
			}
			if got := item(client.GetOrLoad("l", overtaken, 0)); string(got.Value) != "old" {
				t.Fatal(got)
			}
			_, err := client.Get("l")
			is(t, err, memcache.ErrCacheMiss)
			again := func() ([]byte, error) {
				check(t, other.Invalidate("m"))
				item(other.GetOrLoad("m", load("new"), 0))
				return []byte("old"), nil
			}
			item(client.GetOrLoad("m", again, 0))
			if got := item(client.Get("m")); string(got.Value) != "new" {
				t.Fatal(got)
			}
			// A token is of no use after a restart, though another reader's has its CAS number.
			server.Kill()
			check(t, server.Start())
			restarted := func() ([]byte, error) {
				server.Kill()
				check(t, server.Start())
				_, err := other.GetOrLoad("r", func() ([]byte, error) { return nil, nil }, 0)
				is(t, err, memcache.ErrCacheMiss)
				return []byte("old"), nil
			}
			item(client.GetOrLoad("r", restarted, 0))
			_, err = client.Get("r")
			is(t, err, memcache.ErrCacheMiss)
			// An empty value is one, what stands in for a token is not.
			item(client.GetOrLoad("e", load(""), 0))
			if got := item(client.Get("e")); len(got.Value) != 0 {
				t.Fatal(got)
			}
		})
	}
}

func TestNothingIsFilledWithoutCAS(t *testing.T) {
	_, client := open(t, alone(testbed.Memcached(t, "-C")))
	mustGet[*memcache.Item](t)(client.GetOrLoad("k", func() ([]byte, error) { return []byte("v"), nil }, 0))
	_, err := client.Get("k")
	is(t, err, memcache.ErrCacheMiss)
}

func TestWhatCantBeStored(t *testing.T) {
	server := testbed.Memcached(t)
	router, client := open(t, alone(server))
	large := make([]byte, 2<<20)
	check(t, client.Set(&memcache.Item{Key: "k", Value: []byte("old")}))
	if err := client.Set(&memcache.Item{Key: "k", Value: large}); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Fatal(err)
	}
	_, err := client.Get("k")
	is(t, err, memcache.ErrCacheMiss)
	got, err := client.GetOrLoad("k", func() ([]byte, error) { return large, nil }, 0)
	if err != nil || len(got.Value) != len(large) {
		t.Fatal(err)
	}
	failure := errors.New("no such user")
	_, err = client.GetOrLoad("none", func() ([]byte, error) { return nil, failure }, 0)
	is(t, err, failure)
	metrics := mustGet[*ringshift.Metrics](t)(router.Metrics())
	for _, breaker := range metrics.Breakers {
		if breaker.State != "closed" {
			t.Fatal(breaker)
		}
	}
}

func TestADeadNodeIsAMissAndItsInvalidationAnError(t *testing.T) {
	from, to := testbed.Memcached(t), testbed.Memcached(t)
	_, client := open(t, moving(from, to, "ramp"))
	check(t, client.Set(&memcache.Item{Key: "k", Value: []byte("v")}))
	to.Kill()
	_, err := client.Get("k")
	is(t, err, memcache.ErrCacheMiss)
	var lost *ringshift.InvalidationLostError
	if err := client.Invalidate("k"); !errors.As(err, &lost) || lost.Lost[0].Cluster != "green" || lost.Lost[0].Key != "k" {
		t.Fatal(err)
	}
	got, err := client.GetOrLoad("k", func() ([]byte, error) { return []byte("7"), nil }, 0)
	if err != nil || string(got.Value) != "7" {
		t.Fatal(got, err)
	}
	check(t, to.Start())
	check(t, client.Invalidate("k"))
}

func TestConnectionsThatDiedWhileIdleAreNotNoticed(t *testing.T) {
	server := testbed.Memcached(t)
	_, client := open(t, alone(server))
	var all sync.WaitGroup
	for range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			_ = client.Set(&memcache.Item{Key: "k", Value: []byte("v")})
			_, _ = client.GetOrLoad("l", func() ([]byte, error) { return []byte("v"), nil }, 0)
		}()
	}
	all.Wait()
	server.Kill()
	check(t, server.Start())
	check(t, client.Invalidate("k"))
	check(t, client.Set(&memcache.Item{Key: "k", Value: []byte("v")}))
	got := mustGet[*memcache.Item](t)(client.GetOrLoad("k", func() ([]byte, error) { return []byte("w"), nil }, 0))
	if string(got.Value) != "v" {
		t.Fatal(got)
	}
}

func TestAConnectionThatDiesInTheMiddleOfManyKeys(t *testing.T) {
	good, bad := testbed.Memcached(t), testbed.Memcached(t)
	cut := false
	address := relay(t, bad, func(data []byte) []byte {
		if cut && bytes.HasPrefix(data, []byte("get")) {
			return nil
		}
		return data
	})
	spec := strings.ReplaceAll(testbed.Text(1, []*testbed.Server{good, bad}, nil, ""), bad.Address, address)
	_, client := open(t, spec)
	keys := make([]string, 40)
	for i := range keys {
		keys[i] = fmt.Sprintf("user:%d", i)
		check(t, client.Set(&memcache.Item{Key: keys[i], Value: []byte("v")}))
	}
	cut = true
	found, err := client.GetMulti(keys)
	if err != nil || len(found) == 0 || len(found) == len(keys) {
		t.Fatal(len(found), err)
	}
	for key := range found {
		if value(good, key) != "v" {
			t.Fatal(key)
		}
	}
}

func TestAnAddressThatLeftTheSpecIsLetGo(t *testing.T) {
	before, after := testbed.Memcached(t), testbed.Memcached(t)
	dialed := map[string]int{}
	var lock sync.Mutex
	router, err := ringshift.FromSpec([]byte(alone(before)))
	check(t, err)
	client := gomemcache.New(router, gomemcache.Options{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		lock.Lock()
		defer lock.Unlock()
		dialed[address]++
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}})
	check(t, client.Set(&memcache.Item{Key: "k", Value: []byte("v")}))
	_, err = router.Apply([]byte(testbed.Text(2, []*testbed.Server{after}, nil, "")))
	check(t, err)
	check(t, client.Set(&memcache.Item{Key: "k", Value: []byte("v")}))
	if dialed[before.Address] != 1 || dialed[after.Address] != 1 {
		t.Fatal(dialed)
	}
	check(t, client.Close())
	check(t, router.Close())
	if err := client.Set(&memcache.Item{Key: "k"}); !errors.Is(err, ringshift.ErrClosed) {
		t.Fatal(err)
	}
}
