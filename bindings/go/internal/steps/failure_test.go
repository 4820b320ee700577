package steps

// What real errors say about a node.

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"ringshift"
	"ringshift/internal/testbed"
)

func TestWhatErrorsSayAboutANode(t *testing.T) {
	const short = 50 * time.Millisecond
	silent := testbed.Serve(t, func(client net.Conn) { _, _ = client.Read(make([]byte, 1<<16)) })
	garbage := testbed.Fake(t, func(string) (string, bool) { return "not so\r\n", false })
	dial := func(dialer interface {
		DialContext(ctx context.Context, network, address string) (net.Conn, error)
	}, address string) func(context.Context) error {
		return func(ctx context.Context) error {
			connection, err := dialer.DialContext(ctx, "tcp", address)
			if err == nil {
				_ = connection.Close()
			}
			return err
		}
	}
	ask := func(address string) func(context.Context) error {
		return func(context.Context) error {
			connection, err := net.Dial("tcp", address)
			if err != nil {
				return err
			}
			defer func() { _ = connection.Close() }()
			if _, err := connection.Write([]byte("hello\n")); err != nil {
				return err
			}
			if err := connection.SetReadDeadline(time.Now().Add(short)); err != nil {
				return err
			}
			for err == nil {
				_, err = connection.Read(make([]byte, 100))
			}
			return err
		}
	}
	nameless := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("there is nobody to ask")
	}}
	none := func(context.Context) error {
		_, err := net.Dial("unix", t.TempDir()+"/none")
		return err
	}
	wrapped := fmt.Errorf("a proxy: %w", &net.OpError{Op: "dial", Err: errors.New("no route")})
	given := func(err error) func(context.Context) error { return func(context.Context) error { return err } }
	for name, each := range map[string]struct {
		fail    func(context.Context) error
		outcome ringshift.Outcome
	}{
		"nobody listens":                   {dial(&net.Dialer{}, testbed.Nobody(t)), ringshift.OutcomeUnreachable},
		"no socket is there":               {none, ringshift.OutcomeUnreachable},
		"no name is found":                 {dial(&net.Dialer{Resolver: nameless}, "cache.invalid:1"), ringshift.OutcomeUnreachable},
		"connecting takes too long":        {dial(&net.Dialer{Timeout: short}, testbed.Full(t)), ringshift.OutcomeUnreachable},
		"it is said by another error":      {given(wrapped), ringshift.OutcomeUnreachable},
		"a TLS server that nobody reaches": {dial(&tls.Dialer{}, testbed.Nobody(t)), ringshift.OutcomeUnreachable},
		"a TLS handshake that fails":       {dial(&tls.Dialer{}, garbage), ringshift.OutcomeError},
		"a TLS handshake that takes long": {func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, short)
			defer cancel()
			return dial(&tls.Dialer{}, silent)(ctx)
		}, ringshift.OutcomeTimeout},
		"an answer that takes too long": {ask(silent), ringshift.OutcomeTimeout},
		"a connection that is closed":   {ask(garbage), ringshift.OutcomeError},
		"a deadline of the caller":      {given(context.DeadlineExceeded), ringshift.OutcomeTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			err := each.fail(t.Context())
			reply := Failed(err)
			if err == nil || reply.Failure != err || reply.Outcome != each.outcome {
				t.Fatalf("%v is %+v; want %v", err, reply, each.outcome)
			}
		})
	}
}

func TestSomeErrorsSayNothingAboutANode(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, dialing := (&net.Dialer{}).DialContext(ended, "tcp", testbed.Full(t))
	// On Linux it is the error of a connection from an address that this machine does not have.
	elsewhere := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}}
	_, lacking := elsewhere.DialContext(t.Context(), "tcp", testbed.Nobody(t))
	descriptors := &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", syscall.EMFILE)}
	for _, err := range []error{ErrClosed, context.Canceled, dialing, lacking, descriptors} {
		if reply := Failed(err); reply.Failure != err || reply.Outcome != ringshift.OutcomeUnsent {
			t.Fatal(reply)
		}
	}
}
