"""The loops that hand a plan's steps to a cache client, and report how each ended.

Where a node has answered to which invalidations are owed, they are sent again when the plan has ended. Where an
exception that is no node's failure (Ctrl-C, a time limit of the caller's) ends an invalidation in the middle, what is
left of it is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from ringshift._ringshift import Router
from ringshift.adapters._repaying import Owed, OwedKey, repay
from ringshift.adapters._steps import OPS, Do, Failure, Plan, Reply, Result, Send, SendAsync, Step, Token, per_key
from ringshift.errors import ClosedError, InvalidationLostError

REMOVAL: Final = 30.0
"""Seconds for what is left of a cancelled invalidation."""


def carry_out(plan: Plan[Result], send: Send, router: Router, answer: Reply | BaseException | None = None) -> Result:
    """Sends a plan's steps one after the other, and reports how each ended.

    Args:
        plan: The plan; nothing of it was asked for yet.
        send: Sends one step.
        router: What is told how the steps ended.
        answer: The reply to the plan's first step, if that was sent already, or what was raised meanwhile.
    """
    owed: list[OwedKey] = []
    try:
        return _carry_out(plan, send, router, owed, answer)
    finally:
        if owed:
            send_again(owed, send, router)


def send_again(owed: Owed, send: Send, router: Router) -> None:
    """Sends owed invalidations again. What fails stays owed; the caller has the result of something else."""
    # What its own steps find to be owed is left to the next operation.
    _carry_out(repay(router, owed), send, router, [], None)


def _carry_out(
    plan: Plan[Result], send: Send, router: Router, owed: list[OwedKey], answer: Reply | BaseException | None
) -> Result:
    try:
        steps = next(plan)
        if isinstance(answer, BaseException):
            _break_off(plan, steps, [], router)
            raise answer
        if answer is not None:
            steps = _answered(plan, steps, answer, router, owed)
        while True:
            replies: list[Reply] = []
            try:
                for step in steps:
                    reply = send(step)
                    _report(router, step, reply, owed)
                    replies.append(reply)
            except BaseException:
                _break_off(plan, steps, replies, router)
                # Nothing more is waited for; what was given out is given out again in a while.
                owed.clear()
                raise
            steps = plan.send(replies)
    except StopIteration as done:
        result: Result = done.value
        return result


def _answered(plan: Plan[Any], steps: list[Step], answer: Reply, router: Router, owed: list[OwedKey]) -> list[Step]:
    (first,) = steps
    _report(router, first, answer, owed)
    return plan.send([answer])


async def carry_out_async(
    plan: Plan[Result], send: SendAsync, router: Router, answer: Reply | BaseException | None = None
) -> Result:
    """The same by a client whose answers are awaited; steps that may go at the same time do.

    Where it is cancelled in the middle of an invalidation, a task of its own removes the key from the nodes that are
    left: what the caller wrote to the origin stays there.
    """
    owed: list[OwedKey] = []
    try:
        return await _carry_out_async(plan, send, router, owed, answer)
    finally:
        if owed:
            await send_again_async(owed, send, router)


async def send_again_async(owed: Owed, send: SendAsync, router: Router) -> None:
    """The same as `send_again`."""
    await _carry_out_async(repay(router, owed), send, router, [], None)


async def _carry_out_async(
    plan: Plan[Result],
    send: SendAsync,
    router: Router,
    owed: list[OwedKey],
    answer: Reply | BaseException | None,
) -> Result:
    async def one(step: Step) -> Reply:
        reply = await send(step)
        _report(router, step, reply, owed)
        return reply

    try:
        steps = next(plan)
        if isinstance(answer, asyncio.CancelledError):
            _go_on_alone(plan, steps, one, router)
            raise answer
        if isinstance(answer, BaseException):
            _break_off(plan, steps, [], router)
            raise answer
        if answer is not None:
            steps = _answered(plan, steps, answer, router, owed)
        while True:
            try:
                replies = [await one(steps[0])] if len(steps) == 1 else await asyncio.gather(*map(one, steps))
            except BaseException as error:
                if isinstance(error, asyncio.CancelledError):
                    _go_on_alone(plan, steps, one, router)
                else:
                    _break_off(plan, steps, [], router)
                # As above.
                owed.clear()
                raise
            steps = plan.send(list(replies))
    except StopIteration as done:
        result: Result = done.value
        return result


_running: Final[set[asyncio.Future[None]]] = set()
"""What nobody awaits; the event loop itself would let go of it."""


def _go_on_alone(plan: Plan[Any], steps: list[Step], one: SendAsync, router: Router) -> None:
    """After the caller was cancelled."""
    if _invalidates(steps):
        rest = asyncio.ensure_future(_remove_rest(plan, steps, one, router))
        _running.add(rest)
        rest.add_done_callback(_running.discard)


async def _remove_rest(plan: Plan[Any], steps: list[Step], one: SendAsync, router: Router) -> None:
    """Goes on with a cancelled invalidation; what can't be removed in time counts as lost."""
    try:
        async with asyncio.timeout(REMOVAL):
            while _invalidates(steps):
                # Also where a value was to be stored: the caller gave up on that.
                replies = await asyncio.gather(*(one(Step(Do.DELETE, step.node, step.keys)) for step in steps))
                steps = plan.send(list(replies))
    except (TimeoutError, asyncio.CancelledError) as error:
        _lose(plan, steps, [], router, Failure(TimeoutError("the invalidation was cancelled"), "timeout"))
        if isinstance(error, asyncio.CancelledError):
            raise
    except Exception:  # noqa: BLE001 - its end: a result, what was lost, a value that was refused. Nobody asks for it.
        return


def _break_off(plan: Plan[Any], steps: list[Step], replies: list[Reply], router: Router) -> None:
    """After something of the caller's own was raised while steps were out, of which some have replies.

    All that is left of an invalidation is lost: what was never sent, and the step that was out too, of which nobody
    knows. It says nothing of the node, which may have been given no time to answer: no breaker may open by it.
    """
    _lose(plan, steps, replies, router, _unsent())


def _lose(plan: Plan[Any], steps: list[Step], replies: list[Reply], router: Router, lost: Failure) -> None:
    """Ends an invalidation without sending anything more: steps without a reply are lost, those behind them unsent."""
    with suppress(StopIteration, InvalidationLostError):
        while _invalidates(steps):
            for step in steps[len(replies) :]:
                _report(router, step, lost, [])
            steps, replies = plan.send([*replies, *[lost] * (len(steps) - len(replies))]), []
            lost = _unsent()


def _unsent() -> Failure:
    return Failure(InterruptedError("the invalidation was broken off"), "unsent")


def _invalidates(steps: list[Step]) -> bool:
    """Whether steps belong to an invalidation. What a plan asks for before and after one is no part of it."""
    return any(OPS[step.do] == "invalidate" for step in steps)


def _report(router: Router, step: Step, reply: Reply, owed: list[OwedKey]) -> None:
    # A request that was under way when the router was closed still has its result, and those behind it are still sent.
    with suppress(ClosedError):
        asked = [*zip(step.keys, per_key(reply, len(step.keys)), strict=True)]
        if step.do is Do.DELETE:
            asked = [(key, found) for key, found in asked if found is not None]
        failed = _report_answers(router, step, asked)
        if failed:
            _report_failed(router, step, failed)
        elif asked:
            owed += router.owed(step.node)


def _report_answers(router: Router, step: Step, asked: Sequence[tuple[bytes, Any]]) -> list[tuple[bytes, Failure]]:
    """Reports answers, and gives the keys without one."""
    op = OPS[step.do]
    failed: list[tuple[bytes, Failure]] = []
    for key, found in asked:
        if isinstance(found, Failure):
            failed.append((key, found))
        elif op == "read":
            router.report(step.node, "miss" if not found or isinstance(found, Token) else "hit", op)
        else:
            router.report(step.node, "ok", op)
    return failed


def _report_failed(router: Router, step: Step, failed: list[tuple[bytes, Failure]]) -> None:
    op = OPS[step.do]
    if op == "invalidate":
        for key, failure in failed:
            router.lost(step.node, key, failure.outcome)
    else:
        # It was one request.
        router.report(step.node, failed[0][1].outcome, op)
