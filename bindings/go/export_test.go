package ringshift

// What the tests see of the inside.

// Owned is how many C routers exist.
func Owned() int64 { return owned.Load() }

// KindName is what the C library calls a kind.
func KindName(kind Kind) string { return kindName(kind) }

// CallNothing is a call into C that does as good as nothing.
func CallNothing() { abiVersion() }

// KeptRoutes is how many routes a router keeps.
func (r *Router) KeptRoutes() int {
	core := r.core.Load()
	core.mutex.Lock()
	defer core.mutex.Unlock()
	return core.routes.Load().count
}

// Expand makes the route of a code that was given under an epoch.
func (r *Router) Expand(epoch, code uint64) (*Route, error) { return r.core.Load().learn(epoch, code) }

// IsReplaced says whether Expand failed because of the epoch.
func IsReplaced(err error) bool { return isReplaced(err) }

// Code is the code of a route.
func (r *Route) Code() uint64 { return r.code }

// MostRoutes is how many it may keep.
const MostRoutes = mostRoutes

// MetricsJSON is the text that Metrics reads.
func (r *Router) MetricsJSON() (string, error) { return r.core.Load().metricsJSON() }
