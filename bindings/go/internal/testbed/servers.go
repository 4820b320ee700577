// Package testbed has what the tests of the adapters need: real memcached and Redis servers on loopback, relays in front of
// them that see and change what passes, servers that are told what to answer, specs, and scenarios that hold for every
// adapter.
package testbed

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// limit is how long anything may take before a test gives up.
const limit = 20 * time.Second

// Server is a process on a port of its own, which it keeps when it is killed and started again.
type Server struct {
	// Address is set by the first Start, and stays.
	Address string

	command func(port string) *exec.Cmd
	hello   string
	process *exec.Cmd
	done    chan struct{}
}

// Memcached starts a memcached for a test, which stops it.
func Memcached(t testing.TB, options ...string) *Server {
	t.Helper()
	return stopped(t, NewMemcached(options...))
}

// Redis starts a Redis server for a test, which stops it.
func Redis(t testing.TB, options ...string) *Server {
	t.Helper()
	return stopped(t, NewRedis(options...))
}

func stopped(t testing.TB, server *Server) *Server {
	t.Helper()
	t.Cleanup(server.Kill)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	return server
}

// NewMemcached is a memcached that is not started yet.
func NewMemcached(options ...string) *Server {
	return &Server{hello: "version\r\n", command: func(port string) *exec.Cmd {
		arguments := append([]string{"-l", "127.0.0.1", "-p", port, "-U", "0", "-m", "64"}, options...)
		if os.Geteuid() == 0 {
			// It wants to be told so.
			arguments = append(arguments, "-u", "root")
		}
		return exec.Command("memcached", arguments...)
	}}
}

// NewRedis is a Redis server that is not started yet.
func NewRedis(options ...string) *Server {
	return &Server{hello: "PING\r\n", command: func(port string) *exec.Cmd {
		program := "redis-server"
		if _, err := exec.LookPath(program); err != nil {
			program = "valkey-server"
		}
		arguments := []string{"--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--dir", os.TempDir()}
		return exec.Command(program, append(append(arguments, "--loglevel", "warning"), options...)...)
	}}
}

// Start starts it and waits until it answers: empty, and at the address that it had before.
func (s *Server) Start() error {
	for range 10 {
		address := s.Address
		if address == "" {
			address = freeAddress()
		}
		_, port, _ := strings.Cut(address, ":")
		process := s.command(port)
		if err := process.Start(); err != nil {
			return fmt.Errorf("%w; on Debian: apt-get install memcached redis-server", err)
		}
		s.process, s.done = process, make(chan struct{})
		go func() {
			defer close(s.done)
			_ = process.Wait()
		}()
		if s.answers(address) {
			if s.Address == "" {
				s.Address = address
			}
			return nil
		}
		// Somebody else was faster to take the port.
		s.Kill()
	}
	return errors.New("the server did not start")
}

func freeAddress() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// answers waits until it answers; false if it ended.
func (s *Server) answers(address string) bool {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		select {
		case <-s.done:
			return false
		default:
		}
		if line, err := ask(address, s.hello); err == nil && !strings.HasPrefix(line, "-") {
			return true
		}
	}
	return false
}

// Kill ends it at once. A second time does nothing.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	<-s.done
	s.process = nil
}

// Pause stops it as it is: it accepts connections and doesn't answer.
func (s *Server) Pause(t testing.TB) {
	t.Helper()
	if err := s.process.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	// A signal takes its time.
	for {
		if _, err := askWithin(20*time.Millisecond, s.Address, s.hello); err != nil {
			return
		}
	}
}

// Resume lets it go on.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	if err := s.process.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// Restart kills it and starts it again, empty and at the same address.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Kill()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
}

// Ask sends bytes as they are, on a connection of their own, and gives the first line of the answer.
func (s *Server) Ask(t testing.TB, text string) string {
	t.Helper()
	line, err := ask(s.Address, text)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func ask(address, text string) (string, error) { return askWithin(limit, address, text) }

func askWithin(limit time.Duration, address, text string) (string, error) {
	connection, err := net.DialTimeout("tcp", address, limit)
	if err != nil {
		return "", err
	}
	defer func() { _ = connection.Close() }()
	if err := connection.SetDeadline(time.Now().Add(limit)); err != nil {
		return "", err
	}
	if _, err := connection.Write([]byte(text)); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(connection).ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}
