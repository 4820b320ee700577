// Keys: which strings are keys, and how they reach C.

package ringshift

import (
	"encoding/binary"
	"unicode/utf8"
	"unsafe"
)

// stringBytes is where the bytes of a string lie. The empty string has no address that means anything.
func stringBytes(text string) *byte {
	if text == "" {
		return nil
	}
	return unsafe.StringData(text)
}

// isASCII says whether a string is ASCII. The standard library's check for UTF-8 takes the bytes at the end of a string
// one by one, which for a key is most of them; this one takes eight at a time to the end, some of them twice.
func isASCII(text string) bool {
	const word, high = 8, 0x8080808080808080
	bytes := unsafe.Slice(unsafe.StringData(text), len(text))
	if len(bytes) < word {
		var all byte
		for _, one := range bytes {
			all |= one
		}
		return all < utf8.RuneSelf
	}
	all := binary.NativeEndian.Uint64(bytes[len(bytes)-word:])
	for ; len(bytes) > word; bytes = bytes[word:] {
		all |= binary.NativeEndian.Uint64(bytes)
	}
	return all&high == 0
}

// checkKey refuses a string that other languages could not have, or would not turn into the same bytes.
func checkKey(key string) error {
	if isASCII(key) || utf8.ValidString(key) {
		return nil
	}
	// The key itself may be private and is not repeated.
	return &Error{Kind: ErrInvalidKey, Message: "the key is not valid UTF-8; use RouteBytes for keys that are bytes"}
}
