package gomemcache_test

// Servers that die, hang and answer half of what they were asked.

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift"
	"ringshift/adapters/gomemcache"
	"ringshift/internal/testbed"
)

func TestAConnectionThatDiesInTheMiddleOfAMultiGetKeepsWhatWasAnswered(t *testing.T) {
	var calls atomic.Int32
	half := testbed.Fake(t, func(line string) (string, bool) {
		calls.Add(1)
		if strings.HasPrefix(line, "gets ") {
			return "VALUE a 5 1 1\r\nA\r\nVALUE b 0 10 2\r\nhal", false
		}
		return "", false
	})
	client := clientOf(t, testbed.Spec{Blue: []string{half}})
	found, err := client.GetMulti([]string{"a", "b", "c"})
	must(t, err)
	if len(found) != 1 || string(found["a"].Value) != "A" || found["a"].Flags != 5 {
		t.Fatal(found)
	}
	if calls.Load() == 0 {
		t.Fatal("it was not asked")
	}
	if counts := outcomes(t, client.Router()); counts["read hit"] != 1 || counts["read error"] != 2 || counts["read miss"] != 0 {
		t.Fatal(counts)
	}
}

func TestATokenReadThatDiesInTheMiddleKeepsWhatWasAnswered(t *testing.T) {
	blue := testbed.Memcached(t)
	half := testbed.Fake(t, func(line string) (string, bool) {
		if !strings.HasPrefix(line, "mg g1:c ") {
			// The others came before it, in the same packet.
			return "", true
		}
		return "VA 1 f0 t-1 c1\r\nA\r\nVA 10 f0", false
	})
	client := clientOf(t, testbed.Spec{Blue: []string{blue.Address}, Green: []string{half}, Stage: "ramp", Percent: 100})
	for _, key := range []string{"a", "b", "c"} {
		must(t, bare(blue).Set(&memcache.Item{Key: key, Value: []byte("old " + key)}))
	}
	found, err := client.GetMulti([]string{"a", "b", "c"})
	must(t, err)
	if len(found) != 3 || string(found["a"].Value) != "A" || string(found["c"].Value) != "old c" {
		t.Fatal(found)
	}
}

func TestADeadNode(t *testing.T) {
	blue, green := testbed.Memcached(t), testbed.Memcached(t)
	client := clientOf(t, testbed.Spec{
		Blue: []string{blue.Address}, Green: []string{green.Address}, Stage: "ramp", Percent: 100,
	})
	must(t, client.Set(&memcache.Item{Key: "k", Value: []byte("v")}))
	green.Kill()
	_, err := client.Get("k")
	wants(t, err, memcache.ErrCacheMiss)
	must(t, bare(blue).Set(&memcache.Item{Key: "k", Value: []byte("w")}))
	holds(t, client, "k", "w")
	item, err := client.GetOrLoad("absent", loaded("loaded"), 0)
	gives(t, item, err, "loaded")
	want := ringshift.LostInvalidation{Cluster: "green", Node: "g0", Address: green.Address, Key: "k"}
	for name, err := range map[string]error{
		"set": client.Set(&memcache.Item{Key: "k", Value: []byte("x")}), "delete": client.Delete("k"), "invalidate": client.Invalidate("k"),
	} {
		if lost := lostOf(t, err); len(lost) != 1 || lost[0] != want {
			t.Fatal(name, lost)
		}
		if strings.Contains(err.Error(), `"k"`) || !strings.Contains(err.Error(), "node g0 at "+green.Address) {
			t.Fatal(err)
		}
	}
	if on(t, blue, "k") != "nothing" {
		t.Fatal("the other node was not invalidated")
	}
	metrics, err := client.Router().Metrics()
	must(t, err)
	for _, debt := range metrics.Debts {
		if debt.Open != (debt.Cluster == "green") {
			t.Fatalf("%+v", debt)
		}
	}
	// What the dead node did not remove is read, and stored, at the other one.
	must(t, client.Add(&memcache.Item{Key: "k", Value: []byte("x")}))
	holds(t, client, "k", "x")
	if err := client.Ping(); err == nil || !strings.Contains(err.Error(), "g0") || strings.Contains(err.Error(), "b0") {
		t.Fatal(err)
	}
	must(t, green.Start())
	must(t, client.Ping())
	must(t, client.Invalidate("k"))
}

func TestANodeThatHangs(t *testing.T) {
	server := testbed.Memcached(t)
	router := testbed.Spec{Blue: []string{server.Address}}.Router(t)
	client := gomemcache.New(router, gomemcache.Options{Timeout: 50 * time.Millisecond})
	must(t, client.Ping())
	server.Pause(t)
	_, err := client.Get("k")
	wants(t, err, memcache.ErrCacheMiss)
	item, err := client.GetOrLoad("k", loaded("v"), 0)
	gives(t, item, err, "v")
	lostOf(t, client.Invalidate("k"))
	server.Resume(t)
	if counts := outcomes(t, router); counts["read timeout"] != 2 || counts["invalidate timeout"] != 1 || len(counts) != 2 {
		t.Fatal(counts)
	}
	must(t, client.Close())
}

func TestTLSThatIsRefusedOrTakesTooLongIsNotUnreachable(t *testing.T) {
	silent := testbed.Fake(t, func(string) (string, bool) { return "", true })
	for outcome, each := range map[string]struct {
		address string
		timeout time.Duration
	}{"error": {testbed.Memcached(t).Address, time.Minute}, "timeout": {silent, 50 * time.Millisecond}} {
		router := testbed.Spec{Blue: []string{each.address}}.Router(t)
		client := gomemcache.New(router, gomemcache.Options{Timeout: each.timeout, DialContext: (&tls.Dialer{}).DialContext})
		_, err := client.Get("k")
		wants(t, err, memcache.ErrCacheMiss)
		item, err := client.GetOrLoad("k", loaded("v"), 0)
		gives(t, item, err, "v")
		lostOf(t, client.Invalidate("k"))
		if counts := outcomes(t, router); counts["read "+outcome] != 2 || counts["invalidate "+outcome] != 1 || len(counts) != 2 {
			t.Fatal(outcome, counts)
		}
		must(t, client.Close())
	}
}

func TestConnectionsThatDiedWhileIdleAreNoFailures(t *testing.T) {
	server := testbed.Memcached(t)
	relay := testbed.NewRelay(t, server, nil)
	client := clientOf(t, testbed.Spec{Blue: []string{relay.Address}})
	for range 3 {
		// Some connections of each sort.
		done := make(chan error, 8)
		for i := range cap(done) {
			go func() {
				_, err := client.GetOrLoad(fmt.Sprint("k", i), loaded("v"), 0)
				done <- errors.Join(err, client.Invalidate(fmt.Sprint("other", i)))
			}()
		}
		for range cap(done) {
			must(t, <-done)
		}
		relay.Drop()
		must(t, client.Set(&memcache.Item{Key: "k", Value: []byte("v")}))
		relay.Drop()
		holds(t, client, "k", "v")
		relay.Drop()
		must(t, client.Invalidate("k"))
	}
	metrics, err := client.Router().Metrics()
	must(t, err)
	for _, each := range metrics.Requests {
		if each.Outcome == "error" && each.Op != "fill" {
			t.Fatalf("%+v", each)
		}
	}
}

func TestAnswersThatAreNoneAreFailures(t *testing.T) {
	for _, answer := range []string{
		"nonsense\r\n", "VA -1 f0 t0 c1\r\n", "VA 99999999999 f0\r\n", "VA 1 fx\r\nv\r\n", "VA 1 f0 t0 c1\r\nvvv", "VALUE k 0\r\n", "\r\n",
		strings.Repeat("x", 10_000) + "\r\n", "SERVER_ERROR busy\r\n",
	} {
		fake := testbed.Fake(t, func(string) (string, bool) { return answer, false })
		client := clientOf(t, testbed.Spec{Blue: []string{fake}})
		_, err := client.Get("k")
		wants(t, err, memcache.ErrCacheMiss)
		item, err := client.GetOrLoad("k", loaded("v"), 0)
		gives(t, item, err, "v")
		lostOf(t, client.Invalidate("k"))
	}
}

func TestAnOwedKeyThatIsTooLongForALaterSpecIsNotSentThere(t *testing.T) {
	blue, green := testbed.Memcached(t), testbed.Memcached(t)
	client := clientOf(t, testbed.Spec{Blue: []string{blue.Address}})
	long, odd := strings.Repeat("k", 250), "two words\r\nflush_all"
	must(t, client.Set(&memcache.Item{Key: long, Value: []byte("old")}))
	route, err := client.Router().Route("l")
	must(t, err)
	for _, key := range []string{long, odd} {
		must(t, client.Router().Lost(route.Read().Node(), []byte(key), ringshift.OutcomeUnsent))
	}
	testbed.Spec{Blue: []string{blue.Address}, Green: []string{green.Address}, Stage: "prepare"}.Apply(t, client.Router())
	must(t, client.Set(&memcache.Item{Key: "l", Value: []byte("v")}))
	if on(t, blue, long) != "nothing" || testbed.Owed(t, client.Router()) != 0 {
		t.Fatal("it was not sent again")
	}
	holds(t, client, "l", "v")
	testbed.NoErrors(t, client.Router())
}

func TestAClosedClientAndAClosedRouter(t *testing.T) {
	client := clientOf(t, testbed.Spec{Blue: []string{testbed.Memcached(t).Address}})
	must(t, client.Set(&memcache.Item{Key: "k", Value: []byte("v")}))
	must(t, client.Close())
	_, err := client.Get("k")
	wants(t, err, memcache.ErrCacheMiss)
	lostOf(t, client.Invalidate("k"))
	if _, err := client.Increment("k", 1); err == nil || client.Ping() == nil {
		t.Fatal("it is closed")
	}
	counts := outcomes(t, client.Router())
	if counts["read unsent"] != 1 || counts["invalidate unsent"] != 1 || counts["fill unsent"] != 1 {
		t.Fatal(counts)
	}
	// That says nothing about the node.
	testbed.NoErrors(t, client.Router())
	// Another client of the router may read what this one did not remove, once it has removed it.
	other := gomemcache.New(client.Router(), gomemcache.Options{})
	for range 2 {
		found, err := other.GetMulti([]string{"k"})
		if must(t, err); len(found) != 0 {
			t.Fatal(found)
		}
	}
	if owed := testbed.Owed(t, client.Router()); owed != 0 {
		t.Fatal(owed)
	}
	must(t, other.Set(&memcache.Item{Key: "k", Value: []byte("w")}))
	must(t, other.Close())
	must(t, client.Router().Close())
	_, err = client.Get("k")
	wants(t, err, ringshift.ErrClosed)
	wants(t, client.Invalidate("k"), ringshift.ErrClosed)
}
