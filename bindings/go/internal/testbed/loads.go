// Loads of one key that meet in one process.

package testbed

import (
	"regexp"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// OneLoad has many goroutines load one key at the same time: the origin is asked once, and each gets bytes of its own.
func (a Adapter[C]) OneLoad(t *testing.T) {
	client := a.Client(t, Spec{Blue: []string{a.Start(t).Address}})
	var loads atomic.Int32
	begun, goOn := make(chan struct{}, 100), make(chan struct{})
	var all sync.WaitGroup
	get := func() {
		defer all.Done()
		value, err := client.Load("k", func() ([]byte, error) {
			loads.Add(1)
			begun <- struct{}{}
			<-goOn
			return []byte("v"), nil
		})
		if err != nil || string(value) != "v" {
			t.Errorf("%q, %v", value, err)
			return
		}
		value[0] = 'x'
	}
	all.Add(1)
	go get()
	<-begun
	const others = 20
	for range others {
		all.Add(1)
		go get()
	}
	waitForWaiting(others)
	close(goOn)
	all.Wait()
	if loads.Load() != 1 {
		t.Fatalf("%d loads", loads.Load())
	}
}

// waitForWaiting returns when so many goroutines wait for somebody else's load. Whoever does not wait yet may have missed
// the value and come too late to share it.
func waitForWaiting(count int) {
	waiting := regexp.MustCompile(`\[select[^]]*\]:\nringshift/internal/steps\.\(\*loads\)\.run\(`)
	stacks := make([]byte, 1<<20)
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if len(waiting.FindAll(stacks[:runtime.Stack(stacks, true)], -1)) == count {
			return
		}
	}
}
