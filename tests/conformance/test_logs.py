"""The comparison of logs, and the journal's way to make one entry of several commands."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.journal import Entry, Fault, Journal
from logs import agrees, side_by_side

AGREE: list[tuple[list[Any], list[str]]] = [
    ([], []),
    (["a get k"], ["a get k"]),
    ([["a get k", "b get k"]], ["b get k", "a get k"]),
    (["a get|token k"], ["a token k"]),
    (["a get k", {"maybe": "b get k"}], ["a get k"]),
    (["a get k", {"maybe": "b get k"}], ["a get k", "b get k"]),
    ([["a get k", {"maybe": "b get k"}], "c get k"], ["b get k", "a get k", "c get k"]),
    (["a get a key"], ["a get a key"]),
]
DIFFER: list[tuple[list[Any], list[str]]] = [
    (["a get k"], []),
    ([], ["a get k"]),
    (["a get k", "b get k"], ["b get k", "a get k"]),
    ([["a get k", "b get k"]], ["a get k", "a get k"]),
    ([["a get k", "b get k"], "c get k"], ["a get k", "c get k", "b get k"]),
    (["a get|token k"], ["a set k"]),
    (["a get k"], ["a get l"]),
    ([{"maybe": "a get k"}], ["a get k", "a get k"]),
]


@pytest.mark.parametrize(("expected", "seen"), AGREE)
def test_logs_that_agree(expected: list[Any], seen: list[str]) -> None:
    """Order, groups, what may be missing."""
    assert agrees(expected, seen)


@pytest.mark.parametrize(("expected", "seen"), DIFFER)
def test_logs_that_differ(expected: list[Any], seen: list[str]) -> None:
    """An entry too few, too many, elsewhere."""
    assert not agrees(expected, seen)


def test_both_are_shown() -> None:
    """Side by side."""
    shown = side_by_side(["a get k", [{"maybe": "b get k"}]], ["a get k"])
    assert shown.splitlines() == ["  expected     seen", "  a get k      a get k", "  { (b get k)  "]


def _journal(*notes: tuple[str, bool]) -> list[str]:
    journal = Journal()
    with journal.lock:
        for op, missed in notes:
            match op:
                case "get":
                    journal.get("a", "k", missed=missed, empty=False)
                case "empty":
                    journal.get("a", "k", missed=True, empty=True)
                case "marks":
                    journal.marks("a", "k", missed=missed)
                case "lease":
                    journal.token("a", "k", missed=missed, second=True)
                case "token":
                    journal.token("a", "k", missed=missed, second=False)
                case other:
                    journal.note(Entry("b", other, "k"))
    return journal.seen()


@pytest.mark.parametrize(
    ("notes", "seen"),
    [
        ([("get", True), ("lease", True)], ["a token k"]),
        ([("get", True), ("lease", False)], ["a get k"]),
        ([("get", True), ("get", True), ("lease", True), ("lease", True)], ["a token k", "a token k"]),
        # A token is taken where the lease is stored, not where the miss was seen.
        ([("get", True), ("delete", True), ("lease", True)], ["b delete k", "a token k"]),
        ([("get", False), ("lease", True)], ["a get k", "a token k"]),
        ([("get", True), ("token", True)], ["a get k", "a token k"]),
        ([("empty", True), ("marks", True)], ["a get k"]),
        ([("get", True), ("marks", True)], ["a get k", "a get k"]),
    ],
)
def test_what_is_one_entry(notes: list[tuple[str, bool]], seen: list[str]) -> None:
    """Commands that are one read together, and those that are not."""
    assert _journal(*notes) == seen


def test_a_command_that_fails_and_is_sent_again_is_one_entry() -> None:
    """In one call; in the next it is another one."""
    journal = Journal()
    for _ in range(2):
        journal.arm([Fault("a", "delete", "close")])
        with journal.lock:
            assert journal.meet("a", "delete", "k") is not None
            assert journal.meet("a", "delete", "k") is not None
            assert journal.meet("b", "delete", "k") is None
    assert journal.seen() == ["a delete k", "a delete k"]
