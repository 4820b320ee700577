package ringshift_test

// In somebody else's process: under all kinds of calls at once, a collector that gives memory back to the system, and at
// every end of the program.

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ringshift"
)

// Routes, reports, scrapes and new specs at the same time, while all memory that is free goes back to the system: what C
// still used would fault.
func TestEverythingAtOnceWhileMemoryIsGivenBack(t *testing.T) {
	router := openFile(t, specFile(t, generationSpec(1)), ringshift.WithWatch(time.Millisecond))
	var stop atomic.Bool
	var group sync.WaitGroup
	var counts [5]atomic.Int64
	loop := func(which int, body func(step int) error) {
		group.Add(1)
		go func() {
			defer group.Done()
			for step := 0; !stop.Load(); step++ {
				if err := body(step); err != nil {
					t.Error(err)
					return
				}
				counts[which].Add(1)
			}
		}()
	}
	for range 8 {
		loop(0, func(step int) error {
			found, err := router.Route(fmt.Sprint("user:", step))
			if err != nil {
				return err
			}
			if err := router.Report(found.Read().Node(), ringshift.OpRead, ringshift.OutcomeHit); err != nil {
				return err
			}
			return belongs(found)
		})
	}
	loop(1, func(step int) error {
		keys := []string{fmt.Sprint("a:", step), fmt.Sprint("b:", step)}
		found, err := router.RouteMany(keys)
		if err != nil {
			return err
		}
		return belongs(found[1])
	})
	loop(2, func(int) error {
		text, err := router.MetricsText()
		if err == nil && !strings.HasSuffix(text, "# EOF\n") {
			err = fmt.Errorf("half a text: %q", text)
		}
		return err
	})
	loop(3, func(int) error {
		metrics, err := router.Metrics()
		if err == nil && metrics.Digest == "" {
			err = fmt.Errorf("half of the metrics: %v", metrics)
		}
		return err
	})
	loop(4, func(int) error {
		debug.FreeOSMemory()
		return nil
	})
	for generation := 2; generation < 200; generation++ {
		if _, err := router.Apply([]byte(generationSpec(generation))); err != nil {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
	until(t, func() bool {
		for which := range counts {
			if counts[which].Load() < 3 {
				return false
			}
		}
		return true
	})
	stop.Store(true)
	group.Wait()
	equal(t, router.Generation(), 199)
}

// How a program is to end, and its spec file.
const endsVariable, fileVariable = "RINGSHIFT_TEST_ENDS", "RINGSHIFT_TEST_FILE"

// A program with live watchers, and goroutines in the middle of calls, ends at once and as it was told to.
func TestAProgramEndsWithLiveWatchers(t *testing.T) {
	if how := os.Getenv(endsVariable); how != "" {
		end(t, how, os.Getenv(fileVariable))
		return
	}
	// A program that ends by itself removes no directory.
	path := specFile(t, generationSpec(1))
	for how, wanted := range map[string]int{"exit": 7, "panic": 2, "goexit": 0} {
		t.Run(how, func(t *testing.T) {
			for range 3 {
				command := exec.Command(os.Args[0], "-test.run=^TestAProgramEndsWithLiveWatchers$", "-test.timeout=60s")
				command.Env = append(os.Environ(), endsVariable+"="+how, fileVariable+"="+path)
				said, _ := command.CombinedOutput()
				if code := command.ProcessState.ExitCode(); code != wanted {
					t.Fatalf("ended with %d; want %d\n%s", code, wanted, said)
				}
				if how == "panic" && !strings.HasPrefix(string(said), "panic: on purpose") {
					t.Fatalf("said %s", said)
				}
			}
		})
	}
}

// end uses routers of a file in all ways, and then ends this process.
func end(t *testing.T, how, path string) {
	for range 8 {
		router, err := ringshift.Open(path, ringshift.WithWatch(time.Millisecond))
		must(t, err)
		go func() {
			for {
				_, _ = router.Route("user:42")
				_, _ = router.MetricsText()
				_, _ = router.Refresh()
			}
		}()
	}
	time.Sleep(20 * time.Millisecond)
	switch how {
	case "exit":
		os.Exit(7)
	case "panic":
		go func() { panic("on purpose") }()
		select {}
	}
}
