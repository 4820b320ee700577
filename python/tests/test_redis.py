"""The Redis adapters on real servers: the same tests for redis-py's client and its asyncio twin."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from redis_servers import RedisServer
from specs import cluster, final, spec

import ringshift
from ringshift.adapters.redis import Redis, _scripts
from ringshift.adapters.redis.asyncio import Redis as AsyncRedis

KEYS = [f"user:{at}" for at in range(60)]
STAGES = ["none", "prepare", "ramp", "soak"]


class Awaited:
    """The asyncio client, with methods that wait for what it gives."""

    def __init__(self, router: ringshift.Router, **options: Any) -> None:
        self.runner = asyncio.Runner()
        self.client = AsyncRedis(router, **options)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def call(*arguments: Any, **named: Any) -> Any:
            return await getattr(self.client, name)(*arguments, **named)

        return lambda *arguments, **named: self.runner.run(call(*arguments, **named))

    def close(self) -> None:
        self.runner.run(self.client.aclose())
        self.runner.close()


@pytest.fixture(scope="module")
def _redises() -> Iterator[list[RedisServer]]:
    servers: list[RedisServer] = []
    try:
        for _ in range(4):
            servers.append(RedisServer())  # noqa: PERF401
        yield servers
    finally:
        for server in servers:
            server.kill()


@pytest.fixture
def servers(_redises: list[RedisServer]) -> Iterator[list[RedisServer]]:
    """Four empty servers. A test may kill or pause them."""
    for server in _redises:
        server.run("FLUSHALL")
    yield _redises
    for server in _redises:
        server.resume()
        if server.process.poll() is not None:
            server.start()


Open = Callable[..., tuple[ringshift.Router, Any]]


@pytest.fixture(params=["redis", "asyncio"])
def serving(request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens routers with clients, and closes them."""
    opened: list[tuple[ringshift.Router, Any]] = []

    def open_(text: str, **options: Any) -> tuple[ringshift.Router, Any]:
        router = ringshift.Router.from_spec(text)
        client = (Redis if request.param == "redis" else Awaited)(router, **options)
        opened.append((router, client))
        return router, client

    yield open_
    for router, client in opened:
        client.close()
        router.close()


def blue(nodes: list[RedisServer]) -> dict[str, Any]:
    return cluster(f"a@{nodes[0].address}", f"b@{nodes[1].address}")


def green(nodes: list[RedisServer], **more: Any) -> dict[str, Any]:
    return cluster(f"c@{nodes[2].address}", f"d@{nodes[3].address}", prefix="g1:", **more)


def moving(nodes: list[RedisServer], stage: str, percent: float = 50, generation: int = 2, **more: Any) -> str:
    return spec(generation, blue(nodes), green(nodes), stage, percent, **more)


def source_of(router: ringshift.Router, servers: list[RedisServer], key: str) -> RedisServer:
    address = router.route(key).invalidate[0].address
    return next(server for server in servers if server.address == address)


def where(servers: list[RedisServer], key: str) -> set[str]:
    held = {"blue" for server in servers[:2] if server.get(key) is not None}
    return held | {"green" for server in servers[2:] if server.get(f"g1:{key}") is not None}


def test_every_adapter_sends_the_same_scripts() -> None:
    folder = Path(__file__).resolve().parents[2] / "tests" / "conformance"
    for name, script in (("lease", _scripts.LEASE), ("fill", _scripts.FILL)):
        text = (folder / f"{name}.lua").read_text()
        assert script.text == text
        assert script.sha == hashlib.sha1(text.encode()).hexdigest()


def test_commands_mean_what_they_mean_in_redis(servers: list[RedisServer], serving: Open) -> None:
    _, client = serving(spec(1, blue(servers)), decode_responses=True)
    assert client.set("k", "v") is True
    assert client.get("k") == "v"
    assert client.get(b"k") == "v"
    assert client.set("k", "w", nx=True) is None
    assert client.set("k", "w", xx=True, ex=100) is True
    assert client.set("other", "w", xx=True) is None
    assert client.setnx("k", "x") is False
    assert client.setnx("n", 1) is True
    assert client.get("n") == "1"
    assert 99 <= client.ttl("k") <= 100
    assert client.ttl("n") == -1
    assert client.ttl("nobody") == -2
    assert client.setex("k", timedelta(seconds=50), "y") is True
    assert 49_000 < client.pttl("k") <= 50_000
    assert client.psetex("k", 1500, "y") is True
    assert 0 < client.pttl("k") <= 1500
    assert client.expire("k", 70) is True
    assert 69 <= client.ttl("k") <= 70
    assert client.pexpire("nobody", 70) is False
    assert client.mset({key: key for key in KEYS}) is True
    assert client.mget(KEYS, "nobody") == [*KEYS, None]
    assert client.mget("k") == ["y"]
    assert client.exists("k", "nobody", *KEYS[:3]) == 4
    assert client.delete("k", "nobody", *KEYS[:3]) == 4
    assert client.unlink(KEYS[3]) == 1
    assert client.invalidate(KEYS[4]) is None
    assert client.mget(KEYS[:6]) == [None] * 5 + [KEYS[5]]
    assert client.incr("number") == 1
    assert client.incrby("number", 5) == 6
    assert client.decr("number") == 5
    assert client.append("text", "ab") == 2
    assert client.ping() is True
    assert client.flushdb() is True
    assert client.get("n") is None


def test_what_cannot_be_right_is_refused(servers: list[RedisServer], serving: Open) -> None:
    _, client = serving(moving(servers, "ramp", 100))
    for options in ({"get": True}, {"keepttl": True}, {"nx": True, "xx": True}, {"ex": 0}, {"ex": 1, "px": 1}):
        with pytest.raises(ringshift.InvalidArgumentError):
            client.set("k", "v", **options)
    with pytest.raises(ringshift.InvalidArgumentError, match="migration"):
        client.incr("k")
    with pytest.raises(ringshift.InvalidArgumentError, match="migration"):
        client.append("k", "v")
    with pytest.raises(redis.DataError):
        client.set("k", object())
    servers[2].run("LPUSH", "g1:list", "x")
    servers[3].run("LPUSH", "g1:list", "x")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        client.get("list")
    for option in ("host", "connection_pool"):
        with pytest.raises(ringshift.InvalidArgumentError, match=option):
            serving(moving(servers, "ramp"), **{option: None})
    with pytest.raises(TypeError):
        serving(moving(servers, "ramp"), no_such_option=1)


def test_the_whole_way_keeps_every_value(servers: list[RedisServer], serving: Open) -> None:
    router, client = serving(spec(1, blue(servers)))
    values = {key: f"\0\xff value of {key}".encode("latin-1") for key in KEYS}
    client.mset(values)
    steps = [
        moving(servers, "prepare", generation=2),
        *[moving(servers, "ramp", percent, generation=3 + at) for at, percent in enumerate((10, 50, 100))],
        moving(servers, "soak", generation=8),
        final(9, green(servers)),
    ]
    for text in steps:
        assert router.apply(text) is True
        assert [client.get(key) for key in KEYS[:20]] == [values[key] for key in KEYS[:20]]
        assert client.mget(KEYS) == [*values.values()]
    assert [r for r in router.metrics()["requests"] if r["outcome"] in {"error", "timeout"}] == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_write_leaves_nothing_old(servers: list[RedisServer], serving: Open, stage: str) -> None:
    router, client = serving(moving(servers, stage))
    writes: list[Callable[[str], Any]] = [
        lambda key: client.set(key, b"new"), lambda key: client.mset({key: b"new"}), client.delete, client.invalidate
    ]  # fmt: skip
    for write in writes:
        for key in KEYS[:10]:
            for node in router.route(key).invalidate:
                server = next(server for server in servers if server.address == node.address)
                server.run("SET", node.key_prefix + key, "old")
            write(key)
            assert client.get(key) in {None, b"new"}
            read = (
                {"blue"}
                if stage in {"none", "prepare"} or (not router.route(key).moved and stage == "ramp")
                else {"green"}
            )
            assert where(servers, key) <= read


def test_a_copy_keeps_the_time_that_is_left_to_the_millisecond(servers: list[RedisServer], serving: Open) -> None:
    router, client = serving(moving(servers, "ramp", 100))
    for at, read in enumerate((client.get, lambda key: client.mget([key])[0])):
        for key, arguments in ((f"for ever {at}", ()), (f"for some time {at}", ("PX", 50_500))):
            source_of(router, servers, key).run("SET", key, "v", *arguments)
            assert read(key) == b"v"
            node = router.route(key).invalidate[1]
            target = next(server for server in servers if server.address == node.address)
            left = target.run("PTTL", f"g1:{key}")
            assert left == -1 if not arguments else 40_000 < left <= 50_500


def test_max_ttl_bounds_everything(servers: list[RedisServer], serving: Open) -> None:
    router, client = serving(moving(servers, "ramp", 100, max_ttl="60s"))
    source_of(router, servers, "copied").run("SET", "copied", "v")
    client.get("copied")
    client.set("set", "v")
    client.get_or_load("loaded", lambda: "v", 500)
    for key in ("copied", "set", "loaded"):
        node = router.route(key).invalidate[1]
        target = next(server for server in servers if server.address == node.address)
        assert 50_000 < target.run("PTTL", f"g1:{key}") <= 60_000


def test_a_load_is_stored_unless_an_invalidation_came_in_between(servers: list[RedisServer], serving: Open) -> None:
    router, client = serving(moving(servers, "ramp", 100))
    other = Redis(router)
    assert client.get_or_load("k", lambda: b"\0\r\n\xff", 100) == b"\0\r\n\xff"
    assert client.get_or_load("k", lambda: pytest.fail("it is cached")) == b"\0\r\n\xff"
    assert 90 <= client.ttl("k") <= 100

    def overtaken() -> bytes:
        assert other.get("l") is None, "a lease is a miss"
        assert other.mget("l") == [None]
        other.invalidate("l")
        return b"old"

    assert client.get_or_load("l", overtaken) == b"old"
    assert client.get("l") is None

    def overtaken_and_loaded_again() -> bytes:
        other.invalidate("m")
        other.get_or_load("m", lambda: b"new")
        return b"old"

    assert client.get_or_load("m", overtaken_and_loaded_again) == b"old"
    assert client.get("m") == b"new"
    assert client.get_or_load("nothing", lambda: None) is None
    with pytest.raises(IndexError):
        client.get_or_load("nothing", [].pop)
    other.close()


def test_a_restart_forgets_scripts_and_leases(servers: list[RedisServer], serving: Open) -> None:
    _, client = serving(spec(1, cluster(f"a@{servers[0].address}")))
    assert client.get_or_load("k", lambda: b"1") == b"1"

    def restart() -> bytes:
        servers[0].kill()
        servers[0].start()
        return b"old"

    assert client.get_or_load("l", restart) == b"old"
    assert client.get("l") is None
    assert client.get_or_load("l", lambda: b"2") == b"2"
    assert client.get("l") == b"2"
    servers[0].run("SCRIPT", "FLUSH")
    assert client.get_or_load("m", lambda: b"3") == b"3"
    assert client.get("m") == b"3"


def test_a_dead_node_is_a_miss_and_its_invalidation_an_error(servers: list[RedisServer], serving: Open) -> None:
    router, client = serving(moving(servers, "ramp", 100))
    client.mset(dict.fromkeys(KEYS, "v"))
    servers[2].kill()
    dead = [key for key in KEYS if router.route(key).invalidate[1].id == "c"]
    assert client.mget(KEYS) == [None if key in dead else b"v" for key in KEYS]
    with pytest.raises(ringshift.InvalidationLostError) as lost:
        client.invalidate(dead[0])
    assert [(one.cluster, one.node, one.key) for one in lost.value.lost] == [("green", "c", dead[0].encode())]
    assert client.get_or_load(dead[0], lambda: "7") == b"7"


def test_a_node_that_hangs_is_given_up_in_time(servers: list[RedisServer], serving: Open) -> None:
    router, client = serving(spec(1, blue(servers)), socket_timeout=0.1)
    client.mset(dict.fromkeys(KEYS, "v"))
    servers[0].pause()
    hung = next(key for key in KEYS if router.route(key).invalidate[0].id == "a")
    assert client.get(hung) is None
    assert any(r["outcome"] == "timeout" for r in router.metrics()["requests"])
    with pytest.raises(ringshift.InvalidationLostError):
        client.set(hung, "w")


def test_a_full_server_refuses_a_value_and_loses_the_old_one(serving: Open) -> None:
    server = RedisServer("--maxmemory", "3mb", "--maxmemory-policy", "noeviction")
    try:
        router, client = serving(spec(1, cluster(f"a@{server.address}")))
        client.set("k", "old")
        with pytest.raises(redis.OutOfMemoryError):
            client.mset({f"fill:{at}": "x" * 100_000 for at in range(100)})
        with pytest.raises(redis.OutOfMemoryError):
            client.set("k", "x" * 100_000)
        assert client.get("k") is None
        assert client.get_or_load("l", lambda: "v") == b"v"
        assert all(breaker["state"] == "closed" for breaker in router.metrics()["breakers"])
    finally:
        server.kill()


def test_replicas_are_filled_and_read_past_a_dead_one(servers: list[RedisServer], serving: Open) -> None:
    nodes = [f"n{at}@{server.address}" for at, server in enumerate(servers)]
    router, client = serving(spec(1, cluster(*nodes, replicas=3)))
    client.get_or_load("k", lambda: b"1")
    route = router.route("k")
    assert route.read is not None
    held = [next(server for server in servers if server.address == node.address) for node in route.read.nodes]
    assert [server.get("k") for server in held] == [b"1"] * 3
    held[0].kill()
    assert client.get("k") == b"1"


def test_an_address_that_left_the_spec_is_let_go(servers: list[RedisServer], serving: Open) -> None:
    router, client = serving(spec(1, blue(servers)))
    client.mset(dict.fromkeys(KEYS, "v"))
    router.apply(spec(2, cluster(f"c@{servers[2].address}")))
    client.get("k")
    kept = (client.client if isinstance(client, Awaited) else client)._servers.clients
    assert [*kept] == [servers[2].address]


def test_tasks_share_a_load_by_the_rules(servers: list[RedisServer]) -> None:
    async def main() -> None:
        with ringshift.Router.from_spec(spec(1, blue(servers))) as router:
            async with AsyncRedis(router, decode_responses=True) as client:
                versions = iter(range(1, 100))
                begun, go_on = asyncio.Event(), asyncio.Event()

                async def load() -> int:
                    version = next(versions)
                    begun.set()
                    await go_on.wait()
                    return version

                async def together(*, write: bool) -> list[str]:
                    begun.clear()
                    go_on.clear()
                    early = asyncio.create_task(client.get_or_load("k", load))
                    await begun.wait()
                    if write:
                        await client.invalidate("k")
                    late = [asyncio.create_task(client.get_or_load("k", load)) for _ in range(5)]
                    await asyncio.sleep(0.05)
                    go_on.set()
                    return [await early, *[await task for task in late]]

                assert await together(write=False) == ["1"] * 6
                await client.invalidate("k")
                assert await together(write=True) == ["2"] + ["3"] * 5
                # Whoever leads may be cancelled; the others go on.
                await client.invalidate("k")
                go_on.clear()
                begun.clear()
                leader = asyncio.create_task(client.get_or_load("k", load))
                await begun.wait()
                other = asyncio.create_task(client.get_or_load("k", load))
                await asyncio.sleep(0.05)
                leader.cancel()
                go_on.set()
                assert await other == "5"

    asyncio.run(main())


@pytest.mark.parametrize("write", ["invalidate", "set", "mset"])
def test_a_cancelled_invalidation_goes_on_by_itself(servers: list[RedisServer], write: str) -> None:
    old, new = servers[:2]
    router = ringshift.Router.from_spec(
        spec(1, cluster(f"a@{old.address}", kind="modulo"), cluster(f"b@{new.address}", prefix="g1:"), "ramp", 50)
    )
    held = {old.address: old, new.address: new}[router.route("k").invalidate[0].address]

    async def main() -> None:
        async with AsyncRedis(router, socket_timeout=5) as client:
            for server in (old, new):
                for key in (b"k", b"g1:k"):
                    server.run("SET", key, "old")
            held.pause()
            try:
                arguments: dict[str, tuple[Any, ...]] = {
                    "invalidate": ("k",),
                    "set": ("k", "new"),
                    "mset": ({"k": "new"},),
                }
                task = asyncio.create_task(getattr(client, write)(*arguments[write]))
                await asyncio.sleep(0.1)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            finally:
                held.resume()
            while old.run("EXISTS", "k") or new.run("EXISTS", "g1:k"):  # noqa: ASYNC110 - servers have no event for it
                await asyncio.sleep(0.01)
            assert not any(debt["lost"] for debt in router.metrics()["debts"])

    asyncio.run(asyncio.wait_for(main(), 20))


def test_a_cancelled_invalidation_that_cant_go_on_is_a_debt(servers: list[RedisServer]) -> None:
    old, new = servers[:2]
    router = ringshift.Router.from_spec(
        spec(1, cluster(f"a@{old.address}", kind="modulo"), cluster(f"b@{new.address}", prefix="g1:"), "ramp", 50)
    )

    async def main() -> None:
        client = AsyncRedis(router)
        task = asyncio.create_task(client.invalidate("k"))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.1)
        # And with the loop ends what is left of it.

    first = {old.address: old, new.address: new}[router.route("k").invalidate[0].address]
    first.pause()
    try:
        asyncio.run(main())
    finally:
        first.resume()
    assert [debt["lost"] for debt in router.metrics()["debts"]] == [1, 1]


def test_a_counter_is_never_sent_twice(servers: list[RedisServer]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        got: list[bytes] = []

        def relay() -> None:
            # Counts, and dies before it answers.
            while True:
                try:
                    asked, _ = listener.accept()
                except OSError:
                    return
                host, port = servers[0].address.split(":")
                with asked, socket.create_connection((host, int(port))) as server:
                    while data := asked.recv(4096):
                        server.sendall(data)
                        answer = server.recv(4096)
                        if b"INCRBY" in data:
                            got.append(data)
                            break
                        asked.sendall(answer)

        threading.Thread(target=relay, daemon=True).start()
        router = ringshift.Router.from_spec(spec(1, cluster(f"a@127.0.0.1:{listener.getsockname()[1]}")))
        for client in (Redis(router), Awaited(router)):
            servers[0].run("SET", "n", 1)
            with pytest.raises(redis.ConnectionError):
                client.incr("n")
            assert servers[0].get("n") == b"2"
            client.close()
        assert len(got) == 2


def test_a_child_that_is_forked_while_a_client_is_made_makes_its_own(servers: list[RedisServer]) -> None:
    router = ringshift.Router.from_spec(spec(1, cluster(f"a@{servers[0].address}")))
    with Redis(router) as client:
        servers[0].run("SET", "k", b"1")
        # What another thread does at that moment.
        with client._servers._lock:
            child = os.fork()
            if child == 0:
                signal.alarm(10)
                os._exit(client.get("k") != b"1")
        _, status = os.waitpid(child, 0)
        assert status == 0
