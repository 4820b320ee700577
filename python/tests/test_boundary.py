"""Everything that the native module takes, with what callers get wrong: an error of Python's or ours,
never a fault inside.

The functions are those that the module has; one without arguments of its own here fails.
"""

from __future__ import annotations

import array
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from specs import cluster, spec

import ringshift
from ringshift import _ringshift

SPEC = spec(1, cluster("a", "b"))
# What it hands out belongs to no other.
OTHER = ringshift.Router.from_spec(SPEC)


class Raises:
    """Fails whatever is asked of it."""

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("on purpose")

    def __index__(self) -> int:
        raise RuntimeError("on purpose")

    def __fspath__(self) -> str:
        raise RuntimeError("on purpose")

    def __hash__(self) -> int:
        raise RuntimeError("on purpose")


class Endless:
    """Says that it is longer than anything."""

    def __len__(self) -> int:
        return 2**62

    def __iter__(self) -> Iterator[str]:
        return iter(["a"])


class Text(str):
    """No plain `str`."""


class Lying(list[str]):
    """A list whose own iterator says something else."""

    def __iter__(self) -> Iterator[str]:
        return iter(["a", "b", "c"])


def released() -> memoryview:
    view = memoryview(b"gone")
    view.release()
    return view


def hostile() -> list[Any]:
    """Made anew for every call, which may use them up."""
    return [
        None,
        True,
        0,
        -1,
        2**32,
        2**64,
        -(2**63) - 1,
        10**400,
        0.5,
        float("nan"),
        float("inf"),
        -0.0,
        1j,
        "",
        "\0",
        "\ud800",
        "x" * 100_000,
        Text("a"),
        b"",
        bytearray(b"a"),
        memoryview(b"abcdef")[::2],
        memoryview(b""),
        released(),
        array.array("d", [1.0]),
        array.array("I", [1]),
        memoryview(array.array("I", [1, 2])).toreadonly(),
        [],
        ["a", 7],
        [["a"]],
        ("a",),
        {"a": 1},
        {1, 2},
        iter(["a", None]),
        (key for key in ["a", "\ud800"]),
        Lying(["a"]),
        Raises(),
        Endless(),
        object(),
        type,
        Exception("a"),
        lambda: None,
        NotImplemented,
        ...,
        ringshift,
        OTHER,
        OTHER.node(0),
        OTHER.route("a").read,
        OTHER.route("a"),
    ]


def survives(call: Callable[..., Any], *arguments: Any, **more: Any) -> None:
    """What a caller gets wrong is told in an exception of Python's or of ours, and is no fault inside."""
    try:
        call(*arguments, **more)
    except ringshift.InternalError as error:
        pytest.fail(f"{call} {arguments!r:.80}: {error}")
    except Exception:  # noqa: BLE001 (any will do)
        return
    # Whatever pyo3 makes of a panic is no `Exception`: it gets out of here and fails the test.


def test_a_fault_inside_would_be_seen() -> None:
    for detach in (False, True):
        with pytest.raises(pytest.fail.Exception):
            survives(_ringshift._panic, detach)


METHODS = [name for name in dir(ringshift.Router) if callable(getattr(ringshift.Router, name))]
OWN = [name for name in METHODS if not hasattr(object, name)]


def right(router: ringshift.Router) -> dict[str, tuple[Any, ...]]:
    """Every method with all arguments that it takes, none of them wrong."""
    return {
        **dict.fromkeys(("refresh", "metrics", "metrics_text", "close", "__enter__"), ()),
        **dict.fromkeys(("route_many", "group_by_node"), (["a"],)),
        "open": ("none",),
        "from_spec": (SPEC,),
        "route": ("a",),
        "index_many": (["a"], array.array("I", [0])),
        "node": (0,),
        "report": (router.node(0), "hit", "read"),
        "lost": (router.node(0), "a", "error"),
        "owed": (router.node(0),),
        "repaid": ("a", 1),
        "apply": (SPEC,),
        "events": (0,),
        "__exit__": (None, None, None),
    }


def test_every_method_is_here() -> None:
    assert set(OWN) == set(right(ringshift.Router.from_spec(SPEC)))


def test_what_is_right_is_taken() -> None:
    for name in OWN:
        router = ringshift.Router.from_spec(SPEC)
        if name != "open":
            getattr(router, name)(*right(router)[name])


@pytest.mark.parametrize("name", OWN)
def test_a_method_bears_what_callers_get_wrong(name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    most = len(right(ringshift.Router.from_spec(SPEC))[name]) + 1
    for count, number in itertools.product(range(most + 1), range(len(hostile()))):
        # All of them the same wrong one, or one wrong among such as are right; one too many as well.
        for position in (None, *range(count)):
            router = ringshift.Router.from_spec(SPEC)
            given = [hostile()[number]] * count if position is None else [*right(router)[name], None][:count]
            if position is not None:
                given[position] = hostile()[number]
            survives(getattr(router, name), *given)
            router.close()
    router = ringshift.Router.from_spec(SPEC)
    survives(getattr(router, name), nonsense=1)
    router = ringshift.Router.from_spec(SPEC)
    assert router.route("a").read is not None


@pytest.mark.parametrize("option", ["region", "watch", "last_good"])
def test_an_option_bears_what_callers_get_wrong(option: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for wrong in hostile():
        if option == "watch" and type(wrong) in (bool, int, float) and wrong > 0:
            continue  # a time
        survives(ringshift.Router.from_spec, SPEC, **{option: wrong})
        survives(ringshift.Router.open, "none", **{option: wrong})


def test_functions_of_the_module_bear_what_callers_get_wrong() -> None:
    for one, other in itertools.product(hostile(), [SPEC, b"{", None, 7]):
        survives(ringshift.moves, one, other)
        survives(ringshift.moves, other, one)
    survives(ringshift.moves)
    survives(_ringshift.error_kinds, 1)


def test_what_a_router_hands_out_cannot_be_made_or_changed() -> None:
    router = ringshift.Router.from_spec(SPEC)
    route = router.route("a")
    assert route.read is not None
    for made in (router, route, route.read, route.read.node):
        with pytest.raises(TypeError):
            type(made)()
        for name in dir(made):
            with pytest.raises((AttributeError, TypeError)):
                setattr(made, name, None)
        with pytest.raises(TypeError):
            type("Derived", (type(made),), {})


def test_a_closed_router_says_so_whatever_is_asked() -> None:
    router = ringshift.Router.from_spec(SPEC)
    arguments = right(router)
    router.close()
    for name in set(OWN) - {"open", "from_spec", "close", "__exit__"}:
        with pytest.raises(ringshift.ClosedError):
            getattr(router, name)(*arguments[name])
    properties = [name for name in dir(router) if name not in METHODS and not name.startswith("_") and name != "closed"]
    assert len(properties) >= 9
    for name in properties:
        with pytest.raises(ringshift.ClosedError):
            getattr(router, name)


def test_a_buffer_that_is_changed_while_keys_are_made_is_no_trouble() -> None:
    router = ringshift.Router.from_spec(SPEC)
    room = array.array("I", [7] * 4)
    keys: list[Any] = ["a"] * 4

    def shrinking() -> Iterator[str]:
        for key in keys:
            yield key
            room.extend([0] * 1000)  # moves the buffer, unless it is held
            del keys[1:]

    survives(router.index_many, shrinking(), room)
    assert router.route("a").read is not None
