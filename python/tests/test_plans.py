"""Plans by themselves: every request of an operation, in order, with replies that are written here.

Real servers are asked in the other tests; what is looked at here needs a moment that no server can be stopped at.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from specs import cluster, final, spec

import ringshift
from ringshift.adapters import _reading, _writing
from ringshift.adapters._carrying import carry_out
from ringshift.adapters._steps import UNKNOWN, Do, Failure, Item, Plan, Refused, Reply, Step, Token

BLUE = cluster("a", kind="modulo")
GREEN = cluster("c@127.0.0.1:11", prefix="g1:")
FAILED = Failure(OSError("down"), "error")

Sent = list[tuple[str, str]]


def play(plan: Plan[Any], reply: Callable[[Step], Reply]) -> tuple[Any, list[Sent]]:
    """Carries a plan out by a function; gives its result and what was sent, batch by batch."""
    sent: list[Sent] = []
    try:
        steps = next(plan)
        while True:
            sent.append([(step.do.value, f"{step.node.cluster}/{step.node.id}") for step in steps])
            steps = plan.send([reply(step) for step in steps])
    except StopIteration as done:
        return done.value, sent


def well(step: Step) -> Sequence[Any]:
    return [True] * len(step.keys)


def router(stage: str | None, generation: int = 1, **more: Any) -> ringshift.Router:
    return ringshift.Router.from_spec(spec(generation, BLUE, GREEN, stage, 100, **more))


def test_a_writer_that_sees_the_generation_change_sends_again_under_both() -> None:
    serving = ringshift.Router.from_spec(spec(1, BLUE))
    steps = [
        *[spec(at, BLUE, GREEN, stage) for at, stage in enumerate(("prepare", "ramp", "soak"), 2)], final(5, GREEN),
    ]  # fmt: skip

    def meanwhile(step: Step) -> Sequence[Any]:
        if steps and step.do is Do.SET:
            serving.apply(steps.pop(0))
        return well(step)

    written, sent = play(_writing.store(serving, [serving.route("k")], [b"k"], [Item(b"v")], Do.SET), meanwhile)
    assert sent == [[("set", "blue/a")], [("delete", "blue/a")], [("delete", "green/c")]]
    assert written.results == {0: True}

    def at_every_step(step: Step) -> Sequence[Any]:
        if steps:
            serving.apply(steps.pop(0))
        return well(step)

    _, sent = play(_writing.invalidate(serving, [serving.route("k")], [b"k"]), at_every_step)
    one_round = [[("delete", "blue/a")], [("delete", "green/c")]]
    # Twice two publications, and one that changes nothing more.
    assert sent == one_round * 3
    assert serving.generation == 5


def test_what_is_lost_while_sending_again_is_lost() -> None:
    serving = ringshift.Router.from_spec(spec(1, BLUE))

    def reply(step: Step) -> Reply:
        if serving.generation == 1:
            serving.apply(spec(2, BLUE, GREEN, "prepare"))
        return FAILED if step.node.id == "c" else well(step)

    written, _ = play(_writing.invalidate(serving, [serving.route("k")], [b"k"]), reply)
    assert [(lost.cluster, lost.node, lost.key) for lost in written.lost] == [("green", "c", b"k")]
    assert written.cause is FAILED.error


def test_another_weight_is_no_other_generation() -> None:
    serving = router("ramp", breaker={"failures": 1, "open": "60s", "max_ejected": 1.0})
    plan = _writing.invalidate(serving, [serving.route("k")], [b"k"])

    def reply(step: Step) -> Sequence[Any]:
        serving.report(step.node, "error")
        return well(step)

    _, sent = play(plan, reply)
    assert sent == [[("delete", "blue/a")], [("delete", "green/c")]]


@pytest.mark.parametrize("ttl", [UNKNOWN, 0])
def test_what_has_no_time_left_or_an_unknown_one_is_not_copied(ttl: int) -> None:
    serving = router("ramp")
    item = Item(b"v", 1, ttl)

    def reply(step: Step) -> Sequence[Any]:
        return [item if step.do is Do.TAKE else Token(b"1") for _ in step.keys]

    for plan in (
        _reading.read(serving, serving.route("k"), b"k"),
        _reading.read_many(serving, [serving.route("k")], [b"k"]),
    ):
        result, sent = play(plan, reply)
        assert result in (item, [item])
        assert sent == [[("seek", "green/c")], [("take", "blue/a")]]


def test_a_refused_value_is_followed_by_a_delete_in_the_same_turn() -> None:
    serving = router("ramp")
    refusal = Refused(ValueError("too large"))

    def reply(step: Step) -> Reply:
        return [refusal] * len(step.keys) if step.do is Do.SET else well(step)

    written, sent = play(_writing.store(serving, [serving.route("k")], [b"k"], [Item(b"v")], Do.SET), reply)
    assert sent == [[("delete", "blue/a")], [("set", "green/c")], [("delete", "green/c")]]
    assert (written.refused, written.lost, written.results) == (refusal.error, [], {})

    def then_gone(step: Step) -> Reply:
        return FAILED if (step.do, step.node.id) == (Do.DELETE, "c") else reply(step)

    written, _ = play(_writing.store(serving, [serving.route("k")], [b"k"], [Item(b"v")], Do.SET), then_gone)
    assert [lost.node for lost in written.lost] == ["c"]


HIT, MISS, NO_TOKEN, FAILS = range(4)


def test_single_and_many_reads_ask_the_same_and_fill_where_a_token_was_taken_first() -> None:
    """Whatever each of three replicas and the fallback answers."""
    replicas = {**cluster(*[f"n{at}@127.0.0.1:{at + 20}" for at in range(3)], prefix="g1:"), "replicas": 3}
    text = spec(2, BLUE, replicas, "ramp", 100)
    item = Item(b"v", 5, 60)
    for outcomes in itertools.product(range(4), repeat=4):
        results = []
        for many in (False, True):
            serving = ringshift.Router.from_spec(text)
            route = serving.route("k")
            assert route.read is not None
            assert route.fallback is not None
            nodes = [*route.read.nodes, *route.fallback.nodes]
            answers = dict(zip((node.id for node in nodes), outcomes, strict=True))

            def reply(step: Step, answers: dict[str, int] = answers) -> Reply:
                if step.do is Do.FILL:
                    assert [token.text for token in step.tokens] == [step.node.id.encode()]
                    return well(step)
                answer = answers[step.node.id]
                missed = Token(step.node.id.encode()) if step.do is Do.SEEK and answer == MISS else None
                return FAILED if answer == FAILS else [item if answer == HIT else missed]

            plan: Plan[Any] = (
                _reading.read_many(serving, [route], [b"k"]) if many else _reading.read(serving, route, b"k")
            )
            result, sent = play(plan, reply)
            results.append((result[0] if many else result, sent))
        assert results[0] == results[1], outcomes
        found, sent = results[0]
        *reads, source = [(node, answers[node.id]) for node in nodes]
        answered = [at for at, (_, answer) in enumerate(reads) if answer != FAILS]
        name = "{0.cluster}/{0.id}".format
        expected = [[("seek", name(node))] for node, _ in reads[: (answered[0] + 1 if answered else 3)]]
        if answered and reads[answered[0]][1] == HIT:
            assert (found, sent) == (item, expected), outcomes
            continue
        if answered and answered[0] < 2:
            expected.append([("seek", name(node)) for node, _ in reads[answered[0] + 1 :]])
        expected.append([("take", name(source[0]))])
        held = [("fill", name(node)) for at, (node, answer) in enumerate(reads) if answer == MISS and at in answered]
        if source[1] == HIT and held:
            expected.append(held)
        assert (found, sent) == (item if source[1] == HIT else None, expected), outcomes


def test_nothing_is_sent_for_no_keys() -> None:
    serving = router("ramp")
    assert play(_reading.read_many(serving, [], []), well) == ([], [])
    assert play(_writing.invalidate(serving, [], []), well)[1] == []


def test_a_write_goes_on_when_the_router_is_closed_meanwhile() -> None:
    serving = router("prepare")
    route, sent = serving.route("k"), []

    def send(step: Step) -> Reply:
        serving.close()
        sent.append((step.do.value, step.node.cluster))
        return well(step)

    written = carry_out(_writing.invalidate(serving, [route], [b"k"]), send, serving)
    assert sent == [("delete", "blue"), ("delete", "green")]
    assert written.results == {0: True}
    assert not written.lost
