package goredis_test

// Where the cache is the record, and what values may be.

import (
	"net"
	"net/url"
	"testing"
	"time"

	"ringshift"
	"ringshift/internal/testbed"
)

func TestNumbersAndAppendedValues(t *testing.T) {
	client := clientOf(t, testbed.Spec{Blue: []string{testbed.Redis(t).Address, testbed.Redis(t).Address}})
	is(t, client.Incr(ctx, "n"), 1)
	is(t, client.IncrBy(ctx, "n", 44), 45)
	is(t, client.Decr(ctx, "n"), 44)
	is(t, client.DecrBy(ctx, "n", 2), 42)
	is(t, client.Append(ctx, "n", " and more"), 11)
	is(t, client.Get(ctx, "n"), "42 and more")
	if err := client.Incr(ctx, "n").Err(); err == nil {
		t.Fatal("it is no number")
	}
	// The node has answered.
	if counts := outcomes(t, client.Router()); counts["invalidate error"] != 0 {
		t.Fatal(counts)
	}
}

func TestNumbersCantBeMoved(t *testing.T) {
	addresses := []string{testbed.Redis(t).Address, testbed.Redis(t).Address}
	for name, spec := range map[string]testbed.Spec{
		"a migration": {Blue: addresses[:1], Green: addresses[1:], Stage: "prepare"},
		"replicas":    {Blue: addresses, Replicas: 2},
	} {
		t.Run(name, func(t *testing.T) {
			client := clientOf(t, spec)
			for _, err := range []error{
				client.Incr(ctx, "n").Err(), client.DecrBy(ctx, "n", 1).Err(), client.Append(ctx, "n", "x").Err(),
			} {
				wants(t, err, ringshift.ErrInvalidArgument)
			}
		})
	}
}

// TestValuesAreWrittenAsGoRedisDoes stores each by both clients.
func TestValuesAreWrittenAsGoRedisDoes(t *testing.T) {
	server := testbed.Redis(t)
	client, own := clientOf(t, testbed.Spec{Blue: []string{server.Address}}), bare(t, server)
	text, number, yes, now := "text", 42, true, time.Now()
	var none *string
	for _, value := range []any{
		nil, text, &text, none, []byte("bytes"), number, &number, int8(-8), int16(-16), int32(-32), int64(-64), uint(1), uint8(8),
		uint16(16), uint32(32), ^uint64(0), float32(1.5), 0.1, 1e300, yes, &yes, false, now, &now, time.Minute,
		net.IPv4(127, 0, 0, 1), &url.URL{Host: "example.com"},
	} {
		must(t, own.Set(ctx, "own", value, 0).Err())
		is(t, client.Set(ctx, "k", value, 0), "OK")
		if ours, theirs := on(t, server, "k"), on(t, server, "own"); ours != theirs {
			t.Errorf("%T %v is stored as %q; go-redis stores %q", value, value, ours, theirs)
		}
	}
	for _, value := range []any{struct{}{}, []string{"a"}, map[string]int{}} {
		wants(t, client.Set(ctx, "k", value, 0).Err(), ringshift.ErrInvalidArgument)
		if own.Set(ctx, "own", value, 0).Err() == nil {
			t.Errorf("go-redis stores %T", value)
		}
	}
	for _, expiration := range []time.Duration{-1, -time.Second, time.Microsecond} {
		wants(t, client.Set(ctx, "k", "v", expiration).Err(), ringshift.ErrInvalidArgument)
	}
}

func TestKeysAreBytes(t *testing.T) {
	client := clientOf(t, testbed.Spec{Blue: []string{testbed.Redis(t).Address}})
	for _, key := range []string{"", "\xff\xfe", "a b\r\n", "schlüssel"} {
		is(t, client.Set(ctx, key, key, 0), "OK")
		is(t, client.Get(ctx, key), key)
		is(t, client.Del(ctx, key), 1)
	}
}
