//go:build cgo

// Every call into the C library, how it is linked, and who owns what.
//
// # Lifetimes
//
// A Router points to a core, and a core owns one ringshift_router. Nobody else holds the core for longer than a call:
// nodes and routes are copies in Go's memory, and a Node's own C pointer is used only by the core whose nodes have the
// same identity.
//
// Close takes the core away from the Router and frees nothing. The C router is freed by a cleanup, when the garbage
// collector finds that nobody can reach the core: not the Router, and no call that is still under way. So a call that
// races with Close either finds no core and gives ErrClosed, or has one that stays, and no call needs a lock or a count
// of users for that. A Router that is dropped without Close ends in the same way. What a call must do is to keep the
// core alive until it has returned from C: runtime.KeepAlive, or a use of the core after the call.
//
// # Memory that crosses
//
// Keys are passed where they lie, without a copy: C reads them during the call only. noescape and nocallback say so to
// the compiler, so that neither a key nor room for a result has to move to the heap. Texts that C hands out for good are
// copied and freed at once.

package ringshift

// #cgo !dynamic CFLAGS: -I${SRCDIR}/../../include
// #cgo !dynamic LDFLAGS: ${SRCDIR}/../../target/release/libringshift.a
// #cgo !dynamic,linux LDFLAGS: -lpthread -ldl -lm
// #cgo dynamic pkg-config: ringshift
// #cgo noescape rs_code
// #cgo nocallback rs_code
// #cgo noescape rs_code_packed
// #cgo nocallback rs_code_packed
// #cgo noescape rs_index_many
// #cgo nocallback rs_index_many
// #cgo noescape rs_expand
// #cgo nocallback rs_expand
// #cgo noescape rs_report
// #cgo nocallback rs_report
// #cgo noescape rs_lost
// #cgo nocallback rs_lost
// #cgo noescape rs_repaid
// #cgo nocallback rs_repaid
// #include "shim.h"
import "C"

import (
	"runtime"
	"sync/atomic"
	"unsafe"
)

type (
	nodeReference   = *C.ringshift_node
	routerReference = *C.ringshift_router
)

// routeWords is the size of a ringshift_route in words. Its pointers are all to C's memory, so numbers do.
const routeWords = C.sizeof_ringshift_route / 8

// answer is room for a ringshift_route.
type answer [routeWords]uint64

func (a *answer) c() *C.ringshift_route { return (*C.ringshift_route)(unsafe.Pointer(a)) }

// NoNode is what C says it is: any other number is no index of this array.
var _ = [1]struct{}{}[NoNode-C.RINGSHIFT_NO_NODE]

// failure is the error of a call, nil if there is none.
func failure(failed *C.rs_error) error {
	if failed == nil {
		return nil
	}
	defer C.rs_error_free(failed)
	return &Error{
		Kind:       Kind(failed.status),
		Message:    C.GoString(failed.message),
		Pointer:    C.GoString(failed.pointer),
		Line:       int(failed.line),
		Column:     int(failed.column),
		hasPointer: failed.pointer != nil,
	}
}

// version is that of the library.
func version() string { return C.GoString(C.ringshift_version()) }

// abiVersion is that of the library's interface.
func abiVersion() uint32 { return uint32(C.ringshift_abi_version()) }

// kindName is what the library calls a kind.
func kindName(kind Kind) string { return C.GoString(C.ringshift_status_name(C.ringshift_status(kind))) }

// cString gives a string to C; nil for nil.
func cString(text *string) *C.char {
	if text == nil {
		return nil
	}
	return C.CString(*text)
}

// withOptions calls open with the options as C has them.
func withOptions(o *options, open func(*C.ringshift_options) *C.rs_error) error {
	if abiVersion() != C.RINGSHIFT_ABI_VERSION {
		return &Error{Kind: ErrInternal, Message: "the library " + version() + " that is linked has another interface " +
			"than the header that this package was built with; link the one that belongs to the header"}
	}
	all := C.ringshift_options_new()
	defer C.ringshift_options_free(all)
	region, lastGood := cString(o.region), cString(o.lastGood)
	defer C.free(unsafe.Pointer(region))
	defer C.free(unsafe.Pointer(lastGood))
	if err := failure(C.rs_set_options(all, region, lastGood)); err != nil {
		return err
	}
	return failure(open(all))
}

// openFile opens a spec file.
func openFile(path string, o *options) (*core, error) {
	file := C.CString(path)
	defer C.free(unsafe.Pointer(file))
	var router *C.ringshift_router
	err := withOptions(o, func(all *C.ringshift_options) *C.rs_error { return C.rs_open(file, all, &router) })
	if err != nil {
		return nil, err
	}
	return own(router), nil
}

// openText makes a router of a spec's text.
func openText(text []byte, o *options) (*core, error) {
	var router *C.ringshift_router
	err := withOptions(o, func(all *C.ringshift_options) *C.rs_error {
		return C.rs_from_spec(chars(unsafe.SliceData(text)), C.size_t(len(text)), all, &router)
	})
	if err != nil {
		return nil, err
	}
	return own(router), nil
}

// owned counts the C routers that exist. Only opening and freeing write it; tests of leaks read it.
var owned atomic.Int64

// own makes the core that a new C router belongs to.
func own(router routerReference) *core {
	owned.Add(1)
	made := newCore(router)
	runtime.AddCleanup(made, func(router routerReference) {
		C.ringshift_router_free(router)
		owned.Add(-1)
	}, router)
	return made
}

// chars is memory as C has it. A pointer to char needs no search for pointers on the way.
func chars(first *byte) *C.char { return (*C.char)(unsafe.Pointer(first)) }

// ask gives the code of a key's route, and the epoch that it belongs to.
func (c *core) ask(key *byte, length int) (epoch, code uint64, err error) {
	var found C.rs_found
	C.rs_code(C.uintptr_t(uintptr(unsafe.Pointer(c.router))), chars(key), C.size_t(length),
		(*C.uint64_t)(unsafe.Pointer(&found)))
	runtime.KeepAlive(c)
	if found.failed != nil {
		err = failure(found.failed)
	}
	return uint64(found.epoch), uint64(found.code), err
}

// askMany writes the codes of the routes of keys that lie one after the other, and gives the epoch that all belong to.
// There is room for as many codes as lengths.
func (c *core) askMany(packed []byte, lengths []uintptr, codes []uint64) (uint64, error) {
	var epoch C.uint64_t
	failed := C.rs_code_packed(c.router, chars(unsafe.SliceData(packed)), C.size_t(len(packed)), sizes(lengths),
		C.size_t(len(lengths)), &epoch, (*C.uint64_t)(unsafe.Pointer(unsafe.SliceData(codes))))
	runtime.KeepAlive(c)
	return uint64(epoch), failure(failed)
}

// indexMany writes the indices of the nodes that are read first for keys that lie one after the other. There is one
// offset more than keys, and room for as many indices as keys.
func (c *core) indexMany(packed []byte, offsets []uintptr, to []uint32) error {
	failed := C.rs_index_many(c.router, chars(unsafe.SliceData(packed)), sizes(offsets), C.size_t(len(offsets)-1),
		(*C.uint32_t)(unsafe.Pointer(unsafe.SliceData(to))))
	runtime.KeepAlive(c)
	return failure(failed)
}

// sizes is an array of sizes as C has it.
func sizes(all []uintptr) *C.size_t { return (*C.size_t)(unsafe.Pointer(unsafe.SliceData(all))) }

// expand writes the route of a code to an answer. It fails with ErrInvalidArgument if its epoch is no longer in force.
func (c *core) expand(epoch, code uint64, to *answer) error {
	failed := C.rs_expand(c.router, C.uint64_t(epoch), C.uint64_t(code), (*C.uint64_t)(unsafe.Pointer(to)))
	runtime.KeepAlive(c)
	return failure(failed)
}

// at is the node of an index; nil if there is none.
func (c *core) at(index uint32) nodeReference {
	defer runtime.KeepAlive(c)
	return C.ringshift_router_node(c.router, C.uint32_t(index))
}

func (c *core) report(node *Node, op Op, outcome Outcome) error {
	failed := C.rs_report(c.router, node.reference, C.uint32_t(op), C.uint32_t(outcome))
	runtime.KeepAlive(c)
	return failure(failed)
}

func (c *core) lost(node *Node, key []byte, outcome Outcome) error {
	failed := C.rs_lost(c.router, node.reference, chars(unsafe.SliceData(key)), C.size_t(len(key)), C.uint32_t(outcome))
	runtime.KeepAlive(c)
	return failure(failed)
}

// owed copies the keys that are to be invalidated again.
func (c *core) owed(node *Node) ([]OwedKey, error) {
	var owed C.rs_owed
	err := failure(C.rs_ask_owed(c.router, node.reference, &owed))
	runtime.KeepAlive(c)
	if owed.count == 0 {
		return nil, err
	}
	defer C.ringshift_owed_free(owed.keys)
	keys := make([]OwedKey, owed.count)
	for i := range keys {
		one := C.rs_owed_at(owed.keys, C.size_t(i))
		keys[i] = OwedKey{Key: C.GoBytes(one.key, C.int(one.key_len)), Loss: uint64(one.loss)}
	}
	return keys, err
}

func (c *core) repaid(owed OwedKey) error {
	failed := C.rs_repaid(c.router, chars(unsafe.SliceData(owed.Key)), C.size_t(len(owed.Key)), C.uint64_t(owed.Loss))
	runtime.KeepAlive(c)
	return failure(failed)
}

func (c *core) refresh() (bool, error) {
	var result C.uint32_t
	err := failure(C.rs_refresh(c.router, &result))
	runtime.KeepAlive(c)
	return err == nil && result == C.RINGSHIFT_REFRESH_APPLIED, err
}

func (c *core) apply(text []byte) (bool, error) {
	var result C.uint32_t
	err := failure(C.rs_apply(c.router, chars(unsafe.SliceData(text)), C.size_t(len(text)), &result))
	runtime.KeepAlive(c)
	return err == nil && result == C.RINGSHIFT_REFRESH_APPLIED, err
}

func (c *core) lastError() error {
	err := failure(C.rs_last_error(c.router))
	runtime.KeepAlive(c)
	return err
}

func (c *core) generation() uint64 {
	defer runtime.KeepAlive(c)
	return uint64(C.ringshift_router_generation(c.router))
}

func (c *core) epoch() uint64 {
	defer runtime.KeepAlive(c)
	return uint64(C.ringshift_router_epoch(c.router))
}

func (c *core) stage() Stage {
	defer runtime.KeepAlive(c)
	return Stage(C.ringshift_router_stage(c.router))
}

func (c *core) weight() int {
	defer runtime.KeepAlive(c)
	return int(C.ringshift_router_weight(c.router))
}

func (c *core) maxTTLMillis() uint64 {
	defer runtime.KeepAlive(c)
	return uint64(C.ringshift_router_max_ttl(c.router))
}

func (c *core) digest() (string, error) {
	var buffer [C.RINGSHIFT_DIGEST_SIZE]C.char
	err := failure(C.rs_digest(c.router, &buffer[0], C.RINGSHIFT_DIGEST_SIZE))
	runtime.KeepAlive(c)
	return C.GoString(&buffer[0]), err
}

// references are the nodes of the spec in force.
func (c *core) references() []nodeReference {
	defer runtime.KeepAlive(c)
	var references []nodeReference
	for {
		var count C.size_t
		room := len(references)
		// Can't fail: nothing that must not be NULL is.
		C.ringshift_router_nodes(c.router, unsafe.SliceData(references), C.size_t(room), &count)
		if int(count) <= room {
			return references[:count]
		}
		// A refresh may add more of them before the next call.
		references = make([]nodeReference, count)
	}
}

func (c *core) metricsText() (string, error) {
	var text *C.char
	err := failure(C.rs_metrics_text(c.router, &text))
	runtime.KeepAlive(c)
	return taken(text), err
}

func (c *core) metricsJSON() (string, error) {
	var text *C.char
	err := failure(C.rs_metrics_json(c.router, &text))
	runtime.KeepAlive(c)
	return taken(text), err
}

func (c *core) eventsJSON(since uint64) (string, error) {
	var text *C.char
	err := failure(C.rs_events_json(c.router, C.uint64_t(since), &text))
	runtime.KeepAlive(c)
	return taken(text), err
}

func movesJSON(before, after []byte) (string, error) {
	var text *C.char
	err := failure(C.rs_moves_json(
		chars(unsafe.SliceData(before)), C.size_t(len(before)), chars(unsafe.SliceData(after)), C.size_t(len(after)), &text))
	return taken(text), err
}

// taken copies a text that C gave away, and frees it.
func taken(text *C.char) string {
	defer C.ringshift_string_free(text)
	return C.GoString(text)
}

// describe copies a node.
func describe(reference nodeReference, owner *identity) *Node {
	all := C.rs_describe(reference)
	return &Node{
		index:     uint32(all.index),
		weight:    uint32(all.weight),
		id:        C.GoString(all.id),
		address:   C.GoString(all.address),
		zone:      C.GoString(all.zone),
		cluster:   C.GoString(all.cluster),
		keyPrefix: C.GoString(all.key_prefix),
		owner:     owner,
		reference: reference,
	}
}

// read copies a route; node gives the Node of a reference.
func (a *answer) read(node func(nodeReference) *Node) *Route {
	from := a.c()
	nodes := func(references []nodeReference) []*Node {
		all := make([]*Node, len(references))
		for position, reference := range references {
			all[position] = node(reference)
		}
		return all
	}
	target := func(references []nodeReference) *Target {
		if len(references) == 0 {
			return nil
		}
		return &Target{nodes(references)}
	}
	return &Route{
		read:       target(from.read[:from.read_len]),
		fallback:   target(from.fallback[:from.fallback_len]),
		invalidate: nodes(from.invalidate[:from.invalidate_len]),
		generation: uint64(from.generation),
		code:       uint64(from.code),
		stage:      Stage(from.stage),
		moved:      from.moved != 0,
		fill:       from.fill != 0,
	}
}
