// What no call from Go can go below.

package main

// #include <stddef.h>
// static void nothing(const char *key, size_t length) { (void)key; (void)length; }
import "C"

import "unsafe"

//go:noinline
func inGo(key string) string { return key }

func floors() []subject {
	return []subject{
		{name: "floor: function of Go that returns its key", run: oneByOne(inGo)},
		{name: "floor: function of C that does nothing", run: intoC},
	}
}

func intoC(keys []string) {
	for _, key := range keys {
		C.nothing((*C.char)(unsafe.Pointer(unsafe.StringData(key))), C.size_t(len(key)))
	}
}
