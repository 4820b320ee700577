package gomemcache

// Tokens are good on connections that were there when they were taken: those are kept, and waited for.

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"ringshift/internal/testbed"
)

func poolOf(t *testing.T, most int) *pool {
	t.Helper()
	server := testbed.Memcached(t)
	p := &pool{address: address(server.Address), dial: (&net.Dialer{}).DialContext, timeout: 20 * time.Second, most: most}
	t.Cleanup(p.Close)
	return p
}

// together holds so many connections at the same time, and gives when the first was made.
func together(t *testing.T, p *pool, count int) (first uint64) {
	t.Helper()
	var all, held sync.WaitGroup
	held.Add(count)
	for i := range count {
		all.Add(1)
		made := make(chan struct{})
		go func() {
			defer all.Done()
			err := p.run(context.Background(), func(c *conn) error {
				if i == 0 {
					first = c.born
				}
				close(made)
				held.Done()
				held.Wait()
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}()
		<-made
	}
	all.Wait()
	return first
}

func TestAPoolThatIsFullKeepsItsOldestConnections(t *testing.T) {
	p := poolOf(t, 2)
	first := together(t, p, 10)
	if len(p.free) != 2 || len(p.busy) != 0 {
		t.Fatal(len(p.free), len(p.busy))
	}
	sent, err := p.runSince(first, func(c *conn) error {
		if c.born != first {
			return fmt.Errorf("it is of %d, not %d", c.born, first)
		}
		return nil
	})
	if !sent || err != nil {
		t.Fatal(sent, err)
	}
}

func TestAConnectionInUseIsWaitedFor(t *testing.T) {
	p := poolOf(t, 2)
	first := together(t, p, 1)
	var order []string
	began, done := make(chan struct{}), make(chan error)
	go func() {
		done <- p.run(context.Background(), func(*conn) error {
			close(began)
			for !p.isWaitedFor() {
				time.Sleep(time.Millisecond)
			}
			order = append(order, "used")
			return nil
		})
	}()
	<-began
	sent, err := p.runSince(first, func(*conn) error {
		order = append(order, "filled")
		return nil
	})
	if !sent || err != nil || <-done != nil || fmt.Sprint(order) != "[used filled]" {
		t.Fatal(sent, err, order)
	}
	if sent, err := p.runSince(first-1, func(*conn) error { panic("it is too young") }); sent || err != nil {
		t.Fatal(sent, err)
	}
}

func TestAConnectionThatStaysInUseIsNotWaitedForForEver(t *testing.T) {
	p := poolOf(t, 2)
	first := together(t, p, 1)
	p.timeout = 20 * time.Millisecond
	err := p.run(context.Background(), func(*conn) error {
		sent, err := p.runSince(first, func(*conn) error { panic("it is in use") })
		if sent {
			t.Error("there was none")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (p *pool) isWaitedFor() bool {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.back != nil
}
