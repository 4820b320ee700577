// A Go process of a test's fleet; ../README.md says what it is told and what it answers.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"ringshift"
)

// call is a line that the worker is told.
type call struct {
	Do     string            `json:"do"`
	Key    string            `json:"key"`
	Keys   json.RawMessage   `json:"keys"`
	Value  string            `json:"value"`
	Expire int32             `json:"expire"`
	Amount int64             `json:"amount"`
	Calls  []json.RawMessage `json:"calls"`
	runCall
}

// names are the keys of a call about many.
func (c *call) names() ([]string, error) {
	var keys []string
	if err := json.Unmarshal(c.Keys, &keys); err != nil {
		return nil, err
	}
	for i, one := range keys {
		keys[i] = bytes(one)
	}
	return keys, nil
}

// start begins a run; there, keys are a number.
func (w *worker) start(c *call) (*run, error) {
	var keys int
	if err := json.Unmarshal(c.Keys, &keys); err != nil {
		return nil, err
	}
	return start(w.facade, w.origin, keys, c.Expire, c.runCall), nil
}

// answer is a line that it answers.
type answer struct {
	Result any         `json:"result"`
	Error  string      `json:"error,omitempty"`
	Kind   string      `json:"kind,omitempty"`
	Lost   [][3]string `json:"lost,omitempty"`
}

type worker struct {
	router *ringshift.Router
	facade facade
	origin *origin
	run    *run
}

func main() {
	// Nodes that fail are what tests are about; what they should be told, they are told in answers.
	redis.SetLogger(&logging.VoidLogger{})
	spec, client, region, where := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	var options []ringshift.Option
	if region != "" {
		options = append(options, ringshift.WithRegion(region))
	}
	router, err := ringshift.Open(spec, options...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	timeout := 500
	if given, err := strconv.Atoi(os.Getenv("TIMEOUT_MS")); err == nil {
		timeout = given
	}
	w := &worker{router: router, facade: facades[client](router, time.Duration(timeout)*time.Millisecond)}
	if where != "" {
		w.origin = &origin{where: where}
	}
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			// Whatever still runs is not waited for.
			os.Exit(0)
		}
		text, err := json.Marshal(w.answer(line))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		_, _ = os.Stdout.Write(append(text, '\n'))
	}
}

func (w *worker) answer(line []byte) answer {
	var c call
	err := json.Unmarshal(line, &c)
	var result any
	if err == nil {
		result, err = w.carryOut(&c)
	}
	if err == nil {
		return answer{Result: result}
	}
	var lost *ringshift.InvalidationLostError
	if errors.As(err, &lost) {
		told := answer{Error: err.Error(), Kind: ringshift.ErrInvalidationLost.String()}
		for _, one := range lost.Lost {
			told.Lost = append(told.Lost, [3]string{one.Cluster, one.Node, text(one.Key)})
		}
		return told
	}
	var failure *ringshift.Error
	if errors.As(err, &failure) {
		return answer{Error: err.Error(), Kind: failure.Kind.String()}
	}
	return answer{Error: err.Error(), Kind: "client"}
}

func (w *worker) carryOut(c *call) (any, error) {
	key := bytes(c.Key)
	switch c.Do {
	case "get":
		return textOf(w.facade.get(key))
	case "get_many":
		keys, err := c.names()
		if err != nil {
			return nil, err
		}
		values, err := w.facade.getMany(keys)
		all := make([]any, len(values))
		for i, value := range values {
			all[i], _ = textOf(value, nil)
		}
		return all, err
	case "set", "add", "replace":
		return w.facade.store(c.Do, key, []byte(bytes(c.Value)), c.Expire)
	case "touch":
		return w.facade.touch(key, c.Expire)
	case "delete":
		return w.facade.remove(key)
	case "invalidate":
		return nil, w.facade.invalidate(key)
	case "incr":
		return w.facade.incr(key, c.Amount)
	case "get_or_load":
		return textOf(w.facade.getOrLoad(key, func() ([]byte, error) { return w.origin.load(key) }, c.Expire))
	case "together":
		answers := make([]answer, len(c.Calls))
		var all sync.WaitGroup
		for i, one := range c.Calls {
			all.Add(1)
			go func() {
				defer all.Done()
				answers[i] = w.answer(one)
			}()
		}
		all.Wait()
		return answers, nil
	case "routes":
		keys, err := c.names()
		if err != nil {
			return nil, err
		}
		routes := make([]map[string]any, len(keys))
		for i, key := range keys {
			route, err := w.router.RouteBytes([]byte(key))
			if err != nil {
				return nil, err
			}
			routes[i] = describe(route)
		}
		return routes, nil
	case "refresh":
		return w.router.Refresh()
	case "generation":
		return w.router.Generation(), nil
	case "metrics":
		return w.router.Metrics()
	case "events":
		return w.router.Events(0)
	case "start":
		var err error
		w.run, err = w.start(c)
		return nil, err
	case "stop":
		w.run.stopping.Store(true)
		return w.run.finish()
	case "run":
		r, err := w.start(c)
		if err != nil {
			return nil, err
		}
		return r.finish()
	}
	return nil, fmt.Errorf("unknown call %s", c.Do)
}

// describe tells a route as all languages do.
func describe(route *ringshift.Route) map[string]any {
	names := func(target *ringshift.Target) []string {
		all := []string{}
		if target != nil {
			for node := range target.Nodes() {
				all = append(all, node.Cluster()+"/"+node.ID())
			}
		}
		return all
	}
	invalidate := []string{}
	for _, node := range slices.Collect(route.Invalidate()) {
		invalidate = append(invalidate, node.Cluster()+"/"+node.ID())
	}
	return map[string]any{
		"read": names(route.Read()), "fallback": names(route.Fallback()), "invalidate": invalidate,
		"moved": route.Moved(), "stage": route.Stage().String(),
	}
}

// bytes are those that the characters of a text stand for.
func bytes(text string) string {
	packed := make([]byte, 0, len(text))
	for _, character := range text {
		packed = append(packed, byte(character))
	}
	return string(packed)
}

// text is the other way round.
func text(packed string) string {
	characters := make([]rune, len(packed))
	for i := range len(packed) {
		characters[i] = rune(packed[i])
	}
	return string(characters)
}

func textOf(value []byte, err error) (any, error) {
	if value == nil || err != nil {
		return nil, err
	}
	return text(string(value)), nil
}
