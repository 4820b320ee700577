"""What a step is in Redis' commands, and what their replies mean. Sends nothing: a transport does.

`requests` is a generator: it yields commands that go to one node in one round trip, gets a reply for each (an exception
where the server refused one), and returns the reply to the step.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Final

from redis.exceptions import OutOfMemoryError, ResponseError

from ringshift.adapters._steps import UNKNOWN, Do, Item, Refused, Reply, Step, Token
from ringshift.adapters.redis._exchange import Command
from ringshift.adapters.redis._nodes import failure
from ringshift.adapters.redis._scripts import FILL, LEASE, Script

Requests = Generator[list[Command], list[Any], Reply]

_MARK: Final = b"\0ringshift:lease:"
"""How every lease begins."""
_LEASE: Final = 30_000
"""For how many milliseconds a token lives."""


def requests(step: Step, keys: Sequence[bytes]) -> Requests:
    """The commands of a step; `keys` are those on the wire."""
    return (yield from _REQUESTS[step.do](step, keys))


def get_command(key: bytes) -> Command:
    """The command of GET, and of SEEK at first, for one key."""
    return ("GET", key)


def delete_command(key: bytes, _item: Item | None = None) -> Command:
    """The command of DELETE for one key."""
    return ("DEL", key)


def set_command(key: bytes, item: Item) -> Command:
    """The command of SET for one key."""
    if item.ttl is None:
        return ("SET", key, item.value)
    return ("SET", key, item.value, b"PX", b"%d" % _milliseconds(item.ttl))


def single(step: Step, prefix: bytes) -> Command | None:
    """The command of a step about one key, if it takes no more than one: most do, and this way is shorter."""
    if len(step.keys) != 1:
        return None
    key = prefix + step.keys[0]
    if step.do is Do.GET:
        return get_command(key)
    if step.do is Do.DELETE:
        return delete_command(key)
    return set_command(key, step.items[0]) if step.do is Do.SET else None


def meaning(step: Step, reply: Any) -> Reply:
    """What the reply to that command means."""
    return [item_of(reply) if step.do is Do.GET else done_of(reply)]


def item_of(value: bytes | None) -> Item | None:
    """What the reply to GET means: a lease is a miss."""
    return None if value is None or value.startswith(_MARK) else Item(value)


def done_of(reply: Any) -> bool | Refused:
    """What the reply to DEL or SET means."""
    return Refused(reply) if isinstance(reply, OutOfMemoryError) else bool(reply)


def _get(_step: Step, keys: Sequence[bytes]) -> Requests:
    return [item_of(value) for value in (yield from _values(keys))]


def _values(keys: Sequence[bytes]) -> Generator[list[Command], list[Any], list[bytes | None]]:
    if len(keys) == 1:
        (value,) = yield [("GET", keys[0])]
        return [_checked(value)]
    (values,) = yield [("MGET", *keys)]
    found: list[bytes | None] = _checked(values)
    return found


def _take(_step: Step, keys: Sequence[bytes]) -> Requests:
    # The time first: if the value is replaced in between, a copy lives too short rather than too long.
    replies = yield [command for key in keys for command in (("PTTL", key), ("GET", key))]
    items: list[Item | None] = []
    for left, value in zip(replies[::2], replies[1::2], strict=True):
        item = item_of(_checked(value))
        items.append(item and item._replace(ttl=_seconds(_checked(left))))
    return items


def _seek(_step: Step, keys: Sequence[bytes]) -> Requests:
    return (yield from leases(keys, (yield from _values(keys))))


def leases(keys: Sequence[bytes], values: Sequence[bytes | None]) -> Requests:
    """What SEEK goes on with after it was told the values."""
    found: list[Item | Token | None] = [item_of(value) for value in values]
    missing = [at for at, item in enumerate(found) if item is None]
    if missing:
        leases = [_MARK + secrets.token_hex(16).encode() for _ in missing]
        arguments = [(keys[at], lease, _LEASE) for at, lease in zip(missing, leases, strict=True)]
        replies = yield from _run(LEASE, arguments)
        for at, lease, reply in zip(missing, leases, replies, strict=True):
            if isinstance(reply, OutOfMemoryError):
                continue
            value = _checked(reply)
            found[at] = Token(lease) if value is None else item_of(value) or Token(value)
    return found


def _fill(step: Step, keys: Sequence[bytes]) -> Requests:
    arguments = [
        (key, token.text, item.value, 0 if item.ttl is None else _milliseconds(item.ttl))
        for key, item, token in zip(keys, step.items, step.tokens, strict=True)
    ]
    replies = yield from _run(FILL, arguments)
    return _answers(replies, lambda reply: reply == 1)


def _store(step: Step, keys: Sequence[bytes]) -> Requests:
    how = {Do.ADD: (b"NX",), Do.REPLACE: (b"XX",)}.get(step.do, ())
    replies = yield [(*set_command(key, item), *how) for key, item in zip(keys, step.items, strict=True)]
    return _answers(replies, bool)


def _delete(_step: Step, keys: Sequence[bytes]) -> Requests:
    replies = yield [("DEL", key) for key in keys]
    return _answers(replies, bool)


def _touch(step: Step, keys: Sequence[bytes]) -> Requests:
    commands: list[Command] = []
    for key, item in zip(keys, step.items, strict=True):
        commands += [("PERSIST", key) if item.ttl is None else ("PEXPIRE", key, _milliseconds(item.ttl))]
        # A key without an end can't be persisted, and is there all the same.
        commands += [("EXISTS", key)]
    replies = yield commands
    return [bool(_checked(there)) for there in replies[1::2]]


def _run(script: Script, arguments: Sequence[Command]) -> Generator[list[Command], list[Any], list[Any]]:
    """Runs a script on one key for each of the arguments; sends its text to a server that doesn't know it."""
    replies = yield [("EVALSHA", script.sha, 1, *each) for each in arguments]
    unknown = [at for at, reply in enumerate(replies) if isinstance(reply, ResponseError) and _is_unknown(reply)]
    if unknown:
        again = yield [("EVAL", script.text, 1, *arguments[at]) for at in unknown]
        for at, reply in zip(unknown, again, strict=True):
            replies[at] = reply
    return replies


def _is_unknown(reply: ResponseError) -> bool:
    return "NOSCRIPT" in str(reply) or "No matching script" in str(reply)


def _checked(reply: Any) -> Any:
    if isinstance(reply, Exception):
        raise reply
    return reply


def _answers(replies: Sequence[Any], meaning: Callable[[Any], bool]) -> Reply:
    """What replies mean for each key, if the server did not refuse them all."""
    if all(isinstance(reply, Exception) and not isinstance(reply, OutOfMemoryError) for reply in replies):
        _checked(replies[0])
    return [
        (Refused if isinstance(reply, OutOfMemoryError) else failure)(reply)
        if isinstance(reply, Exception)
        else meaning(reply)
        for reply in replies
    ]


def _milliseconds(ttl: float) -> int:
    return max(1, int(ttl * 1000))


def _seconds(left: int) -> float | None:
    """PTTL's reply: -1 for no end, -2 for a key that was not there a moment ago."""
    return None if left == -1 else UNKNOWN if left < 0 else left / 1000


_REQUESTS: Final[Mapping[Do, Callable[[Step, Sequence[bytes]], Requests]]] = {
    Do.GET: _get,
    Do.TAKE: _take,
    Do.SEEK: _seek,
    Do.FILL: _fill,
    Do.ADD: _store,
    Do.SET: _store,
    Do.REPLACE: _store,
    Do.DELETE: _delete,
    Do.TOUCH: _touch,
}
