package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"ringshift"
)

// runCall is what a run is told.
type runCall struct {
	Reads   int64   `json:"reads"`
	Threads int     `json:"threads"`
	Writes  float64 `json:"writes"`
	Seed    uint64  `json:"seed"`
	Trace   string  `json:"trace"`
	Mode    string  `json:"mode"`
}

// counts are what a run answers.
type counts struct {
	Reads  int64 `json:"reads"`
	Writes int64 `json:"writes"`
	Loads  int64 `json:"loads"`
	Lost   int64 `json:"lost"`
	Errors int64 `json:"errors"`
}

// run are readers and writers of random keys, which write down what they saw.
type run struct {
	facade   facade
	origin   *origin
	call     runCall
	keys     int
	expire   int32
	stopping atomic.Bool
	left     atomic.Int64
	all      sync.WaitGroup

	lock   sync.Mutex
	counts counts
	lines  strings.Builder
}

func start(facade facade, origin *origin, keys int, expire int32, c runCall) *run {
	r := &run{facade: facade, origin: origin, call: c, keys: keys, expire: expire}
	r.left.Store(c.Reads)
	for number := range c.Threads {
		r.all.Add(1)
		go func() {
			defer r.all.Done()
			r.work(rand.New(rand.NewPCG(c.Seed, uint64(number))))
		}()
	}
	return r
}

// finish waits for the goroutines, and writes the trace.
func (r *run) finish() (counts, error) {
	r.all.Wait()
	file, err := os.OpenFile(r.call.Trace, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return r.counts, err
	}
	_, err = io.WriteString(file, r.lines.String())
	return r.counts, errors.Join(err, file.Close())
}

func (r *run) work(chance *rand.Rand) {
	for !r.stopping.Load() {
		key := "key:" + strconv.Itoa(chance.IntN(r.keys))
		if chance.Float64() < r.call.Writes {
			r.write(key)
			continue
		}
		if r.left.Add(-1) < 0 {
			return
		}
		r.read(key)
	}
}

func (r *run) read(key string) {
	began := monotonic()
	var value []byte
	var err error
	if r.call.Mode == "untokened" {
		value, err = r.untokened(key)
	} else {
		value, err = r.facade.getOrLoad(key, func() ([]byte, error) { return r.load(key) }, r.expire)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		r.note(&r.counts.Errors, "")
		return
	}
	version, _, _ := strings.Cut(string(value), " ")
	if version == "" {
		version = "0"
	}
	r.note(&r.counts.Reads, fmt.Sprintf("r %s %d %s\n", key, began, version))
}

func (r *run) untokened(key string) ([]byte, error) {
	value, err := r.facade.get(key)
	if value != nil || err != nil {
		return value, err
	}
	value, err = r.load(key)
	if value != nil && err == nil {
		_, err = r.facade.store("add", key, value, r.expire)
	}
	return value, err
}

func (r *run) load(key string) ([]byte, error) {
	r.note(&r.counts.Loads, "")
	return r.origin.load(key)
}

func (r *run) write(key string) {
	version, err := r.origin.put(key)
	for err == nil {
		err = r.facade.invalidate(key)
		if err == nil {
			r.note(&r.counts.Writes, fmt.Sprintf("w %s %d %d\n", key, monotonic(), version))
			return
		}
		if errors.Is(err, ringshift.ErrInvalidationLost) {
			r.note(&r.counts.Lost, "")
			if r.stopping.Load() {
				// Not completed, so nobody may rely on it.
				return
			}
			time.Sleep(10 * time.Millisecond)
			err = nil
		}
	}
	fmt.Fprintln(os.Stderr, err)
	r.note(&r.counts.Errors, "")
}

func (r *run) note(counter *int64, line string) {
	r.lock.Lock()
	defer r.lock.Unlock()
	*counter++
	r.lines.WriteString(line)
}

// monotonic is the time of CLOCK_MONOTONIC in nanoseconds, which all processes of a machine share.
func monotonic() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		panic(err)
	}
	return now.Nano()
}

// origin is the client of an origin: connections are kept for those who come next.
type origin struct {
	where string
	lock  sync.Mutex
	free  []*bufio.ReadWriter
}

// load gives the value of a key, or nil.
func (o *origin) load(key string) ([]byte, error) {
	value, err := o.ask("get " + key)
	if value == "" || err != nil {
		return nil, err
	}
	return []byte(value), nil
}

// put writes the next version, and gives its number.
func (o *origin) put(key string) (int, error) {
	version, err := o.ask("put " + key)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(version)
}

func (o *origin) ask(line string) (string, error) {
	o.lock.Lock()
	var c *bufio.ReadWriter
	if last := len(o.free) - 1; last >= 0 {
		c = o.free[last]
		o.free = o.free[:last]
	}
	o.lock.Unlock()
	if c == nil {
		made, err := net.Dial("tcp", o.where)
		if err != nil {
			return "", err
		}
		c = bufio.NewReadWriter(bufio.NewReader(made), bufio.NewWriter(made))
	}
	if _, err := c.WriteString(line + "\n"); err != nil {
		return "", err
	}
	if err := c.Flush(); err != nil {
		return "", err
	}
	answer, err := c.ReadString('\n')
	if err != nil {
		return "", err
	}
	o.lock.Lock()
	o.free = append(o.free, c)
	o.lock.Unlock()
	return strings.TrimSuffix(answer, "\n"), nil
}
