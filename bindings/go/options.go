// How a router is opened.

package ringshift

import (
	"strings"
	"time"
)

// Option is an option of [Open] and [FromSpec].
type Option func(*options)

type options struct {
	region   *string
	lastGood *string
	watch    *time.Duration
}

// WithRegion sets the region of this process, which decides the plan of a migration that it follows. Without it the
// migration's own plan counts.
func WithRegion(region string) Option {
	return func(o *options) { o.region = &region }
}

// WithWatch refreshes the router each time the interval has passed, until it is closed or no longer used. A spec that is
// refused is counted and told by [Router.LastError] and the metrics; the one in force stays. The interval must be
// positive; without this option, [Router.Refresh] is called by hand.
func WithWatch(interval time.Duration) Option {
	return func(o *options) { o.watch = &interval }
}

// WithLastGood keeps a copy of the last good spec at a path, so that a process can start when the spec file is bad or
// gone. The copy is written whenever a spec from the file is put in force.
func WithLastGood(path string) Option {
	return func(o *options) { o.lastGood = &path }
}

// collect makes one of many, and refuses what can't be handed on.
func collect(given []Option) (*options, error) {
	all := &options{}
	for _, option := range given {
		if option != nil {
			option(all)
		}
	}
	if all.watch != nil && *all.watch <= 0 {
		return nil, invalidArgument("%v is not an interval to watch at; use a positive one, such as time.Second", *all.watch)
	}
	if all.region != nil {
		if err := checkText("the region", *all.region); err != nil {
			return nil, err
		}
	}
	if all.lastGood != nil {
		if err := checkText("the path of the last good copy", *all.lastGood); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// checkText refuses what a string of C would cut short.
func checkText(name, text string) error {
	if at := strings.IndexByte(text, 0); at >= 0 {
		return invalidArgument("%s has a NUL at byte %d; use one without", name, at)
	}
	return nil
}
