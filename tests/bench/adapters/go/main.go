// Go's part: gomemcache and go-redis, bare and through the adapter. `adapter-costs MEMCACHED REDIS`.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"slices"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/redis/go-redis/v9"

	"ringshift"
	"ringshift/adapters/gomemcache"
	"ringshift/adapters/goredis"
)

const (
	block  = 200
	rounds = 60
)

var value = make([]byte, 100)

func main() {
	log.SetFlags(0)
	memcached(os.Args[1])
	redises(os.Args[2])
}

func router(address string) *ringshift.Router {
	router, err := ringshift.FromSpec(fmt.Appendf(nil, `{"format": 1, "generation": 1, "primary": "a", "clusters":
		{"a": {"placement": {"kind": "ring"}, "nodes": [{"id": "a", "address": %q}]}}}`, address))
	check(err)
	return router
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// timed gives the microseconds of one operation.
func timed(operation func() error) float64 {
	begin := time.Now()
	for range block {
		check(operation())
	}
	return float64(time.Since(begin).Nanoseconds()) / block / 1000
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// compare times blocks in turn; the difference is the median of those of neighbours.
func compare(client, operation string, trip, bare, ours func() error) {
	var trips, bares, adapters, differences []float64
	for range rounds {
		trips = append(trips, timed(trip))
		bares = append(bares, timed(bare))
		adapters = append(adapters, timed(ours))
		differences = append(differences, adapters[len(adapters)-1]-bares[len(bares)-1])
	}
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"client": client, "operation": operation, "round_trip": median(trips), "bare": median(bares),
		"adapter": median(adapters), "difference": median(differences),
	}))
}

// tripTo is a round trip on a bare socket.
func tripTo(address, request string) func() error {
	connection, err := net.Dial("tcp", address)
	check(err)
	answer := make([]byte, 4096)
	return func() error {
		if _, err := connection.Write([]byte(request)); err != nil {
			return err
		}
		_, err := connection.Read(answer)
		return err
	}
}

func memcached(address string) {
	bare, ours, trip := memcache.New(address), gomemcache.New(router(address), gomemcache.Options{}), tripTo(address, "get k\r\n")
	item := &memcache.Item{Key: "k", Value: value}
	check(ours.Set(item))
	got := func(_ *memcache.Item, err error) error { return err }
	load := func() ([]byte, error) { return value, nil }
	gone := func(err error) error {
		if err == memcache.ErrCacheMiss {
			return nil
		}
		return err
	}
	compare("gomemcache", "Get", trip, func() error { return got(bare.Get("k")) }, func() error { return got(ours.Get("k")) })
	compare("gomemcache", "GetOrLoad (Get), a hit", trip, func() error { return got(bare.Get("k")) },
		func() error { return got(ours.GetOrLoad("k", load, 0)) })
	compare("gomemcache", "Set", trip, func() error { return bare.Set(item) }, func() error { return ours.Set(item) })
	compare("gomemcache", "Delete", trip, func() error { return gone(bare.Delete("k")) }, func() error { return gone(ours.Delete("k")) })
}

func redises(address string) {
	ctx := context.Background()
	bare, ours := redis.NewClient(&redis.Options{Addr: address}), goredis.New(router(address), nil)
	trip := tripTo(address, "GET k\r\n")
	check(ours.Set(ctx, "k", value, 0).Err())
	load := func(context.Context) ([]byte, error) { return value, nil }
	compare("go-redis", "Get", trip, func() error { return bare.Get(ctx, "k").Err() }, func() error { return ours.Get(ctx, "k").Err() })
	compare("go-redis", "GetOrLoad (Get), a hit", trip, func() error { return bare.Get(ctx, "k").Err() }, func() error {
		_, err := ours.GetOrLoad(ctx, "k", load, 0)
		return err
	})
	compare("go-redis", "Set", trip, func() error { return bare.Set(ctx, "k", value, 0).Err() },
		func() error { return ours.Set(ctx, "k", value, 0).Err() })
	compare("go-redis", "Del", trip, func() error { return bare.Del(ctx, "k").Err() }, func() error { return ours.Del(ctx, "k").Err() })
}
