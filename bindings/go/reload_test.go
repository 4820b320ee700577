package ringshift_test

// A spec file that is rewritten while many read.

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ringshift"
)

// generationSpec is a migration whose nodes carry the generation in all that they say, so that a mixture of two would
// show.
func generationSpec(generation int) string {
	cluster := func(name, keyPrefix string) string {
		text := clusterText(name, fmt.Sprintf("%s-%d-", name, generation), 5, keyPrefix)
		return strings.ReplaceAll(text, `}]`, fmt.Sprintf(`,"zone":"%d"}]`, generation))
	}
	return fmt.Sprintf(`{"format":1,"generation":%d,"primary":"blue","standby":"green","clusters":{%s,%s},`+
		`"migration":{"id":"m%d","from":"blue","to":"green","stage":"ramp","percent":50}}`,
		generation, cluster("blue", ""), cluster("green", fmt.Sprintf("g%d:", generation)), generation)
}

// belongs says what is wrong with a route of generationSpec.
func belongs(found *ringshift.Route) error {
	generation := fmt.Sprint(found.Generation())
	read, count := found.Read(), 0
	if read == nil || found.Moved() != (read.Cluster() == "green") || found.Moved() != (found.Fallback() != nil) {
		return fmt.Errorf("%v doesn't fit together", found)
	}
	for node := range found.Invalidate() {
		count++
		if parts := strings.Split(node.ID(), "-"); parts[0] != node.Cluster() || parts[1] != generation {
			return fmt.Errorf("%v is of another generation than %v", node, found)
		}
		if node.Cluster() == "green" && node.KeyPrefix() != "g"+generation+":" {
			return fmt.Errorf("%v has key prefix %q in %v", node, node.KeyPrefix(), found)
		}
	}
	if count != 2 {
		return fmt.Errorf("%v invalidates %d nodes", found, count)
	}
	return nil
}

func TestAThousandRewritesUnderLoad(t *testing.T) {
	path := specFile(t, generationSpec(1))
	router := openFile(t, path, ringshift.WithWatch(time.Millisecond))
	var stop atomic.Bool
	var group sync.WaitGroup
	var routed, generations atomic.Int64
	reader := func(ask func(step int) ([]*ringshift.Route, error)) {
		defer group.Done()
		last := uint64(0)
		for step := 0; !stop.Load(); step++ {
			routes, err := ask(step)
			if err != nil {
				t.Error(err)
				return
			}
			for _, found := range routes {
				if err := belongs(found); err != nil {
					t.Error(err)
					return
				}
				if found.Generation() != routes[0].Generation() || found.Generation() < last {
					t.Errorf("generation %d beside %d, after %d", found.Generation(), routes[0].Generation(), last)
					return
				}
			}
			if routes[0].Generation() > last {
				last = routes[0].Generation()
				generations.Add(1)
			}
			routed.Add(int64(len(routes)))
		}
	}
	group.Add(3)
	for range 2 {
		go reader(func(step int) ([]*ringshift.Route, error) {
			found, err := router.Route(fmt.Sprint("user:", step))
			return []*ringshift.Route{found}, err
		})
	}
	go reader(func(step int) ([]*ringshift.Route, error) {
		return router.RouteMany([]string{fmt.Sprint(step), fmt.Sprint(step + 1), fmt.Sprint(step + 2)})
	})
	generation := 1
	for rewrite := range 1000 {
		text, bad := generationSpec(generation+1), rewrite%3 == 2
		if bad {
			text = spoiled(rewrite/3, text)
		} else {
			generation++
		}
		if rewrite%2 == 0 {
			replace(t, path, text)
		} else {
			must(t, os.WriteFile(path, []byte(text), 0o644))
		}
		// Besides the watcher, which may also meet a file that is just being written.
		if _, err := router.Refresh(); (err != nil) != bad || router.Generation() != uint64(generation) || t.Failed() {
			t.Errorf("rewrite %d: %v, generation %d; want %d", rewrite, err, router.Generation(), generation)
			break
		}
	}
	stop.Store(true)
	group.Wait()
	metrics, err := router.Metrics()
	must(t, err)
	// Each was seen once before the next one came; the watcher may have rejected some more, half written.
	equal(t, generation, 1+667)
	equal(t, metrics.Reloads.Applied, 1+667)
	if metrics.Reloads.Rejected < 333 {
		t.Errorf("%d rejected; want 333 or more", metrics.Reloads.Rejected)
	}
	must(t, router.LastError())
	if routed.Load() < 1000 || generations.Load() < 10 {
		t.Errorf("%d routes of %d generations are too few to show anything", routed.Load(), generations.Load())
	}
}

// spoiled makes a spec bad, each time in another way.
func spoiled(number int, text string) string {
	switch number % 5 {
	case 0:
		return text[:len(text)/2]
	case 1:
		return strings.Replace(text, `"primary":"blue"`, `"primary":"red"`, 1)
	case 2:
		return strings.Replace(text, `"percent":50`, `"percent":50.001`, 1)
	case 3:
		return generationSpec(1) + " "
	}
	return ""
}

func TestALastGoodCopyStartsARouter(t *testing.T) {
	path := specFile(t, simple(3))
	copied := filepath.Join(t.TempDir(), "last-good.json")
	openFile(t, path, ringshift.WithLastGood(copied))
	must(t, os.WriteFile(path, []byte("{"), 0o644))
	_, err := ringshift.Open(path)
	wantKind(t, err, ringshift.ErrSpecSyntax)
	router := openFile(t, path, ringshift.WithLastGood(copied))
	equal(t, router.Generation(), 3)
	wantKind(t, router.LastError(), ringshift.ErrSpecSyntax)
	equal(t, route(t, router, "user:42").Generation(), 3)
}
