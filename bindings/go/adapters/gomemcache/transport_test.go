package gomemcache_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"ringshift"
	"ringshift/adapters/gomemcache"
)

func TestANameIsResolvedByEachConnection(t *testing.T) {
	router, err := ringshift.FromSpec([]byte(`{"format": 1, "generation": 1, "primary": "blue", "clusters": {"blue": {
		"placement": {"kind": "modulo", "flavor": "libmemcached"}, "nodes": [{"id": "a", "address": "localhost:1"}]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	defer router.Close()
	var asked []string
	client := gomemcache.New(router, gomemcache.Options{
		DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
			asked = append(asked, network+" "+address)
			return nil, errors.New("nobody there")
		},
	})
	defer client.Close()
	load := func() ([]byte, error) { return []byte("v"), nil }
	if _, err := client.GetOrLoad("k", load, 0); err != nil {
		t.Fatal(err)
	}
	if err := client.Delete("k"); err == nil {
		t.Fatal("an invalidation that was not sent was no error")
	}
	if len(asked) != 2 || asked[0] != "tcp localhost:1" || asked[1] != asked[0] {
		t.Fatalf("dialed %q; want the spec's address, for each command", asked)
	}
}
