"""How a route is carried out, as plans: reading, copying, filling.

The rules and their reasons are in docs/migration.md. In short: the nodes of `read` are asked in order until one
answers; after a miss those of `fallback`; a cache that fails is a cache that is empty. Where there is nowhere to read,
what is owed to the nodes of `invalidate` is sent again first: perhaps that is why, and nobody else comes by. What is
stored by a reader carries a token that was taken before the source was asked, so that an invalidation in between
defeats it, and a copy keeps the time that it has left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from ringshift._ringshift import Node, Route, Router
from ringshift.adapters._nodes import limited, nodes_of
from ringshift.adapters._repaying import repay_at
from ringshift.adapters._steps import UNKNOWN, Do, Failure, Item, Plan, Step, Token, per_key

Tokens = list[tuple[Node, Token]]
"""Which nodes may be filled, and with what."""


def read(router: Router, route: Route, key: bytes) -> Plan[Item | None]:
    """The item of one key. A token is only taken where the item may be copied."""
    if route.fill:
        item, _ = yield from seek(router, route, key)
        return item
    return (yield from _read(Do.GET, router, route, key))


def read_with_time(router: Router, route: Route, key: bytes) -> Plan[Item | None]:
    """The same with the time that the item has left. It is never copied."""
    return (yield from _read(Do.TAKE, router, route, key))


def _read(do: Do, router: Router, route: Route, key: bytes) -> Plan[Item | None]:
    yield from _repay_unread(router, (route,))
    for target in (route.read, route.fallback):
        for node in nodes_of(target):
            (reply,) = yield [Step(do, node, (key,))]
            if isinstance(reply, Failure):
                continue
            if reply[0] is not None:
                found: Item = reply[0]
                return found
            break
    return None


def seek(router: Router, route: Route, key: bytes) -> Plan[tuple[Item | None, Tokens]]:
    """The item of one key, or else the tokens to fill it with after it was loaded from the origin."""
    held: Tokens = []
    yield from _repay_unread(router, (route,))
    nodes = nodes_of(route.read)
    for at, node in enumerate(nodes):
        (reply,) = yield [Step(Do.SEEK, node, (key,))]
        if isinstance(reply, Failure):
            continue
        if isinstance(reply[0], Item):
            return reply[0], []
        held = _held(((node, reply[0]),))
        # A value at one of these is left alone: it may be one that a writer is just removing.
        if others := nodes[at + 1 :]:
            replies = yield [Step(Do.SEEK, other, (key,)) for other in others]
            held += _held((o, r[0]) for o, r in zip(others, replies, strict=True) if not isinstance(r, Failure))
        break
    for node in nodes_of(route.fallback):
        (reply,) = yield [Step(Do.TAKE if route.fill else Do.GET, node, (key,))]
        if isinstance(reply, Failure):
            continue
        item: Item | None = reply[0]
        if item is None:
            break
        if route.fill and _may_be_copied(item):
            yield from fill(router, held, key, item)
        return item, []
    return None, held


def find(router: Router, route: Route, key: bytes) -> Plan[Item | Tokens]:
    """The same as `seek`, either the one or the other."""
    item, held = yield from seek(router, route, key)
    return held if item is None else item


def fill(router: Router, tokens: Tokens, key: bytes, item: Item) -> Plan[bool]:
    """Stores an item wherever its token still holds; whether it did anywhere."""
    if not tokens:
        return False
    item = limited(router, item)
    replies = yield [Step(Do.FILL, node, (key,), (item,), (token,)) for node, token in tokens]
    return any(not isinstance(reply, Failure) and reply[0] is True for reply in replies)


def read_many(router: Router, routes: Sequence[Route], keys: Sequence[bytes]) -> Plan[list[Item | None]]:
    """The items of many keys, with one request for each node at a time."""
    items: list[Item | None] = [None] * len(keys)
    tokens: dict[int, Tokens] = {}
    asked = {at: (Do.SEEK if route.fill else Do.GET, nodes_of(route.read)) for at, route in enumerate(routes)}
    unread = [routes[at] for at, (_, nodes) in asked.items() if not nodes]
    if unread:
        yield from _repay_unread(router, unread, {nodes[0] for _, nodes in asked.values() if nodes})
    behind = yield from _ask(asked, keys, items, tokens)
    # Those that may be copied are filled at all nodes that are read.
    yield from _ask_behind({at: others for at, others in behind.items() if routes[at].fill}, keys, tokens)
    missing = {
        at: (Do.TAKE if routes[at].fill else Do.GET, target.nodes)
        for at in asked
        if items[at] is None and (target := routes[at].fallback) is not None
    }
    if missing:
        yield from _ask(missing, keys, items, {})
        found = ((at, item) for at in missing if (item := items[at]) is not None)
        yield from _copy(router, found, keys, tokens)
    return items


def _ask(
    asked: Mapping[int, tuple[Do, Sequence[Node]]],
    keys: Sequence[bytes],
    items: list[Item | None],
    tokens: dict[int, Tokens],
) -> Plan[dict[int, Sequence[Node]]]:
    """Asks each position's nodes in order until one answers, and writes what comes into `items` and `tokens`.

    Gives, for each position whose answer was a miss, the nodes behind the one that answered.
    """
    behind: dict[int, Sequence[Node]] = {}
    waiting = list(asked)
    attempt = 0
    while waiting:
        groups: dict[tuple[Do, Node], list[int]] = {}
        for at in waiting:
            do, nodes = asked[at]
            if attempt < len(nodes):
                groups.setdefault((do, nodes[attempt]), []).append(at)
        if not groups:
            break
        waiting = []
        replies = yield [Step(do, node, [keys[at] for at in group]) for (do, node), group in groups.items()]
        for ((_, node), group), reply in zip(groups.items(), replies, strict=True):
            for at, found in zip(group, per_key(reply, len(group)), strict=True):
                if isinstance(found, Item):
                    items[at] = found
                elif isinstance(found, Failure):
                    waiting.append(at)
                else:
                    tokens[at] = _held(((node, found),))
                    behind[at] = asked[at][1][attempt + 1 :]
        attempt += 1
    return behind


def _ask_behind(behind: Mapping[int, Sequence[Node]], keys: Sequence[bytes], tokens: dict[int, Tokens]) -> Plan[None]:
    """Takes tokens at the other nodes of what was missing."""
    groups: dict[Node, list[int]] = {}
    for at, nodes in behind.items():
        for node in nodes:
            groups.setdefault(node, []).append(at)
    if not groups:
        return
    replies = yield [Step(Do.SEEK, node, [keys[at] for at in group]) for node, group in groups.items()]
    for (node, group), reply in zip(groups.items(), replies, strict=True):
        if not isinstance(reply, Failure):
            for at, found in zip(group, reply, strict=True):
                tokens[at] += _held(((node, found),))


def _copy(
    router: Router, found: Iterable[tuple[int, Item]], keys: Sequence[bytes], tokens: Mapping[int, Tokens]
) -> Plan[None]:
    """Stores what was found at the fallback wherever its token still holds."""
    groups: dict[Node, list[tuple[bytes, Item, Token]]] = {}
    for at, item in found:
        if _may_be_copied(item):
            for node, token in tokens.get(at, ()):
                groups.setdefault(node, []).append((keys[at], limited(router, item), token))
    if groups:
        yield [Step(Do.FILL, node, *map(list, zip(*group, strict=True))) for node, group in groups.items()]


def _held(answers: Iterable[tuple[Node, Item | Token | None]]) -> Tokens:
    return [(node, found) for node, found in answers if isinstance(found, Token)]


def _may_be_copied(item: Item) -> bool:
    """Not with an unknown time left: an invented one could keep an old value alive for longer than a writer allowed."""
    # Nor with none left: to most servers 0 means that it has no end.
    return item.ttl is None or (item.ttl != UNKNOWN and item.ttl > 0)


def _repay_unread(router: Router, routes: Iterable[Route], asked: Collection[Node] = ()) -> Plan[None]:
    """Sends again what is owed where keys may not be read. At nodes that are asked anyhow their answer leads to it."""
    unread = (node for route in routes if route.read is None for node in route.invalidate)
    nodes = dict.fromkeys(node for node in unread if node not in asked)
    if nodes:
        yield from repay_at(router, nodes)


def read_with_token(router: Router, route: Route, key: bytes) -> Plan[tuple[Item, Node, Token] | None]:
    """The item of one key, the node that it is at and its token for CAS. A fallback's token would be of no use."""
    yield from _repay_unread(router, (route,))
    for node in nodes_of(route.read):
        (reply,) = yield [Step(Do.GETS, node, (key,))]
        if not isinstance(reply, Failure):
            return None if reply[0] is None else (reply[0][0], node, reply[0][1])
    return None


def add(router: Router, route: Route, key: bytes, item: Item) -> Plan[bool]:
    """Stores an item where it is read, if nothing is stored there: what the first node that answers says."""
    return (yield from _first(Do.ADD, nodes_of(route.read), key, limited(router, item)))


def touch(router: Router, route: Route, key: bytes, ttl: float | None) -> Plan[bool]:
    """Gives an item another time to live where it is read, or else where it will be copied from."""
    yield from _repay_unread(router, (route,))
    item = limited(router, Item(b"", ttl=ttl))
    found = yield from _first(Do.TOUCH, nodes_of(route.read), key, item)
    return found or (yield from _first(Do.TOUCH, nodes_of(route.fallback), key, item))


def _first(do: Do, nodes: Sequence[Node], key: bytes, item: Item) -> Plan[bool]:
    if not nodes:
        return False
    replies = yield [Step(do, node, (key,), (item,)) for node in nodes]
    return next((reply[0] is True for reply in replies if not isinstance(reply, Failure)), False)
