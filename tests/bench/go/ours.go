// The library: the whole route, without and in the middle of a migration, one by one and in batches.

package main

import (
	"fmt"

	"ringshift"
)

const batch = 1_000

func ours(nodes []string) ([]subject, error) {
	plain, err := router(nodes, false)
	if err != nil {
		return nil, err
	}
	migrating, err := router(nodes, true)
	if err != nil {
		return nil, err
	}
	return []subject{
		{"ringshift: route", routeOneByOne(plain), ownerIn(plain)},
		{"ringshift: route, migrating", routeOneByOne(migrating), nil},
		{fmt.Sprintf("ringshift: RouteMany, %d keys a call", batch), inBatches(plain), nil},
	}, nil
}

func router(nodes []string, migrating bool) (*ringshift.Router, error) {
	spec, err := makeSpec(nodes, migrating)
	if err != nil {
		return nil, err
	}
	return ringshift.FromSpec(spec)
}

func ownerIn(router *ringshift.Router) func(string) string {
	return func(key string) string {
		route, err := router.Route(key)
		if err != nil {
			panic(err)
		}
		return route.Read().Node().Address()
	}
}

func routeOneByOne(router *ringshift.Router) func([]string) {
	return func(keys []string) {
		for _, key := range keys {
			if _, err := router.Route(key); err != nil {
				panic(err)
			}
		}
	}
}

func inBatches(router *ringshift.Router) func([]string) {
	return func(keys []string) {
		for start := 0; start < len(keys); start += batch {
			if _, err := router.RouteMany(keys[start:min(start+batch, len(keys))]); err != nil {
				panic(err)
			}
		}
	}
}
