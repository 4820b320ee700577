package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Half of the keys are on the way in region kr, none elsewhere.
const spec = `{"format":1,"generation":1,"primary":"blue","standby":"green","clusters":{
	"blue":{"placement":{"kind":"modulo","flavor":"libmemcached"},"nodes":[{"id":"b","address":"10.0.0.1:11211"}]},
	"green":{"placement":{"kind":"ring"},"key_prefix":"g1:","nodes":[{"id":"g","address":"10.0.0.2:11211"}]}},
	"migration":{"id":"m","from":"blue","to":"green","stage":"prepare","regions":{"kr":{"stage":"ramp","percent":50}}}}`

func placed(t *testing.T, keys string, region ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cache.json")
	if err := os.WriteFile(path, []byte(spec), 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(append([]string{path}, region...), strings.NewReader(keys), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestALineForEachKey(t *testing.T) {
	// An empty line is the empty key, the end of the last line needs no newline, and bytes are bytes.
	for keys, lines := range map[string]int{"": 0, "\n": 1, "a": 1, "a\n": 1, "a\n\nb": 3, "\xff\n\r\n": 2} {
		if found := placed(t, keys); found != strings.Repeat("blue/b|-|0\n", lines) {
			t.Errorf("%q: %q", keys, found)
		}
	}
	long := placed(t, strings.Repeat("k", 1<<20)+"\n")
	if long != "blue/b|-|0\n" {
		t.Errorf("a long key: %q", long)
	}
}

func TestKeysThatHaveMoved(t *testing.T) {
	keys := ""
	for letter := 'a'; letter <= 'z'; letter++ {
		keys += string(letter) + "\n"
	}
	found := placed(t, keys, "kr")
	moved, unmoved := strings.Count(found, "green/g|blue/b|1\n"), strings.Count(found, "blue/b|-|0\n")
	if moved == 0 || unmoved == 0 || moved+unmoved != 26 || strings.Count(found, "\n") != 26 {
		t.Errorf("%d moved, %d unmoved: %q", moved, unmoved, found)
	}
	if elsewhere := placed(t, keys); elsewhere != strings.Repeat("blue/b|-|0\n", 26) {
		t.Errorf("%q", elsewhere)
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	for _, arguments := range [][]string{nil, {"a", "b", "c"}, {filepath.Join(t.TempDir(), "missing.json")}} {
		if err := run(arguments, strings.NewReader(""), &bytes.Buffer{}); err == nil {
			t.Errorf("%q: no error", arguments)
		}
	}
}
