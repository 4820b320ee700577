"""The straight path by itself: which answers are the result at once, and that a plan goes on from any other."""

from __future__ import annotations

import asyncio
import collections
from collections.abc import Callable
from typing import Any

import pytest
from specs import cluster, spec

import ringshift
from ringshift.adapters import _reading, _straight, _writing
from ringshift.adapters._steps import Do, Failure, Item, Plan, Refused, Reply, Step, Token

BLUE = cluster("a", kind="modulo")
GREEN = cluster("c@127.0.0.1:11", prefix="g1:")
VALUE = Item(b"v")


class Node:
    """Answers in place of a node's client: first what the straight path asks, then the steps of a plan."""

    def __init__(self, answer: Any, *rest: Any) -> None:
        self.answer, self.rest = answer, list(rest)
        self.asked: list[Item | None] = []
        self.sent: list[tuple[Do, str]] = []

    def ask(self, _node: ringshift.Node, _key: bytes, item: Item | None = None) -> Any:
        self.asked.append(item)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer() if callable(self.answer) else self.answer

    def send(self, step: Step) -> Reply:
        self.sent.append((step.do, step.node.id))
        reply: Reply = self.rest.pop(0)
        return reply

    async def ask_async(self, node: ringshift.Node, key: bytes, item: Item | None = None) -> Any:
        await asyncio.sleep(0)
        return self.ask(node, key, item)

    async def send_async(self, step: Step) -> Reply:
        await asyncio.sleep(0)
        return self.send(step)


def failed(error: Exception) -> Failure:
    if isinstance(error, TypeError):
        raise error
    return Failure(error, "error")


def never(*_: Any) -> Plan[Any]:
    raise AssertionError("a plan was made")


@pytest.fixture(params=["threads", "asyncio"])
def run(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Reads or writes the key `k` by a node, in both ways."""

    def threads(router: ringshift.Router, node: Node, plan: Any, item: Item | None, **misses: bool) -> Any:
        if misses:
            return _straight.reader(router, plan, node.ask, node.send, failed, **misses)(router.route("k"), b"k")
        return _straight.writer(router, plan, node.ask, node.send, failed)(router.route("k"), b"k", item)

    async def tasks(router: ringshift.Router, node: Node, plan: Any, item: Item | None, **misses: bool) -> Any:
        if misses:
            read = _straight.async_reader(router, plan, node.ask_async, node.send_async, failed, **misses)
            return await read(router.route("k"), b"k")
        write = _straight.async_writer(router, plan, node.ask_async, node.send_async, failed)
        return await write(router.route("k"), b"k", item)

    if request.param == "threads":
        return threads
    return lambda *arguments, **misses: asyncio.run(tasks(*arguments, **misses))


def counts(router: ringshift.Router) -> dict[tuple[str, str], int]:
    """Of all clusters."""
    counted: collections.Counter[tuple[str, str]] = collections.Counter()
    for each in router.metrics()["requests"]:
        counted[each["op"], each["outcome"]] += each["count"]
    return {reported: count for reported, count in counted.items() if count}


def one(**more: Any) -> ringshift.Router:
    return ringshift.Router.from_spec(spec(1, BLUE, **more))


def test_a_plain_answer_needs_no_plan(run: Callable[..., Any]) -> None:
    router = one()
    assert run(router, Node(VALUE), never, None, misses=True) is VALUE
    assert run(router, Node(None), never, None, misses=True) is None
    assert run(router, Node(VALUE), never, None, misses=False) is VALUE
    assert run(router, Node(True), never, VALUE) is True
    assert run(router, Node(False), never, None) is False
    assert counts(router) == {("read", "hit"): 2, ("read", "miss"): 1, ("invalidate", "ok"): 2}


def test_a_miss_that_is_to_be_filled_has_its_token(run: Callable[..., Any]) -> None:
    router = one()
    ((node, token),) = run(router, Node(Token(b"7")), _reading.find, None, misses=False)
    assert (node.id, token.text) == ("a", b"7")
    assert run(router, Node(None), _reading.find, None, misses=False) == []
    assert counts(router) == {("read", "miss"): 2}


def test_a_node_that_fails_is_a_miss_and_asked_once(run: Callable[..., Any]) -> None:
    router = one()
    assert run(router, Node(OSError()), _reading.read, None, misses=True) is None
    assert run(router, Node(OSError()), _reading.find, None, misses=False) == []
    assert counts(router) == {("read", "error"): 2}


def test_a_write_that_is_not_acknowledged_is_lost(run: Callable[..., Any]) -> None:
    for plan, item in ((_writing.set_one, VALUE), (_writing.delete_one, None)):
        router = one()
        with pytest.raises(ringshift.InvalidationLostError) as raised:
            run(router, Node(OSError("down")), plan, item)
        assert [(lost.node, lost.key) for lost in raised.value.lost] == [("a", b"k")]
        assert counts(router) == {("invalidate", "error"): 1}
        assert router.route("k").read is None


def test_what_is_owed_is_sent_again_after_a_plain_answer(run: Callable[..., Any]) -> None:
    router = one()
    for answer, plan, item, misses in (
        (VALUE, _reading.read, None, {"misses": True}),
        (True, _writing.set_one, VALUE, {}),
        (True, _writing.delete_one, None, {}),
    ):
        router.lost(router.nodes[0], b"lost")
        node = Node(answer, [True])
        assert run(router, node, plan, item, **misses) is answer
        assert node.sent == [(Do.DELETE, "a")]
        assert router.route("lost").read is not None
    assert router.metrics()["owed"] == {"keys": 0, "unlisted_nodes": 0, "repaid": 3}


def test_what_is_owed_for_the_key_itself_is_sent_before_it_is_read(run: Callable[..., Any]) -> None:
    router = one()
    router.lost(router.nodes[0], b"k")
    node = Node(VALUE, [True])
    assert run(router, node, _reading.read, None, misses=True) is None
    assert node.sent == [(Do.DELETE, "a")]
    assert node.asked == []
    assert run(router, node, _reading.read, None, misses=True) is VALUE


def test_what_is_not_acknowledged_again_stays_owed_and_the_caller_has_the_result(run: Callable[..., Any]) -> None:
    router = one()
    router.lost(router.nodes[0], b"lost")
    node = Node(VALUE, Failure(OSError("down"), "error"))
    assert run(router, node, _reading.read, None, misses=True) is VALUE
    assert router.route("lost").read is None
    assert counts(router) == {("invalidate", "error"): 2, ("read", "hit"): 1}


def test_what_was_refused_is_removed(run: Callable[..., Any]) -> None:
    node = Node(Refused(ValueError("too large")), [True])
    with pytest.raises(ValueError, match="too large"):
        run(one(), node, _writing.set_one, VALUE)
    assert node.sent == [(Do.DELETE, "a")]


def test_a_callers_mistake_is_raised(run: Callable[..., Any]) -> None:
    router = one()
    with pytest.raises(TypeError):
        run(router, Node(TypeError()), never, None, misses=True)
    assert counts(router) == {}


@pytest.mark.parametrize("own", [TypeError, KeyboardInterrupt])
def test_what_is_left_of_a_write_is_lost_when_it_is_broken_off(
    run: Callable[..., Any], own: type[BaseException]
) -> None:
    for plan, item in ((_writing.set_one, VALUE), (_writing.delete_one, None)):
        router = one()
        node = Node(own("of the caller's"))
        with pytest.raises(own, match="of the caller's"):
            run(router, node, plan, item)
        assert node.sent == []
        assert counts(router) == {("invalidate", "unsent"): 1}
        assert router.route("k").read is None


def test_a_write_that_a_new_generation_overtook_is_sent_again_by_both(run: Callable[..., Any]) -> None:
    for plan, item in ((_writing.set_one, VALUE), (_writing.delete_one, None)):
        router = one()

        def meanwhile(router: ringshift.Router = router) -> bool:
            return router.apply(spec(2, BLUE, GREEN, "prepare"))

        node = Node(meanwhile, [True], [True])
        assert run(router, node, plan, item) is True
        assert node.sent == [(Do.DELETE, "a"), (Do.DELETE, "c")]
        assert counts(router) == {("invalidate", "ok"): 3}


def test_a_migration_and_replicas_are_the_plans(run: Callable[..., Any]) -> None:
    moving = ringshift.Router.from_spec(spec(1, BLUE, GREEN, "prepare"))
    node = Node(AssertionError("asked"), [True], [True])
    assert run(moving, node, _writing.set_one, VALUE) is True
    assert node.sent == [(Do.SET, "a"), (Do.DELETE, "c")]
    replicas = ringshift.Router.from_spec(spec(1, cluster("a", "b", replicas=2)))
    node = Node(AssertionError("asked"), [VALUE])
    assert run(replicas, node, _reading.read, None, misses=True) is VALUE
    assert replicas.route("k").single is None


def test_the_breaker_of_the_only_node_is_the_plans(run: Callable[..., Any]) -> None:
    router = one(breaker={"failures": 1, "open": "60s", "max_ejected": 1.0})
    router.report(router.nodes[0], "error")
    assert router.route("k").read is None
    assert run(router, Node(AssertionError("asked")), _reading.read, None, misses=True) is None
    node = Node(AssertionError("asked"), [True])
    # Nothing is stored where nobody reads, but what is there goes.
    assert run(router, node, _writing.set_one, VALUE) is False
    assert node.sent == [(Do.DELETE, "a")]


def test_max_ttl_bounds_what_is_stored(run: Callable[..., Any]) -> None:
    node = Node(True)
    run(one(max_ttl="10s"), node, never, Item(b"v", ttl=60.0))
    assert [item and item.ttl for item in node.asked] == [10.0]


def test_a_request_has_its_result_when_the_router_was_closed(run: Callable[..., Any]) -> None:
    for answer in (True, VALUE):
        router = one()

        def meanwhile(router: ringshift.Router = router, answer: Any = answer) -> Any:
            router.close()
            return answer

        reads = {"misses": True} if answer is VALUE else {}
        assert run(router, Node(meanwhile), never, None, **reads) is answer


def test_a_cancelled_write_goes_on_by_itself() -> None:
    async def main() -> None:
        router = one()
        node = Node(None, [True])
        begun, removed = asyncio.Event(), asyncio.Event()

        async def ask(*_: Any) -> bool:
            begun.set()
            await asyncio.sleep(60)
            return True

        async def send(step: Step) -> Reply:
            removed.set()
            return node.send(step)

        write = _straight.async_writer(router, _writing.set_one, ask, send, failed)
        task = asyncio.ensure_future(write(router.route("k"), b"k", VALUE))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(removed.wait(), 10)
        await asyncio.sleep(0)
        assert node.sent == [(Do.DELETE, "a")]
        assert counts(router) == {("invalidate", "ok"): 1}

    asyncio.run(main())
