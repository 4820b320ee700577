//go:build cgo

// Many keys in one call into C: their routes.

package ringshift

// RouteMany gives the routes of many keys, in their order and all of one generation, at the cost of one call into C.
//
// It fails as [Router.Route] does; there are then no routes at all.
func (r *Router) RouteMany(keys []string) ([]*Route, error) {
	core := r.core.Load()
	if core == nil {
		return nil, errClosed()
	}
	if err := checkKeys(keys, "RouteManyBytes"); err != nil {
		return nil, err
	}
	batch := pack(keys)
	defer batch.giveBack()
	return core.routeMany(batch)
}

// RouteManyBytes is [Router.RouteMany] for keys that are bytes. The bytes must not change during the call.
func (r *Router) RouteManyBytes(keys [][]byte) ([]*Route, error) {
	core := r.core.Load()
	if core == nil {
		return nil, errClosed()
	}
	batch := pack(keys)
	defer batch.giveBack()
	return core.routeMany(batch)
}

// GroupByNode gives the positions of keys by the node that is to be read first, all of one generation: one request to
// each node then gets all of its keys. Under nil are those with nowhere to read, as open breakers leave them nothing.
//
// It fails as [Router.RouteMany] does.
func (r *Router) GroupByNode(keys []string) (map[*Node][]int, error) {
	routes, err := r.RouteMany(keys)
	if err != nil {
		return nil, err
	}
	groups := map[*Node][]int{}
	for position, route := range routes {
		var node *Node
		if target := route.Read(); target != nil {
			node = target.Node()
		}
		groups[node] = append(groups[node], position)
	}
	return groups, nil
}

// routeMany gives the routes of the keys of a batch.
func (c *core) routeMany(batch *batch) ([]*Route, error) {
	routes := make([]*Route, batch.keys())
	if len(routes) == 0 {
		return routes, nil
	}
	lengths, codes := batch.lengths(), batch.room()
	err := c.routesOf(batch.packed, lengths, codes, routes)
	for isReplaced(err) {
		err = c.routesOf(batch.packed, lengths, codes, routes)
	}
	if err != nil {
		return nil, err
	}
	return routes, nil
}

// routesOf asks for the codes of keys, and writes their routes.
func (c *core) routesOf(packed []byte, lengths []uintptr, codes []uint64, routes []*Route) error {
	epoch, err := c.askMany(packed, lengths, codes)
	if err != nil {
		return err
	}
	known := c.routes.Load()
	for position, code := range codes {
		route := known.find(epoch, code)
		if route == nil {
			if route, err = c.learn(epoch, code); err != nil {
				return err
			}
			known = c.routes.Load()
		}
		routes[position] = route
	}
	return nil
}
