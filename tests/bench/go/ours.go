// The library: the whole route, without and in the middle of a migration, one by one and in batches.

package main

import (
	"fmt"
	"slices"

	"ringshift"
)

const (
	batch = 1_000
	// Keys that every way of asking is asked about.
	checked = 20_000
)

func ours(nodes []string) ([]subject, error) {
	plain, err := router(nodes, false)
	if err != nil {
		return nil, err
	}
	migrating, err := router(nodes, true)
	if err != nil {
		return nil, err
	}
	grown := func() (func(string) string, error) {
		more, err := router(append(slices.Clone(nodes), added), false)
		if err != nil {
			return nil, err
		}
		return ownerIn(more), nil
	}
	return []subject{
		{"ringshift: route", routeOneByOne(plain), &placement{ownerIn(plain), grown, true}},
		{"ringshift: route, migrating", routeOneByOne(migrating), nil},
		{fmt.Sprintf("ringshift: RouteMany, %d keys a call", batch), inBatches(plain), nil},
		{fmt.Sprintf("ringshift: IndexMany, %d keys a call", batch), intoIndices(plain), nil},
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

func intoIndices(router *ringshift.Router) func([]string) {
	indices := make([]uint32, batch)
	return func(keys []string) {
		for start := 0; start < len(keys); start += batch {
			if err := router.IndexMany(keys[start:min(start+batch, len(keys))], indices); err != nil {
				panic(err)
			}
		}
	}
}

// checkOurs checks that every way of asking for the same keys gives the same node.
func checkOurs(nodes, keys []string) error {
	plain, err := router(nodes, false)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("all ways of asking give the same node, N = %d", len(nodes))
	wrong, err := differs(plain, keys[:checked])
	if err != nil {
		return err
	}
	if wrong != "" {
		return check(name, false, wrong)
	}
	return check(name, true, fmt.Sprintf("%d keys", checked))
}

// differs names a key and a way of asking that gives it another node than Route.
func differs(router *ringshift.Router, keys []string) (string, error) {
	many, err := router.RouteMany(keys)
	if err != nil {
		return "", err
	}
	indices := make([]uint32, len(keys))
	if err := router.IndexMany(keys, indices); err != nil {
		return "", err
	}
	groups, err := router.GroupByNode(keys)
	if err != nil {
		return "", err
	}
	grouped := make([]*ringshift.Node, len(keys))
	for node, positions := range groups {
		for _, position := range positions {
			grouped[position] = node
		}
	}
	for position, key := range keys {
		route, err := router.Route(key)
		if err != nil {
			return "", err
		}
		inBytes, err := router.RouteBytes([]byte(key))
		if err != nil {
			return "", err
		}
		expected := route.Read().Node()
		ways := map[string]*ringshift.Node{
			"RouteMany":   many[position].Read().Node(),
			"IndexMany":   router.Node(indices[position]),
			"GroupByNode": grouped[position],
			"RouteBytes":  inBytes.Read().Node(),
		}
		for way, node := range ways {
			if node != expected {
				return fmt.Sprintf("%s: another node for %s", way, key), nil
			}
		}
	}
	return "", nil
}
