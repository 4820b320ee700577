"""How a route is carried out, as plans: invalidations that were lost, sent again.

A node that did not acknowledge one may come back with what it held before. Until it was sent again, and acknowledged,
the router's routes don't read the key there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from ringshift._ringshift import Node, Router
from ringshift.adapters._steps import Plan
from ringshift.adapters._writing import invalidate
from ringshift.errors import ClosedError

OwedKey = tuple[bytes, int]
"""A key that the router gave out to be invalidated again, and the number of its loss."""

Owed = Sequence[OwedKey]


def repay_at(router: Router, nodes: Iterable[Node]) -> Plan[None]:
    """Removes what is owed to nodes, if anything is."""
    owed: dict[bytes, int] = {}
    with suppress(ClosedError):
        for node in nodes:
            owed.update(router.owed(node))
    if owed:
        yield from repay(router, list(owed.items()))


def repay(router: Router, owed: Owed) -> Plan[None]:
    """Removes keys everywhere, and tells the router of those for which every node acknowledged that."""
    losses = dict(owed)
    keys = list(losses)
    try:
        written = yield from invalidate(router, router.route_many(keys), keys)
        for key in losses.keys() - {lost.key for lost in written.lost}:
            router.repaid(key, losses[key])
    except ClosedError:
        # It owes nobody any more.
        return
