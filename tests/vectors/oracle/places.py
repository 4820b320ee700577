"""Finds where a JSON pointer's value starts in a text: line and column, both from 1, the column in bytes.

The last of several members with one name wins, so the pointer of a duplicate field leads to the second one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

DECODER = json.JSONDecoder()


@dataclass
class Scanner:
    """Walks over a syntactically valid JSON text and notes where each value starts."""

    text: str
    at: int = 0
    starts: dict[str, int] = field(default_factory=dict)

    def space(self) -> None:
        """Skips what JSON calls whitespace."""
        while self.at < len(self.text) and self.text[self.at] in " \t\r\n":
            self.at += 1

    def scalar(self) -> object:
        """Reads one string, number or literal."""
        value, self.at = DECODER.raw_decode(self.text, self.at)
        return value

    def value(self, pointer: str) -> None:
        """Reads one value and everything within it."""
        self.space()
        self.starts[pointer] = self.at
        opening = self.text[self.at]
        if opening not in "{[":
            self.scalar()
            return
        closing = "}" if opening == "{" else "]"
        self.at += 1
        self.space()
        number = 0
        while self.text[self.at] != closing:
            self.space()
            name = str(number)
            if opening == "{":
                name = str(self.scalar())
                self.space()
                self.at += 1
            self.value(f"{pointer}/{escaped(name)}")
            self.space()
            if self.text[self.at] == ",":
                self.at += 1
                self.space()
            number += 1
        self.at += 1


def escaped(name: str) -> str:
    """A name as a reference token of RFC 6901."""
    return name.replace("~", "~0").replace("/", "~1")


def place(text: str, pointer: str) -> tuple[int, int]:
    """Line and column of the value that `pointer` leads to."""
    scanner = Scanner(text)
    scanner.value("")
    before = text[: scanner.starts[pointer]]
    line_start = before.rfind("\n") + 1
    return before.count("\n") + 1, len(before[line_start:].encode()) + 1
