// Keys: which strings are keys, and how they reach C.

package ringshift

import (
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

// checkKey refuses a string that other languages could not have, or would not turn into the same bytes.
func checkKey(key string) error {
	// For ASCII this takes eight bytes at a time.
	if utf8.ValidString(key) {
		return nil
	}
	// The key itself may be private and is not repeated.
	return &Error{Kind: ErrInvalidKey, Message: "the key is not valid UTF-8; use RouteBytes for keys that are bytes"}
}
