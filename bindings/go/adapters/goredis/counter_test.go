package goredis_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"ringshift"
	"ringshift/adapters/goredis"
)

func TestACounterIsNeverSentTwice(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var counted atomic.Int32
	// A server that counts, and dies before it answers.
	go func() {
		for {
			asked, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer asked.Close()
				for lines := bufio.NewScanner(asked); lines.Scan(); {
					switch word := strings.ToLower(lines.Text()); word {
					case "incrby":
						counted.Add(1)
						return
					case "hello", "client":
						fmt.Fprint(asked, "-ERR unknown command\r\n")
					}
				}
			}()
		}
	}()
	router, err := ringshift.FromSpec(fmt.Appendf(nil, `{"format": 1, "generation": 1, "primary": "blue", "clusters": {"blue": {
		"placement": {"kind": "modulo", "flavor": "libmemcached"}, "nodes": [{"id": "a", "address": %q}]}}}`,
		listener.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer router.Close()
	client := goredis.New(router, &redis.Options{})
	defer client.Close()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	wants(t, client.Incr(ended, "n").Err(), context.Canceled)
	if counts := outcomes(t, router); len(counts) != 0 {
		t.Fatal("the node was blamed for it:", counts)
	}
	if err := client.Incr(context.Background(), "n").Err(); err == nil {
		t.Error("what was not answered was no error")
	}
	if times := counted.Load(); times != 1 {
		t.Errorf("counted %d times; want once", times)
	}
}
