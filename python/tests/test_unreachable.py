"""What is reported of a node to which no connection can be made, and that nothing else is reported so."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from pymemcache.exceptions import MemcacheUnexpectedCloseError
from redis_servers import RedisServer
from servers import Server
from specs import cluster, spec

import ringshift
from ringshift.adapters._connecting import connecting, connecting_fault
from ringshift.adapters.pymemcache import Client
from ringshift.adapters.redis import Redis
from ringshift.adapters.redis.asyncio import Redis as AsyncRedis

Calls = Callable[..., list[tuple[str, str]]]


@pytest.fixture(params=["pymemcache", "redis", "asyncio"])
def adapter(request: pytest.FixtureRequest) -> str:
    """The adapter's name."""
    name: str = request.param
    return name


@pytest.fixture
def outcomes(adapter: str) -> Calls:
    """Reads, invalidates and counts, and gives ops and outcomes of what failed."""

    def call(address: str, between: Callable[[], None] | None = None, **options: Any) -> list[tuple[str, str]]:
        names = "timeout", "connect_timeout"
        seconds = options.pop("seconds", 5)
        options.update({name if adapter == "pymemcache" else f"socket_{name}": seconds for name in names})
        with ringshift.Router.from_spec(spec(1, cluster(f"a@{address}"))) as router:
            if adapter == "asyncio":
                asyncio.run(tasks(router, between, options))
            else:
                with (Client if adapter == "pymemcache" else Redis)(router, **options) as client:
                    if between is not None:
                        assert client.get("k") is None
                        between()
                    assert client.get("k") is None
                    with suppress(ringshift.InvalidationLostError):
                        client.delete("k")
                    with suppress(OSError, MemcacheUnexpectedCloseError, redis.RedisError):
                        client.incr("n", 1)
            return failures(router)

    async def tasks(router: ringshift.Router, between: Callable[[], None] | None, options: dict[str, Any]) -> None:
        async with AsyncRedis(router, **options) as client:
            if between is not None:
                assert await client.get("k") is None
                between()
            assert await client.get("k") is None
            with suppress(ringshift.InvalidationLostError):
                await client.delete("k")
            with suppress(redis.RedisError):
                await client.incr("n", 1)

    return call


def failures(router: ringshift.Router) -> list[tuple[str, str]]:
    """What was reported of failed requests: ops and outcomes."""
    wanted = {"error", "timeout", "unreachable"}
    requests = router.metrics()["requests"]
    return sorted((each["op"], each["outcome"]) for each in requests if each["outcome"] in wanted)


def started(adapter: str, *options: str) -> Server | RedisServer:
    return Server(*options) if adapter == "pymemcache" else RedisServer(*options)


def all_of(outcome: str) -> list[tuple[str, str]]:
    return [("fill", outcome), ("invalidate", outcome), ("read", outcome)]


def test_a_node_that_refuses(outcomes: Calls) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert outcomes(f"127.0.0.1:{port}") == all_of("unreachable")


def test_a_name_that_nobody_knows_or_can_know(outcomes: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    find = socket.getaddrinfo

    def ask_nobody(host: Any, *arguments: Any, **named: Any) -> Any:
        if host == "no-such-host.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return find(host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", ask_nobody)
    for name in ("no-such-host.invalid", "a" * 64 + ".invalid"):
        assert outcomes(f"{name}:1") == all_of("unreachable")


def test_a_socket_that_is_not_there(outcomes: Calls, tmp_path: Path) -> None:
    assert outcomes(str(tmp_path / "socket")) == all_of("unreachable")


def test_a_connect_that_is_not_answered_in_time(outcomes: Calls) -> None:
    """As of a machine that is off: the kernel answers no more than its queue of connections has room for."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        try:
            for _ in range(3):
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex(listener.getsockname())
                waiting.append(one)
            assert outcomes(f"127.0.0.1:{listener.getsockname()[1]}", seconds=0.2) == all_of("unreachable")
        finally:
            for one in waiting:
                one.close()


def closed(router: ringshift.Router) -> bool:
    metrics = router.metrics()
    return all(each["state"] == "closed" for each in (*metrics["breakers"], *metrics["cluster_breakers"]))


def test_a_node_that_cannot_be_reached_is_left_alone_at_once(servers: list[Server]) -> None:
    server = servers[0]
    text = spec(1, cluster(f"a@{server.address}"), breaker={"failures": 100, "open": "20ms"})
    with ringshift.Router.from_spec(text) as router, Client(router) as client:
        client.set("k", b"1")
        server.kill()
        assert client.get("k") is None
        assert failures(router) == [("read", "unreachable")]
        assert router.metrics()["breakers"][0]["opened"] == 1
        with pytest.raises(ringshift.InvalidationLostError) as raised:
            client.delete("k")
        assert isinstance(raised.value.__cause__, ConnectionRefusedError)
        with pytest.raises(ConnectionRefusedError):
            client.incr("n", 1)
        assert failures(router) == all_of("unreachable")
        server.start()
        # The cluster has a breaker of its own, and this node alone.
        while not closed(router):
            assert client.get("k") is None
        assert client.set("k", b"2") is True
        assert client.get("k") == b"2"


def test_a_node_that_hangs_is_reached(adapter: str, outcomes: Calls) -> None:
    server = started(adapter)
    try:
        server.pause()
        assert outcomes(server.address, seconds=0.4) == all_of("timeout")
    finally:
        server.kill()


def test_a_connection_that_died_is_replaced(adapter: str, outcomes: Calls) -> None:
    server = started(adapter)
    try:

        def restart() -> None:
            server.kill()
            server.start()

        assert outcomes(server.address, restart) == []
        assert outcomes(server.address, server.kill) == all_of("unreachable")
    finally:
        server.kill()


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """The address of a server that does this with every connection."""

    def serve() -> None:
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            with one, suppress(OSError):
                answer(one)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_connection_that_is_closed_at_once_was_made(outcomes: Calls) -> None:
    with answering(lambda one: None) as address:
        assert outcomes(address) == all_of("error")


@pytest.mark.parametrize("adapter", ["redis", "asyncio"])
def test_a_node_that_refuses_the_password_is_reached(outcomes: Calls) -> None:
    server = RedisServer("--requirepass", "secret")
    try:
        assert outcomes(server.address, password="wrong") == all_of("error")
    finally:
        server.kill()


def tls(adapter: str) -> dict[str, Any]:
    return {"tls_context": ssl.create_default_context()} if adapter == "pymemcache" else {"ssl": True}


def test_what_refuses_the_handshake_of_tls_is_reached(adapter: str, outcomes: Calls) -> None:
    with answering(lambda one: one.sendall(b"-ERR no such command\r\n")) as address:
        assert outcomes(address, **tls(adapter)) == all_of("error")
    with answering(lambda one: None) as address:
        assert outcomes(address, **tls(adapter)) == all_of("error")


def test_what_hangs_in_the_handshake_of_tls_is_reached(adapter: str, outcomes: Calls) -> None:
    def wait(one: socket.socket) -> None:
        while one.recv(4096):
            pass

    with answering(wait) as address:
        assert outcomes(address, seconds=0.2, **tls(adapter)) == all_of("timeout")


def test_what_refuses_before_tls_is_not_reached(adapter: str, outcomes: Calls) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert outcomes(f"127.0.0.1:{port}", **tls(adapter)) == all_of("unreachable")


def test_a_process_without_descriptors_says_nothing_of_the_node() -> None:
    for number in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL):
        with pytest.raises(OSError, match="this process") as raised, connecting(secured=False):
            raise OSError(number, "this process")
        assert connecting_fault(raised.value) == "unsent"
    # asyncio's, when it failed at several addresses.
    with pytest.raises(OSError, match="Multiple") as raised, connecting(secured=False):
        raise OSError("Multiple exceptions: ...")
    assert connecting_fault(raised.value) == "unreachable"
