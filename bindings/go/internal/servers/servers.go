// Package servers starts real memcached and Redis servers on loopback for tests, and stops them.
package servers

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Server is a process on a port of its own, which it keeps when it is restarted.
type Server struct {
	t       testing.TB
	port    int
	command func(port int) *exec.Cmd
	process *exec.Cmd
}

// Memcached starts one, with more options.
func Memcached(t testing.TB, more ...string) *Server {
	t.Helper()
	return start(t, func(port int) *exec.Cmd {
		options := []string{"-l", "127.0.0.1", "-p", fmt.Sprint(port), "-U", "0", "-m", "64"}
		if os.Geteuid() == 0 {
			options = append(options, "-u", "root")
		}
		return exec.Command("memcached", append(options, more...)...)
	})
}

// Redis starts one that saves nothing, with more options.
func Redis(t testing.TB, more ...string) *Server {
	t.Helper()
	return start(t, func(port int) *exec.Cmd {
		options := []string{"--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"}
		return exec.Command("redis-server", append(options, more...)...)
	})
}

func start(t testing.TB, command func(int) *exec.Cmd) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, port: listener.Addr().(*net.TCPAddr).Port, command: command}
	_ = listener.Close()
	s.Start()
	t.Cleanup(s.Kill)
	return s
}

// Start starts the process again, empty.
func (s *Server) Start() {
	s.t.Helper()
	s.process = s.command(s.port)
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		connection, err := net.Dial("tcp", s.Address())
		if err == nil {
			_ = connection.Close()
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatal(err)
		}
	}
}

// Kill ends the process.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
	s.process = nil
}

// Address is where it listens.
func (s *Server) Address() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// Ask sends a line and gives what comes back up to a line that ends the answer.
func (s *Server) Ask(line, end string) string {
	s.t.Helper()
	connection, err := net.Dial("tcp", s.Address())
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	_ = connection.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := connection.Write([]byte(line + "\r\n")); err != nil {
		s.t.Fatal(err)
	}
	var answer strings.Builder
	piece := make([]byte, 4096)
	for !strings.HasSuffix(answer.String(), end) {
		n, err := connection.Read(piece)
		if err != nil {
			s.t.Fatal(err)
		}
		answer.Write(piece[:n])
	}
	return answer.String()
}

// Spec is the text of one in which the cluster blue moves to green; without a stage, blue is alone. max_ttl is an hour.
func Spec(generation int, blue, green []*Server, stage string, more ...string) string {
	cluster := func(name, prefix string, nodes []*Server) string {
		all := make([]string, len(nodes))
		for i, node := range nodes {
			all[i] = fmt.Sprintf(`{"id":"%c%d","address":%q}`, name[0], i, node.Address())
		}
		return fmt.Sprintf(`%q:{"placement":{"kind":"ring","vnodes":64},"key_prefix":%q,"replicas":1,"nodes":[%s]}`,
			name, prefix, strings.Join(all, ","))
	}
	clusters, rest := cluster("blue", "", blue), ""
	if green != nil {
		clusters += "," + cluster("green", "g:", green)
		rest = `,"standby":"green"`
	}
	if stage != "" {
		rest += fmt.Sprintf(`,"migration":{"id":"m","from":"blue","to":"green","stage":%q,"percent":100}`, stage)
	}
	return fmt.Sprintf(`{"format":1,"generation":%d,"primary":"blue","max_ttl":"1h","clusters":{%s}%s%s}`,
		generation, clusters, rest, strings.Join(more, ""))
}
