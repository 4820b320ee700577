// Nodes to which no connection can be made.

package testbed

import (
	"net"
	"syscall"
	"testing"
	"time"
)

// Nobody is an address where nobody listens.
func Nobody(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Must(t, err)
	Must(t, listener.Close())
	return listener.Addr().String()
}

// Full is an address where connections are waited for in vain until a test is over: as many as the system keeps are there
// already, and nobody accepts them.
func Full(t testing.TB) string {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	Must(t, err)
	t.Cleanup(func() { _ = syscall.Close(socket) })
	Must(t, syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	Must(t, syscall.Listen(socket, 0))
	bound, err := syscall.Getsockname(socket)
	Must(t, err)
	address := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: bound.(*syscall.SockaddrInet4).Port}).String()
	for {
		connection, err := net.DialTimeout("tcp", address, 100*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { _ = connection.Close() })
	}
}

// Unreached has a client ask nodes that it can't connect to, and that it has to connect to again.
func (a Adapter[C]) Unreached(t *testing.T) {
	load := func() ([]byte, error) { return []byte("v"), nil }
	fails := func(t *testing.T, client C) {
		t.Helper()
		value, err := client.Load("k", load)
		if err != nil || string(value) != "v" {
			t.Fatalf("%q, %v", value, err)
		}
		if _, err := client.Read("k"); err == nil {
			t.Fatal("there is a value")
		}
		LostOf(t, client.Invalidate("k"))
		counts := Outcomes(t, client.Router())
		if len(counts) != 2 || counts["read unreachable"] != 2 || counts["invalidate unreachable"] != 1 {
			t.Fatal(counts)
		}
	}
	t.Run("nobody listens", func(t *testing.T) {
		fails(t, a.Open(t, Spec{Blue: []string{Nobody(t)}}.Router(t), time.Minute))
	})
	t.Run("connecting takes too long", func(t *testing.T) {
		fails(t, a.Open(t, Spec{Blue: []string{Full(t)}}.Router(t), 50*time.Millisecond))
	})
	t.Run("the first opens the breaker", func(t *testing.T) {
		router := Spec{Blue: []string{Nobody(t)}, Breaker: object{"failures": 100, "open": "1h", "max_open": "1h"}}.Router(t)
		client := a.Open(t, router, time.Minute)
		for range 10 {
			_, err := client.Load("k", load)
			Must(t, err)
		}
		if counts := Outcomes(t, router); len(counts) != 1 || counts["read unreachable"] != 1 {
			t.Fatal(counts)
		}
	})
	t.Run("a server that was started again", func(t *testing.T) {
		server := a.Start(t)
		client := a.Open(t, Spec{Blue: []string{server.Address}}.Router(t), time.Minute)
		for range 3 {
			_, err := client.Load("k", load)
			Must(t, err)
			// The connections that the client has are dead, and new ones can be made.
			server.Restart(t)
			if _, err := client.Read("k"); err == nil {
				t.Fatal("there is a value")
			}
			server.Restart(t)
			Must(t, client.Invalidate("k"))
		}
		NoErrors(t, client.Router())
		// Now none can be made.
		server.Kill()
		LostOf(t, client.Invalidate("k"))
		if counts := Outcomes(t, client.Router()); counts["invalidate unreachable"] != 1 || counts["invalidate error"] != 0 {
			t.Fatal(counts)
		}
	})
}
