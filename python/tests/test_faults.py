"""Nodes that are killed, hang, are slow, refuse or flap, under traffic: the same on real servers for every adapter.

This is the one place where tests measure time. A client's timeout is far above what a busy machine takes for a request,
and what is counted are calls: those that waited for a node, and those that took longer than one timeout by far.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from redis_servers import RedisServer
from scenes import BOTH, DESTINATION, ONE_CLUSTER, SOURCE, TIMEOUT, Each, Scene, Setting
from servers import Relay, Server, until
from traffic import READERS, Callers, Tasks, Threads, version

import ringshift
from ringshift.adapters.pymemcache import Client
from ringshift.adapters.redis import Redis
from ringshift.adapters.redis.asyncio import Redis as AsyncRedis

BREAKER = {"failures": 3, "open": "200ms", "max_open": "2s"}
# Never opens for a node that is reached.
NO_BREAKER = {"failures": 100, "rate": 1, "cluster_rate": 1, "min_requests": 1_000_000}


def pymemcache(router: ringshift.Router) -> Callers:
    return Threads(Client(router, timeout=TIMEOUT, connect_timeout=TIMEOUT))


def redis(router: ringshift.Router) -> Callers:
    return Threads(Redis(router, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT))


def redis_asyncio(router: ringshift.Router) -> Callers:
    return Tasks(lambda: AsyncRedis(router, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT))


ADAPTERS: dict[Callable[[ringshift.Router], Callers], type[Server | RedisServer]] = {
    pymemcache: Server,
    redis: RedisServer,
    redis_asyncio: RedisServer,
}


@pytest.fixture(scope="module")
def running() -> Iterator[Callable[[type[Server | RedisServer], str], dict[str, Any]]]:
    """Servers of each kind by their names, started when they are first needed."""
    servers: dict[type[Server | RedisServer], dict[str, Any]] = {}

    def of(kind: type[Server | RedisServer], names: str) -> dict[str, Any]:
        started = servers.setdefault(kind, {})
        for name in names:
            if name not in started:
                started[name] = kind()
                continue
            started[name].resume()
            # What the test before left on it is gone then.
            started[name].kill()
            started[name].start()
        return {name: started[name] for name in names}

    try:
        yield of
    finally:
        for started in servers.values():
            for server in started.values():
                server.kill()


@pytest.fixture(params=ADAPTERS, ids=lambda adapter: adapter.__name__)
def scene(request: pytest.FixtureRequest, running: Any) -> Callable[..., Any]:
    """Makes the scene of a test."""

    @contextmanager
    def make(
        setting: Setting = ONE_CLUSTER,
        *,
        relayed: bool = False,
        breaker: dict[str, Any] = BREAKER,
        repeats: bool = True,
    ) -> Iterator[Scene]:
        servers = running(ADAPTERS[request.param], setting.blue + setting.green)
        relays = {name: Relay(name, servers[name], []) for name in setting.faulty if relayed}
        try:
            made = Scene(request.param, setting, servers, relays, breaker, repeats=repeats)
            try:
                yield made
            finally:
                made.node.resume()
                made.close()
        finally:
            Each(*relays.values()).close()

    return make


def comes_back(at: Scene, since: float) -> dict[str, int]:
    """Starts a node that nobody could connect to from a moment on; how requests ended until then."""
    at.wait_until_opened()
    at.let_read(1000)
    till = time.monotonic()
    outcomes = at.outcomes()
    at.node.start()
    at.wait_until_closed()
    waited, writes = at.check(since, till)
    assert waited <= 0.01
    assert writes
    assert all(isinstance(call.result, ringshift.InvalidationLostError) for call in writes)
    return outcomes


def test_a_node_that_is_killed_and_started_again(scene: Any) -> None:
    with scene() as at:
        at.traffic.start()
        at.let_read(300)
        at.node.kill()
        assert comes_back(at, time.monotonic())["unreachable"] > 0


def test_a_node_that_refuses_until_it_listens(scene: Any) -> None:
    with scene() as at:
        at.node.kill()
        since = time.monotonic()
        at.traffic.start()
        # Every failure was one of connecting, and the first one opened the breaker.
        assert not {"error", "timeout"} & comes_back(at, since).keys()


@pytest.mark.parametrize(
    "setting", [ONE_CLUSTER, SOURCE, DESTINATION, BOTH], ids=["alone", "source", "destination", "both"]
)
def test_a_node_that_hangs_and_goes_on(scene: Any, setting: Setting) -> None:
    # In a ramp nobody sends again what was lost, and what was before it is not read all the same.
    with scene(setting, relayed=True, repeats=setting is ONE_CLUSTER) as at:
        at.traffic.start()
        at.let_read(300)
        # What was sent to a node that hangs may reach it when it goes on. Removals get lost here, so that it comes back
        # with what it had.
        at.relay.delay = lambda line: 60 if line == "DEL" or line.startswith("delete ") else 0
        at.node.pause()
        since = time.monotonic()
        at.wait_until_opened()
        arrived, opened = at.reads_that_arrived(), at.openings()
        at.let_read(2000)
        until(lambda: at.traffic.wrong or len(at.writes(since)) >= 2)
        more_arrived, more_opened = at.reads_that_arrived() - arrived, at.openings() - opened
        till = time.monotonic()
        at.relay.delay = lambda _: 0
        at.relay.drop()
        # What it had is not to be removed before somebody may have read it.
        at.traffic.resting = True
        at.node.resume()
        at.wait_until_closed()
        at.let_read(300)
        at.traffic.resting = False
        waited, writes = at.check(since, till)
        assert waited <= 0.01
        # Probes, the last of which may not have ended, and what was on its way when the breaker opened.
        assert more_arrived <= more_opened + len(setting.faulty) + READERS
        assert all(isinstance(call.result, ringshift.InvalidationLostError) for call in writes)
        assert at.outcomes()["timeout"] > 0


def test_what_it_has_when_it_goes_on_is_not_read_though_nobody_writes_again(scene: Any) -> None:
    with scene(relayed=True, repeats=False) as at:
        at.traffic.start()
        at.let_read(300)
        at.relay.delay = lambda line: 60 if line == "DEL" or line.startswith("delete ") else 0
        at.node.pause()
        at.wait_until_opened()
        until(lambda: at.traffic.wrong or len(at.traffic.owed) >= 4)
        at.traffic.resting = True
        at.relay.delay = lambda _: 0
        at.relay.drop()
        at.node.resume()
        # The traffic looks at every read: none is older than a write that was lost.
        until(lambda: at.traffic.wrong or at.router.metrics()["owed"]["keys"] == 0)
        at.let_read(500)
        at.traffic.stop()
        assert at.traffic.wrong == []
        assert at.router.metrics()["owed"]["repaid"] >= len(at.traffic.owed)
        # From then on no other process reads it either.
        with ringshift.Router.from_spec(at.text) as router:
            others = at.adapter(router)
            try:
                for key in at.traffic.owed:
                    found = others.call("get", key)
                    assert found is None or version(found) == at.traffic.written[key]
            finally:
                others.close()


def test_without_breakers_every_read_of_a_node_that_hangs_waits(scene: Any) -> None:
    """That the counts of these tests would tell."""
    with scene(relayed=True, breaker=NO_BREAKER) as at:
        at.traffic.start()
        at.let_read(300)
        at.node.pause()
        since = time.monotonic()
        until(lambda: at.traffic.wrong or at.waiting(since) >= READERS)
        till = time.monotonic()
        assert at.breakers() == [("closed", 0)]
        at.node.resume()
        waited, _ = at.check(since, till)
        assert waited >= 0.05


def test_a_node_that_is_slow_in_part(scene: Any) -> None:
    with scene(relayed=True) as at:
        slow = {*at.mine[:6]}
        at.traffic.start()
        at.let_read(300)
        at.relay.delay = lambda line: 1.6 * TIMEOUT if slow.intersection(line.split()) else 0
        since = time.monotonic()
        at.wait_until_opened()
        at.let_read(2500)
        until(lambda: at.traffic.wrong or slow.intersection(call.key for call in at.writes(since)))
        till = time.monotonic()
        at.relay.delay = lambda _: 0
        at.wait_until_closed()
        waited, writes = at.check(since, till)
        assert waited <= 0.01
        lost = [call for call in writes if call.key in slow]
        assert lost
        assert all(isinstance(call.result, ringshift.InvalidationLostError) for call in lost)


def test_a_node_that_flaps(scene: Any) -> None:
    with scene(breaker={**BREAKER, "open": "50ms"}) as at:
        at.traffic.start()
        at.let_read(300)
        since = time.monotonic()
        for _ in range(3):
            opened = at.openings()
            at.node.kill()
            at.wait_until_opened(opened)
            at.let_read(200)
            at.node.start()
            at.wait_until_closed()
        till = time.monotonic()
        waited, _ = at.check(since, till)
        assert waited <= 0.01
        assert at.openings() >= 3
