package main

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

// openGoRedis asks the client which shard it would talk to. A shard is live when this says so, and none can be dialled.
func openGoRedis(servers []server) (picker, func() error, error) {
	places := map[string]int{}
	addresses := map[string]string{}
	down := map[string]bool{}
	live := 0
	for i, server := range servers {
		address := net.JoinHostPort(server.host, server.port)
		addresses[server.alias] = address
		places[address] = i
		down[address] = server.down
		if !server.down {
			live++
		}
	}
	ring := redis.NewRing(&redis.RingOptions{
		Addrs:              addresses,
		HeartbeatFrequency: time.Millisecond,
		HeartbeatFn: func(_ context.Context, client *redis.Client) bool {
			return !down[client.Options().Addr]
		},
		Dialer: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("nothing is sent")
		},
	})
	// A shard is down after some heartbeats in a row.
	for ring.Len() != live {
		time.Sleep(time.Millisecond)
	}
	pick := func(key string) (int, error) {
		client, err := ring.GetShardClientForKey(key)
		if err != nil {
			return 0, err
		}
		return places[client.Options().Addr], nil
	}
	return pick, ring.Close, nil
}
