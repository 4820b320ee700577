// What a client leaves behind when it is closed.

package testbed

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ringshift"
)

// Dial is how an adapter makes a connection.
type Dial = func(ctx context.Context, network, address string) (net.Conn, error)

// NothingIsLeft moves a cluster while goroutines use a client, which open makes, and closes it: no goroutine and no
// connection is left of it.
func (a Adapter[C]) NothingIsLeft(t *testing.T, open func(*ringshift.Router, Dial) (use func(key string) error, end func() error)) {
	_, _, spec := a.two(t)
	router := spec.Router(t)
	before := runtime.NumGoroutine()
	var connections connections
	use, end := open(router, connections.dial)
	var all sync.WaitGroup
	for i := range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			for at := range 20 {
				if err := use(fmt.Sprint("k", at)); err != nil {
					t.Error(i, err)
				}
			}
		}()
	}
	for _, stage := range []string{"prepare", "ramp", "soak", "final"} {
		spec.Stage, spec.Percent = stage, 50
		spec.Apply(t, router)
	}
	all.Wait()
	Must(t, end())
	for deadline := time.Now().Add(limit); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, and %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
	if count := connections.open.Load(); count != 0 {
		t.Fatal(count, "connections are open")
	}
}

// connections counts those that are open.
type connections struct{ open atomic.Int32 }

func (c *connections) dial(ctx context.Context, network, address string) (net.Conn, error) {
	connection, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.open.Add(1)
	return &counted{Conn: connection, open: &c.open}, nil
}

// counted is a connection that counts itself.
type counted struct {
	net.Conn
	open *atomic.Int32
	once sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}
