"""How a route is carried out, as plans: invalidating and storing.

The rules and their reasons are in docs/migration.md. In short: `invalidate` is gone through in order, and a node is
sent its request when all before it have acknowledged; one that does not makes the invalidation lost, which the caller
is told, and those behind it are sent theirs all the same; and if the generation has changed when a writer is done, it
sends its deletes again to the nodes of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ringshift._ringshift import Node, Route, Router
from ringshift.adapters._nodes import limited, nodes_of, place
from ringshift.adapters._steps import Do, Failure, Item, Plan, Refused, Step, Token, per_key
from ringshift.errors import ClosedError, InvalidationLostError, LostInvalidation


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

    def check(self) -> None:
        """Raises what went wrong, the worst first."""
        if self.lost:
            first = self.lost[0]
            more = f" (and {len(self.lost) - 1} more)" if len(self.lost) > 1 else ""
            raise InvalidationLostError(
                f"cluster {first.cluster}, node {first.node} at {first.address}{more}: the invalidation was not "
                f"acknowledged: {self.cause}; an old value may be read there; send it again",
                tuple(self.lost),
            ) from self.cause
        if self.refused is not None:
            raise self.refused


def invalidate(router: Router, routes: Sequence[Route], keys: Sequence[bytes]) -> Plan[Written]:
    """Removes keys everywhere."""
    return (yield from store(router, routes, keys, (), Do.DELETE))


def delete_one(router: Router, route: Route, key: bytes, _item: Item | None = None) -> Plan[bool]:
    """Removes a key everywhere; whether it was anywhere. Raises what went wrong."""
    written = yield from _store_one(router, route, key, None, Do.DELETE, ())
    written.check()
    return written.results.get(0) is True


def set_one(router: Router, route: Route, key: bytes, item: Item | None) -> Plan[bool]:
    """Stores an item where it is read and removes it everywhere else; whether it was stored. Raises what went wrong."""
    written = yield from _store_one(router, route, key, item, Do.SET, ())
    written.check()
    return written.results.get(0) is True


def store(
    router: Router,
    routes: Sequence[Route],
    keys: Sequence[bytes],
    items: Sequence[Item],
    how: Do,
    tokens: Sequence[Token] = (),
) -> Plan[Written]:
    """Stores items at the nodes that are read, by SET, REPLACE or CAS, and removes them everywhere else."""
    if len(keys) == 1:
        return (yield from _store_one(router, routes[0], keys[0], items[0] if items else None, how, tokens))
    items = [limited(router, item) for item in items]
    written = Written()
    turns = [
        [(how if items and place(node) in places else Do.DELETE, node) for node in route.invalidate]
        for route in routes
        for places in [_places(route, how)]
    ]
    yield from _write(written, turns, keys, items, tokens)
    yield from _again(router, written, routes, keys)
    return written


def _store_one(
    router: Router, route: Route, key: bytes, item: Item | None, how: Do, tokens: Sequence[Token]
) -> Plan[Written]:
    """The same for one key, without the bookkeeping."""
    written = Written()
    keys = (key,)
    items = () if item is None else (limited(router, item),)
    places = _places(route, how) if items else ()
    for node in route.invalidate:
        do = how if items and place(node) in places else Do.DELETE
        (reply,) = yield [Step(do, node, keys) if do is Do.DELETE else Step(do, node, keys, items, tokens)]
        if isinstance(reply, Failure):
            written.lose(node, keys, reply)
        elif isinstance(reply[0], Refused):
            written.refused = written.refused or reply[0].error
            # What was refused was not stored, but what was there before must go.
            (reply,) = yield [Step(Do.DELETE, node, keys)]
            if isinstance(reply, Failure):
                written.lose(node, keys, reply)
        elif do is not Do.DELETE:
            written.results.setdefault(0, reply[0])
        elif item is None:
            written.results[0] = reply[0] or written.results.get(0, False)
    yield from _again(router, written, [route], keys)
    return written


def _again(router: Router, written: Written, routes: Sequence[Route], keys: Sequence[bytes]) -> Plan[None]:
    """Sends deletes again to the nodes of both generations, for as long as the generation changes."""
    # It ends: a spec changes seldom. Routes are not asked for in vain, since one may be a breaker's only probe.
    while (now := _renewed(router, routes, keys)) is not None:
        again = Written(lost=written.lost, cause=written.cause)
        yield from _write(again, [_union(old, new) for old, new in zip(routes, now, strict=True)], keys, (), ())
        written.cause = again.cause
        routes = now


def _renewed(router: Router, routes: Sequence[Route], keys: Sequence[bytes]) -> Sequence[Route] | None:
    """The routes of another generation, if there is one."""
    try:
        return router.route_many(keys) if keys and router.generation != routes[0].generation else None
    except ClosedError:
        # A write that is under way when the router is closed has nothing to be repeated for.
        return None


def _write(
    written: Written,
    turns: Sequence[Sequence[tuple[Do, Node]]],
    keys: Sequence[bytes],
    items: Sequence[Item],
    tokens: Sequence[Token],
) -> Plan[None]:
    """Each key's requests one after the other, those of different keys at the same time."""
    for turn in range(max(map(len, turns), default=0)):
        groups: dict[tuple[Do, Node], list[int]] = {}
        for at, order in enumerate(turns):
            if turn < len(order):
                groups.setdefault(order[turn], []).append(at)
        steps = [
            Step(do, node, [keys[at] for at in group], [] if do is Do.DELETE else [items[at] for at in group], tokens)
            for (do, node), group in groups.items()
        ]
        replies = yield steps
        refused: list[Step] = []
        for step, group, reply in zip(steps, groups.values(), replies, strict=True):
            for at, result in zip(group, per_key(reply, len(group)), strict=True):
                if isinstance(result, Failure):
                    written.lose(step.node, (keys[at],), result)
                elif isinstance(result, Refused):
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
