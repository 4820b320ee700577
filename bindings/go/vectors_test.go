package ringshift_test

// The shared vectors: tests/vectors/index.json names the files, this runs every one of them. vectors_kinds_test.go has
// a function for each kind of file.

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ringshift"
)

const vectorsDirectory = "../../tests/vectors"

// vectors is a file of any kind; each kind uses some of the fields.
type vectors struct {
	Version  int             `json:"version"`
	Kind     string          `json:"kind"`
	Groups   []routeGroup    `json:"groups"`
	Cases    json.RawMessage `json:"cases"`
	Keys     json.RawMessage `json:"keys"`
	Digests  []digestCase    `json:"digests"`
	Specs    []string        `json:"specs"`
	Expected [][]int         `json:"expected"`
}

// specText is the text of a spec in one of its three forms.
type specText struct {
	Spec      *string  `json:"spec"`
	SpecHex   *string  `json:"spec_hex"`
	SpecParts [][2]any `json:"spec_parts"`
}

func (s *specText) text(t *testing.T) string {
	t.Helper()
	switch {
	case s.SpecHex != nil:
		return string(bytesOf(t, *s.SpecHex))
	case s.SpecParts != nil:
		var whole strings.Builder
		for _, part := range s.SpecParts {
			text, times := part[0].(string), int(part[1].(float64))
			for number := range times {
				if times == 1 {
					whole.WriteString(text)
				} else {
					whole.WriteString(strings.ReplaceAll(text, "#", strconv.Itoa(number)))
				}
			}
		}
		return whole.String()
	}
	return *s.Spec
}

// number is one that may be written as a string.
type number uint64

func (n *number) UnmarshalJSON(text []byte) error {
	value, err := strconv.ParseUint(strings.Trim(string(text), `"`), 10, 64)
	*n = number(value)
	return err
}

func TestVectors(t *testing.T) {
	var index struct {
		Version int
		Files   []struct{ File, Kind, About string }
	}
	load(t, "index.json", &index)
	equal(t, index.Version, 1, "version of the index")
	cases := 0
	for _, entry := range index.Files {
		t.Run(strings.TrimSuffix(entry.File, ".json"), func(t *testing.T) {
			var file vectors
			load(t, entry.File, &file)
			equal(t, file.Version, 1, "version")
			equal(t, file.Kind, entry.Kind, "kind")
			run, known := kinds[entry.Kind]
			if !known {
				t.Fatalf("a kind of vectors without a runner: %s", entry.Kind)
			}
			ran := run(t, &file)
			if ran == 0 {
				t.Fatal("the file holds no case")
			}
			cases += ran
		})
	}
	if cases < 10_000 {
		t.Fatalf("only %d cases", cases)
	}
	t.Logf("%d cases", cases)
}

var kinds = map[string]func(*testing.T, *vectors) int{
	"route":      runRoutes,
	"schedule":   runSchedules,
	"accept":     runAccepts,
	"spec_error": runSpecErrors,
	"digest":     runDigests,
	"golden":     runGolden,
	"balance":    runBalances,
}

func load(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(vectorsDirectory, file))
	must(t, err)
	must(t, json.Unmarshal(text, into))
}

func bytesOf(t *testing.T, digits string) []byte {
	t.Helper()
	bytes, err := hex.DecodeString(digits)
	must(t, err)
	return bytes
}

// inRegion are the options of a process in a region; nil is one without.
func inRegion(region *string) []ringshift.Option {
	if region == nil {
		return nil
	}
	return []ringshift.Option{ringshift.WithRegion(*region)}
}

// name is a node as the vectors write it.
func name(node *ringshift.Node) string { return node.Cluster() + "/" + node.ID() }

// targetNames are the nodes of a target; nil for nowhere.
func targetNames(target *ringshift.Target) []string {
	if target == nil {
		return nil
	}
	names := []string{}
	for node := range target.Nodes() {
		names = append(names, name(node))
	}
	return names
}

func invalidateNames(route *ringshift.Route) []string {
	names := []string{}
	for node := range route.Invalidate() {
		names = append(names, name(node))
	}
	return names
}

func wantNames(t *testing.T, found, expected []string, about string) {
	t.Helper()
	if (found == nil) != (expected == nil) || !slices.Equal(found, expected) {
		t.Fatalf("%s: %v; want %v", about, found, expected)
	}
}
