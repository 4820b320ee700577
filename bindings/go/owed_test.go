package ringshift_test

import (
	"fmt"
	"strings"
	"testing"

	"ringshift"
)

// one is a router of one node, and the node.
func one(t *testing.T) (*ringshift.Router, *ringshift.Node) {
	t.Helper()
	router := fromSpec(t, specOf(1, clusterText("blue", "b", 1, "")))
	return router, router.Nodes()[0]
}

// owedTo are the keys that are given out.
func owedTo(t *testing.T, router *ringshift.Router, node *ringshift.Node) []ringshift.OwedKey {
	t.Helper()
	owed, err := router.Owed(node)
	must(t, err)
	return owed
}

func TestAnOwedKeyIsNotReadUntilItIsRepaid(t *testing.T) {
	for about, key := range map[string]string{"text": "user:42", "bytes": "\xff\x00k", "empty": ""} {
		t.Run(about, func(t *testing.T) {
			router, node := one(t)
			read := func(key string) *ringshift.Target {
				found, err := router.RouteBytes([]byte(key))
				must(t, err)
				equal(t, fmt.Sprint(invalidateNames(found)), "[blue/b0]")
				return found.Read()
			}
			healthy := read(key)
			equal(t, len(owedTo(t, router, node)), 0)
			must(t, router.Lost(node, []byte(key), ringshift.OutcomeError))
			equal(t, read(key), nil)
			if read("other") == nil {
				t.Fatal("another key is not read")
			}
			owed := owedTo(t, router, node)
			equal(t, len(owed), 1)
			equal(t, string(owed[0].Key), key)
			equal(t, len(owedTo(t, router, node)), 0, "somebody has it")
			equal(t, read(key), nil, "it was not repaid yet")
			must(t, router.Repaid(ringshift.OwedKey{Key: owed[0].Key, Loss: owed[0].Loss + 1}))
			equal(t, read(key), nil, "another loss was repaid")
			must(t, router.Repaid(owed[0]))
			equal(t, read(key), healthy)
			must(t, router.Repaid(owed[0]))
			metrics, err := router.Metrics()
			must(t, err)
			equal(t, metrics.Owed, ringshift.OwedMetrics{Keys: 0, Repaid: 1})
		})
	}
}

func TestALossIsCountedAsAReportIs(t *testing.T) {
	router, node := one(t)
	for _, outcome := range []ringshift.Outcome{ringshift.OutcomeError, ringshift.OutcomeTimeout,
		ringshift.OutcomeUnreachable, ringshift.OutcomeUnsent} {
		must(t, router.Lost(node, []byte("k"), outcome))
		must(t, router.Lost(node, []byte("l"), outcome))
	}
	metrics, err := router.Metrics()
	must(t, err)
	equal(t, len(metrics.Requests), 4)
	for _, request := range metrics.Requests {
		equal(t, request.Op, "invalidate")
		equal(t, request.Count, 2, request.Outcome)
	}
	equal(t, metrics.Debts[0].Lost, 8)
	equal(t, metrics.Owed, ringshift.OwedMetrics{Keys: 2})
	text, err := router.MetricsText()
	must(t, err)
	equal(t, strings.Contains(text, "ringshift_owed_keys 2\n"), true, text)
}

func TestLossesThatCannotBeMeant(t *testing.T) {
	router, node := one(t)
	_, stranger := one(t)
	key := []byte("k")
	wantKind(t, router.Lost(nil, key, ringshift.OutcomeError), ringshift.ErrInvalidArgument)
	wantKind(t, router.Lost(stranger, key, ringshift.OutcomeError), ringshift.ErrInvalidArgument)
	for _, outcome := range []ringshift.Outcome{ringshift.OutcomeHit, ringshift.OutcomeMiss, ringshift.OutcomeOK, 7} {
		wantKind(t, router.Lost(node, key, outcome), ringshift.ErrInvalidArgument)
	}
	for _, other := range []*ringshift.Node{nil, stranger} {
		owed, err := router.Owed(other)
		wantKind(t, err, ringshift.ErrInvalidArgument)
		equal(t, len(owed), 0)
	}
	must(t, router.Repaid(ringshift.OwedKey{Key: key, Loss: 7}))
	metrics, err := router.Metrics()
	must(t, err)
	equal(t, len(metrics.Requests), 0)
	equal(t, metrics.Owed, ringshift.OwedMetrics{})
}

func TestAClosedRouterOwesNobody(t *testing.T) {
	router, node := one(t)
	must(t, router.Lost(node, []byte("k"), ringshift.OutcomeError))
	must(t, router.Close())
	wantKind(t, router.Lost(node, []byte("k"), ringshift.OutcomeError), ringshift.ErrClosed)
	_, err := router.Owed(node)
	wantKind(t, err, ringshift.ErrClosed)
	wantKind(t, router.Repaid(ringshift.OwedKey{Key: []byte("k"), Loss: 1}), ringshift.ErrClosed)
}
