package ringshift_test

// What each kind of vectors demands; tests/vectors/README.md says it in words.

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ringshift"
)

type routeGroup struct {
	specText
	Region    *string           `json:"region"`
	Weight    int               `json:"weight"`
	KeyPrefix map[string]string `json:"key_prefix"`
	Cases     []routeCase       `json:"cases"`
}

type routeCase struct {
	Key        string   `json:"key"`
	KeyRepeat  *[2]any  `json:"key_repeat"`
	Read       []string `json:"read"`
	Fallback   []string `json:"fallback"`
	Fill       bool     `json:"fill"`
	Invalidate []string `json:"invalidate"`
	Moved      bool     `json:"moved"`
	Stage      string   `json:"stage"`
	Generation number   `json:"generation"`
}

func (c *routeCase) key(t *testing.T) []byte {
	t.Helper()
	if c.KeyRepeat == nil {
		return bytesOf(t, c.Key)
	}
	return bytesOf(t, strings.Repeat(c.KeyRepeat[0].(string), int(c.KeyRepeat[1].(float64))))
}

// runRoutes asks for each key alone, and for all keys of a group in one call, whole and as indices.
func runRoutes(t *testing.T, file *vectors) int {
	cases := 0
	for _, group := range file.Groups {
		router := fromSpec(t, group.text(t), inRegion(group.Region)...)
		equal(t, router.Weight(), group.Weight, "weight")
		keys := make([][]byte, len(group.Cases))
		for position, one := range group.Cases {
			keys[position] = one.key(t)
		}
		routes, err := router.RouteManyBytes(keys)
		must(t, err)
		indices := make([]uint32, len(keys))
		must(t, router.IndexManyBytes(keys, indices))
		for position, one := range group.Cases {
			route, err := router.RouteBytes(keys[position])
			must(t, err)
			if route != routes[position] {
				t.Fatalf("%x: %v alone and %v among many", keys[position], route, routes[position])
			}
			checkRoute(t, route, &one, group.KeyPrefix)
			if read := route.Read(); read != nil {
				equal(t, router.Node(indices[position]), read.Node(), "index")
			} else {
				equal(t, indices[position], ringshift.NoNode, "index")
			}
		}
		cases += len(group.Cases)
	}
	return cases
}

func checkRoute(t *testing.T, route *ringshift.Route, expected *routeCase, prefixes map[string]string) {
	t.Helper()
	wantNames(t, targetNames(route.Read()), expected.Read, expected.Key+": read")
	wantNames(t, targetNames(route.Fallback()), expected.Fallback, expected.Key+": fallback")
	wantNames(t, invalidateNames(route), expected.Invalidate, expected.Key+": invalidate")
	for _, target := range []*ringshift.Target{route.Read(), route.Fallback()} {
		if target == nil {
			continue
		}
		equal(t, target.KeyPrefix(), prefixes[target.Cluster()], expected.Key, "key prefix")
		for node := range target.Nodes() {
			equal(t, node.KeyPrefix(), target.KeyPrefix(), expected.Key, "key prefix of a node")
		}
	}
	equal(t, route.Fill(), expected.Fill, expected.Key, "fill")
	equal(t, route.Moved(), expected.Moved, expected.Key, "moved")
	equal(t, route.Stage().String(), expected.Stage, expected.Key, "stage")
	equal(t, route.Generation(), uint64(expected.Generation), expected.Key, "generation")
}

// runSchedules compares with the machine's clock, since the library's can't be set from here: the weight lies between
// those of the moments around the present one.
func runSchedules(t *testing.T, file *vectors) int {
	var cases []struct {
		specText
		Region *string  `json:"region"`
		Now    []number `json:"now_ms"`
		Weight []int    `json:"weight"`
	}
	must(t, json.Unmarshal(file.Cases, &cases))
	for _, one := range cases {
		before := number(time.Now().UnixMilli())
		weight := fromSpec(t, one.text(t), inRegion(one.Region)...).Weight()
		after := number(time.Now().UnixMilli())
		first, _ := slices.BinarySearch(one.Now, before+1)
		last, _ := slices.BinarySearch(one.Now, after)
		around := slices.Clone(one.Weight[max(first-1, 0):min(last+1, len(one.Weight))])
		if last == len(one.Now) {
			around = append(around, 10_000)
		}
		if weight < slices.Min(around) || weight > slices.Max(around) {
			t.Fatalf("%s: weight %d at %d; want one within %v", one.text(t), weight, after, around)
		}
	}
	return len(cases)
}

func runAccepts(t *testing.T, file *vectors) int {
	var cases []struct {
		specText
		Region     *string `json:"region"`
		Generation number  `json:"generation"`
		Digest     string  `json:"digest"`
		Stage      string  `json:"stage"`
		Weight     number  `json:"weight"`
		MaxTTL     *number `json:"max_ttl_ms"`
	}
	must(t, json.Unmarshal(file.Cases, &cases))
	for _, one := range cases {
		text := one.text(t)
		router := fromSpec(t, text, inRegion(one.Region)...)
		equal(t, router.Generation(), uint64(one.Generation), text)
		equal(t, router.Digest(), one.Digest, text)
		equal(t, router.Stage().String(), one.Stage, text)
		equal(t, router.Weight(), int(one.Weight), text)
		var ttl time.Duration
		if one.MaxTTL != nil {
			// A Duration ends after 292 years.
			ttl = time.Duration(min(uint64(*one.MaxTTL), math.MaxInt64/uint64(time.Millisecond))) * time.Millisecond
		}
		equal(t, router.MaxTTL(), ttl, text)
	}
	return len(cases)
}

func runSpecErrors(t *testing.T, file *vectors) int {
	var cases []struct {
		specText
		Kind    string          `json:"kind"`
		Pointer json.RawMessage `json:"pointer"`
		Line    json.RawMessage `json:"line"`
		Column  json.RawMessage `json:"column"`
		Says    []string        `json:"says"`
	}
	must(t, json.Unmarshal(file.Cases, &cases))
	for _, one := range cases {
		text := one.text(t)
		router, err := ringshift.FromSpec([]byte(text))
		if err == nil {
			t.Fatalf("accepted %.2000s", text)
		}
		if router != nil {
			t.Fatal("a router beside an error")
		}
		failure := err.(*ringshift.Error)
		told := fmt.Sprintf("%v\nof %.2000s", err, text)
		equal(t, failure.Kind.String(), one.Kind, told)
		var pointer *string
		if failure.HasPointer() {
			pointer = &failure.Pointer
		}
		wantJSON(t, pointer, one.Pointer, told)
		wantJSON(t, place(failure.Line), one.Line, told)
		wantJSON(t, place(failure.Column), one.Column, told)
		for _, part := range one.Says {
			if !strings.Contains(err.Error(), part) {
				t.Fatalf("does not say %s: %s", part, told)
			}
		}
	}
	return len(cases)
}

// place is a line or column, nil if there is none.
func place(number int) *int {
	if number == 0 {
		return nil
	}
	return &number
}

// wantJSON compares with what a file says, where it says something.
func wantJSON(t *testing.T, found any, expected json.RawMessage, about string) {
	t.Helper()
	if expected == nil {
		return
	}
	text, err := json.Marshal(found)
	must(t, err)
	var first, second any
	must(t, json.Unmarshal(text, &first))
	must(t, json.Unmarshal(expected, &second))
	equal(t, first, second, about)
}

type digestCase struct {
	Spec      string  `json:"spec"`
	Region    *string `json:"region"`
	Digest    string  `json:"digest"`
	Digest50k string  `json:"digest_50k"`
	About     string  `json:"about"`
}

// runDigests takes the first 50,000 keys one by one and all of them many at a time.
func runDigests(t *testing.T, file *vectors) int {
	var count int
	must(t, json.Unmarshal(file.Keys, &count))
	equal(t, count, 1_000_000, "keys")
	for _, one := range file.Digests {
		router := fromSpec(t, one.Spec, inRegion(one.Region)...)
		hash := fnv.New64a()
		for index := range 50_000 {
			writeLine(hash, route(t, router, digestKey(index)))
		}
		equal(t, fmt.Sprintf("%016x", hash.Sum64()), one.Digest50k, one.About, "one by one")
		hash.Reset()
		keys := make([]string, 5_000)
		for begin := 0; begin < count; begin += len(keys) {
			for offset := range keys {
				keys[offset] = digestKey(begin + offset)
			}
			routes, err := router.RouteMany(keys)
			must(t, err)
			for _, route := range routes {
				writeLine(hash, route)
			}
		}
		equal(t, fmt.Sprintf("%016x", hash.Sum64()), one.Digest, one.About, "many at a time")
	}
	return len(file.Digests)
}

func digestKey(index int) string { return "user:" + strconv.Itoa(index) + ":profile" }

func writeLine(to io.Writer, route *ringshift.Route) {
	line := append(make([]byte, 0, 64), route.Read().Node().ID()...)
	line = append(line, '|')
	if target := route.Fallback(); target != nil {
		line = append(line, target.Node().ID()...)
	} else {
		line = append(line, '-')
	}
	if route.Moved() {
		line = append(line, "|1\n"...)
	} else {
		line = append(line, "|0\n"...)
	}
	_, _ = to.Write(line)
}

// runGolden checks what a real client did: a position in the list of the spec's primary cluster.
func runGolden(t *testing.T, file *vectors) int {
	var digits []string
	must(t, json.Unmarshal(file.Keys, &digits))
	keys := make([][]byte, len(digits))
	for position, key := range digits {
		keys[position] = bytesOf(t, key)
	}
	cases := 0
	for position, text := range file.Specs {
		var spec struct {
			Primary  string
			Clusters map[string]struct{ Nodes []struct{ ID string } }
		}
		must(t, json.Unmarshal([]byte(text), &spec))
		nodes := spec.Clusters[spec.Primary].Nodes
		routes, err := fromSpec(t, text).RouteManyBytes(keys)
		must(t, err)
		equal(t, len(file.Expected[position]), len(keys))
		for at, expected := range file.Expected[position] {
			equal(t, routes[at].Read().Node().ID(), nodes[expected].ID, digits[at], text)
			cases++
		}
	}
	return cases
}

type balanceCase struct {
	specText
	Region   *string                   `json:"region"`
	Warnings []ringshift.WarningMetric `json:"warnings"`
}

// runBalances looks at the warnings, which are among the metrics.
func runBalances(t *testing.T, file *vectors) int {
	var cases []balanceCase
	must(t, json.Unmarshal(file.Cases, &cases))
	for _, one := range cases {
		metrics, err := fromSpec(t, one.text(t), inRegion(one.Region)...).Metrics()
		must(t, err)
		equal(t, len(metrics.Warnings), len(one.Warnings), "warnings")
		for position, warning := range metrics.Warnings {
			// What would mend it is said by the core alone.
			warning.Vnodes, warning.MaxLoad, warning.Message = 0, 0, ""
			equal(t, warning, one.Warnings[position], "warning")
		}
	}
	return len(cases)
}
