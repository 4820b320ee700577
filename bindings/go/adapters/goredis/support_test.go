package goredis_test

// What several tests need.

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"ringshift/adapters/goredis"
	"ringshift/internal/testbed"
)

var ctx = context.Background()

// Short names of what nearly every test needs.
var must, wants, lostOf, outcomes = testbed.Must, testbed.Wants, testbed.LostOf, testbed.Outcomes

// clientOf is a client of a spec.
func clientOf(t testing.TB, spec testbed.Spec) *goredis.Client {
	t.Helper()
	client := goredis.New(spec.Router(t), nil)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// bare is go-redis' own client, to look at what is there.
func bare(t testing.TB, server *testbed.Server) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: server.Address})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// is fails the test unless a command brought this.
func is[T comparable](t testing.TB, command interface{ Result() (T, error) }, expected T) {
	t.Helper()
	got, err := command.Result()
	if err != nil || got != expected {
		t.Fatalf("%v, %v; want %v", got, err, expected)
	}
}

// on says what a server itself has under a key; "nothing" if nothing.
func on(t testing.TB, server *testbed.Server, key string) string {
	t.Helper()
	text, err := bare(t, server).Get(ctx, key).Result()
	if errors.Is(err, redis.Nil) {
		return "nothing"
	}
	must(t, err)
	return text
}

// lives fails the test unless a key at a server has about this time left; -1 is no end.
func lives(t testing.TB, server *testbed.Server, key string, expected time.Duration) {
	t.Helper()
	left, err := bare(t, server).PTTL(ctx, key).Result()
	must(t, err)
	if left > expected || left < expected-20*time.Second {
		t.Fatalf("%s has %v left; want %v", key, left, expected)
	}
}

func nothing(context.Context) ([]byte, error) { return nil, nil }

func loaded(value string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return []byte(value), nil }
}

func gives(t testing.TB, value []byte, err error, expected string) {
	t.Helper()
	if err != nil || string(value) != expected {
		t.Fatalf("%q, %v; want %q", value, err, expected)
	}
}
