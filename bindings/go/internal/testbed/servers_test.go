package testbed

// That the servers are what the tests of the adapters take them for.

import (
	"net"
	"strings"
	"testing"
)

func TestServersKeepTheirAddressAndNothingElse(t *testing.T) {
	for name, server := range map[string]*Server{"memcached": Memcached(t), "redis": Redis(t)} {
		t.Run(name, func(t *testing.T) {
			set, get, none := "set k 0 0 1\r\nv\r\n", "get k\r\n", "END"
			if name == "redis" {
				set, get, none = "SET k v\r\n", "GET k\r\n", "$-1"
			}
			server.Ask(t, set)
			if answer := server.Ask(t, get); answer == none {
				t.Fatal("it does not keep what is stored")
			}
			before := server.Address
			server.Restart(t)
			if server.Address != before || server.Ask(t, get) != none {
				t.Fatalf("%s is not %s, or not empty", server.Address, before)
			}
			server.Kill()
			if connection, err := net.Dial("tcp", before); err == nil {
				_ = connection.Close()
				t.Fatal("a killed server listens")
			}
		})
	}
}

func TestRelayMakesAServerOld(t *testing.T) {
	server := Memcached(t)
	relay := NewRelay(t, server, Old)
	if answer, err := ask(relay.Address, "mg k v\r\n"); err != nil || answer != "ERROR" {
		t.Fatal(answer, err)
	}
	if answer, err := ask(relay.Address, "set k 0 0 1\r\nv\r\n"); err != nil || answer != "STORED" {
		t.Fatal(answer, err)
	}
	if answer := server.Ask(t, "mg k v\r\n"); answer != "VA 1" {
		t.Fatal(answer)
	}
	if lines := strings.Join(relay.Lines(), ","); lines != "mg k v,set k 0 0 1,v" {
		t.Fatal(lines)
	}
}
