//go:build cgo

// Nodes: where keys live.

package ringshift

import "fmt"

// NoNode stands for "nowhere to read" among the indices of nodes.
const NoNode uint32 = 0xffff_ffff

// Node is a node of a cluster: what a client needs to send a key there. A node that is in two clusters is two of these.
//
// A router has one Node for each, for as long as it lives, so nodes can be compared with == and used as keys of a map.
// What a Node says stays valid when later specs no longer have it, and after the router was closed.
type Node struct {
	index     uint32
	weight    uint32
	id        string
	address   string
	zone      string
	cluster   string
	keyPrefix string
	// owner tells the nodes of one router from those of another, without keeping the router alive.
	owner *identity
	// reference is valid only while the owner's C router exists: only core may use it.
	reference nodeReference
}

// identity is what a router's core and its nodes have in common. It is not empty: all pointers to empty things may be
// equal.
type identity struct{ _ byte }

// Index is a number that no other node of the same router ever has; they are given from 0 on.
func (n *Node) Index() uint32 { return n.index }

// ID is the stable name that decides placement.
func (n *Node) ID() string { return n.id }

// Address is where to connect: "host:port", "[v6]:port" or the absolute path of a unix socket.
func (n *Node) Address() string { return n.address }

// Zone is the failure domain; "" if the spec names none.
func (n *Node) Zone() string { return n.zone }

// Cluster is the name of the cluster that this is a node of.
func (n *Node) Cluster() string { return n.cluster }

// KeyPrefix is what to put before every key that is sent to the node; "" if nothing.
func (n *Node) KeyPrefix() string { return n.keyPrefix }

// Weight is the node's share of the keys relative to other nodes of its cluster, 0 to 1000.
func (n *Node) Weight() uint32 { return n.weight }

// String is for people, such as "green/mc7 at 10.0.1.7:11211".
func (n *Node) String() string {
	return fmt.Sprintf("%s/%s at %s", n.cluster, n.id, n.address)
}
