package ringshift_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"ringshift"
)

// A string is its UTF-8 bytes; one that is none is no key, and never turned into another.
func TestStringsThatAreNoKeys(t *testing.T) {
	router := fromSpec(t, simple(1))
	for _, bad := range []string{
		"\xff", "\xc0\x80", "user:\x80", "truncated \xe2\x82", strings.Repeat("a", 1000) + "\xed\xa0\x80",
		// The halves of a surrogate pair, alone and together.
		"\xed\xa0\x80", "\xed\xbf\xbf", "\xed\xa0\xbd\xed\xb8\x80",
		// Above the last code point.
		"\xf4\x90\x80\x80",
	} {
		_, err := router.Route(bad)
		wantKind(t, err, ringshift.ErrInvalidKey)
		if strings.Contains(err.Error(), bad) {
			t.Fatalf("%q repeats the key", err)
		}
		_, err = router.RouteMany([]string{"good", bad})
		wantKind(t, err, ringshift.ErrInvalidKey)
		if !strings.HasPrefix(err.Error(), "keys[1] ") {
			t.Fatalf("%q does not say which key", err)
		}
		err = router.IndexMany([]string{"good", "", bad}, make([]uint32, 3))
		wantKind(t, err, ringshift.ErrInvalidKey)
		if !strings.HasPrefix(err.Error(), "keys[2] ") {
			t.Fatalf("%q does not say which key", err)
		}
		must(t, router.IndexManyBytes([][]byte{[]byte(bad)}, make([]uint32, 1)))
		_, err = router.GroupByNode([]string{bad})
		wantKind(t, err, ringshift.ErrInvalidKey)
		// As bytes it is a key like any other.
		_, err = router.RouteBytes([]byte(bad))
		must(t, err)
		_, err = router.RouteManyBytes([][]byte{[]byte(bad)})
		must(t, err)
	}
}

// Wherever the byte is that makes a string no text, and however long the string.
func TestABadByteIsFoundEverywhere(t *testing.T) {
	router := fromSpec(t, simple(1))
	for length := 1; length <= 70; length++ {
		key := []byte(strings.Repeat("k", length))
		equal(t, second(router.Route(string(key))), nil)
		for place := range key {
			key[place] = 0x80
			wantKind(t, second(router.Route(string(key))), ringshift.ErrInvalidKey)
			key[place] = 'k'
		}
	}
}

func TestStringsAndBytesAreTheSameKeys(t *testing.T) {
	router := fromSpec(t, specOf(1, clusterText("blue", "b", 200, "")))
	for _, key := range []string{
		"", "\x00", "a", "user:42", "ключ", "열쇠", "🔑", "\U0010ffff", "\ufffd", strings.Repeat("k", 1<<16),
	} {
		equal(t, utf8.ValidString(key), true)
		asBytes, err := router.RouteBytes([]byte(key))
		must(t, err)
		equal(t, route(t, router, key), asBytes, key)
	}
	empty, err := router.RouteBytes(nil)
	must(t, err)
	equal(t, route(t, router, ""), empty)
}
