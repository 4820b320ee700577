package ringshift_test

// What several tests need: specs, files, routers.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringshift"
)

// clusterText is a ring of nodes whose ids are prefix0 and on.
func clusterText(name, prefix string, nodes int, keyPrefix string) string {
	all := make([]string, nodes)
	for number := range all {
		all[number] = fmt.Sprintf(`{"id":"%s%d","address":"%s%d.example:11211"}`, prefix, number, prefix, number)
	}
	return fmt.Sprintf(`%q:{"placement":{"kind":"ring","vnodes":16},"key_prefix":%q,"nodes":[%s]}`,
		name, keyPrefix, strings.Join(all, ","))
}

// specOf is a spec of one cluster.
func specOf(generation int, cluster string) string {
	name, _, _ := strings.Cut(cluster, ":")
	return fmt.Sprintf(`{"format":1,"generation":%d,"primary":%s,"clusters":{%s}}`, generation, name, cluster)
}

// migrationSpec is a spec with a migration from blue to green; plan is its stage and what belongs to it.
func migrationSpec(generation int, plan string, from, to int) string {
	return fmt.Sprintf(`{"format":1,"generation":%d,"primary":"blue","standby":"green","clusters":{%s,%s},`+
		`"migration":{"id":"m","from":"blue","to":"green",%s}}`,
		generation, clusterText("blue", "b", from, ""), clusterText("green", "g", to, "g1:"), plan)
}

// simple is a spec of five nodes.
func simple(generation int) string { return specOf(generation, clusterText("blue", "b", 5, "")) }

func fromSpec(t testing.TB, spec string, options ...ringshift.Option) *ringshift.Router {
	t.Helper()
	router, err := ringshift.FromSpec([]byte(spec), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, router.Close()) })
	return router
}

func openFile(t testing.TB, path string, options ...ringshift.Option) *ringshift.Router {
	t.Helper()
	router, err := ringshift.Open(path, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, router.Close()) })
	return router
}

// specFile is a file with a spec in a directory of its own.
func specFile(t testing.TB, spec string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cache.json")
	must(t, os.WriteFile(path, []byte(spec), 0o644))
	return path
}

// replace renames a new file over one, as an operator's tool does.
func replace(t testing.TB, path, spec string) {
	t.Helper()
	must(t, os.WriteFile(path+".new", []byte(spec), 0o644))
	must(t, os.Rename(path+".new", path))
}

func route(t testing.TB, router *ringshift.Router, key string) *ringshift.Route {
	t.Helper()
	found, err := router.Route(key)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantKind fails the test unless the error is of this kind and no other.
func wantKind(t testing.TB, err error, kind ringshift.Kind) {
	t.Helper()
	var failure *ringshift.Error
	if !errors.As(err, &failure) {
		t.Fatalf("%v is no *ringshift.Error; want one of kind %v", err, kind)
	}
	for other := ringshift.Kind(0); other < 20; other++ {
		if errors.Is(err, other) != (other == kind) {
			t.Fatalf("%v is of kind %v; want %v", err, failure.Kind, kind)
		}
	}
	if failure.Kind != kind || failure.Error() == "" {
		t.Fatalf("%#v; want kind %v and a message", failure, kind)
	}
}

func equal[T comparable](t testing.TB, found, expected T, about ...any) {
	t.Helper()
	if found != expected {
		t.Fatalf("%v%v; want %v", fmt.Sprintln(about...), found, expected)
	}
}

// waitFor asks until there is an answer; a test that never gets one fails at its deadline.
func waitFor[T any](t testing.TB, ask func() *T) *T {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if answer := ask(); answer != nil {
			return answer
		}
	}
	t.Fatal("no answer within a minute")
	return nil
}

// until asks until it is so.
func until(t testing.TB, done func() bool) {
	t.Helper()
	waitFor(t, func() *bool {
		if answer := done(); answer {
			return &answer
		}
		return nil
	})
}
