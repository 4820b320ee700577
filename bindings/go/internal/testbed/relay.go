// Relays: between a client and a server, or in place of one.

package testbed

import (
	"bufio"
	"bytes"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Relay stands between clients and a server. It passes on line by line what goes to the server, and as it is what comes
// back.
type Relay struct {
	Address string

	to     string
	change func(line string) string

	lock        sync.Mutex
	lines       []string
	connections []net.Conn
}

// NewRelay makes a relay for a test. Before a line is passed on, change may say what is sent in its place.
func NewRelay(t testing.TB, server *Server, change func(line string) string) *Relay {
	t.Helper()
	relay := &Relay{to: server.Address, change: change}
	relay.Address = Serve(t, relay.serve)
	t.Cleanup(relay.Drop)
	return relay
}

// Old makes a memcached look as one before 1.6 does, which answers ERROR to meta commands.
func Old(line string) string {
	if strings.HasPrefix(line, "mg ") {
		return "unknown\r\n"
	}
	return line
}

// Lines are those that went to the server, without their ends.
func (r *Relay) Lines() []string {
	r.lock.Lock()
	defer r.lock.Unlock()
	return slices.Clone(r.lines)
}

// Forget forgets the lines so far.
func (r *Relay) Forget() {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.lines = nil
}

// Drop closes all connections, as a network does that loses them.
func (r *Relay) Drop() {
	r.lock.Lock()
	defer r.lock.Unlock()
	for _, each := range r.connections {
		_ = each.Close()
	}
	r.connections = nil
}

func (r *Relay) serve(client net.Conn) {
	server, err := net.Dial("tcp", r.to)
	if err != nil {
		_ = client.Close()
		return
	}
	r.lock.Lock()
	r.connections = append(r.connections, client, server)
	r.lock.Unlock()
	go func() {
		buffer := make([]byte, 1<<16)
		for {
			count, err := server.Read(buffer)
			if count > 0 {
				_, _ = client.Write(buffer[:count])
			}
			if err != nil {
				_ = client.Close()
				return
			}
		}
	}()
	lines := bufio.NewReader(client)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			_ = server.Close()
			return
		}
		r.lock.Lock()
		r.lines = append(r.lines, string(bytes.TrimRight(line, "\r\n")))
		r.lock.Unlock()
		if r.change != nil {
			line = []byte(r.change(string(line)))
		}
		if _, err := server.Write(line); err != nil {
			_ = client.Close()
			return
		}
	}
}

// Fake starts a server that is told what to answer to each line; false closes the connection after that. It gives its
// address.
func Fake(t testing.TB, answer func(line string) (text string, goOn bool)) string {
	t.Helper()
	return Serve(t, func(client net.Conn) {
		defer func() { _ = client.Close() }()
		lines := bufio.NewReader(client)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			text, goOn := answer(strings.TrimRight(line, "\r\n"))
			if _, err := client.Write([]byte(text)); err != nil || !goOn {
				return
			}
		}
	})
}

// Serve serves each connection to an address, which it gives, in a goroutine of its own, until the test is over.
func Serve(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(client)
		}
	}()
	return listener.Addr().String()
}
