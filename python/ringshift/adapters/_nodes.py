"""What plans ask of a route's nodes, and of the spec's limit on times to live."""

from __future__ import annotations

from ringshift._ringshift import Node, Router, Target
from ringshift.adapters._steps import Item


def nodes_of(target: Target | None) -> tuple[Node, ...]:
    """The nodes of a target, of which there may be none."""
    return () if target is None else target.nodes


def place(node: Node) -> tuple[str, str]:
    """Equal for nodes at which a key is the same entry on the same server, whatever their cluster."""
    return node.address, node.key_prefix


def limited(router: Router, item: Item) -> Item:
    """The item with at most the time to live that the spec allows."""
    longest = router.max_ttl
    if longest is None or (item.ttl is not None and item.ttl <= longest):
        return item
    return item._replace(ttl=longest)
