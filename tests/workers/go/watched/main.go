// A Go process that watches a spec file; tests/reload/README.md says what it is told and what it answers.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"ringshift"
)

// reader routes without pause, and counts what does not fit together.
type reader struct {
	router        *ringshift.Router
	routed, wrong atomic.Int64
}

func (r *reader) run() {
	var last uint64
	for {
		for number := range 16 {
			route, err := r.router.Route("key:" + strconv.Itoa(number))
			if err != nil {
				r.wrong.Add(1)
				continue
			}
			generation, read := route.Generation(), route.Read()
			if read == nil || !strings.HasPrefix(read.Node().ID(), fmt.Sprintf("g%d-", generation)) || generation < last {
				r.wrong.Add(1)
			}
			last = generation
		}
		r.routed.Add(16)
	}
}

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(path, milliseconds string) error {
	interval, err := strconv.Atoi(milliseconds)
	if err != nil {
		return err
	}
	router, err := ringshift.Open(path, ringshift.WithWatch(time.Duration(interval)*time.Millisecond))
	if err != nil {
		return err
	}
	defer router.Close()
	reading := &reader{router: router}
	go reading.run()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		answer, err := answer(reading, lines.Text())
		if err != nil {
			return err
		}
		fmt.Println(string(answer))
	}
	return lines.Err()
}

func answer(reading *reader, line string) ([]byte, error) {
	since, err := strconv.ParseUint(line, 10, 64)
	if err != nil {
		return nil, err
	}
	metrics, err := reading.router.Metrics()
	if err != nil {
		return nil, err
	}
	generation := reading.router.Generation()
	events, err := reading.router.Events(since)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{
		"generation": generation,
		"routed":     reading.routed.Load(),
		"wrong":      reading.wrong.Load(),
		"reloads":    metrics.Reloads,
		"events":     events,
	})
}
