package main

import (
	"net"

	"github.com/bradfitz/gomemcache/memcache"
)

// openGomemcache asks the client's own selector, which resolves each server at once: hosts are IP addresses.
func openGomemcache(servers []server) (picker, func() error, error) {
	var list memcache.ServerList
	places := map[string]int{}
	addresses := make([]string, len(servers))
	for i, server := range servers {
		addresses[i] = net.JoinHostPort(server.host, server.port)
		places[addresses[i]] = i
	}
	if err := list.SetServers(addresses...); err != nil {
		return nil, nil, err
	}
	pick := func(key string) (int, error) {
		address, err := list.PickServer(key)
		if err != nil {
			return 0, err
		}
		return places[address.String()], nil
	}
	return pick, func() error { return nil }, nil
}
