"""The pymemcache adapter outside a migration: pymemcache's methods on real servers, one cluster."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from forks import in_child
from pymemcache.exceptions import MemcacheIllegalInputError
from servers import Server, until
from specs import cluster, spec

import ringshift
from ringshift.adapters.pymemcache import CasToken, Client

KEYS = [f"user:{at}" for at in range(60)]


def one(servers: list[Server], **more: Any) -> str:
    """A spec of one cluster on all servers."""
    names = [f"n{at}@{server.address}" for at, server in enumerate(servers)]
    return spec(1, cluster(*names, **more.pop("cluster", {})), **more)


@pytest.fixture
def client(servers: list[Server]) -> Iterator[Client]:
    with ringshift.Router.from_spec(one(servers)) as router, Client(router) as client:
        yield client


def holders(servers: list[Server], key: str) -> list[int]:
    return [at for at, server in enumerate(servers) if server.get(key) is not None]


def test_keys_are_where_the_router_says(client: Client, servers: list[Server]) -> None:
    assert client.set_many({key: key.upper() for key in KEYS}) == []
    for key in KEYS:
        node = client.router.route(key).invalidate[0]
        (at,) = holders(servers, key)
        assert servers[at].address == node.address
    assert client.get_many(KEYS) == {key: key.upper().encode() for key in KEYS}
    assert {server for key in KEYS for server in holders(servers, key)} == {0, 1, 2, 3}


def test_reading_and_writing(client: Client) -> None:
    assert client.get("a") is None
    assert client.get("a", "default") == "default"
    assert client.set("a", b"1") is True
    assert client.get("a") == client.get(b"a") == b"1"
    assert client.add("a", b"2") is False
    assert client.add("b", b"2") is True
    assert client.replace("a", b"3") is True
    assert client.replace("c", b"3") is False
    mixed: list[str | bytes] = ["a", b"b", "c"]
    assert client.get_many(mixed) == {"a": b"3", b"b": b"2"}
    assert client.get_multi([]) == {}
    assert client.touch("a", 100) is True
    assert client.touch("c", 100) is False
    assert client.delete("a") is True
    assert client.delete("a") is False
    assert client.delete_many(["a", "b"]) is True
    assert client.delete_multi([]) is True
    assert client.get_many(["a", "b"]) == {}
    client["a"] = b"4"
    assert client["a"] == b"4"
    del client["a"]
    with pytest.raises(KeyError):
        client["a"]


def test_cas(client: Client) -> None:
    assert client.gets("a") == (None, None)
    assert client.gets("a", 1, 2) == (1, 2)
    client.set("a", b"1")
    value, token = client.gets("a")
    assert value == b"1"
    assert client.cas("a", b"2", token) is True
    assert client.cas("a", b"3", token) is False
    assert client.get("a") == b"2"
    client.delete("a")
    assert client.cas("a", b"3", token) is None
    for wrong in (b"17", "17", 17):
        with pytest.raises(ringshift.InvalidArgumentError, match="gets"):
            client.cas("a", b"3", wrong)  # type: ignore[arg-type]


def test_a_token_is_good_at_one_node_only(client: Client) -> None:
    """Servers count their tokens from 1, so tokens of two servers are often equal."""
    client.set_many(dict.fromkeys(KEYS, b"old"))
    tokens = {key: client.gets(key)[1] for key in KEYS}
    first = tokens[KEYS[0]]
    for key in KEYS:
        if tokens[key].place != first.place:
            forged = CasToken(tokens[key])
            forged.place = first.place
            assert client.cas(key, b"new", forged) is False
            assert client.get(key) == b"old"


def test_numbers_and_ends(client: Client) -> None:
    client.set("n", "5")
    assert client.incr("n", 3) == 8
    assert client.decr("n", 1) == 7
    assert client.incr("none", 1) is None
    assert client.append("n", "0") is True
    assert client.prepend("n", "1") is True
    assert client.get("n") == b"170"
    assert client.append("none", "x") is False
    with pytest.raises(MemcacheIllegalInputError):
        client.incr("n", "3")  # type: ignore[arg-type]


def test_replicas_are_written_everywhere_and_read_in_order(servers: list[Server]) -> None:
    text = one(servers, cluster={"replicas": 3})
    with ringshift.Router.from_spec(text) as router, Client(router) as client:
        client.set_many(dict.fromkeys(KEYS, b"1"))
        route = router.route("user:1")
        assert route.read is not None
        at = {server.address: server for server in servers}
        first, second, third = [at[node.address] for node in route.read.nodes]
        assert [server.get("user:1") for server in (first, second, third)] == [b"1"] * 3
        first.kill()
        assert client.get("user:1") == b"1"
        second.kill()
        assert client.get("user:1") == b"1"
        assert client.get_many(KEYS) == dict.fromkeys(KEYS, b"1")
        third.kill()
        assert client.get("user:1") is None
        with pytest.raises(ringshift.InvalidArgumentError, match="incr is refused"):
            client.incr("user:1", 1)


def test_outcomes_are_reported(client: Client) -> None:
    client.get("a")
    client.get_many(["a", "b"])
    client.add("a", b"1")
    client.set("b", b"1")
    client.get("a")
    client.get_many(["a", "b", "c"])
    client.delete("a")
    client.delete_many(["a", "b"])
    client.incr("n", 1)
    counts = {(r["op"], r["outcome"]): r["count"] for r in client.router.metrics()["requests"]}
    assert counts == {
        ("read", "miss"): 4, ("read", "hit"): 3, ("fill", "ok"): 2, ("invalidate", "ok"): 4,
    }  # fmt: skip


def test_unknown_options_are_refused_at_once(client: Client) -> None:
    with pytest.raises(TypeError):
        Client(client.router, no_such_option=1)
    # These are known and change nothing.
    with Client(client.router, default_noreply=True, ignore_exc=False, max_pool_size=3) as other:
        assert other.delete("a", noreply=True) is False


def test_flush_all_empties_every_node(client: Client, servers: list[Server]) -> None:
    client.set_many(dict.fromkeys(KEYS, b"1"))
    assert client.flush_all() is True
    assert [holders(servers, key) for key in KEYS] == [[]] * len(KEYS)


def test_threads_share_a_client(client: Client) -> None:
    errors: list[BaseException] = []

    def work(which: int) -> None:
        try:
            for at in range(200):
                key = f"{which}:{at}"
                client.set(key, key)
                assert client.get(key) == key.encode()
                assert client.get_many([key, "none"]) == {key: key.encode()}
                assert client.delete(key) is True
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=work, args=(which,)) for which in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_has_connections_of_its_own(client: Client) -> None:
    client.set_many({key: key for key in KEYS})

    def read() -> None:
        for _ in range(200):
            assert client.get_many(KEYS) == {key: key.encode() for key in KEYS}

    read()
    in_child(read, meanwhile=read)
    read()


def test_connections_to_nodes_that_left_are_closed(servers: list[Server]) -> None:
    def connections(server: Server) -> int:
        bare = server.bare()
        try:
            return int(bare.stats()[b"curr_connections"])
        finally:
            bare.close()

    old, new = servers[0], servers[1]
    quiet = connections(old)
    with ringshift.Router.from_spec(spec(1, cluster(f"a@{old.address}"))) as router, Client(router) as client:
        client.set("a", b"1")
        assert connections(old) == quiet + 1
        router.apply(spec(2, cluster(f"a@{new.address}")))
        client.set("a", b"1")
        until(lambda: connections(old) == quiet)
        assert client.get("a") == b"1"
        client.close()
        assert client.get("a") == b"1"
