// Checks that nearly every test makes.

package testbed

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"ringshift"
)

// Must fails the test at an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Wants fails the test unless err is the expected one.
func Wants(t testing.TB, err, expected error) {
	t.Helper()
	if !errors.Is(err, expected) {
		t.Fatalf("%v; want %v", err, expected)
	}
}

// LostOf gives the invalidations that were lost; it fails the test if err is about something else.
func LostOf(t testing.TB, err error) []ringshift.LostInvalidation {
	t.Helper()
	Wants(t, err, ringshift.ErrInvalidationLost)
	var lost *ringshift.InvalidationLostError
	if !errors.As(err, &lost) {
		t.Fatalf("%T", err)
	}
	return lost.Lost
}

// Outcomes are what was reported, as "read miss" and the like.
func Outcomes(t testing.TB, router *ringshift.Router) map[string]uint64 {
	t.Helper()
	metrics, err := router.Metrics()
	Must(t, err)
	counts := map[string]uint64{}
	for _, each := range metrics.Requests {
		counts[each.Op+" "+each.Outcome] += each.Count
	}
	return counts
}

// Owed is how many keys' invalidations are to be sent again.
func Owed(t testing.TB, router *ringshift.Router) uint64 {
	t.Helper()
	metrics, err := router.Metrics()
	Must(t, err)
	return metrics.Owed.Keys
}

// NoErrors fails the test if anything was reported as a failure of a node.
func NoErrors(t testing.TB, router *ringshift.Router) {
	t.Helper()
	for outcome := range Outcomes(t, router) {
		if _, result, _ := strings.Cut(outcome, " "); slices.Contains([]string{"error", "timeout", "unreachable"}, result) {
			t.Fatal(outcome)
		}
	}
}
