package ringshift_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ringshift"
)

// Every kind of error, each made by whatever a program would do to get it.
func TestEveryKind(t *testing.T) {
	path := specFile(t, simple(5))
	router := openFile(t, path)
	closed := fromSpec(t, simple(1))
	must(t, closed.Close())
	refreshed := func(text string) error {
		replace(t, path, text)
		applied, err := router.Refresh()
		if applied {
			t.Fatal("a bad spec was applied")
		}
		return err
	}
	missing := func() error {
		_, err := ringshift.Open(filepath.Join(t.TempDir(), "missing.json"))
		return err
	}
	made := map[ringshift.Kind]error{
		ringshift.ErrInvalidArgument:    router.Report(nil, ringshift.OpRead, ringshift.OutcomeHit),
		ringshift.ErrInvalidKey:         second(router.Route("\xff")),
		ringshift.ErrIO:                 missing(),
		ringshift.ErrSpecSyntax:         refreshed(`{"format":1,`),
		ringshift.ErrSpecInvalid:        refreshed(`{"format":2}`),
		ringshift.ErrSpecLimit:          refreshed(strings.Repeat(" ", 4<<20+1)),
		ringshift.ErrStaleGeneration:    refreshed(simple(4)),
		ringshift.ErrGenerationConflict: refreshed(strings.Replace(simple(5), `"vnodes":`, `"seed":9,"vnodes":`, 1)),
		ringshift.ErrClosed:             second(closed.Route("user:42")),
		// Adapters make this one.
		ringshift.ErrInvalidationLost: &ringshift.Error{Kind: ringshift.ErrInvalidationLost, Message: "mc1 did not answer"},
		// Nothing that a caller can do makes this one.
		ringshift.ErrInternal: &ringshift.Error{Kind: ringshift.ErrInternal, Message: "a fault"},
	}
	equal(t, len(made), 11, "kinds")
	for kind, err := range made {
		wantKind(t, err, kind)
		wantKind(t, fmt.Errorf("wrapped: %w", err), kind)
	}
	equal(t, router.Generation(), 5, "the last good spec stays")
}

func TestKindsAreNamedAndNumberedAsInTheLibrary(t *testing.T) {
	for number := ringshift.Kind(1); number <= 11; number++ {
		equal(t, number.String(), ringshift.KindName(number))
	}
	for _, number := range []ringshift.Kind{12, 1 << 31} {
		equal(t, number.String(), "unknown")
		equal(t, ringshift.KindName(number), "unknown")
	}
	equal(t, ringshift.Kind(0).String(), "unknown")
	equal(t, fmt.Sprint(ringshift.ErrSpecInvalid), "spec_invalid")
}

func TestAnErrorHasItsPlace(t *testing.T) {
	spec := strings.Replace(simple(1), `"address":"b1.example:11211"`, `"address":"b1.example:11211","weight":1001`, 1)
	path := specFile(t, "{\n"+spec[1:])
	_, err := ringshift.Open(path)
	wantKind(t, err, ringshift.ErrSpecInvalid)
	failure := err.(*ringshift.Error)
	equal(t, failure.Pointer, "/clusters/blue/nodes/1/weight")
	equal(t, failure.HasPointer(), true)
	equal(t, failure.Line, 2)
	equal(t, failure.Column, strings.Index(spec, "1001"))
	start := fmt.Sprintf("%s:%d:%d: %s: 1001 ", path, failure.Line, failure.Column, failure.Pointer)
	if !strings.HasPrefix(err.Error(), start) {
		t.Fatalf("%q does not start with %q", err, start)
	}
	// The whole spec has an empty pointer, text that is not JSON has none.
	_, err = ringshift.FromSpec([]byte("{}"))
	failure = err.(*ringshift.Error)
	equal(t, fmt.Sprintf("%q %t", failure.Pointer, failure.HasPointer()), `"" true`)
	_, err = ringshift.FromSpec([]byte("{"))
	failure = err.(*ringshift.Error)
	equal(t, fmt.Sprintf("%q %t", failure.Pointer, failure.HasPointer()), `"" false`)
	_, err = ringshift.Open("/")
	failure = err.(*ringshift.Error)
	equal(t, fmt.Sprint(failure.Line, failure.Column, failure.HasPointer()), "0 0 false")
}

// The library keeps the last error for each thread: goroutines that fail at the same time must not see each other's.
func TestGoroutinesGetTheirOwnErrors(t *testing.T) {
	var group sync.WaitGroup
	for worker := range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			for try := range 200 {
				region := fmt.Sprintf("%d-%d-%s", worker, try, strings.Repeat("x", 300))
				_, err := ringshift.FromSpec([]byte(fmt.Sprintf(`{"format":%d%03d}`, worker+2, try)))
				if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%d%03d", worker+2, try)) {
					t.Errorf("%v is not about %d%03d", err, worker+2, try)
				}
				_, err = ringshift.FromSpec([]byte(simple(1)), ringshift.WithRegion(region))
				if !errors.Is(err, ringshift.ErrInvalidArgument) {
					t.Errorf("%v; want %v", err, ringshift.ErrInvalidArgument)
				}
			}
		}()
	}
	group.Wait()
}

func TestArgumentsThatCannotBeMeant(t *testing.T) {
	spec := []byte(simple(1))
	path := specFile(t, simple(1))
	for about, err := range map[string]error{
		"NUL in the path":   second(ringshift.Open(path + "\x00")),
		"NUL in the region": second(ringshift.FromSpec(spec, ringshift.WithRegion("k\x00r"))),
		"NUL in last good":  second(ringshift.Open(path, ringshift.WithLastGood("a\x00"))),
		"empty region":      second(ringshift.FromSpec(spec, ringshift.WithRegion(""))),
		"region not UTF-8":  second(ringshift.FromSpec(spec, ringshift.WithRegion("\xff"))),
		"no interval":       second(ringshift.FromSpec(spec, ringshift.WithWatch(0))),
		"negative interval": second(ringshift.FromSpec(spec, ringshift.WithWatch(-time.Second))),
	} {
		t.Run(about, func(t *testing.T) { wantKind(t, err, ringshift.ErrInvalidArgument) })
	}
	// An option that isn't there is no option.
	router, err := ringshift.FromSpec(spec, nil)
	must(t, err)
	must(t, router.Close())
	_, err = ringshift.Open("")
	wantKind(t, err, ringshift.ErrInvalidArgument)
	_, err = ringshift.FromSpec(nil)
	wantKind(t, err, ringshift.ErrSpecSyntax)
}

func TestLastErrorIsThePresentOne(t *testing.T) {
	path := specFile(t, simple(1))
	router := openFile(t, path)
	must(t, router.LastError())
	must(t, os.Remove(path))
	_, err := router.Refresh()
	wantKind(t, err, ringshift.ErrIO)
	equal(t, router.LastError().Error(), err.Error())
	replace(t, path, simple(2))
	applied, err := router.Refresh()
	must(t, err)
	equal(t, applied, true)
	must(t, router.LastError())
}

// second is the error of a call that gives two things.
func second[T any](_ T, err error) error { return err }
