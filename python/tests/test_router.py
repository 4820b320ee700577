"""The router's interface: opening, routes and their objects, states, reports, closing."""

from __future__ import annotations

import gc
import re
import weakref
from pathlib import Path

import pytest
from specs import cluster, final, spec

import ringshift
from ringshift import metrics as shapes
from ringshift.events import Event

BLUE = cluster("a", "b", "c", kind="modulo")
GREEN = cluster("d@127.0.0.1:11", "e@127.0.0.1:12", prefix="g1:")
KEYS = [f"user:{at}" for at in range(200)]


def ramp(generation: int, percent: float) -> str:
    return spec(generation, BLUE, GREEN, "ramp", percent)


def test_open_takes_text_and_paths(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    path.write_text(spec(3, BLUE))
    for name in (path, str(path)):
        with ringshift.Router.open(name, region="kr") as router:
            assert (router.generation, router.region, router.stage, router.weight) == (3, "kr", "none", 0)
            assert re.fullmatch("[0-9a-f]{32}", router.digest)
            assert router.closed is False
        assert router.closed is True


def test_options_are_by_name_and_checked(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        ringshift.Router.open(tmp_path / "x", "kr")  # type: ignore[call-arg]
    with pytest.raises(ringshift.InvalidArgumentError, match="region"):
        ringshift.Router.from_spec(spec(1, BLUE), region="")
    for watch in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ringshift.InvalidArgumentError, match="watch"):
            ringshift.Router.from_spec(spec(1, BLUE), watch=watch)
    with pytest.raises(TypeError):
        ringshift.Router()


def test_a_region_has_its_own_plan() -> None:
    text = spec(2, BLUE, GREEN, "prepare").replace(
        '"stage": "prepare"', '"stage": "prepare", "regions": {"kr": {"stage": "ramp", "percent": 12.5}}'
    )
    assert ringshift.Router.from_spec(text).stage == "prepare"
    kr = ringshift.Router.from_spec(text, region="kr")
    assert (kr.stage, kr.weight, kr.region) == ("ramp", 1250, "kr")


def test_a_spec_is_text_or_bytes() -> None:
    text = spec(1, BLUE)
    digests = {ringshift.Router.from_spec(form).digest for form in (text, text.encode(), bytearray(text.encode()))}
    assert len(digests) == 1
    with pytest.raises(ringshift.SpecSyntaxError) as raised:
        ringshift.Router.from_spec('{\n"\ud800": 1}')
    assert raised.value.line == 2
    with pytest.raises(TypeError):
        ringshift.Router.from_spec({})  # type: ignore[arg-type]


def test_last_good_starts_a_router_without_a_file(tmp_path: Path) -> None:
    path, copy = tmp_path / "cache.json", tmp_path / "last-good.json"
    path.write_text(spec(7, BLUE))
    ringshift.Router.open(path, last_good=copy).close()
    path.unlink()
    router = ringshift.Router.open(path, last_good=str(copy))
    assert router.generation == 7
    assert isinstance(router.last_error, ringshift.IoError)


def test_a_route_says_everything() -> None:
    router = ringshift.Router.from_spec(ramp(4, 50))
    moved = next(route for route in router.route_many(KEYS) if route.moved)
    assert moved.read is not None
    assert moved.fallback is not None
    assert (moved.read.cluster, moved.fallback.cluster) == ("green", "blue")
    assert (moved.read.key_prefix, moved.fallback.key_prefix) == ("g1:", "")
    assert (moved.fill, moved.stage, moved.generation) == (True, "ramp", 4)
    assert moved.read.node is moved.read.nodes[0]
    assert moved.invalidate == (moved.fallback.node, moved.read.node)
    assert moved.single is None
    unmoved = next(route for route in router.route_many(KEYS) if not route.moved)
    assert unmoved.read is not None
    assert (unmoved.read.cluster, unmoved.fallback, unmoved.fill) == ("blue", None, False)
    assert [node.cluster for node in unmoved.invalidate] == ["blue", "green"]
    assert unmoved.single is None
    settled = ringshift.Router.from_spec(spec(5, BLUE)).route(KEYS[0])
    assert settled.read is not None
    assert settled.single is settled.read.node is settled.invalidate[0]


def test_a_node_says_everything() -> None:
    text = spec(1, cluster("a@[::1]:11211", prefix="p:")).replace('"id": "a"', '"id": "a", "zone": "z", "weight": 3')
    (node,) = ringshift.Router.from_spec(text).nodes
    assert (node.id, node.address, node.zone, node.weight) == ("a", "[::1]:11211", "z", 3)
    assert (node.cluster, node.key_prefix, node.index) == ("blue", "p:", 0)
    assert ringshift.Router.from_spec(spec(1, BLUE)).nodes[1].zone is None


def test_nothing_can_be_changed_or_made() -> None:
    router = ringshift.Router.from_spec(ramp(1, 100))
    route = router.route("user:1")
    assert route.read is not None
    for thing in (router, route, route.read, route.read.node):
        for name in (name for name in dir(type(thing)) if not name.startswith("_")):
            with pytest.raises(AttributeError):
                setattr(thing, name, None)
        with pytest.raises(AttributeError):
            thing.anything = 1  # type: ignore[union-attr]
    for kind in (ringshift.Route, ringshift.Target, ringshift.Node):
        with pytest.raises(TypeError):
            kind()


def test_reprs_tell_what_a_person_looks_for_and_no_key() -> None:
    router = ringshift.Router.from_spec(ramp(4, 100))
    route = router.route("secret")
    assert route.read is not None
    assert repr(router) == "<ringshift.Router generation=4 stage=ramp>"
    assert repr(route.read.node) == f"<ringshift.Node green/{route.read.node.id} at {route.read.node.address}>"
    assert repr(route.read) == f"<ringshift.Target green/{route.read.node.id}>"
    assert repr(route).startswith(f"<ringshift.Route read=green/{route.read.node.id} fallback=blue/")
    assert "secret" not in repr(route)
    router.close()
    assert repr(router) == "<ringshift.Router closed>"


def test_routes_are_reused_and_nodes_are_always_the_same() -> None:
    router = ringshift.Router.from_spec(ramp(1, 50))
    before = {id(node): node for route in router.route_many(KEYS) for node in route.invalidate}
    assert len(before) == 5
    assert {id(node) for node in router.nodes} == set(before)
    for key, route in zip(KEYS, router.route_many(KEYS), strict=True):
        assert router.route(key) is route
        assert router.route(key).read.node is route.read.node  # type: ignore[union-attr]
    router.apply(ramp(2, 75))
    assert {id(node) for node in router.nodes} == set(before)
    assert all(route.generation == 2 for route in router.route_many(KEYS))
    # A node that leaves and returns is the same one.
    router.apply(spec(3, cluster("a", "b", kind="modulo")))
    router.apply(ramp(4, 100))
    assert {id(node) for node in router.nodes} == set(before)


def test_a_changed_node_is_another_one() -> None:
    router = ringshift.Router.from_spec(spec(1, cluster("a@127.0.0.1:1")))
    (old,) = router.nodes
    router.apply(spec(2, cluster("a@127.0.0.1:2")))
    (new,) = router.nodes
    assert new is not old
    assert (old.address, new.address) == ("127.0.0.1:1", "127.0.0.1:2")
    assert new.index != old.index


def test_group_by_node_covers_every_position_once() -> None:
    router = ringshift.Router.from_spec(ramp(1, 50))
    groups = router.group_by_node(KEYS)
    assert sorted(at for positions in groups.values() for at in positions) == list(range(len(KEYS)))
    for node, positions in groups.items():
        assert all(router.route(KEYS[at]).read.node is node for at in positions)  # type: ignore[union-attr]


def test_refresh_and_apply_say_whether_anything_changed(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    path.write_text(ramp(1, 10))
    router = ringshift.Router.open(path)
    epoch = router.epoch
    assert router.refresh() is False
    assert router.epoch == epoch
    path.write_text(ramp(2, 25))
    assert router.refresh() is True
    assert (router.generation, router.weight) == (2, 2500)
    assert router.epoch > epoch
    assert router.apply(ramp(3, 50)) is True
    assert router.apply(ramp(3, 50).encode()) is False
    with pytest.raises(ringshift.StaleGenerationError):
        router.refresh()
    assert router.generation == 3
    assert router.apply(final(4, GREEN)) is True
    assert router.stage == "none"


def test_max_ttl_is_in_seconds() -> None:
    assert ringshift.Router.from_spec(spec(1, BLUE)).max_ttl is None
    assert ringshift.Router.from_spec(spec(1, BLUE, max_ttl="2h")).max_ttl == 7200.0
    assert ringshift.Router.from_spec(spec(1, BLUE, max_ttl="1500ms")).max_ttl == 1.5


def test_reports_are_counted_and_open_a_breaker() -> None:
    router = ringshift.Router.from_spec(spec(1, cluster("a", "b"), breaker={"failures": 2, "open": "60s"}))
    key = next(key for key in KEYS if router.route(key).invalidate[0].id == "a")
    target = router.route(key).read
    assert target is not None
    for outcome in ("hit", "miss", "error", "timeout", "ok", "unreachable"):
        router.report(target, outcome)
    assert {"cluster": "blue", "node": "a", "state": "open", "opened": 1} in router.metrics()["breakers"]
    router.report(target.node, "ok", "fill")
    router.report(target.node, "ok", op="invalidate")
    metrics = router.metrics()
    assert metrics["requests"] == [
        {"cluster": "blue", "op": "read", "outcome": outcome, "count": 1}
        for outcome in ("hit", "miss", "ok", "error", "timeout", "unreachable")
    ] + [{"cluster": "blue", "op": op, "outcome": "ok", "count": 1} for op in ("fill", "invalidate")]
    route = router.route(key)
    assert route.read is None
    assert [node.id for node in route.invalidate] == ["a"]
    assert router.group_by_node([key]) == {None: [0]}
    assert router.metrics()["cluster_breakers"] == [{"cluster": "blue", "state": "closed", "opened": 0}]


def test_report_refuses_what_it_cannot_mean() -> None:
    router = ringshift.Router.from_spec(spec(1, BLUE))
    other = ringshift.Router.from_spec(spec(1, BLUE))
    (node, *_) = router.nodes
    with pytest.raises(ringshift.InvalidArgumentError, match="not an outcome"):
        router.report(node, "success")  # type: ignore[arg-type]
    with pytest.raises(ringshift.InvalidArgumentError, match="not an op"):
        router.report(node, "ok", "write")  # type: ignore[arg-type]
    with pytest.raises(ringshift.InvalidArgumentError, match="another router"):
        router.report(other.nodes[0], "ok")
    with pytest.raises(TypeError):
        router.report("a", "ok")  # type: ignore[arg-type]
    assert router.metrics()["requests"] == []


def test_metrics_have_the_declared_shape() -> None:
    router = ringshift.Router.from_spec(ramp(9, 12.5), region="kr")
    metrics = router.metrics()
    assert metrics.keys() == shapes.Metrics.__annotations__.keys()
    assert metrics["reloads"].keys() == shapes.Reloads.__annotations__.keys()
    assert (metrics["generation"], metrics["stage"], metrics["weight"]) == (9, "ramp", 1250)
    assert (metrics["region"], metrics["digest"]) == ("kr", router.digest)
    text = router.metrics_text()
    assert text.endswith("# EOF\n")
    assert "ringshift_spec_generation 9" in text


def test_events_tell_what_happened(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    path.write_text(spec(1, BLUE))
    router = ringshift.Router.open(path)
    path.write_text("{")
    for _ in range(2):
        with pytest.raises(ringshift.SpecSyntaxError):
            router.refresh()
    path.write_text(spec(2, BLUE))
    assert router.refresh() is True
    events = router.events()
    assert [event["kind"] for event in events] == ["applied", "rejected", "applied"]
    assert [event["sequence"] for event in events] == [1, 2, 3]
    assert all(event.keys() == Event.__annotations__.keys() for event in events)
    refused = events[1]
    assert (refused["level"], refused["generation"], refused["error"]) == ("warning", 1, "spec_syntax")
    assert (refused["pointer"], refused["line"], refused["column"]) == (None, 1, 1)
    assert refused["message"].startswith(f"{path}:1:1: not JSON")
    assert router.events(2) == router.events(since=2) == events[2:]
    with pytest.raises(OverflowError):
        router.events(-1)


def test_a_closed_router_refuses_everything_but_closing() -> None:
    router = ringshift.Router.from_spec(spec(1, BLUE))
    route, node = router.route("user:1"), router.nodes[0]
    router.close()
    router.close()
    assert router.closed is True
    calls = {
        "route": ("key",), "route_many": (["key"],), "group_by_node": (["key"],), "index_many": (["key"],),
        "node": (0,), "report": (node, "ok"), "lost": (node, "key"), "owed": (node,), "repaid": ("key", 1),
        "refresh": (), "apply": ("{}",), "metrics": (), "metrics_text": (), "events": (), "__enter__": (),
    }  # fmt: skip
    allowed = {"close", "closed", "open", "from_spec"}
    public = {name for name in dir(router) if not name.startswith("_")} | {"__enter__"}
    for name in public - allowed:
        with pytest.raises(ringshift.ClosedError):
            getattr(router, name)(*calls[name]) if name in calls else getattr(router, name)
    # What was handed out stays good.
    assert route.invalidate[0].id
    assert node.address


def test_a_router_goes_when_nobody_holds_it() -> None:
    router = ringshift.Router.from_spec(spec(1, BLUE))
    gone = weakref.ref(router)
    route = router.route("user:1")
    del router
    gc.collect()
    assert gone() is None
    assert route.read is not None


def test_the_package_exports_what_it_says() -> None:
    for name in ringshift.__all__:
        assert getattr(ringshift, name) is not None
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", ringshift.__version__)
