"""Many keys into numbers: the same nodes as by routes, in every stage, into any buffer that fits."""

from __future__ import annotations

from array import array
from collections.abc import Callable

import pytest
from specs import cluster, spec

import ringshift

BLUE = cluster("a", "b", "c")
GREEN = cluster("d@127.0.0.1:11", "e@127.0.0.1:12", prefix="g1:")
KEYS: list[str | bytes] = [
    *(f"user:{at}" for at in range(300)),
    "",
    "ключ",
    "鍵" * 60,
    "x" * 1000,
    b"",
    b"\xff\x00",
    bytearray(b"changes"),  # type: ignore[list-item]
]


def indices_of_routes(router: ringshift.Router) -> list[int]:
    reads = [router.route(key).read for key in KEYS]
    return [ringshift.NO_NODE if read is None else read.node.index for read in reads]


@pytest.mark.parametrize(
    "text",
    [
        spec(1, BLUE),
        spec(1, cluster("a", "b", "c", kind="modulo")),
        spec(1, BLUE, GREEN, "prepare"),
        spec(1, BLUE, GREEN, "ramp", 40),
        spec(1, BLUE, GREEN, "soak"),
    ],
)
def test_indices_are_those_of_the_routes(text: str) -> None:
    router = ringshift.Router.from_spec(text)
    expected = indices_of_routes(router)
    assert len(set(expected)) > 1
    for keys in (KEYS, tuple(KEYS), iter(KEYS)):
        found = router.index_many(keys)
        assert (found.typecode, list(found)) == ("I", expected)
    assert [router.node(index).index for index in expected] == expected


def test_a_node_that_is_kept_away_is_not_among_them() -> None:
    router = ringshift.Router.from_spec(spec(1, BLUE))
    (victim, *_) = router.nodes
    for _ in range(3):
        router.report(victim, "timeout")
    found = router.index_many(KEYS)
    assert list(found) == indices_of_routes(router)
    assert ringshift.NO_NODE in found
    assert victim.index not in found


@pytest.mark.parametrize(
    "make",
    [
        lambda: array("I", [7] * 400),
        lambda: memoryview(bytearray(b"\7\0\0\0" * 400)).cast("I"),
    ],
)
def test_a_buffer_of_the_callers(make: Callable[[], array[int]]) -> None:
    router = ringshift.Router.from_spec(spec(1, BLUE))
    room = make()
    assert router.index_many(KEYS, room) is room
    assert list(room)[: len(KEYS)] == indices_of_routes(router)
    assert set(list(room)[len(KEYS) :]) == {7}, "what is behind the last key is left alone"


def test_no_keys() -> None:
    router = ringshift.Router.from_spec(spec(1, BLUE))
    assert list(router.index_many([])) == []
    assert list(router.index_many([], array("I"))) == []


@pytest.mark.parametrize(
    ("room", "error", "text"),
    [
        (array("I", [0] * 3), ValueError, "room for 3 indices; give it room for 307"),
        (array("Q", [0] * 400), TypeError, "unsigned 4-byte"),
        (array("i", [0] * 400), TypeError, "unsigned 4-byte"),
        (memoryview(bytes(1600)).cast("I"), TypeError, "writable"),
        (memoryview(bytearray(3200)).cast("I")[::2], TypeError, "contiguous"),
        ([0] * 400, TypeError, "array"),
    ],
)
def test_a_buffer_that_does_not_fit(room: array[int], error: type[Exception], text: str) -> None:
    router = ringshift.Router.from_spec(spec(1, BLUE))
    with pytest.raises(error, match=text):
        router.index_many(KEYS, room)


def test_what_is_no_key_or_no_list() -> None:
    router = ringshift.Router.from_spec(spec(1, BLUE))
    with pytest.raises(ringshift.InvalidKeyError, match="surrogate"):
        router.index_many(["a", "\ud800"])
    with pytest.raises(TypeError, match="str or bytes, not int"):
        router.index_many(["a", 7])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="one key"):
        router.index_many("user:42")
    with pytest.raises(TypeError):
        router.index_many(7)  # type: ignore[call-overload]


class Shrinks(bytearray):
    """A key whose buffer is a surprise: asked for it, it empties the list that it is in."""

    def __init__(self, keys: list[object]) -> None:
        super().__init__(b"key")
        self.keys = keys

    def __buffer__(self, flags: int) -> memoryview:
        self.keys.clear()
        return memoryview(b"key")


def test_a_list_that_shrinks_meanwhile() -> None:
    router = ringshift.Router.from_spec(spec(1, BLUE))
    keys: list[object] = []
    keys += [Shrinks(keys), "a", "b"]
    try:
        found = router.index_many(keys)  # type: ignore[arg-type]
    except IndexError:
        assert keys == []
    else:
        # An interpreter that doesn't ask Python's `__buffer__` of a bytearray.
        assert len(found) == 3


def test_a_node_that_never_was() -> None:
    router = ringshift.Router.from_spec(spec(1, BLUE))
    with pytest.raises(ringshift.InvalidArgumentError, match="no node 3"):
        router.node(3)
    router.apply(spec(2, cluster("a")))
    assert router.node(1).id == "b", "a node that has left the spec is still known"


def test_a_closed_router() -> None:
    router = ringshift.Router.from_spec(spec(1, BLUE))
    router.close()
    with pytest.raises(ringshift.ClosedError):
        router.index_many(KEYS)
    with pytest.raises(ringshift.ClosedError):
        router.node(0)
