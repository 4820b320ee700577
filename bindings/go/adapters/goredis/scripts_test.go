package goredis

// The scripts are those of every language, byte for byte.

import (
	"os"
	"testing"
)

func TestScriptsAreThoseOfEveryLanguage(t *testing.T) {
	for name, text := range map[string]string{"lease": leaseText, "fill": fillText} {
		expected, err := os.ReadFile("../../../../tests/conformance/" + name + ".lua")
		if err != nil {
			t.Fatal(err)
		}
		if text != string(expected) {
			t.Errorf("%s differs:\n%s", name, text)
		}
	}
}
