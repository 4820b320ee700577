// Speed and balance of the Go package beside its peers: one JSON line a subject and number of nodes.
//
// bench-go NODES...: tests/bench/run.py runs it and makes the table.

package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench-go:", err)
		os.Exit(1)
	}
}

func run(counts []string) error {
	keys := makeKeys(1_000_000)
	for _, text := range counts {
		count, err := strconv.Atoi(text)
		if err != nil || count < 1 {
			return fmt.Errorf("%q is not a number of nodes", text)
		}
		nodes := makeNodes(count)
		subjects, err := ours(nodes)
		if err != nil {
			return err
		}
		if err := checkOurs(nodes, keys); err != nil {
			return err
		}
		if err := measure(slices.Concat(floors(), subjects, peers(nodes)), nodes, keys); err != nil {
			return err
		}
	}
	return show(map[string]any{"suite": suite, "versions": versions()})
}

// versions are those of the peers, as they were linked.
func versions() map[string]string {
	found := map[string]string{"Go": runtime.Version()[len("go"):]}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Replace == nil {
				found[module.Path] = module.Version
			}
		}
	}
	return found
}
