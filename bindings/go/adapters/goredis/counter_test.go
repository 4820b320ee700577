package goredis_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"ringshift/internal/testbed"
)

func TestACounterIsNeverSentTwice(t *testing.T) {
	var counted atomic.Int32
	// A server that counts, and dies before it answers.
	address := testbed.Fake(t, func(line string) (string, bool) {
		switch strings.ToLower(line) {
		case "incrby":
			counted.Add(1)
			return "", false
		case "hello", "client":
			return "-ERR unknown command\r\n", true
		}
		return "", true
	})
	client := clientOf(t, testbed.Spec{Blue: []string{address}})
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	wants(t, client.Incr(ended, "n").Err(), context.Canceled)
	if counts := outcomes(t, client.Router()); len(counts) != 0 {
		t.Fatal("the node was blamed for it:", counts)
	}
	if err := client.Incr(context.Background(), "n").Err(); err == nil {
		t.Error("what was not answered was no error")
	}
	if times := counted.Load(); times != 1 {
		t.Errorf("counted %d times; want once", times)
	}
}
