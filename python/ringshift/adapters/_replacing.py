"""How a route is carried out, as plans: storing where something is stored already."""

from __future__ import annotations

from ringshift._ringshift import Route, Router
from ringshift.adapters._reading import read
from ringshift.adapters._steps import Do, Item, Plan
from ringshift.adapters._writing import Written, invalidate, store


def replace(router: Router, route: Route, key: bytes, item: Item) -> Plan[Written]:
    """Stores an item if there is one already: reads first, and only invalidates after a miss."""
    # With nowhere to read, nothing would be stored either.
    found = None if route.read is None else (yield from read(router, route, key))
    if found is None:
        written = yield from invalidate(router, [route], [key])
        written.results = {0: False}
        return written
    return (yield from store(router, [route], [key], [item], Do.REPLACE))
