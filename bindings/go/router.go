//go:build cgo

// The router: opened from a spec, refreshed while it serves.

package ringshift

import (
	"math"
	"sync/atomic"
	"time"
	"unsafe"
)

// Router answers routes from the spec in force, and takes up a new one while it does. One router serves a whole process:
// any number of goroutines may use it at the same time.
//
// Close it when it is no longer used. One that is dropped without Close is freed by the garbage collector.
type Router struct {
	// core is nil after Close.
	core    atomic.Pointer[core]
	region  string
	watcher *watcher
}

// Open opens a spec file. If the file is missing or bad and [WithLastGood] names a good copy, the router starts from
// that; [Router.LastError] then says what is wrong with the file.
//
// It fails with [ErrIO], [ErrSpecSyntax], [ErrSpecInvalid] or [ErrSpecLimit] when there is no good spec to start from,
// and with [ErrInvalidArgument] for an option that cannot be meant.
//
//	router, err := ringshift.Open("cache.json", ringshift.WithRegion("kr"), ringshift.WithWatch(time.Second))
func Open(path string, given ...Option) (*Router, error) {
	return open(given, func(all *options) (*core, error) {
		if err := checkText("the path", path); err != nil {
			return nil, err
		}
		return openFile(path, all)
	})
}

// FromSpec makes a router from the text of a spec, with no file behind it. A new spec is put in force by [Router.Apply]
// only; [Router.Refresh] follows the schedule of a ramp. It fails as [Open] does, except that no file is read.
func FromSpec(text []byte, given ...Option) (*Router, error) {
	return open(given, func(all *options) (*core, error) { return openText(text, all) })
}

func open(given []Option, open func(*options) (*core, error)) (*Router, error) {
	all, err := collect(given)
	if err != nil {
		return nil, err
	}
	core, err := open(all)
	if err != nil {
		return nil, err
	}
	router := &Router{}
	router.core.Store(core)
	if all.region != nil {
		router.region = *all.region
	}
	if all.watch != nil {
		router.watcher = watch(router, *all.watch)
	}
	return router, nil
}

// Route is the route of a key. It allocates nothing when the route is one that was given before.
//
// It fails with [ErrInvalidKey] if the key is not valid UTF-8 (use [Router.RouteBytes] for keys that are bytes), and with
// [ErrClosed].
func (r *Router) Route(key string) (*Route, error) {
	core := r.core.Load()
	if core == nil {
		return nil, errClosed()
	}
	if err := checkKey(key); err != nil {
		return nil, err
	}
	return core.route(stringBytes(key), len(key))
}

// RouteBytes is the route of a key that is bytes, whichever they are; nil is the empty key. The bytes must not change
// during the call. It fails with [ErrClosed].
func (r *Router) RouteBytes(key []byte) (*Route, error) {
	core := r.core.Load()
	if core == nil {
		return nil, errClosed()
	}
	return core.route(unsafe.SliceData(key), len(key))
}

// Refresh reads the spec file again and puts its spec in force if it is a new one, which it then says; it also moves the
// weight of a ramp by schedule on. It is cheap enough to be called every second.
//
// A spec that cannot be put in force is counted and its error given, of kind [ErrIO], [ErrSpecSyntax], [ErrSpecInvalid],
// [ErrSpecLimit], [ErrStaleGeneration] or [ErrGenerationConflict]; the spec in force stays. After Close: [ErrClosed].
func (r *Router) Refresh() (applied bool, err error) {
	core := r.core.Load()
	if core == nil {
		return false, errClosed()
	}
	return core.refresh()
}

// Apply puts the spec in text in force, under the same rules and with the same results as [Router.Refresh], but from
// memory.
func (r *Router) Apply(text []byte) (applied bool, err error) {
	core := r.core.Load()
	if core == nil {
		return false, errClosed()
	}
	return core.apply(text)
}

// Generation is that of the spec in force; 0 after Close.
func (r *Router) Generation() uint64 { return ask(r, (*core).generation) }

// Epoch rises, from 1, with every spec that is put in force and every step of a schedule; 0 after Close. What was
// derived from routes of another epoch is out of date.
func (r *Router) Epoch() uint64 { return ask(r, (*core).epoch) }

// Stage is the stage in force in this process' region; StageNone after Close.
func (r *Router) Stage() Stage { return ask(r, (*core).stage) }

// Weight is the share of the keys that have moved in this process' region, in basis points: 0 to 10000; 0 after Close.
func (r *Router) Weight() int { return ask(r, (*core).weight) }

// Digest is the content hash of the spec in force, 32 hexadecimal digits; "" after Close.
func (r *Router) Digest() string {
	return ask(r, func(core *core) string {
		// Can't fail: the room for it is large enough.
		digest, _ := core.digest()
		return digest
	})
}

// MaxTTL is the longest time to live that a value may have; 0 if the spec sets no limit, and after Close. Whoever
// stores a value without an expiry, or with a longer one, stores it with this one.
func (r *Router) MaxTTL() time.Duration {
	const most = math.MaxInt64 / uint64(time.Millisecond)
	return time.Duration(min(ask(r, (*core).maxTTLMillis), most)) * time.Millisecond
}

// Nodes are the nodes of all clusters of the spec in force, by cluster name and in the order of the spec; nil after
// Close.
func (r *Router) Nodes() []*Node { return ask(r, (*core).inForce) }

// Region is the region of this process; "" if none was given.
func (r *Router) Region() string { return r.region }

// LastError is what is wrong at present with the spec file, or with writing its last good copy; nil if nothing is.
// After Close: [ErrClosed].
func (r *Router) LastError() error {
	core := r.core.Load()
	if core == nil {
		return errClosed()
	}
	return core.lastError()
}

// Close stops watching and gives the memory of the router back as soon as no call uses it any more. Everything that can
// fail then fails with [ErrClosed]; routes and nodes that were handed out stay valid. Calls that are under way end as if
// it had been called after them. A second Close does nothing. It never fails; the result is there for [io.Closer].
func (r *Router) Close() error {
	r.core.Store(nil)
	if r.watcher != nil {
		r.watcher.stop()
	}
	return nil
}

// ask asks the core; the zero value after Close.
func ask[T any](r *Router, about func(*core) T) (answer T) {
	if core := r.core.Load(); core != nil {
		answer = about(core)
	}
	return answer
}

// Version is the version of the library that this package is linked with, such as "0.1.0".
func Version() string { return version() }
