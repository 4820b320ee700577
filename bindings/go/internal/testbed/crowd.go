// Callers that read and write versioned values all the time, while one of the nodes fails, and what they see.

package testbed

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ringshift"
)

const (
	// timeout is that of the clients: far above what a busy machine holds up a request.
	timeout = time.Second
	// late is what took longer than one timeout, by a wide margin.
	late    = timeout * 3 / 2
	readers = 6
	writers = 2
	// keysOfEach node there are; every second one is written.
	keysOfEach = 8
)

// versioned is a key whose value is the number of its last write.
type versioned struct {
	name string
	// node is the first that it is read at; fails says that this is the one that fails.
	node  *ringshift.Node
	fails bool
	// lostAt is the node that fails if it is invalidated there, else nil.
	lostAt *ringshift.Node
	// still keys are never written: where all is well, the origin is asked for them once.
	still              bool
	writing            sync.Mutex
	written, completed atomic.Int64
}

// crowd is some callers of one client.
type crowd struct {
	t      *testing.T
	client Cache
	miss   error
	keys   []*versioned
	warm   bool
	stop   chan struct{}
	once   sync.Once
	all    sync.WaitGroup
	// turns counts what each caller has done.
	turns [readers + writers]atomic.Int64
	// reads and all operations; those that have waited for a whole timeout, and those that took longer than one.
	reads, operations, waited, late atomic.Int64
	// sent are the writes to the node that fails.
	sent atomic.Int64
}

// newCrowd finds keys that are read at each node, and reads each once.
func newCrowd(t *testing.T, client Cache, miss error, failing string) *crowd {
	t.Helper()
	c := &crowd{t: t, client: client, miss: miss, stop: make(chan struct{})}
	count := map[string]int{}
	nodes := client.Router().Nodes()
	for i := 0; len(c.keys) < len(nodes)*keysOfEach; i++ {
		key := &versioned{name: fmt.Sprint("key:", i)}
		route, err := client.Router().Route(key.name)
		Must(t, err)
		for node := range route.Invalidate() {
			if node.ID() == failing {
				key.lostAt = node
			}
		}
		// Where it is read while all are well; of a route that says less, it is the only node.
		key.node = route.Read().Node()
		count[key.node.ID()]++
		if number := count[key.node.ID()]; number <= keysOfEach {
			key.fails, key.still = key.node.ID() == failing, number%2 == 0
			c.keys = append(c.keys, key)
		}
	}
	for _, key := range c.keys {
		c.read(key)
	}
	c.warm = true
	return c
}

// start lets everybody go on until the crowd is ended.
func (c *crowd) start() {
	for caller := range readers + writers {
		do, pause := c.read, 3*time.Millisecond
		if caller >= readers {
			do, pause = c.write, 10*time.Millisecond
		}
		c.all.Add(1)
		go func() {
			defer c.all.Done()
			for {
				select {
				case <-c.stop:
					return
				case <-time.After(pause):
					do(c.keys[rand.IntN(len(c.keys))])
					c.turns[caller].Add(1)
				}
			}
		}()
	}
}

func (c *crowd) read(key *versioned) {
	least := key.completed.Load()
	began := time.Now()
	var value string
	var err error
	if rand.IntN(2) == 0 || !c.warm {
		var bytes []byte
		bytes, err = c.client.Load(key.name, func() ([]byte, error) {
			if c.warm && key.still && !key.fails {
				c.t.Errorf("the cache had no value of %s, whose node is well", key.name)
			}
			return strconv.AppendInt(nil, key.written.Load(), 10), nil
		})
		value = string(bytes)
	} else if value, err = c.client.Read(key.name); errors.Is(err, c.miss) && (key.fails || !key.still) {
		value, err = strconv.FormatInt(least, 10), nil
	}
	took := time.Since(began)
	if err != nil {
		c.t.Errorf("a read of %s at %s failed after %v: %v", key.name, key.node.ID(), took, err)
		return
	}
	if version, err := strconv.ParseInt(value, 10, 64); err != nil || version < least {
		c.t.Errorf("%s is %q, which is older than %d", key.name, value, least)
	}
	c.reads.Add(1)
	c.count(took)
	if took >= timeout*9/10 {
		c.waited.Add(1)
	}
}

func (c *crowd) write(key *versioned) {
	if key.still || !key.writing.TryLock() {
		return
	}
	defer key.writing.Unlock()
	if key.lostAt != nil {
		c.sent.Add(1)
	}
	began := time.Now()
	err := c.invalidate(key)
	c.count(time.Since(began))
	if err == nil {
		return
	}
	var lost *ringshift.InvalidationLostError
	if key.lostAt == nil || !errors.As(err, &lost) || len(lost.Lost) != 1 || lost.Lost[0] != (ringshift.LostInvalidation{
		Cluster: key.lostAt.Cluster(), Node: key.lostAt.ID(), Address: key.lostAt.Address(), Key: key.name,
	}) {
		c.t.Errorf("a write of %s, which is read at %s, failed: %v", key.name, key.node.ID(), err)
	}
}

// invalidate writes to the origin, and then to the cache. In this process a write is as good as completed if it was not
// acknowledged, too: the old value is not read where it may still be.
func (c *crowd) invalidate(key *versioned) error {
	version := key.written.Add(1)
	err := c.client.Invalidate(key.name)
	key.completed.Store(version)
	return err
}

func (c *crowd) count(took time.Duration) {
	c.operations.Add(1)
	if took > late {
		c.late.Add(1)
	}
}

// goOn waits for so many more reads.
func (c *crowd) goOn(reads int64) {
	c.t.Helper()
	enough := c.reads.Load() + reads
	eventually(c.t, "enough reads", func() bool { return c.reads.Load() >= enough })
}

// settle waits until what is under way has ended.
func (c *crowd) settle() {
	c.t.Helper()
	for caller := range c.turns {
		before := c.turns[caller].Load()
		eventually(c.t, "the end of what is under way", func() bool { return c.turns[caller].Load() > before })
	}
}

// halt stops everybody.
func (c *crowd) halt() {
	c.once.Do(func() { close(c.stop) })
	c.all.Wait()
}

// end stops everybody. Nobody repeats a write that was not acknowledged; others' reads send it again. Then writes arrive, and
// are seen.
func (c *crowd) end() {
	c.t.Helper()
	c.halt()
	eventually(c.t, "what is owed to be sent again", func() bool {
		for _, key := range c.keys {
			c.read(key)
		}
		return Owed(c.t, c.client.Router()) == 0
	})
	for _, key := range c.keys {
		c.read(key)
		if key.still && !key.fails {
			continue
		}
		Must(c.t, c.invalidate(key))
		c.read(key)
	}
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !is(); time.Sleep(2 * time.Millisecond) {
		if t.Failed() || time.Now().After(deadline) {
			t.Fatalf("waited for %s in vain", what)
		}
	}
}
