package gomemcache_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/bradfitz/gomemcache/memcache"

	"ringshift"
	"ringshift/adapters/gomemcache"
	"ringshift/internal/testbed"
)

// startMemcached starts a server, which stop ends, and gives the text of a spec with it.
func startMemcached() (spec []byte, stop func()) {
	server := testbed.NewMemcached()
	if err := server.Start(); err != nil {
		log.Fatal(err)
	}
	return testbed.Spec{Blue: []string{server.Address}, MaxTTL: "1h"}.Text(), server.Kill
}

func Example() {
	spec, stop := startMemcached()
	defer stop()
	router, err := ringshift.FromSpec(spec) // or ringshift.Open, of a file
	if err != nil {
		log.Fatal(err)
	}
	defer router.Close()
	client := gomemcache.New(router, gomemcache.Options{})
	defer client.Close()

	database := map[string]string{"user:42": "Ada"}
	read := func(key string) string {
		item, err := client.GetOrLoad(key, func() ([]byte, error) {
			fmt.Println("asking the database")
			return []byte(database[key]), nil
		}, 300)
		if err != nil {
			log.Fatal(err)
		}
		return string(item.Value)
	}
	fmt.Println(read("user:42"))
	fmt.Println(read("user:42"))

	database["user:42"] = "Grace"
	if err := client.Invalidate("user:42"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(read("user:42"))
	// Output:
	// asking the database
	// Ada
	// Ada
	// asking the database
	// Grace
}

func ExampleClient_Get() {
	spec, stop := startMemcached()
	defer stop()
	router, err := ringshift.FromSpec(spec)
	if err != nil {
		log.Fatal(err)
	}
	defer router.Close()
	client := gomemcache.New(router, gomemcache.Options{})
	defer client.Close()

	if err := client.Set(&memcache.Item{Key: "greeting", Value: []byte("hello"), Expiration: 60}); err != nil {
		log.Fatal(err)
	}
	item, err := client.Get("greeting")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(item.Value))
	_, err = client.Get("nothing")
	fmt.Println(errors.Is(err, memcache.ErrCacheMiss))
	// Output:
	// hello
	// true
}

func ExampleClient_Invalidate() {
	spec, stop := startMemcached()
	router, err := ringshift.FromSpec(spec)
	if err != nil {
		log.Fatal(err)
	}
	defer router.Close()
	client := gomemcache.New(router, gomemcache.Options{})
	defer client.Close()

	stop() // the node is gone
	err = client.Invalidate("user:42")
	var lost *ringshift.InvalidationLostError
	if errors.As(err, &lost) {
		for _, one := range lost.Lost {
			fmt.Println("send again:", one.Cluster, one.Node, one.Key)
		}
	}
	// Output:
	// send again: blue b0 user:42
}
