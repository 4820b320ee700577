package ringshift_test

// What a route costs, beside a call into C that does nothing. `go test -bench .`; no test asserts any of it.

import (
	"fmt"
	"testing"

	"ringshift"
)

// benchSpec is a ring of nodes; when migrating, half of the keys are on the way to another with one node more.
func benchSpec(nodes int, migrating bool) []byte {
	spec := specOf(1, clusterText("blue", "b", nodes, ""))
	if migrating {
		spec = migrationSpec(1, `"stage":"ramp","percent":50`, nodes, nodes+1)
	}
	return []byte(spec)
}

func benchKeys() []string {
	keys := make([]string, 1<<16)
	for number := range keys {
		keys[number] = fmt.Sprintf("user:%08d:profile", number*48271%100_000_000)
	}
	return keys
}

func benchRouters(b *testing.B, run func(*testing.B, *ringshift.Router)) {
	for _, migrating := range []bool{false, true} {
		for _, nodes := range []int{10, 1000} {
			b.Run(fmt.Sprintf("nodes=%d/migrating=%t", nodes, migrating), func(b *testing.B) {
				run(b, fromSpec(b, string(benchSpec(nodes, migrating))))
			})
		}
	}
}

var sink *ringshift.Route

// BenchmarkCall is the floor: cgo's own cost.
func BenchmarkCall(b *testing.B) {
	for b.Loop() {
		ringshift.CallNothing()
	}
}

func BenchmarkRoute(b *testing.B) {
	keys := benchKeys()
	benchRouters(b, func(b *testing.B, router *ringshift.Router) {
		b.ReportAllocs()
		for at := 0; b.Loop(); at++ {
			sink, _ = router.Route(keys[at%len(keys)])
		}
	})
}

func BenchmarkRouteBytes(b *testing.B) {
	key := []byte("user:00048271:profile")
	benchRouters(b, func(b *testing.B, router *ringshift.Router) {
		b.ReportAllocs()
		for b.Loop() {
			sink, _ = router.RouteBytes(key)
		}
	})
}

func BenchmarkRouteParallel(b *testing.B) {
	keys := benchKeys()
	benchRouters(b, func(b *testing.B, router *ringshift.Router) {
		b.RunParallel(func(b *testing.PB) {
			for at := 0; b.Next(); at++ {
				_, _ = router.Route(keys[at%len(keys)])
			}
		})
	})
}

// BenchmarkIndexMany is for one key, in batches of 100.
func BenchmarkIndexMany(b *testing.B) {
	keys, indices := benchKeys(), make([]uint32, 100)
	benchRouters(b, func(b *testing.B, router *ringshift.Router) {
		b.ReportAllocs()
		for at := 0; b.Loop(); at++ {
			begin := at * 100 % (len(keys) - 100)
			_ = router.IndexMany(keys[begin:begin+100], indices)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/key")
	})
}

// BenchmarkRouteMany is for one key, in batches of 100.
func BenchmarkRouteMany(b *testing.B) {
	keys := benchKeys()
	benchRouters(b, func(b *testing.B, router *ringshift.Router) {
		b.ReportAllocs()
		for at := 0; b.Loop(); at++ {
			begin := at * 100 % (len(keys) - 100)
			routes, _ := router.RouteMany(keys[begin : begin+100])
			sink = routes[0]
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/key")
	})
}
