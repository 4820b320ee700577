"""Texts too long to store: [[text, times], ...], each text repeated, joined in order.

Where `times` is more than 1, every "#" in the text stands for the number of the repetition, from 0.
"""

from __future__ import annotations

Part = list[str | int]
Parts = list[Part]


def joined(parts: Parts) -> str:
    """The text that the parts stand for."""
    whole = []
    for text, times in parts:
        assert isinstance(text, str)
        assert isinstance(times, int)
        whole += [text] if times == 1 else [text.replace("#", str(i)) for i in range(times)]
    return "".join(whole)
