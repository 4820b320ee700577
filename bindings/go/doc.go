// Package ringshift places cache keys on the nodes of memcached or Redis clusters exactly as every other language of
// ringshift does, and moves a live cluster to a new one without an outage and without a stale read.
//
//	router, err := ringshift.Open("cache.json", ringshift.WithRegion("kr"), ringshift.WithWatch(time.Second))
//	if err != nil {
//		return err
//	}
//	defer router.Close()
//	route, err := router.Route("user:42")
//	if err != nil {
//		return err
//	}
//	if target := route.Read(); target != nil {
//		address, key := target.Node().Address(), target.KeyPrefix()+"user:42"
//		…
//	}
//
// A spec is a file that names clusters and their nodes and says how far a migration from one cluster to another has
// come. A [Router] answers from the spec in force and takes up a new one while it serves; a bad one never replaces a
// good one. A [Route] is all that there is to know about a key: where to read, where to look after a miss, whether to
// copy what is found there, and what to invalidate, in order, when the value changes.
//
// # Keys
//
// A key is bytes. A string stands for its UTF-8 bytes; one that is not valid UTF-8 (which the encoding of a lone
// surrogate is, too) is refused with [ErrInvalidKey], as in every other language, because a string that two languages
// would turn into different bytes would be two keys. Bytes that are no text go through [Router.RouteBytes].
//
// # Goroutines
//
// All methods of all types may be called by any number of goroutines at the same time. A route takes no lock and
// writes no shared memory; a refresh never holds up a reader. Routes, targets and nodes never change.
//
// # Errors
//
// Every error is an [*Error] with its kind, and with its place in the spec where it has one. The kinds are constants
// for [errors.Is]: [ErrSpecInvalid] and so on.
//
// # Building
//
// The package is a thin layer over ringshift's C library and needs cgo. How to build the library, and how to link one
// that is installed, stands in README.md beside this file.
package ringshift
