package ringshift_test

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"ringshift"
)

func TestWatching(t *testing.T) {
	path := specFile(t, simple(1))
	router := openFile(t, path, ringshift.WithWatch(time.Millisecond))
	replace(t, path, simple(2))
	until(t, func() bool { return router.Generation() == 2 })
	// A bad one is counted and told, and neither ends the watching nor the spec in force.
	replace(t, path, `{"format":1,`)
	until(t, func() bool { return router.LastError() != nil })
	wantKind(t, router.LastError(), ringshift.ErrSpecSyntax)
	equal(t, router.Generation(), 2)
	metrics, err := router.Metrics()
	must(t, err)
	equal(t, metrics.Reloads.Rejected, 1)
	equal(t, metrics.Reloads.LastError, router.LastError().Error())
	must(t, os.Remove(path))
	until(t, func() bool {
		return router.LastError() != nil && strings.Contains(router.LastError().Error(), "cannot be read")
	})
	replace(t, path, simple(3))
	until(t, func() bool { return router.Generation() == 3 && router.LastError() == nil })
}

func TestWatchersEnd(t *testing.T) {
	path := specFile(t, simple(1))
	// Those of earlier tests end soon after their Close.
	collect(t, func() bool { return watchers() == 0 })
	closed := openFile(t, path, ringshift.WithWatch(time.Hour))
	openAndDrop(t, path)
	must(t, closed.Close())
	// The other one is collected although its goroutine runs, and ends although its interval has not passed.
	collect(t, func() bool { return watchers() == 0 })
	runtime.KeepAlive(closed)
}

// openAndDrop is a function of its own so that its router is on nobody's stack afterwards.
//
//go:noinline
func openAndDrop(t *testing.T, path string) {
	t.Helper()
	router, err := ringshift.Open(path, ringshift.WithWatch(time.Hour))
	must(t, err)
	// A goroutine that has not begun to run is not seen.
	until(t, func() bool { return watchers() == 2 })
	equal(t, router.Generation(), 1)
}

// watchers is how many goroutines watch.
func watchers() int {
	stacks := make([]byte, 1<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "(*watcher).run(")
}
