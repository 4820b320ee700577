"""Pieces of an SVG file that follows the reader's light or dark background by itself."""

from dataclasses import dataclass
from html import escape
from math import log10

STYLE = """
  .card{fill:#fff;stroke:#d0d7de} text{fill:#1f2328;font:11.5px system-ui,-apple-system,"Segoe UI",sans-serif}
  .small{font-size:10.5px;fill:#59636e} .title{font-size:15px;font-weight:600} .name{font-size:13px;font-weight:600}
  .grid{stroke:#d8dee4} .even{stroke:#8c959f} .lead{stroke:#8c959f;stroke-width:.7} .line{fill:none;stroke-width:1.5}
  .c0{stroke:#0550ae} .c1{stroke:#c4501b} .c2{stroke:#1a7f64} .c3{stroke:#8250df} .c4{stroke:#9a6700}
  .c5{stroke:#bf3989} .c6{stroke:#57606a} .f0{fill:#0550ae} .f1{fill:#a33f11} .f2{fill:#116149}
  .f3{fill:#6639ba} .f4{fill:#7d4e00} .f5{fill:#99286e} .f6{fill:#57606a}
  .ours{stroke-width:3} .bold{font-weight:600} .moved{fill:none;stroke-width:1.5}
  @media (prefers-color-scheme:dark){ .card{fill:#0d1117;stroke:#30363d} text{fill:#e6edf3} .small{fill:#9198a1}
  .grid{stroke:#262c36} .even{stroke:#656c76} .lead{stroke:#656c76}
  .c0{stroke:#58a6ff} .c1{stroke:#f0883e} .c2{stroke:#3fb68b} .c3{stroke:#bc8cff} .c4{stroke:#d29922}
  .c5{stroke:#f778ba} .c6{stroke:#9198a1} .f0{fill:#79c0ff} .f1{fill:#f5a66c} .f2{fill:#56d4a4}
  .f3{fill:#d2a8ff} .f4{fill:#e3b341} .f5{fill:#ff9bce} .f6{fill:#9198a1} }
"""


@dataclass(frozen=True)
class Scale:
    """From values to places, by their logarithms or as they are; `start` may be the larger place."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = True

    def at(self, value: float) -> float:
        """Where a value lies."""
        low, high, value = (
            map(log10, (self.low, self.high, value)) if self.logarithmic else (self.low, self.high, value)
        )
        return self.start + (self.end - self.start) * (value - low) / (high - low)


class Drawing:
    """Collects elements."""

    def __init__(self, width: float, height: float, title: str) -> None:
        """A card with a title."""
        self._out = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{title}">',
            f"<style>{STYLE}</style>",
            f'<rect class="card" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>',
        ]

    def text(self, x: float, y: float, text: str, style: str = "", anchor: str = "start") -> None:
        """A line of text; `y` is its base."""
        self._out.append(f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>')

    def path(self, points: list[tuple[float, float]], style: str) -> None:
        """Straight lines through points."""
        self._out.append(f'<path class="{style}" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>')

    def dot(self, x: float, y: float, radius: float, style: str) -> None:
        """A circle."""
        self._out.append(f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>')

    def done(self) -> str:
        """The whole file."""
        return "\n".join([*self._out, "</svg>", ""])


def apart(places: list[float], distance: float, low: float, high: float) -> list[float]:
    """Moves places as little as it takes to be `distance` apart, in the same order, between two bounds."""
    order = sorted(range(len(places)), key=places.__getitem__)
    moved = list(places)
    for turn in range(2):
        # Down from the top, then up from the bottom where that ran out of room.
        edge = low - distance if turn == 0 else high + distance
        for index in order if turn == 0 else reversed(order):
            ahead = max(moved[index], edge + distance) if turn == 0 else min(moved[index], edge - distance)
            moved[index] = edge = ahead
    return moved
