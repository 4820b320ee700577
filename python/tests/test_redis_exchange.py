"""What the Redis adapters send below redis-py's `execute_command`, and that it is what redis-py would do."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis_servers import RedisServer
from specs import cluster, spec

import ringshift
from ringshift.adapters.redis import Redis, _exchange
from ringshift.adapters.redis.asyncio import Redis as AsyncRedis


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    started = RedisServer()
    yield started
    started.kill()


@pytest.fixture(params=["redis", "asyncio"])
def call(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Calls some of a client's methods, one after the other, and gives what they gave."""

    def threads(address: str, *calls: tuple[Any, ...], **options: Any) -> list[Any]:
        with ringshift.Router.from_spec(spec(1, cluster(f"a@{address}"))) as router, Redis(router, **options) as client:
            return [getattr(client, name)(*arguments) for name, *arguments in calls]

    async def tasks(address: str, *calls: tuple[Any, ...], **options: Any) -> list[Any]:
        with ringshift.Router.from_spec(spec(1, cluster(f"a@{address}"))) as router:
            async with AsyncRedis(router, **options) as client:
                return [await getattr(client, name)(*arguments) for name, *arguments in calls]

    return threads if request.param == "redis" else lambda *a, **named: asyncio.run(tasks(*a, **named))


CALLS = [
    ("set", "k", "v"), ("get", "k"), ("get_or_load", "k", dict), ("delete", "k"), ("delete", "k"), ("get", "k"),
    ("get_or_load", "k", lambda: "loaded"), ("get", "k"), ("set", "k", "v", 10), ("invalidate", "k"),
]  # fmt: skip
RESULTS = [True, b"v", b"v", 1, 0, None, b"loaded", b"loaded", True, None]


def test_a_command_is_packed_as_redis_py_packs_it() -> None:
    pack: Any = redis.Redis().connection_pool.make_connection().pack_command
    for command in (("GET", b"k"), ("DEL", b"a\r\nb"), ("SET", b"", b"\0" * 5000), ("SET", b"k", b"v", b"PX", b"10")):
        assert [_exchange.packed(command)] == pack(*command)
    assert _exchange.packed(("SET", b"k", b"x" * 10_000)) == b"".join(pack("SET", b"k", b"x" * 10_000))


@pytest.mark.parametrize("protocol", [2, 3])
def test_every_protocol_has_the_same_results(call: Callable[..., Any], server: RedisServer, protocol: int) -> None:
    server.run("FLUSHALL")
    assert call(server.address, *CALLS, protocol=protocol) == RESULTS


def test_with_telemetry_commands_go_through_the_client(
    call: Callable[..., Any], server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.run("FLUSHALL")
    seen: list[str] = []

    def watched(client: type[Any]) -> None:
        execute = client.execute_command

        def noting(self: Any, *command: Any, **options: Any) -> Any:
            seen.append(command[0])
            return execute(self, *command, **options)

        monkeypatch.setattr(client, "execute_command", noting)

    watched(redis.Redis)
    watched(redis.asyncio.Redis)
    wanted = ["SET", "GET", "GET", "DEL", "DEL", "GET", "GET", "GET", "SET", "DEL"]
    assert call(server.address, *CALLS) == RESULTS
    assert [name for name in seen if name in wanted] == []

    class Telemetry:
        def get_provider_manager(self) -> object:
            return self

    monkeypatch.setattr(_exchange, "get_observability_instance", Telemetry)
    server.run("FLUSHALL")
    assert call(server.address, *CALLS) == RESULTS
    assert [name for name in seen if name in wanted] == wanted


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_a_command_is_tried_as_often_as_by_redis_py(
    call: Callable[..., Any], server: RedisServer, retries: int
) -> None:
    got: list[bytes] = []

    def relay(listener: socket.socket) -> None:
        # Counts, and dies before it answers.
        while True:
            try:
                asked, _ = listener.accept()
            except OSError:
                return
            host, port = server.address.split(":")
            with asked, socket.create_connection((host, int(port))) as upstream:
                while data := asked.recv(4096):
                    if b"GET" in data:
                        got.append(data)
                        break
                    upstream.sendall(data)
                    asked.sendall(upstream.recv(4096))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=relay, args=(listener,), daemon=True).start()
        retry = (
            Retry(NoBackoff(), retries)
            if call.__name__ == "threads"
            else redis.asyncio.retry.Retry(NoBackoff(), retries)
        )
        assert call(f"127.0.0.1:{listener.getsockname()[1]}", ("get", "k"), retry=retry) == [None]
        ours = len(got)
        bare = redis.Redis("127.0.0.1", listener.getsockname()[1], retry=Retry(NoBackoff(), retries))
        with pytest.raises(redis.ConnectionError):
            bare.get("k")
        bare.close()
    assert ours == len(got) - ours == retries + 1


def test_with_a_cache_in_the_client_it_is_used() -> None:
    class Cached:
        """What redis-py's client has where a cache is on."""

        connection_pool = type("Pool", (), {"cache": object()})()

        def execute_command(self, *command: Any) -> Any:
            return command

    assert _exchange.ask(Cached(), ("GET", b"k")) == ("GET", b"k")


@pytest.mark.parametrize("own", [LookupError, KeyboardInterrupt])
def test_a_connection_is_given_up_when_its_reply_is_not_waited_for(own: type[BaseException]) -> None:
    """Where the exception comes between sending and reading, redis-py itself has not done so."""

    class Connection:
        retry = Retry(NoBackoff(), 1)
        done: list[str] = []  # noqa: RUF012

        def send_packed_command(self, _request: object) -> None:
            self.done.append("sent")

        def read_response(self) -> None:
            raise own("of the caller's")

        def should_reconnect(self) -> bool:
            return False

        def disconnect(self) -> None:
            self.done.append("disconnected")

    class Pool:
        cache = None

        def get_connection(self) -> Connection:
            return Connection()

        def release(self, connection: Connection) -> None:
            connection.done.append("released")

    with pytest.raises(own, match="of the caller's"):
        _exchange.ask(type("Bare", (), {"connection_pool": Pool()})(), ("DEL", b"k"))
    assert Connection.done == ["sent", "disconnected", "released"]


def test_ways_of_earlier_generations_are_forgotten(server: RedisServer) -> None:
    with ringshift.Router.from_spec(spec(1, cluster(f"a@{server.address}", prefix="1:"))) as router:
        with Redis(router) as client:
            for at in range(2, 12):
                client.set("k", at)
                assert server.get(f"{at - 1}:k") == b"%d" % at
                router.apply(spec(at, cluster(f"a@{server.address}", prefix=f"{at}:")))
            client.set("k", "last")
            assert server.get("11:k") == b"last"
            assert len(client._servers._ways) == 1

        async def main() -> None:
            async with AsyncRedis(router) as client:
                for at in range(12, 22):
                    await client.set("k", at)
                    assert server.get(f"{at - 1}:k") == b"%d" % at
                    router.apply(spec(at, cluster(f"a@{server.address}", prefix=f"{at}:")))
                await client.set("k", "last")
                assert len(client._servers._ways) == 1

        asyncio.run(main())


def says_nothing(router: ringshift.Router) -> None:
    """A read, an invalidation and a count that were not sent are reported as that, and no breaker is touched."""
    counts = {(each["op"], each["outcome"]): each["count"] for each in router.metrics()["requests"]}
    unsent = {(op, "unsent"): 1 for op in ("read", "invalidate", "fill")}
    assert counts == {("invalidate", "ok"): 1, **unsent}
    assert {each["state"] for each in router.metrics()["breakers"]} <= {"closed"}


def test_a_full_pool_says_nothing_about_the_node(server: RedisServer) -> None:
    server.run("FLUSHALL")
    text = spec(1, cluster(f"a@{server.address}"))
    with ringshift.Router.from_spec(text) as router, Redis(router, max_connections=1) as client:
        client.set("k", "v")
        pool = client._servers.client(server.address).connection_pool
        connection = pool.get_connection()
        assert client.get("k") is None
        with pytest.raises(ringshift.InvalidationLostError):
            client.delete("k")
        with pytest.raises(redis.exceptions.MaxConnectionsError):
            client.incr("n")
        says_nothing(router)
        pool.release(connection)
        # The value is there, and is not read: it is removed now that this can be sent.
        assert server.get("k") == b"v"
        assert client.get("k") is None
        assert server.get("k") is None
        client.set("k", "w")
        assert client.get("k") == b"w"


def test_a_full_pool_says_nothing_about_the_node_in_asyncio(server: RedisServer) -> None:
    async def main() -> None:
        with ringshift.Router.from_spec(spec(1, cluster(f"a@{server.address}"))) as router:
            async with AsyncRedis(router, max_connections=1) as client:
                await client.set("k", "v")
                pool = client._servers.client(server.address).client.connection_pool
                connection = await pool.get_connection()
                assert await client.get("k") is None
                with pytest.raises(ringshift.InvalidationLostError):
                    await client.delete("k")
                with pytest.raises(redis.exceptions.MaxConnectionsError):
                    await client.incr("n")
                says_nothing(router)
                await pool.release(connection)
                # As above.
                assert server.get("k") == b"v"
                assert await client.get("k") is None
                assert server.get("k") is None
                await client.set("k", "w")
                assert await client.get("k") == b"w"

    server.run("FLUSHALL")
    asyncio.run(main())


def test_of_many_keys_those_that_the_server_has_removed_are_not_lost(server: RedisServer) -> None:
    server.run("FLUSHALL")
    text = spec(1, cluster(f"a@{server.address}"), breaker={"failures": 100, "rate": 1, "cluster_rate": 1})
    user = {"username": "some", "password": "p"}
    server.run("ACL", "SETUSER", "some", "on", ">p", "~ours:*", "+@all")
    with ringshift.Router.from_spec(text) as router, Redis(router, **user) as client:
        for keys in (("ours:1", "theirs", "ours:2"), ("theirs", "theirs:2")):
            for key in keys:
                server.run("SET", key, "v")
            for method, arguments in (("delete", keys), ("mset", (dict.fromkeys(keys, "w"),))):
                with pytest.raises(ringshift.InvalidationLostError) as raised:
                    getattr(client, method)(*arguments)
                assert [lost.key.decode() for lost in raised.value.lost] == [key for key in keys if key[0] == "t"]
        assert router.route("ours:1").read is not None
        assert router.route("theirs").read is None

    async def main() -> None:
        with ringshift.Router.from_spec(text) as router:
            async with AsyncRedis(router, **user) as client:
                with pytest.raises(ringshift.InvalidationLostError) as raised:
                    await client.delete("ours:1", "theirs", "ours:2")
                assert [lost.key for lost in raised.value.lost] == [b"theirs"]

    asyncio.run(main())
