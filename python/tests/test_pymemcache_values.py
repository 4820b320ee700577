"""Keys, values and times to live in the pymemcache adapter: what is stored, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pymemcache import serde
from pymemcache.exceptions import MemcacheIllegalInputError, MemcacheServerError
from servers import Server
from specs import cluster, spec
from test_pymemcache import KEYS, client, holders, one

import ringshift
from ringshift.adapters.pymemcache import Client

__all__ = ["client"]  # the fixture


def test_values_of_any_bytes_and_any_flags(client: Client, servers: list[Server]) -> None:
    values = {
        f"v{at}": value
        for at, value in enumerate(
            [b"", b"\0", b"\r\n", b"END\r\n", b"VALUE v0 0 1\r\nx\r\n", bytes(range(256)) * 300, b"x" * 1_000_000]
        )
    }
    assert client.set_many(values, flags=65_535) == []
    assert client.get_many(values) == values
    for key, value in values.items():
        assert client.get(key) == value
        assert client.gets(key)[0] == value
    (at,) = holders(servers, "v1")
    assert servers[at].flags_and_ttl("v1") == (65_535, -1)


def test_a_serde_sees_the_callers_key_and_is_asked_once(servers: list[Server]) -> None:
    seen: list[tuple[str, Any]] = []

    class Json:
        def serialize(self, key: Any, value: Any) -> tuple[bytes, int]:
            seen.append(("serialize", key))
            return json.dumps(value).encode(), 7

        def deserialize(self, key: Any, value: bytes, flags: int) -> Any:
            assert flags == 7
            seen.append(("deserialize", key))
            return json.loads(value)

    text = one(servers, cluster={"replicas": 2, "prefix": "p:"})
    with ringshift.Router.from_spec(text) as router, Client(router, serde=Json(), key_prefix=b"app:") as client:
        client.set("a", {"b": [1, None]})
        assert client.get("a") == {"b": [1, None]}
        assert client.get_many([b"a"]) == {b"a": {"b": [1, None]}}
    assert seen == [("serialize", "a"), ("deserialize", "a"), ("deserialize", b"a")]


def test_pymemcaches_own_serdes(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(one(servers)) as router:
        with Client(router, serde=serde.pickle_serde) as client:
            for value in ("text", b"bytes", 17, 1.5, {"a": [1]}, None):
                client.set("a", value)
                assert client.get("a", "missing") == value
        with Client(router, serializer=lambda _, value: (value + b"!", 3), deserializer=lambda *_: "read") as client:
            client.set("a", b"x")
            assert client.get("a") == "read"


def test_an_error_of_the_serde_is_the_callers(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(one(servers)) as router:
        client = Client(router, deserializer=lambda _key, value, _flags: json.loads(value))
        client.set("a", b"no JSON")
        for read in (client.get, client.gets, lambda key: client.get_many([key])):
            with pytest.raises(json.JSONDecodeError):
                read("a")
        client.close()


def test_prefixes(servers: list[Server]) -> None:
    text = one(servers, cluster={"prefix": "g1:"})
    with ringshift.Router.from_spec(text) as router, Client(router, key_prefix="app:") as client:
        bare = ringshift.Router.from_spec(one(servers))
        client.set_many(dict.fromkeys(KEYS, b"1"))
        for key in KEYS:
            (at,) = holders(servers, f"g1:app:{key}")
            # No prefix has a say in placement.
            assert servers[at].address == router.route(key).invalidate[0].address
            assert servers[at].address == bare.route(key).invalidate[0].address
        assert client.get_many(KEYS) == dict.fromkeys(KEYS, b"1")
        assert client.delete(KEYS[0]) is True
        assert holders(servers, f"g1:app:{KEYS[0]}") == []


def test_keys_that_memcached_refuses(client: Client, servers: list[Server]) -> None:
    calls: list[Callable[[str], object]] = [
        client.get, lambda key: client.get_many([key]), lambda key: client.set(key, b"1"),
        lambda key: client.set_many({key: b"1"}), lambda key: client.add(key, b"1"), client.delete,
        lambda key: client.delete_many([key]), client.touch, client.gets,
        lambda key: client.incr(key, 1),
    ]  # fmt: skip
    for key in ("a b", "a\n", "\t", " ", "", "a\0", "x" * 251, "키", "é"):
        for call in calls:
            with pytest.raises(MemcacheIllegalInputError):
                call(key)
    assert client.set("x" * 250, b"1") is True
    with ringshift.Router.from_spec(one(servers, cluster={"prefix": "g1:"})) as router:
        with Client(router) as prefixed:
            with pytest.raises(MemcacheIllegalInputError, match="with its prefix") as raised:
                prefixed.get("x" * 248)
            assert "xxx" not in str(raised.value)
            assert prefixed.set("x" * 247, b"1") is True
        with Client(router, allow_unicode_keys=True) as unicode:
            unicode.set("키", b"1")
            assert unicode.get("키") == unicode.get("키".encode()) == b"1"
            with pytest.raises(UnicodeEncodeError):
                unicode.get("\ud800")


def test_values_that_cannot_be_bytes(client: Client) -> None:
    with pytest.raises(MemcacheIllegalInputError):
        client.set("a", "키")
    with ringshift.Router.from_spec(one_text(client)) as router, Client(router, encoding="utf-8") as other:
        other.set("a", "키")
        assert other.get("a") == "키".encode()
        other.set("a", 17)
        assert other.get("a") == b"17"
    with pytest.raises(MemcacheIllegalInputError):
        client.set("a", b"1", expire=1.5)  # type: ignore[arg-type]


def one_text(client: Client) -> str:
    nodes = [f"{node.id}@{node.address}" for node in client.router.nodes]
    return spec(1, cluster(*nodes))


def test_a_value_that_is_too_large_is_refused_and_the_old_one_is_gone(client: Client) -> None:
    client.set("a", b"old")
    with pytest.raises(MemcacheServerError, match="too large"):
        client.set("a", b"x" * 3_000_000)
    assert client.get("a") is None
    client.set_many({"a": b"old", "b": b"old", "c": b"old"})
    with pytest.raises(MemcacheServerError, match="too large"):
        client.set_many({"a": b"new", "b": b"x" * 3_000_000, "c": b"new"})
    assert client.get_many(["a", "b", "c"]) == {"a": b"new", "c": b"new"}
    # The nodes are well.
    assert {breaker["state"] for breaker in client.router.metrics()["breakers"]} == {"closed"}
    assert not [r for r in client.router.metrics()["requests"] if r["outcome"] in {"error", "timeout"}]


@pytest.mark.parametrize(
    ("most", "expire", "low", "high"),
    [
        (None, 0, -1, -1), (None, 100, 95, 100), ("1h", 0, 3595, 3600), ("1h", 100, 95, 100), ("1h", 7200, 3595, 3600),
        ("60d", 0, 5_183_990, 5_184_000), ("60d", 5_000_000, 0, 0), ("1500ms", 0, 0, 1), ("100ms", 50, 0, 1),
    ],
)  # fmt: skip
def test_expire_is_limited(servers: list[Server], most: str | None, expire: int, low: int, high: int) -> None:
    more = {} if most is None else {"max_ttl": most}
    with ringshift.Router.from_spec(one(servers, **more)) as router, Client(router) as client:
        client.set("set", b"1", expire=expire)
        client.set_many({"many": b"1"}, expire=expire)
        client.add("add", b"1", expire=expire)
        client.set("touch", b"1")
        client.touch("touch", expire)
        for key in ("set", "many", "add", "touch"):
            if (low, high) == (0, 0):
                # 5,000,000 is above 30 days, so memcached takes it as a time in 1970: it is over.
                assert holders(servers, key) == []
                continue
            found = holders(servers, key)
            if high == 1 and not found:
                continue
            assert low <= servers[found[0]].flags_and_ttl(key)[1] <= high


def test_a_time_in_the_past_is_over(client: Client) -> None:
    client.set("a", b"1", expire=-1)
    assert client.get("a") is None
