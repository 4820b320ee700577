// Addresses: one server for gomemcache, whose name is looked up whenever a connection is made.

package gomemcache

import (
	"hash/fnv"
	"net"
	"strings"

	"ringshift"
)

// address is the only server of a gomemcache client. Its own list of servers looks names up once; a node may get another IP
// address while its name stays.
type address string

// Network is "tcp", or "unix" for a path.
func (a address) Network() string {
	if strings.HasPrefix(string(a), "/") {
		return "unix"
	}
	return "tcp"
}

// String is as the spec has it.
func (a address) String() string { return string(a) }

// PickServer gives the only one.
func (a address) PickServer(string) (net.Addr, error) { return a, nil }

// Each does something with the only one.
func (a address) Each(do func(net.Addr) error) error { return do(a) }

// fingerprint tells the places where a key may be apart. CAS numbers of different servers are equal by chance; mixed with it
// one is good at the place where it came from, and at another it is a number that was never given.
func fingerprint(node *ringshift.Node) uint64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(node.Address() + "\x00" + node.KeyPrefix()))
	return hash.Sum64()
}
