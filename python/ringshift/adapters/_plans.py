"""How a route is carried out, as plans: reading, storing, invalidating.

The rules, and why they are so:

- **Read** asks the nodes of `route.read` in order until one answers; a node that fails is passed over, a miss is an
  answer. After a miss, or if no node answered, `route.fallback` is asked in the same way. If none answers there either,
  it is a miss: the origin is the authority, and a cache that fails is a cache that is empty.
- **Copy.** What is found at the fallback is added (never set) to the nodes of `route.read`, with the time that it has
  left. If that time is not known, it is not copied: an invented one could keep an old value alive for longer than any
  writer ever allowed.
- **Invalidate** goes through `route.invalidate` in order. A node is sent its request when all before it have
  acknowledged: while copying, a value that is removed at the destination first could be copied back from the source.
  If a node doesn't acknowledge, the invalidation is lost and the caller gets an error. The nodes behind it are sent
  theirs all the same: this can bring nothing back that wasn't there, and where the failed node is not read any more it
  leaves nothing old.
- **Store** is an invalidation in which the nodes of `route.read` get the new value; all others get a delete.
- **Union.** If the generation has changed when a writer is done, other processes may already read by the new one, so it
  sends its deletes again, to the nodes of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ringshift._ringshift import Node, Route, Router, Target
from ringshift.adapters._steps import UNKNOWN, Do, Failure, Item, Plan, Refused, Step
from ringshift.errors import LostInvalidation


def read(router: Router, route: Route, key: bytes) -> Plan[Item | None]:
    """The item of one key. The same as `read_many` for one key, without its bookkeeping."""
    item: Item | None = None
    failed: list[Node] = []
    for node in nodes_of(route.read):
        (reply,) = yield [Step(Do.GET, node, (key,))]
        if isinstance(reply, Failure):
            failed.append(node)
            continue
        item = reply[0]
        break
    if item is not None or route.fallback is None:
        return item
    for node in route.fallback.nodes:
        (reply,) = yield [Step(Do.TAKE if route.fill else Do.GET, node, (key,))]
        if isinstance(reply, Failure):
            continue
        item = reply[0]
        if item is not None:
            yield from _copy([(route, key, item)], failed, longest_ttl(router))
        break
    return item


def read_many(router: Router, routes: Sequence[Route], keys: Sequence[bytes]) -> Plan[list[Item | None]]:
    """The items of many keys, with one request for each node at a time."""
    items: list[Item | None] = [None] * len(keys)
    failed: list[Node] = []
    missing = yield from _ask(Do.GET, range(len(keys)), [route.read for route in routes], keys, items, failed)
    missing = [at for at in missing if routes[at].fallback is not None]
    if missing:
        yield from _ask(Do.TAKE, missing, [route.fallback for route in routes], keys, items, failed)
        found = [(routes[at], keys[at], item) for at in missing if (item := items[at]) is not None]
        yield from _copy(found, failed, longest_ttl(router))
    return items


def _ask(
    do: Do,
    positions: Iterable[int],
    targets: Sequence[Target | None],
    keys: Sequence[bytes],
    items: list[Item | None],
    failed: list[Node],
) -> Plan[list[int]]:
    """Asks each position's target, writes what is found into `items`, gives the positions that were not found."""
    missing: list[int] = []
    waiting = list(positions)
    attempt = 0
    while waiting:
        groups: dict[Node, list[int]] = {}
        for at in waiting:
            nodes = nodes_of(targets[at])
            if attempt < len(nodes):
                groups.setdefault(nodes[attempt], []).append(at)
            else:
                missing.append(at)
        if not groups:
            break
        waiting = []
        replies = yield [Step(do, node, [keys[at] for at in group]) for node, group in groups.items()]
        for (node, group), reply in zip(groups.items(), replies, strict=True):
            if isinstance(reply, Failure):
                failed.append(node)
                waiting += group
                continue
            for at, item in zip(group, reply, strict=True):
                items[at] = item
                if item is None:
                    missing.append(at)
        attempt += 1
    return missing


def _copy(found: Iterable[tuple[Route, bytes, Item]], failed: Sequence[Node], longest: int | None) -> Plan[None]:
    """Adds items that were found at the fallback to the nodes that are read first and did not fail just now."""
    groups: dict[Node, tuple[list[bytes], list[Item]]] = {}
    for route, key, item in found:
        # Nothing left of its time: to most servers 0 means that it has no end.
        if not route.fill or item.ttl in {UNKNOWN, 0}:
            continue
        for node in nodes_of(route.read):
            if node not in failed:
                keys, items = groups.setdefault(node, ([], []))
                keys.append(key)
                items.append(limited(item, longest))
    if groups:
        yield [Step(Do.ADD, node, keys, items) for node, (keys, items) in groups.items()]


def read_with_token(route: Route, key: bytes) -> Plan[tuple[Item, Node, bytes] | None]:
    """The item of one key, the node that it is at and its token for CAS. A fallback's token would be of no use."""
    for node in nodes_of(route.read):
        (reply,) = yield [Step(Do.GETS, node, (key,))]
        if not isinstance(reply, Failure):
            return None if reply[0] is None else (reply[0][0], node, reply[0][1])
    return None


def add(router: Router, route: Route, key: bytes, item: Item) -> Plan[bool]:
    """Stores an item where it is read, if nothing is stored there: what the first node that answers says."""
    return (yield from _first(Do.ADD, nodes_of(route.read), key, limited(item, longest_ttl(router))))


def touch(router: Router, route: Route, key: bytes, ttl: int | None) -> Plan[bool]:
    """Gives an item another time to live where it is read, or else where it will be copied from."""
    item = limited(Item(b"", ttl=ttl), longest_ttl(router))
    found = yield from _first(Do.TOUCH, nodes_of(route.read), key, item)
    return found or (yield from _first(Do.TOUCH, nodes_of(route.fallback), key, item))


def _first(do: Do, nodes: Sequence[Node], key: bytes, item: Item) -> Plan[bool]:
    if not nodes:
        return False
    replies = yield [Step(do, node, (key,), (item,)) for node in nodes]
    return next((reply[0] is True for reply in replies if not isinstance(reply, Failure)), False)


@dataclass(slots=True)
class Written:
    """What became of a write."""

    results: dict[int, Any] = field(default_factory=dict)
    """By the key's position: what the first node that stores it answered; for deletes, whether the key was anywhere."""
    lost: list[LostInvalidation] = field(default_factory=list)
    """Invalidations that were not acknowledged."""
    cause: Exception | None = None
    """Why the first of them was not."""
    refused: Exception | None = None
    """Why a node would not store an item."""

    def lose(self, node: Node, keys: Iterable[bytes], failure: Failure) -> None:
        """Notes that a node did not acknowledge."""
        self.cause = self.cause or failure.error
        self.lost += [LostInvalidation(node.cluster, node.id, node.address, key) for key in keys]


def invalidate(router: Router, routes: Sequence[Route], keys: Sequence[bytes]) -> Plan[Written]:
    """Removes keys everywhere."""
    return (yield from store(router, routes, keys, (), Do.DELETE))


def store(
    router: Router, routes: Sequence[Route], keys: Sequence[bytes], items: Sequence[Item], how: Do, cas: bytes = b""
) -> Plan[Written]:
    """Stores items at the nodes that are read, by SET, REPLACE or CAS, and removes them everywhere else."""
    longest = longest_ttl(router)
    items = [limited(item, longest) for item in items]
    written = Written()
    turns = [
        [(how if items and place(node) in places else Do.DELETE, node) for node in route.invalidate]
        for route in routes
        for places in [_places(route, how)]
    ]
    yield from _write(written, turns, keys, items, cas)
    # It ends: a spec changes seldom. Routes are not asked for in vain, since one may be a breaker's only probe.
    while keys and router.generation != routes[0].generation:
        now = router.route_many(keys)
        again = Written(lost=written.lost, cause=written.cause)
        yield from _write(again, [_union(old, new) for old, new in zip(routes, now, strict=True)], keys, (), b"")
        written.cause = again.cause
        routes = now
    return written


def _write(
    written: Written,
    turns: Sequence[Sequence[tuple[Do, Node]]],
    keys: Sequence[bytes],
    items: Sequence[Item],
    cas: bytes,
) -> Plan[None]:
    """Each key's requests one after the other, those of different keys at the same time."""
    for turn in range(max(map(len, turns), default=0)):
        groups: dict[tuple[Do, Node], list[int]] = {}
        for at, order in enumerate(turns):
            if turn < len(order):
                groups.setdefault(order[turn], []).append(at)
        steps = [
            Step(do, node, [keys[at] for at in group], [] if do is Do.DELETE else [items[at] for at in group], cas)
            for (do, node), group in groups.items()
        ]
        replies = yield steps
        refused: list[Step] = []
        for step, group, reply in zip(steps, groups.values(), replies, strict=True):
            if isinstance(reply, Failure):
                written.lose(step.node, step.keys, reply)
                continue
            for at, result in zip(group, reply, strict=True):
                if isinstance(result, Refused):
                    written.refused = written.refused or result.error
                    refused.append(Step(Do.DELETE, step.node, (keys[at],)))
                elif step.do is not Do.DELETE:
                    written.results.setdefault(at, result)
                elif not items:
                    written.results[at] = result or written.results.get(at, False)
        # What was refused was not stored, but what was there before must go.
        if refused:
            replies = yield refused
            for step, reply in zip(refused, replies, strict=True):
                if isinstance(reply, Failure):
                    written.lose(step.node, step.keys, reply)


def _places(route: Route, how: Do) -> set[tuple[str, str]]:
    """Where the item of a key is stored; a token for CAS is good at one node only."""
    nodes = nodes_of(route.read)
    return {place(node) for node in (nodes[:1] if how is Do.CAS else nodes)}


def _union(old: Route, new: Route) -> list[tuple[Do, Node]]:
    nodes = {place(node): node for node in (*new.invalidate, *old.invalidate)}
    order = {place(node): None for node in (*old.invalidate, *new.invalidate)}
    return [(Do.DELETE, nodes[at]) for at in order]


def nodes_of(target: Target | None) -> tuple[Node, ...]:
    """The nodes of a target, of which there may be none."""
    return () if target is None else target.nodes


def place(node: Node) -> tuple[str, str]:
    """Equal for nodes at which a key is the same entry on the same server, whatever their cluster."""
    return node.address, node.key_prefix


def longest_ttl(router: Router) -> int | None:
    """The longest time to live that the spec allows, in whole seconds and never 0: that would be no end at all."""
    longest = router.max_ttl
    return None if longest is None else max(1, int(longest))


def limited(item: Item, longest: int | None) -> Item:
    """The item with at most the time to live that the spec allows."""
    if longest is None or (item.ttl is not None and item.ttl <= longest):
        return item
    return item._replace(ttl=longest)
