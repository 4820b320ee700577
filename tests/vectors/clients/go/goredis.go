package main

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

// openGoRedis asks the client which shard it would talk to. Every shard counts as live and none can be dialled.
func openGoRedis(servers []server) (picker, func() error, error) {
	places := map[string]int{}
	addresses := map[string]string{}
	for i, server := range servers {
		address := net.JoinHostPort(server.host, server.port)
		addresses[server.alias] = address
		places[address] = i
	}
	ring := redis.NewRing(&redis.RingOptions{
		Addrs:              addresses,
		HeartbeatFrequency: time.Hour,
		HeartbeatFn:        func(context.Context, *redis.Client) bool { return true },
		Dialer: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("nothing is sent")
		},
	})
	pick := func(key string) (int, error) {
		client, err := ring.GetShardClientForKey(key)
		if err != nil {
			return 0, err
		}
		return places[client.Options().Addr], nil
	}
	return pick, ring.Close, nil
}
