//go:build cgo

// Watching: a goroutine that refreshes a router from time to time.

package ringshift

import (
	"runtime"
	"sync"
	"time"
	"weak"
)

// watcher is how its goroutine is told to end.
type watcher struct {
	once    sync.Once
	stopped chan struct{}
}

// watch starts refreshing a router. The goroutine ends at Close, and does not keep a router from being collected that
// was dropped without Close.
func watch(router *Router, interval time.Duration) *watcher {
	made := &watcher{stopped: make(chan struct{})}
	runtime.AddCleanup(router, (*watcher).stop, made)
	go made.run(weak.Make(router), interval)
	return made
}

// stop may be called any number of times. It does not wait: a refresh may be held up by a file system.
func (w *watcher) stop() { w.once.Do(func() { close(w.stopped) }) }

func (w *watcher) run(watched weak.Pointer[Router], interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-w.stopped:
			return
		case <-ticker.C:
			if router := watched.Value(); router != nil {
				// A refusal was counted, and LastError tells it.
				_, _ = router.Refresh()
			}
		}
	}
}
