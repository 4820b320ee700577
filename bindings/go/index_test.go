package ringshift_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"ringshift"
)

// wantIndices checks that the index of every key is that of the node that its route reads first.
func wantIndices(t *testing.T, router *ringshift.Router, keys []string, about string) {
	t.Helper()
	indices := make([]uint32, len(keys))
	must(t, router.IndexMany(keys, indices))
	inBytes, asBytes := make([]uint32, len(keys)), make([][]byte, len(keys))
	for position, key := range keys {
		asBytes[position] = []byte(key)
	}
	must(t, router.IndexManyBytes(asBytes, inBytes))
	equal(t, slices.Equal(inBytes, indices), true, about)
	for position, key := range keys {
		expected := ringshift.NoNode
		if read := route(t, router, key).Read(); read != nil {
			expected = read.Node().Index()
			equal(t, router.Node(expected), read.Node(), about, key)
		}
		equal(t, indices[position], expected, about, key)
	}
}

func someKeys(count int) []string {
	keys := make([]string, count)
	for number := range keys {
		keys[number] = strings.Repeat("ü", number%3) + fmt.Sprint("user:", number)
	}
	keys[count/2] = ""
	return keys
}

func TestIndicesAreThoseOfTheRoutes(t *testing.T) {
	keys := someKeys(1000)
	for _, plan := range []string{
		`"stage":"none"`, `"stage":"prepare"`, `"stage":"ramp","percent":0`, `"stage":"ramp","percent":50`,
		`"stage":"ramp","percent":100`, `"stage":"soak"`,
	} {
		wantIndices(t, fromSpec(t, migrationSpec(1, plan, 5, 6)), keys, plan)
	}
	wantIndices(t, fromSpec(t, simple(1)), keys, "no migration")
	replicas := strings.Replace(simple(1), `"key_prefix"`, `"replicas":3,"key_prefix"`, 1)
	wantIndices(t, fromSpec(t, replicas), keys, "replicas")
	wantIndices(t, fromSpec(t, simple(1)), keys[500:501], "the empty key alone")
}

func TestIndicesWhereBreakersAreOpen(t *testing.T) {
	spec := strings.Replace(simple(1), `"primary"`,
		`"breaker":{"failures":1,"open":"1h","max_open":"1h","max_ejected":1},"primary"`, 1)
	keys := someKeys(100)
	router := fromSpec(t, spec)
	failed := route(t, router, keys[0]).Read().Node()
	must(t, router.Report(failed, ringshift.OpRead, ringshift.OutcomeTimeout))
	wantIndices(t, router, keys, "one node open")
	indices := make([]uint32, len(keys))
	must(t, router.IndexMany(keys, indices))
	equal(t, indices[0], ringshift.NoNode)
	equal(t, router.Node(ringshift.NoNode), nil)
	// With replicas the next one is read.
	router = fromSpec(t, strings.Replace(spec, `"key_prefix"`, `"replicas":2,"key_prefix"`, 1))
	nodes := slices.Collect(route(t, router, keys[0]).Read().Nodes())
	must(t, router.Report(nodes[0], ringshift.OpRead, ringshift.OutcomeError))
	wantIndices(t, router, keys, "one replica open")
	must(t, router.IndexMany(keys, indices))
	equal(t, router.Node(indices[0]), nodes[1])
}

func TestRoomForIndices(t *testing.T) {
	router := fromSpec(t, simple(1))
	keys := someKeys(3)
	to := []uint32{47, 47, 47, 47}
	err := router.IndexMany(keys, to[:2])
	wantKind(t, err, ringshift.ErrInvalidArgument)
	equal(t, strings.HasPrefix(err.Error(), "there is room for 2 indices, but there are 3 keys; "), true, err)
	wantKind(t, router.IndexManyBytes(make([][]byte, 3), nil), ringshift.ErrInvalidArgument)
	wantKind(t, router.IndexMany([]string{"a", "b\xff"}, to), ringshift.ErrInvalidKey)
	equal(t, slices.Equal(to, []uint32{47, 47, 47, 47}), true, "what failed wrote something")
	must(t, router.IndexMany(keys, to))
	equal(t, to[0] < 5 && to[1] < 5 && to[2] < 5, true, to)
	equal(t, to[3], 47, "more than the keys was written")
	must(t, router.IndexMany(nil, nil))
	must(t, router.IndexManyBytes([][]byte{}, nil))
	must(t, router.IndexManyBytes([][]byte{nil, {}}, to))
	equal(t, to[0], to[1])
}

func TestNodesByIndex(t *testing.T) {
	router := fromSpec(t, simple(1))
	// Of nodes that nothing has handed out yet.
	found := router.Node(3)
	equal(t, found.Index(), 3)
	equal(t, router.Node(3), found)
	equal(t, router.Node(5), nil)
	for _, node := range router.Nodes() {
		equal(t, router.Node(node.Index()), node)
	}
	// One that has left the spec stays what it is, and is no other than before.
	_, err := router.Apply([]byte(specOf(2, clusterText("blue", "other", 100, ""))))
	must(t, err)
	equal(t, slices.Contains(router.Nodes(), found), false)
	equal(t, router.Node(3), found)
	equal(t, router.Node(104).ID()[:5], "other")
	equal(t, router.Node(105), nil)
	must(t, router.Close())
	equal(t, router.Node(3), nil)
}

func TestGoroutinesGetTheSameNodesByIndex(t *testing.T) {
	const nodes, workers = 500, 4
	router := fromSpec(t, specOf(1, clusterText("blue", "b", nodes, "")))
	found := [workers][nodes]*ringshift.Node{}
	var group sync.WaitGroup
	for worker := range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for step := range nodes {
				index := (step + worker*nodes/workers) % nodes
				found[worker][index] = router.Node(uint32(index))
			}
		}()
	}
	group.Wait()
	for index := range nodes {
		for worker := range workers {
			equal(t, found[worker][index], found[0][index])
			equal(t, found[worker][index].Index(), uint32(index))
		}
	}
}
