package ringshift_test

// README.md as written: its program, spec and commands, in a directory beside a checkout, print what it says. And what
// someone sees who builds without cgo.

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestReadmeAsWritten(t *testing.T) {
	text, err := os.ReadFile("README.md")
	must(t, err)
	block := func(language string) string {
		t.Helper()
		found := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindSubmatch(text)
		if found == nil {
			t.Fatalf("README.md has no %s", language)
		}
		return string(found[1])
	}
	checkout, err := filepath.Abs("../..")
	must(t, err)
	place := t.TempDir()
	must(t, os.Symlink(checkout, filepath.Join(place, "ringshift")))
	program := filepath.Join(place, "hello")
	must(t, os.Mkdir(program, 0o755))
	must(t, os.WriteFile(filepath.Join(program, "main.go"), []byte(block("go")), 0o644))
	must(t, os.WriteFile(filepath.Join(program, "cache.json"), []byte(block("json")), 0o644))
	shell := exec.Command("sh", "-e", "-c", block("sh"))
	shell.Dir = program
	var messages strings.Builder
	shell.Stderr = &messages
	printed, err := shell.Output()
	if err != nil {
		t.Fatalf("%v: %s%s", err, printed, messages.String())
	}
	equal(t, string(printed), block("text"))
	formatted, err := exec.Command("gofmt", "-l", filepath.Join(program, "main.go")).Output()
	must(t, err)
	equal(t, string(formatted), "")
}

func TestWithoutCgo(t *testing.T) {
	build := exec.Command("go", "build", "-o", os.DevNull, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	printed, err := build.CombinedOutput()
	if err == nil {
		t.Fatal("it builds without cgo")
	}
	said := strings.Split(strings.TrimSpace(string(printed)), "\n")
	// The package's name, and one error.
	if len(said) != 2 || !strings.Contains(said[1], "ringshift_needs_cgo__set_CGO_ENABLED_to_1_and_install_a_C_compiler") {
		t.Fatalf("%s", printed)
	}
}
