//go:build cgo

// What happened to a router of late.

package ringshift

import (
	"encoding/json"
	"time"
)

// Event is one thing that happened to a router. No key and no value is ever in it.
type Event struct {
	// Sequence is its number: 1 for a router's first event, and one more for each.
	Sequence uint64 `json:"sequence"`
	// Time is when it happened, by this machine's clock.
	Time time.Time `json:"time"`
	// Kind is "applied", "rejected", "mended", "illegal", "last_good_used", "last_good_unsaved", "last_good_saved",
	// "breaker_opened", "breaker_closed", "cluster_breaker_opened" or "cluster_breaker_closed". More kinds may come.
	Kind string `json:"kind"`
	// Level is how to log it: "info" or "warning".
	Level string `json:"level"`
	// Generation that was in force after it.
	Generation uint64 `json:"generation"`
	// Cluster that it is about; "" if it is about none.
	Cluster string `json:"cluster"`
	// Node is the id of the node that it is about; "" if it is about none.
	Node string `json:"node"`
	// Error is the kind of error, such as "spec_syntax"; "" if it is about none.
	Error string `json:"error"`
	// Pointer is the JSON pointer of what is wrong with the spec; "" if that is not known, or the whole of it.
	Pointer string `json:"pointer"`
	// Line in the spec, from 1; 0 if that is not known.
	Line int `json:"line"`
	// Column in that line, in bytes, from 1; 0 if that is not known.
	Column int `json:"column"`
	// Message says what happened, for people to read.
	Message string `json:"message"`
}

// Events are what happened since the event with the number since (0: from the first), oldest first. For a program's log,
// which asks with the Sequence of the last event that it has. The last 256 are kept: if the first one is not number
// since + 1, those between them are forgotten. It fails with [ErrClosed].
//
//	events, err := router.Events(seen)
//	for _, event := range events {
//		slog.Info(event.Message, "kind", event.Kind, "generation", event.Generation)
//		seen = event.Sequence
//	}
func (r *Router) Events(since uint64) ([]Event, error) {
	core := r.core.Load()
	if core == nil {
		return nil, errClosed()
	}
	text, err := core.eventsJSON(since)
	if err != nil {
		return nil, err
	}
	// Only the time is told another way.
	var told []struct {
		Event
		Time int64 `json:"time"`
	}
	if err := json.Unmarshal([]byte(text), &told); err != nil {
		return nil, &Error{Kind: ErrInternal, Message: "the library's events are not as expected: " + err.Error()}
	}
	events := make([]Event, len(told))
	for place, one := range told {
		events[place] = one.Event
		events[place].Time = time.UnixMilli(one.Time)
	}
	return events, nil
}
