package goredis_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/redis/go-redis/v9"

	"ringshift"
	"ringshift/adapters/goredis"
	"ringshift/internal/testbed"
)

// startRedis starts a server, which stop ends, and gives the text of a spec with it.
func startRedis() (spec []byte, stop func()) {
	server := testbed.NewRedis()
	if err := server.Start(); err != nil {
		log.Fatal(err)
	}
	return testbed.Spec{Blue: []string{server.Address}, MaxTTL: "1h"}.Text(), server.Kill
}

func Example() {
	spec, stop := startRedis()
	defer stop()
	router, err := ringshift.FromSpec(spec) // or ringshift.Open, of a file
	if err != nil {
		log.Fatal(err)
	}
	defer router.Close()
	client := goredis.New(router, &redis.Options{ReadTimeout: 500 * time.Millisecond})
	defer client.Close()
	ctx := context.Background()

	database := map[string]string{"user:42": "Ada"}
	read := func(key string) string {
		value, err := client.GetOrLoad(ctx, key, func(context.Context) ([]byte, error) {
			fmt.Println("asking the database")
			return []byte(database[key]), nil
		}, 5*time.Minute)
		if err != nil {
			log.Fatal(err)
		}
		return string(value)
	}
	fmt.Println(read("user:42"))
	fmt.Println(read("user:42"))

	database["user:42"] = "Grace"
	if err := client.Invalidate(ctx, "user:42"); err != nil {
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
	spec, stop := startRedis()
	defer stop()
	router, err := ringshift.FromSpec(spec)
	if err != nil {
		log.Fatal(err)
	}
	defer router.Close()
	client := goredis.New(router, nil)
	defer client.Close()
	ctx := context.Background()

	if err := client.Set(ctx, "greeting", "hello", time.Minute).Err(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.Get(ctx, "greeting").Val())
	fmt.Println(errors.Is(client.Get(ctx, "nothing").Err(), redis.Nil))
	// Output:
	// hello
	// true
}
