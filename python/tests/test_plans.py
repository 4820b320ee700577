"""Plans by themselves: every request of an operation, in order, with replies that are written here.

Real servers are asked in the other tests; what is looked at here needs a moment that no server can be stopped at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from specs import cluster, final, spec

import ringshift
from ringshift.adapters import _plans
from ringshift.adapters._steps import UNKNOWN, Do, Failure, Item, Plan, Refused, Reply, Step

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

    written, sent = play(_plans.store(serving, [serving.route("k")], [b"k"], [Item(b"v")], Do.SET), meanwhile)
    assert sent == [[("set", "blue/a")], [("delete", "blue/a")], [("delete", "green/c")]]
    assert written.results == {0: True}

    def at_every_step(step: Step) -> Sequence[Any]:
        if steps:
            serving.apply(steps.pop(0))
        return well(step)

    _, sent = play(_plans.invalidate(serving, [serving.route("k")], [b"k"]), at_every_step)
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

    written, _ = play(_plans.invalidate(serving, [serving.route("k")], [b"k"]), reply)
    assert [(lost.cluster, lost.node, lost.key) for lost in written.lost] == [("green", "c", b"k")]
    assert written.cause is FAILED.error


def test_another_weight_is_no_other_generation() -> None:
    serving = router("ramp", breaker={"failures": 1, "open": "60s", "max_ejected": 1.0})
    plan = _plans.invalidate(serving, [serving.route("k")], [b"k"])

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
        return [item if step.do is Do.TAKE else None for _ in step.keys]

    for plan in (
        _plans.read(serving, serving.route("k"), b"k"),
        _plans.read_many(serving, [serving.route("k")], [b"k"]),
    ):
        result, sent = play(plan, reply)
        assert result in (item, [item])
        assert sent == [[("get", "green/c")], [("take", "blue/a")]]


def test_a_refused_value_is_followed_by_a_delete_in_the_same_turn() -> None:
    serving = router("ramp")
    refusal = Refused(ValueError("too large"))

    def reply(step: Step) -> Reply:
        return [refusal] * len(step.keys) if step.do is Do.SET else well(step)

    written, sent = play(_plans.store(serving, [serving.route("k")], [b"k"], [Item(b"v")], Do.SET), reply)
    assert sent == [[("delete", "blue/a")], [("set", "green/c")], [("delete", "green/c")]]
    assert (written.refused, written.lost, written.results) == (refusal.error, [], {})

    def then_gone(step: Step) -> Reply:
        return FAILED if (step.do, step.node.id) == (Do.DELETE, "c") else reply(step)

    written, _ = play(_plans.store(serving, [serving.route("k")], [b"k"], [Item(b"v")], Do.SET), then_gone)
    assert [lost.node for lost in written.lost] == ["c"]


def test_single_and_many_reads_ask_the_same() -> None:
    """Whatever fails or misses: `read` is `read_many` for one key."""
    replicas = {**cluster(*[f"n{at}@127.0.0.1:{at + 20}" for at in range(3)], prefix="g1:"), "replicas": 3}
    text = spec(2, BLUE, replicas, "ramp", 100)
    item = Item(b"v", 5, 60)
    for outcomes in range(4**4):
        script = [(outcomes >> shift) % 4 for shift in (0, 2, 4, 6)]
        results = []
        for many in (False, True):
            serving = ringshift.Router.from_spec(text)
            route = serving.route("k")
            answers = iter(script)

            def reply(step: Step, answers: Any = answers) -> Reply:
                if step.do is Do.ADD:
                    return well(step)
                answer = next(answers)
                return FAILED if answer >= 2 else [item if answer else None]

            plan: Plan[Any] = _plans.read_many(serving, [route], [b"k"]) if many else _plans.read(serving, route, b"k")
            result, sent = play(plan, reply)
            results.append((result[0] if many else result, sent))
        assert results[0] == results[1]
        found, sent = results[0]
        asked = [node for batch in sent for do, node in batch if do != "add"]
        added = [node for batch in sent for do, node in batch if do == "add"]
        failed = {node for node, answer in zip(asked, script, strict=False) if answer >= 2}
        assert not failed & set(added)
        assert found == (item if script[len(asked) - 1] == 1 else None)
        # What was found at the fallback is copied to every node that did not fail.
        if found and asked[-1] == "blue/a":
            assert set(added) == {"green/n0", "green/n1", "green/n2"} - failed
        else:
            assert added == []


def test_nothing_is_sent_for_no_keys() -> None:
    serving = router("ramp")
    assert play(_plans.read_many(serving, [], []), well) == ([], [])
    assert play(_plans.invalidate(serving, [], []), well)[1] == []
