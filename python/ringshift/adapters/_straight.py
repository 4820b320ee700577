"""The straight path of most operations: one request to the one node that a key's route is about, and a plain answer.

The request is sent before there is a plan. If its answer is all there is to it, it is reported and is the result.
Otherwise (the node failed or refused, a miss is to be filled, the generation has changed meanwhile) the plan is made
after all, and takes the answer as that of its first step. So the rules are in the plans, and nothing here knows them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ringshift._ringshift import Node, Route, Router
from ringshift.adapters._carrying import carry_out, carry_out_async, send_again, send_again_async
from ringshift.adapters._nodes import limited
from ringshift.adapters._repaying import Owed
from ringshift.adapters._steps import Failure, Item, Plan, Reply, Send, SendAsync
from ringshift.errors import ClosedError

Failed = Callable[[Exception], Failure]
"""What an exception of the client means as a reply; a caller's mistake is raised."""
Reading = Callable[[Router, Route, bytes], Plan[Any]]
"""The plan of a read."""
Writing = Callable[[Router, Route, bytes, Item | None], Plan[Any]]
"""The plan of a write, whose first step is an invalidation."""


def reader(
    router: Router, plan: Reading, ask: Callable[[Node, bytes], Any], send: Send, failed: Failed, *, misses: bool
) -> Callable[[Route, bytes], Any]:
    """Makes a function that reads a key: it gives an item, or what the plan gives.

    Args:
        router: The router of the routes.
        plan: The whole operation.
        ask: Sends the plan's first step to a node, and gives what was found or raises what the client raises.
        send: Sends the other steps.
        failed: What an exception means.
        misses: Whether a miss is a plain answer, and None the result.

    """

    def read(route: Route, key: bytes) -> Any:
        node = route.single
        if node is None:
            return carry_out(plan(router, route, key), send, router)
        try:
            found = ask(node, key)
        except Exception as error:  # noqa: BLE001 - what is no node's failure is raised again
            answer: Reply = failed(error)
        else:
            if found.__class__ is Item or (misses and found is None):
                if owed := _was_read(router, node, found):
                    send_again(owed, send, router)
                return found
            answer = [found]
        return carry_out(plan(router, route, key), send, router, answer)

    return read


def writer(
    router: Router, plan: Writing, ask: Callable[[Node, bytes, Any], Any], send: Send, failed: Failed
) -> Callable[[Route, bytes, Item | None], Any]:
    """Makes a function that stores or removes a key: it gives True or False, or what the plan gives."""

    def write(route: Route, key: bytes, item: Item | None) -> Any:
        node = route.single
        if node is None:
            return carry_out(plan(router, route, key, item), send, router)
        if item is not None:
            item = limited(router, item)
        try:
            done = ask(node, key, item)
        except BaseException as error:  # noqa: BLE001 - as above; and nobody knows whether it was done
            answer: Reply | BaseException = _meant(failed, error)
        else:
            if done.__class__ is bool and (owed := _was_written(router, route, node)) is not None:
                if owed:
                    send_again(owed, send, router)
                return done
            answer = [done]
        return carry_out(plan(router, route, key, item), send, router, answer)

    return write


def async_reader(
    router: Router,
    plan: Reading,
    ask: Callable[[Node, bytes], Awaitable[Any]],
    send: SendAsync,
    failed: Failed,
    *,
    misses: bool,
) -> Callable[[Route, bytes], Awaitable[Any]]:
    """The same as `reader` by a client whose answers are awaited."""

    async def read(route: Route, key: bytes) -> Any:
        node = route.single
        if node is None:
            return await carry_out_async(plan(router, route, key), send, router)
        try:
            found = await ask(node, key)
        except Exception as error:  # noqa: BLE001 - as above
            answer: Reply = failed(error)
        else:
            if found.__class__ is Item or (misses and found is None):
                if owed := _was_read(router, node, found):
                    await send_again_async(owed, send, router)
                return found
            answer = [found]
        return await carry_out_async(plan(router, route, key), send, router, answer)

    return read


def async_writer(
    router: Router,
    plan: Writing,
    ask: Callable[[Node, bytes, Any], Awaitable[Any]],
    send: SendAsync,
    failed: Failed,
) -> Callable[[Route, bytes, Item | None], Awaitable[Any]]:
    """The same as `writer` by a client whose answers are awaited."""

    async def write(route: Route, key: bytes, item: Item | None) -> Any:
        node = route.single
        if node is None:
            return await carry_out_async(plan(router, route, key, item), send, router)
        if item is not None:
            item = limited(router, item)
        try:
            done = await ask(node, key, item)
        except BaseException as error:  # noqa: BLE001 - as above
            answer: Reply | BaseException = _meant(failed, error)
        else:
            if done.__class__ is bool and (owed := _was_written(router, route, node)) is not None:
                if owed:
                    await send_again_async(owed, send, router)
                return done
            answer = [done]
        return await carry_out_async(plan(router, route, key, item), send, router, answer)

    return write


def _meant(failed: Failed, error: BaseException) -> Failure | BaseException:
    """How a request failed; what is no node's failure as it is."""
    if not isinstance(error, Exception):
        return error
    try:
        return failed(error)
    except Exception as own:  # noqa: BLE001 - for the plan, which ends by it
        return own


def _was_read(router: Router, node: Node, found: Item | None) -> Owed:
    """Reports, and gives what is owed to the node."""
    try:
        router.report(node, "miss" if found is None else "hit", "read")
        return router.owed(node)
    except ClosedError:
        # It was closed while the request was under way, which has its result all the same.
        return ()


def _was_written(router: Router, route: Route, node: Node) -> Owed | None:
    """The same; None if that is not all, since others may read by another generation already."""
    try:
        if router.generation != route.generation:
            return None
        router.report(node, "ok", "invalidate")
        return router.owed(node)
    except ClosedError:
        # As above; and then there is nothing to send again by.
        return ()
