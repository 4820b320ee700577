"""Every kind of error of the core has its class, and says where, what is wrong and what would be right."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest
from specs import cluster, spec

import ringshift
from ringshift import _ringshift, errors

GOOD = spec(5, cluster("a", "b"))


def raises(kind: str, action: object, *arguments: object, **more: object) -> errors.Error:
    assert callable(action)
    with pytest.raises(errors.Error) as raised:
        action(*arguments, **more)
    assert raised.value.kind == kind
    assert type(raised.value) is errors.KINDS[kind]
    return raised.value


def test_every_kind_of_the_core_has_a_class_in_the_same_order() -> None:
    assert tuple(errors.KINDS) == _ringshift.error_kinds()
    for kind, error in errors.KINDS.items():
        assert issubclass(error, ringshift.Error)
        assert error.kind == kind
        assert getattr(ringshift, error.__name__) is error
        # The name in every language is made of the kind's name.
        assert error.__name__ == "".join(word.title() for word in kind.split("_")) + "Error"


def test_classes_fit_into_pythons_own() -> None:
    assert issubclass(ringshift.InvalidArgumentError, ValueError)
    assert issubclass(ringshift.InvalidKeyError, ValueError)
    assert issubclass(ringshift.IoError, OSError)
    for kind in ("spec_syntax", "spec_invalid", "spec_limit", "stale_generation", "generation_conflict"):
        assert issubclass(errors.KINDS[kind], ringshift.SpecError)


def test_each_kind_as_it_comes(tmp_path: Path) -> None:
    router = ringshift.Router.from_spec(GOOD)
    closed = ringshift.Router.from_spec(GOOD)
    closed.close()
    seen = {
        error.kind
        for error in (
            raises("invalid_argument", router.report, router.nodes[0], "great"),
            raises("invalid_key", router.route, "\ud800"),
            raises("io", ringshift.Router.open, tmp_path / "missing.json"),
            raises("spec_syntax", router.apply, GOOD[:-1]),
            raises("spec_invalid", router.apply, GOOD.replace('"format": 1', '"format": 2')),
            raises("spec_limit", router.apply, GOOD + " " * (4 << 20)),
            raises("stale_generation", router.apply, spec(4, cluster("a", "b"))),
            raises("generation_conflict", router.apply, spec(5, cluster("a", "c"))),
            raises("closed", closed.route, "key"),
            raises("internal", _ringshift._panic, detach=False),
        )
    }
    # The adapters raise it, see the tests of the adapters.
    assert seen | {"invalidation_lost"} == errors.KINDS.keys()
    assert router.generation == 5


@pytest.mark.parametrize("detach", [False, True])
def test_a_panic_is_an_error_and_the_module_goes_on(detach: bool) -> None:
    error = raises("internal", _ringshift._panic, detach=detach)
    assert "on purpose" in str(error)
    assert ringshift.Router.from_spec(GOOD).route("key").read is not None


def test_a_spec_error_names_its_place(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    text = spec(1, cluster("a", "b")).replace('"id": "b"', '"id": "b", "weight": 1001')
    path.write_text(text)
    line = next(at for at, content in enumerate(text.splitlines(), 1) if "1001" in content)
    column = text.splitlines()[line - 1].index("1001") + 1
    error = raises("spec_invalid", ringshift.Router.open, path)
    assert (error.pointer, error.line, error.column) == ("/clusters/blue/nodes/1/weight", line, column)
    assert str(error).startswith(f"{path}:{line}:{column}: /clusters/blue/nodes/1/weight: 1001 ")
    assert "1000" in str(error)


def test_an_error_without_a_place_has_none(tmp_path: Path) -> None:
    error = raises("io", ringshift.Router.open, tmp_path)
    assert (error.pointer, error.line, error.column) == (None, None, None)
    assert str(tmp_path) in str(error)


def test_last_error_is_the_file_s_present_error(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    path.write_text(GOOD)
    router = ringshift.Router.open(path)
    assert router.last_error is None
    path.write_text("{")
    raised = raises("spec_syntax", router.refresh)
    kept = router.last_error
    assert kept is not None
    assert (type(kept), str(kept), kept.line) == (type(raised), str(raised), raised.line)
    path.write_text(GOOD)
    assert router.refresh() is False
    assert router.last_error is None


def test_a_lost_invalidation_names_all_but_the_key() -> None:
    lost = ringshift.LostInvalidation("blue", "mc1", "127.0.0.1:1", b"user:42")
    error = ringshift.InvalidationLostError("cluster blue, node mc1", (lost,))
    assert (error.cluster, error.node, error.key, error.lost) == ("blue", "mc1", b"user:42", (lost,))
    assert "user" not in str(error) + repr(error)
    empty = ringshift.InvalidationLostError("nothing")
    assert (empty.cluster, empty.node, empty.key) == (None, None, None)


@pytest.mark.parametrize("copied", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy])
def test_errors_can_be_copied_to_another_process(copied: object) -> None:
    assert callable(copied)
    lost = ringshift.LostInvalidation("blue", "mc1", "127.0.0.1:1", b"user:42")
    for error in (
        *(error("what is wrong") for error in errors.KINDS.values()),
        ringshift.SpecInvalidError("x", pointer="/a", line=3, column=4),
        ringshift.InvalidationLostError("x", (lost,)),
    ):
        other = copied(error)
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert (other.pointer, other.line, other.column) == (error.pointer, error.line, error.column)
        assert getattr(other, "lost", None) == getattr(error, "lost", None)
