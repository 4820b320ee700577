"""What carrying out a route consists of: steps, their replies, and the loops that hand them to a cache client.

A plan (`_reading`, `_writing`) is a generator that yields steps which may be sent at the same time, gets their replies,
and returns the result of the whole operation. It knows the rules and no client. A transport sends one step to one node;
it knows a client and no rules. So every client carries out a route in the same way, also one whose loop awaits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal, NamedTuple, TypeVar

from ringshift._ringshift import Node, Router
from ringshift.errors import ClosedError

UNKNOWN: Final = -1
"""The remaining time of an item whose server can't tell it. Such an item is never copied."""

REMOVAL: Final = 30.0
"""Seconds for what is left of a cancelled invalidation."""


class Item(NamedTuple):
    """A value as a cache keeps it."""

    value: bytes
    """The bytes on the wire."""
    flags: int = 0
    """What the client keeps beside the value, where its protocol can."""
    ttl: float | None = None
    """Seconds that it has left; None for no end."""


class Token(NamedTuple):
    """What a fill has to show: that nothing has been removed at this node since the token was taken."""

    text: bytes
    """What the server is asked to compare."""
    epoch: int = 0
    """When it was taken, where a token is only good on connections that were there at that time."""


class Do(Enum):
    """What a step asks of a node."""

    GET = "get"
    """Get the items: an `Item` or None for each key."""
    TAKE = "take"
    """The same, with the time that they have left, to copy them."""
    GETS = "gets"
    """Get the items with their tokens for CAS: a pair for each key, or None."""
    SEEK = "seek"
    """Get the items, or tokens to fill what is missing: an `Item`, a `Token`, or None if there is neither."""
    FILL = "fill"
    """Store items where their tokens still hold: True, False or a `Refused` for each key."""
    ADD = "add"
    """Store items where nothing is stored: True or False for each key."""
    SET = "set"
    """Store items: True, or a `Refused`, for each key."""
    REPLACE = "replace"
    """Store items where something is stored: True, False or a `Refused` for each key."""
    CAS = "cas"
    """Store an item in place of a certain one: True, False (another one is there), None (nothing is there)."""
    DELETE = "delete"
    """Remove: for each key whether it was there."""
    TOUCH = "touch"
    """Give the items another time to live (that of `items`): for each key whether it was there."""


# The op under which a step's outcome is reported. A set replaces what is no longer true: where it fails, an
# invalidation is lost.
_OPS: Final[dict[Do, Literal["read", "fill", "invalidate"]]] = {
    Do.GET: "read",
    Do.TAKE: "read",
    Do.GETS: "read",
    Do.SEEK: "read",
    Do.TOUCH: "read",
    Do.FILL: "fill",
    Do.ADD: "fill",
    Do.SET: "invalidate",
    Do.REPLACE: "invalidate",
    Do.CAS: "invalidate",
    Do.DELETE: "invalidate",
}


@dataclass(slots=True, eq=False)
class Step:
    """One request to one node about one or more keys."""

    do: Do
    node: Node
    keys: Sequence[bytes]
    """The keys as the router got them; the transport puts the node's prefix before them."""
    items: Sequence[Item] = ()
    """For each key its item, where items are stored."""
    tokens: Sequence[Token] = ()
    """For each key its token, where one has to be shown."""


@dataclass(slots=True, eq=False)
class Failure:
    """The reply to a step that was not acknowledged."""

    error: Exception
    outcome: Literal["error", "timeout", "unreachable"] | None
    """What to report; None if it says nothing about the node."""


@dataclass(slots=True, eq=False)
class Refused:
    """For one key: the node answered that it won't store this item, such as one that is too large."""

    error: Exception


Reply = Sequence[Any] | Failure
Result = TypeVar("Result")
Plan = Generator[list[Step], list[Reply], Result]

Send = Callable[[Step], Reply]
"""Sends one step by some cache client. A node's failure is a reply; only a caller's mistake is raised."""


def carry_out(plan: Plan[Result], send: Send, router: Router, answer: Reply | None = None) -> Result:
    """Sends a plan's steps one after the other, and reports how each ended.

    Args:
        plan: The plan; nothing of it was asked for yet.
        send: Sends one step.
        router: What is told how the steps ended.
        answer: The reply to the plan's first step, if that was sent already.
    """
    try:
        steps = next(plan)
        if answer is not None:
            steps = _answered(plan, steps, answer, router)
        while True:
            if len(steps) == 1:
                step = steps[0]
                reply = send(step)
                _report(router, step, reply)
                steps = plan.send([reply])
                continue
            replies = []
            for step in steps:
                reply = send(step)
                _report(router, step, reply)
                replies.append(reply)
            steps = plan.send(replies)
    except StopIteration as done:
        result: Result = done.value
        return result


def _answered(plan: Plan[Any], steps: list[Step], answer: Reply, router: Router) -> list[Step]:
    (first,) = steps
    _report(router, first, answer)
    return plan.send([answer])


SendAsync = Callable[[Step], Awaitable[Reply]]
"""The same where the answer is awaited."""


async def carry_out_async(
    plan: Plan[Result], send: SendAsync, router: Router, answer: Reply | asyncio.CancelledError | None = None
) -> Result:
    """The same by a client whose answers are awaited; steps that may go at the same time do.

    Where it is cancelled in the middle of an invalidation, a task of its own removes the key from the nodes that are
    left: what the caller wrote to the origin stays there. `answer` may say that this happened to the step that was sent
    already.
    """

    async def one(step: Step) -> Reply:
        reply = await send(step)
        _report(router, step, reply)
        return reply

    try:
        steps = next(plan)
        if isinstance(answer, asyncio.CancelledError):
            _go_on_alone(plan, steps, one, router)
            raise answer
        if answer is not None:
            steps = _answered(plan, steps, answer, router)
        while True:
            try:
                replies = [await one(steps[0])] if len(steps) == 1 else await asyncio.gather(*map(one, steps))
            except asyncio.CancelledError:
                _go_on_alone(plan, steps, one, router)
                raise
            steps = plan.send(list(replies))
    except StopIteration as done:
        result: Result = done.value
        return result


_running: Final[set[asyncio.Future[None]]] = set()
"""What nobody awaits; the event loop itself would let go of it."""


def _go_on_alone(plan: Plan[Any], steps: list[Step], one: SendAsync, router: Router) -> None:
    """After the caller was cancelled."""
    if any(_OPS[step.do] == "invalidate" for step in steps):
        rest = asyncio.ensure_future(_remove_rest(plan, steps, one, router))
        _running.add(rest)
        rest.add_done_callback(_running.discard)


async def _remove_rest(plan: Plan[Any], steps: list[Step], one: SendAsync, router: Router) -> None:
    """Goes on with a cancelled invalidation; what can't be removed in time counts as lost."""
    try:
        async with asyncio.timeout(REMOVAL):
            while True:
                # Also where a value was to be stored: the caller gave up on that.
                replies = await asyncio.gather(*(one(Step(Do.DELETE, step.node, step.keys)) for step in steps))
                steps = plan.send(list(replies))
    except StopIteration:
        return
    except (TimeoutError, asyncio.CancelledError) as error:
        lost = Failure(TimeoutError("the invalidation was cancelled"), "timeout")
        with suppress(StopIteration):
            while True:
                for step in steps:
                    _report(router, Step(Do.DELETE, step.node, step.keys), lost)
                steps = plan.send([lost] * len(steps))
        if isinstance(error, asyncio.CancelledError):
            raise


def _report(router: Router, step: Step, reply: Reply) -> None:
    # A request that was under way when the router was closed still has its result, and those behind it are still sent.
    with suppress(ClosedError):
        _report_all(router, step, reply)


def _report_all(router: Router, step: Step, reply: Reply) -> None:
    op = _OPS[step.do]
    if isinstance(reply, Failure):
        if reply.outcome is not None:
            router.report(step.node, reply.outcome, op)
    elif op == "read":
        for found in reply:
            router.report(step.node, "miss" if not found or isinstance(found, Token) else "hit", op)
    else:
        for _ in reply:
            router.report(step.node, "ok", op)
