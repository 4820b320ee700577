"""What was answered before a request for many keys failed. The exception that says so takes it along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ringshift.adapters._steps import Failure, Reply

_ANSWERS: Final = "_ringshift_answers"


def keep_answers(error: BaseException, answers: Sequence[Any]) -> None:
    """Notes the answers for the first keys on what ended the request."""
    error.__dict__[_ANSWERS] = answers


def answers_of(error: BaseException) -> Sequence[Any]:
    """What was noted, once; nothing on most."""
    noted: Sequence[Any] = error.__dict__.pop(_ANSWERS, ())
    return noted


def in_part(answers: Sequence[Any], failure: Failure, keys: int) -> Reply:
    """The reply for so many keys, of which the first have answers."""
    return [*answers, *[failure] * (keys - len(answers))] if answers else failure
