module ringshift/tests/bench/adapters

go 1.24

require (
	github.com/bradfitz/gomemcache v0.0.0-20260422231931-4d751bb6e37c
	github.com/redis/go-redis/v9 v9.21.0
	ringshift v0.0.0
	ringshift/adapters/gomemcache v0.0.0
	ringshift/adapters/goredis v0.0.0
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	go.uber.org/atomic v1.11.0 // indirect
)

replace (
	ringshift => ../../../../bindings/go
	ringshift/adapters/gomemcache => ../../../../bindings/go/adapters/gomemcache
	ringshift/adapters/goredis => ../../../../bindings/go/adapters/goredis
)
