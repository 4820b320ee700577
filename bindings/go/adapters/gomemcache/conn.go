// Connections of our own: what gomemcache can't ask (meta commands, and stores on a connection that was there at a certain
// time) is asked on them.

package gomemcache

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ringshift/internal/steps"
)

// batch is how many commands are sent before their replies are read: with too many, server and client would both wait
// until the other one reads.
const batch = 100

// errUnknownCommand is what a server before 1.6 answers to meta commands.
var errUnknownCommand = errors.New("the server does not know the command")

// serverError is an answer of a server that is alive.
type serverError string

func (e serverError) Error() string { return "memcached answered " + string(e) }

// epoch counts connections: CAS numbers start anew with a server, and then all that were open to it are gone.
var epoch atomic.Uint64

// conn is a connection to one node.
type conn struct {
	net.Conn
	reader *bufio.Reader
	// born is the epoch in which it was made.
	born uint64
	// old says that its server lacks meta commands.
	old bool
}

// pool has the connections to one address.
type pool struct {
	address address
	dial    dialFunc
	timeout time.Duration
	most    int

	lock   sync.Mutex
	free   []*conn
	closed bool
	// busy are the connections that are in use. When one ceases to be, back is closed and made anew.
	busy map[*conn]bool
	back chan struct{}
}

// run does something on a connection. One that turns out to have died while idle is replaced.
func (p *pool) run(ctx context.Context, do func(*conn) error) error {
	for {
		c, fresh, err := p.get(ctx)
		if err != nil {
			return err
		}
		err = p.use(c, do)
		if err == nil || fresh || !steps.HasDied(err) {
			return err
		}
	}
}

// runSince does something on a connection that was there at an epoch; false if there is none. The latest that was used is
// the least likely to have died; if it has, so may have the server, and another one is tried for the sake of those that
// died alone. One that is in use is waited for, since a new one would be of no use, but no longer than for an answer: what is
// stored so late would hold up the caller, who has the value.
func (p *pool) runSince(since uint64, do func(*conn) error) (bool, error) {
	var late <-chan time.Time
	for {
		c, back := p.takeSince(since)
		switch {
		case c != nil:
			if err := p.use(c, do); err == nil || !steps.HasDied(err) {
				return true, err
			}
		case back != nil:
			if late == nil {
				late = time.After(p.timeout)
			}
			select {
			case <-back:
			case <-late:
				return false, nil
			}
		default:
			return false, nil
		}
	}
}

// takeSince gives a connection, or what to wait for; neither if there is none.
func (p *pool) takeSince(since uint64) (*conn, <-chan struct{}) {
	p.lock.Lock()
	defer p.lock.Unlock()
	for i, c := range slices.Backward(p.free) {
		if c.born <= since {
			p.free = slices.Delete(p.free, i, i+1)
			p.isBusy(c)
			return c, nil
		}
	}
	for c := range p.busy {
		if c.born <= since {
			if p.back == nil {
				p.back = make(chan struct{})
			}
			return nil, p.back
		}
	}
	return nil, nil
}

// use does something on a connection that is marked as busy.
func (p *pool) use(c *conn, do func(*conn) error) error {
	err := c.SetDeadline(time.Now().Add(p.timeout))
	if err == nil {
		err = do(c)
	}
	// What comes after a request without an answer can't be told apart.
	p.put(c, err == nil || isAnswer(err))
	return err
}

func (p *pool) get(ctx context.Context) (c *conn, fresh bool, err error) {
	p.lock.Lock()
	if last := len(p.free) - 1; last >= 0 {
		c = p.free[last]
		p.free = p.free[:last]
		p.isBusy(c)
	}
	p.lock.Unlock()
	if c != nil {
		return c, false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	made, err := p.dial(ctx, p.address.Network(), p.address.String())
	if err != nil {
		return nil, true, err
	}
	c = &conn{Conn: made, reader: bufio.NewReader(made), born: epoch.Add(1)}
	p.lock.Lock()
	defer p.lock.Unlock()
	p.isBusy(c)
	return c, true, nil
}

// isBusy notes that a connection is in use. The lock is held.
func (p *pool) isBusy(c *conn) {
	if p.busy == nil {
		p.busy = map[*conn]bool{}
	}
	p.busy[c] = true
}

// put gives a connection back. If there are too many, the youngest has to go: tokens are good on those that are older.
func (p *pool) put(c *conn, well bool) {
	p.lock.Lock()
	defer p.lock.Unlock()
	delete(p.busy, c)
	if p.back != nil {
		close(p.back)
		p.back = nil
	}
	if !well || p.closed {
		_ = c.Close()
		return
	}
	p.free = append(p.free, c)
	if len(p.free) > p.most {
		youngest := slices.MaxFunc(p.free, func(a, b *conn) int { return cmp.Compare(a.born, b.born) })
		p.free = slices.DeleteFunc(p.free, func(each *conn) bool { return each == youngest })
		_ = youngest.Close()
	}
}

// Close closes the connections that nobody uses; the others are closed after use.
func (p *pool) Close() {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.closed = true
	for _, c := range p.free {
		_ = c.Close()
	}
	p.free = nil
}

// exchange sends commands and has an answer read for each. A server's error is the answer to one of them: it is given when
// the answers to the others have been read.
func (c *conn) exchange(commands [][]byte, read func(at int) error) error {
	var refused error
	for start := 0; start < len(commands); start += batch {
		end := min(start+batch, len(commands))
		if _, err := c.Write(bytes.Join(commands[start:end], nil)); err != nil {
			return err
		}
		for at := start; at < end; at++ {
			err := read(at)
			if isAnswer(err) {
				refused = err
			} else if err != nil {
				return err
			}
		}
		if errors.Is(refused, errUnknownCommand) {
			return refused
		}
	}
	return refused
}

// isAnswer says that a server that is alive told the error, and that the connection can go on.
func isAnswer(err error) bool {
	var answered serverError
	return errors.As(err, &answered) || errors.Is(err, errUnknownCommand)
}

// line reads one line, without its end. An error that the server tells is one.
func (c *conn) line() ([]byte, error) {
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	switch {
	case bytes.Equal(line, []byte("ERROR")):
		return nil, errUnknownCommand
	case bytes.HasPrefix(line, []byte("CLIENT_ERROR")), bytes.HasPrefix(line, []byte("SERVER_ERROR")):
		return nil, serverError(line)
	}
	return line, nil
}

// value reads a value of a size, and the end of its line.
func (c *conn) value(size int) ([]byte, error) {
	if size < 0 || size > 1<<30 {
		return nil, fmt.Errorf("memcached told a value of %d bytes", size)
	}
	value := make([]byte, size+2)
	if _, err := io.ReadFull(c.reader, value); err != nil {
		return nil, err
	}
	if !bytes.HasSuffix(value, []byte("\r\n")) {
		return nil, errors.New("memcached told the wrong size of a value")
	}
	return value[:size], nil
}
