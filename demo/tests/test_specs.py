"""The specs that the demonstration publishes are taken by the library, in the order in which it publishes them."""

from __future__ import annotations

from pathlib import Path

from ringshift import Router

from demo.specs import MODULO, RING, Cluster, Migration, Situation, SpecFile


def node(number: int) -> dict[str, object]:
    return {"id": f"n{number}", "address": f"127.0.0.1:{20_000 + number}"}


def test_every_situation_of_a_migration_is_valid(tmp_path: Path) -> None:
    blue = Cluster("blue", MODULO, (node(1), node(2)), "m1:")
    green = Cluster("green", RING, (node(3), node(4), node(5)), "g1:")
    larger = Cluster("peak", RING, (*green.nodes, node(6)), "g1:")
    move, grow = Migration("move", blue, green), Migration("grow", green, larger)
    spec = SpecFile(tmp_path / "cache.json", 16)
    spec.publish(Situation(blue))
    with Router.open(spec.path) as router:
        assert router.max_ttl == 16.0
        for situation, stage in [
            (move.at("prepare"), "prepare"),
            (move.at("ramp", 10), "ramp"),
            (move.at("ramp", 100), "ramp"),
            (move.at("soak"), "soak"),
            (Situation(green), "none"),
            (grow.at("ramp", 50), "ramp"),
            (Situation(larger), "none"),
        ]:
            generation = spec.publish(situation)
            assert router.refresh()
            assert (router.generation, router.stage) == (generation, stage)
    assert list(tmp_path.iterdir()) == [spec.path]
