// Options of a client.

package gomemcache

import (
	"context"
	"net"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

// Options are those of gomemcache's client, for each node.
type Options struct {
	// Timeout of one request, connecting included; a second if 0.
	Timeout time.Duration
	// MaxIdleConns to one address; gomemcache's own default if 0.
	MaxIdleConns int
	// DialContext connects; a [net.Dialer]'s if nil. An error of it is reported as [ringshift.OutcomeUnreachable] if it is, or
	// wraps, a [net.OpError] whose Op is "dial", as a dialer gives.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// defaults fills in what was left out.
func (o *Options) defaults() {
	if o.Timeout <= 0 {
		o.Timeout = time.Second
	}
	if o.MaxIdleConns <= 0 {
		o.MaxIdleConns = memcache.DefaultMaxIdleConns
	}
	if o.DialContext == nil {
		o.DialContext = (&net.Dialer{}).DialContext
	}
}
