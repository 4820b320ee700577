// What can go wrong: one error type, and the kinds that errors.Is asks for.

package ringshift

import "fmt"

// Kind is what kind of error an [Error] is. The kinds are errors themselves, for [errors.Is]; their numbers are the
// same in every language and never reused.
type Kind uint32

const (
	// ErrInvalidArgument: an argument or option that cannot be meant, such as a node of another router.
	ErrInvalidArgument Kind = 1
	// ErrInvalidKey: a string that is not valid UTF-8 and therefore no key.
	ErrInvalidKey Kind = 2
	// ErrIO: the spec file could not be read.
	ErrIO Kind = 3
	// ErrSpecSyntax: the spec is not JSON.
	ErrSpecSyntax Kind = 4
	// ErrSpecInvalid: the spec is JSON, but not a valid spec.
	ErrSpecInvalid Kind = 5
	// ErrSpecLimit: the spec exceeds a hard limit.
	ErrSpecLimit Kind = 6
	// ErrStaleGeneration: the spec's generation is lower than the one in force.
	ErrStaleGeneration Kind = 7
	// ErrGenerationConflict: the spec has the generation in force, but other content.
	ErrGenerationConflict Kind = 8
	// ErrClosed: the router was closed.
	ErrClosed Kind = 9
	// ErrInvalidationLost: an invalidation could not be delivered to a node. Adapters give it, this package never does.
	ErrInvalidationLost Kind = 10
	// ErrInternal: a fault inside ringshift that was caught before it reached the caller.
	ErrInternal Kind = 11
)

var kindNames = [...]string{
	ErrInvalidArgument:    "invalid_argument",
	ErrInvalidKey:         "invalid_key",
	ErrIO:                 "io",
	ErrSpecSyntax:         "spec_syntax",
	ErrSpecInvalid:        "spec_invalid",
	ErrSpecLimit:          "spec_limit",
	ErrStaleGeneration:    "stale_generation",
	ErrGenerationConflict: "generation_conflict",
	ErrClosed:             "closed",
	ErrInvalidationLost:   "invalidation_lost",
	ErrInternal:           "internal",
}

// String is the kind's name in every language, such as "spec_invalid".
func (k Kind) String() string {
	if k == 0 || int(k) >= len(kindNames) {
		return "unknown"
	}
	return kindNames[k]
}

// Error makes a kind an error, so that errors.Is can ask for it. It is the kind's name.
func (k Kind) Error() string { return k.String() }

// Error is every error of this package.
//
//	var failure *ringshift.Error
//	if errors.As(err, &failure) {
//		fmt.Println(failure.Kind, failure.Pointer, failure.Line, failure.Column)
//	}
type Error struct {
	// Kind is the kind of the error; errors.Is finds it.
	Kind Kind
	// Message is the whole text: the place, what is wrong, and what would be right, such as
	// "cache.json:9:70: /clusters/green/nodes/1/weight: 1001 is not a weight; use an integer from 0 to 1000".
	Message string
	// Pointer is the JSON pointer of the value in the spec that the error is about; "" is the whole spec, or no value
	// at all if HasPointer says no.
	Pointer string
	// Line in the spec, counted from 1; 0 if the error has no place.
	Line int
	// Column in that line, in bytes, counted from 1; 0 if the error has no place.
	Column int

	hasPointer bool
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Is tells errors.Is whether the error is of a kind.
func (e *Error) Is(target error) bool {
	kind, ok := target.(Kind)
	return ok && kind == e.Kind
}

// HasPointer says whether the error is about a value in the spec, which Pointer then names.
func (e *Error) HasPointer() bool { return e.hasPointer || e.Pointer != "" }

func invalidArgument(format string, values ...any) error {
	return &Error{Kind: ErrInvalidArgument, Message: fmt.Sprintf(format, values...)}
}

// errClosed is made anew each time: a caller may change an Error.
func errClosed() error {
	return &Error{Kind: ErrClosed, Message: "the router was closed; open another"}
}

// LostInvalidation is an invalidation that a node did not acknowledge: it may still hold an old value of the key.
type LostInvalidation struct {
	// Cluster, Node and Address say where.
	Cluster, Node, Address string
	// Key as the router got it. It is not in the error's text: a key may be a secret.
	Key string
}

// InvalidationLostError is given by adapters when a write could not be told to every node that any process may read:
// until it is sent again, an old value may be read there. errors.Is finds [ErrInvalidationLost].
type InvalidationLostError struct {
	// Lost has every node and key that was not acknowledged, at least one, in the order of the routes.
	Lost []LostInvalidation
	// Cause is why the first of them was not.
	Cause error
}

// Error names the first cluster and node, and says what to do.
func (e *InvalidationLostError) Error() string {
	first, more := e.Lost[0], ""
	if len(e.Lost) > 1 {
		more = fmt.Sprintf(" (and %d more)", len(e.Lost)-1)
	}
	return fmt.Sprintf("cluster %s, node %s at %s%s: the invalidation was not acknowledged: %v; an old value may be read "+
		"there; send it again", first.Cluster, first.Node, first.Address, more, e.Cause)
}

// Is tells errors.Is the kind.
func (e *InvalidationLostError) Is(target error) bool { return target == ErrInvalidationLost }

// Unwrap gives the cause.
func (e *InvalidationLostError) Unwrap() error { return e.Cause }
