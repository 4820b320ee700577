"""Keys: text is its UTF-8 bytes, buffers are their bytes, and nothing else is a key."""

from __future__ import annotations

import array
import mmap
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specs import cluster, spec

import ringshift

ROUTER = ringshift.Router.from_spec(spec(1, cluster(*[f"n{at}" for at in range(50)])))


def node_of(key: Any) -> str:
    target = ROUTER.route(key).read
    assert target is not None
    return target.node.id


@given(st.text())
def test_text_is_its_utf8_bytes(text: str) -> None:
    assert ROUTER.route(text) is ROUTER.route(text.encode())


@given(st.binary())
def test_all_buffers_of_the_same_bytes_are_the_same_key(key: bytes) -> None:
    expected = ROUTER.route(key)
    for buffer in (bytearray(key), memoryview(key), memoryview(bytearray(key)), array.array("B", key)):
        assert ROUTER.route(buffer) is expected


def test_buffers_of_other_items_are_their_bytes() -> None:
    numbers = array.array("I", [1, 2, 3])
    assert ROUTER.route(numbers) is ROUTER.route(numbers.tobytes())
    assert ROUTER.route(memoryview(numbers)) is ROUTER.route(numbers.tobytes())
    signed = memoryview(b"abc").cast("b")
    assert ROUTER.route(signed) is ROUTER.route(b"abc")
    table = memoryview(b"abcdef").cast("B", (2, 3))
    assert ROUTER.route(table) is ROUTER.route(b"abcdef")
    with mmap.mmap(-1, 16) as memory:
        memory[:3] = b"abc"
        assert ROUTER.route(memory) is ROUTER.route(b"abc" + bytes(13))


def test_a_subclass_of_str_or_bytes_is_one() -> None:
    class Name(str):
        __slots__ = ()

    class Blob(bytes):
        pass

    assert ROUTER.route(Name("user")) is ROUTER.route(Blob(b"user")) is ROUTER.route("user")


def test_awkward_keys() -> None:
    for key in (b"", b"\0", b"a\0b", b"\xff\xfe", b"x" * 65_536, "한국어".encode(), "\U0001f600".encode()):
        assert node_of(key) == node_of(bytearray(key))
    assert node_of("") == node_of(b"")
    assert node_of("a\0b") == node_of(b"a\0b")


@pytest.mark.parametrize("key", ["\ud800", "user:\udfff:name", "\udc80\ud83d"])
@pytest.mark.parametrize(
    "ask",
    [ROUTER.route, lambda key: ROUTER.route_many(["fine", key]), lambda key: ROUTER.group_by_node([key])],
    ids=["route", "route_many", "group_by_node"],
)
def test_a_lone_surrogate_has_no_bytes(ask: Callable[[str], object], key: str) -> None:
    with pytest.raises(ringshift.InvalidKeyError, match="lone surrogate"):
        ask(key)


def test_a_buffer_with_gaps_is_no_key() -> None:
    for key in (memoryview(b"abcd")[::2], memoryview(b"abcd")[::-1]):
        with pytest.raises(ringshift.InvalidKeyError, match="C-contiguous"):
            ROUTER.route(key)


@pytest.mark.parametrize("key", [1, 1.5, None, ["user"], ("user",), {"user": 1}, object()])
def test_nothing_else_is_a_key(key: Any) -> None:
    with pytest.raises(TypeError, match="a key is str or bytes, not "):
        ROUTER.route(key)


@pytest.mark.parametrize("keys", ["user", b"user", bytearray(b"user"), memoryview(b"user")])
def test_one_key_is_not_many(keys: Any) -> None:
    with pytest.raises(TypeError, match="is one key; pass a list of keys"):
        ROUTER.route_many(keys)
    with pytest.raises(TypeError, match="is one key; pass a list of keys"):
        ROUTER.group_by_node(keys)


def test_many_keys_are_any_iterable() -> None:
    keys = [f"user:{at}" for at in range(100)]
    expected = [ROUTER.route(key) for key in keys]

    def lazily() -> Iterator[str | bytes]:
        for at, key in enumerate(keys):
            # Asking the router within is fine.
            ROUTER.route(key)
            yield key.encode() if at % 2 else key

    for many in (keys, tuple(keys), lazily(), dict.fromkeys(keys), iter(keys)):
        assert ROUTER.route_many(many) == expected
    assert ROUTER.route_many([]) == []
    assert ROUTER.group_by_node([]) == {}

    def broken() -> Iterator[str]:
        yield "user:1"
        raise LookupError("on purpose")

    with pytest.raises(LookupError, match="on purpose"):
        ROUTER.route_many(broken())


def test_an_error_leaves_no_buffer_locked() -> None:
    key = bytearray(b"abcd")
    with pytest.raises(ringshift.InvalidKeyError):
        ROUTER.route(memoryview(key)[::2])
    ROUTER.route(key)
    key.extend(b"more")
