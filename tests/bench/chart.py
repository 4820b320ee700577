"""A run as a picture: time for a key by number of nodes in each language, and how even and stable placements are."""

from math import ceil, floor, log10
from typing import Any

import bars
import goals
import report
from svg import Drawing, Scale, apart

WIDTH, HEIGHT = 1240, 872
TITLE = "Time for one key by the number of nodes, and the placements' balance and moves"
COLUMNS = (20, 428, 836)
ROWS = (56, 462)
# Of a panel: where its plot begins and ends within it.
LEFT, RIGHT, TOP, BOTTOM = 46, 232, 26, 366
EVEN_AT = 100
# Balance and moves beyond this are written, not drawn.
WORST = 1.5

Lines = list[dict[str, Any]]


def draw(lines: Lines) -> str:
    """The whole picture."""
    out = Drawing(WIDTH, HEIGHT, TITLE)
    out.text(COLUMNS[0] + 4, 32, TITLE, "title")
    places = [(x, y) for y in ROWS for x in COLUMNS]
    for suite, place in zip(report.TITLES, places, strict=False):
        times(out, place, suite, lines)
    evenness(out, places[len(report.TITLES)], lines)
    return out.done()


def label(name: str) -> str:
    """A subject's name as short as a picture needs it."""
    return name.partition(", as in")[0].removesuffix(" (not consistent)").replace("ringshift: ", "ringshift ")


def times(out: Drawing, place: tuple[float, float], suite: str, lines: Lines) -> None:
    """The panel of a language: a line for ours and for each peer, both axes logarithmic."""
    x, y = place
    out.text(x + 4, y + 12, report.TITLES[suite], "name")
    known = goals.figures(lines)
    counts = report.numbers_of_nodes(line for line in lines if line["suite"] == suite and "ns" in line)
    names = bars.shown(suite, lines)
    series = [[(n, known[suite, name, n]) for n in counts if (suite, name, n) in known] for name in names]
    values = [value for points in series for _, value in points]
    if not values or len(counts) < 2:
        out.text(x + LEFT, y + TOP + 20, "not measured", "small")
        return
    low, high = 10 ** floor(log10(min(values))), 10 ** ceil(log10(max(values) * 1.001))
    across = Scale(counts[0], counts[-1], x + LEFT, x + RIGHT)
    up = Scale(low, high, y + BOTTOM, y + TOP)
    for power in range(round(log10(low)), round(log10(high)) + 1):
        height = up.at(10**power)
        out.path([(x + LEFT, height), (x + RIGHT, height)], "grid")
        out.text(x + LEFT - 6, height + 4, time(10**power), "small", "end")
    for count in counts:
        out.text(across.at(count), y + BOTTOM + 17, f"{count:,}", "small", "middle")
    out.text(x + RIGHT + 24, y + BOTTOM + 17, "nodes", "small")
    heights = apart([up.at(points[-1][1]) for points in series], 14, y + TOP + 4, y + BOTTOM)
    # Ours last, over the others.
    for index in reversed(range(len(series))):
        points = [(across.at(count), up.at(value)) for count, value in series[index]]
        out.path(points, f"line c{index % 7}{' ours' if index == 0 else ''}")
        out.path([points[-1], (x + RIGHT + 10, heights[index])], "lead")
        style = f"f{index % 7}{' bold' if index == 0 else ''}"
        out.text(x + RIGHT + 13, heights[index] + 4, label(names[index]), style)


def time(nanoseconds: float) -> str:
    """A power of ten with its unit."""
    for size, unit in ((1e6, "ms"), (1e3, "µs")):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.0f} {unit}"
    return f"{nanoseconds:.0f} ns"


def evenness(out: Drawing, place: tuple[float, float], lines: Lines) -> None:
    """The panel of balance and moves: a row a subject, a dot for each of the two."""
    x, y = place
    placed = ("max_over_avg", "moved")
    rows = [
        line for line in lines if line.get("nodes") == EVEN_AT and any(line.get(name) is not None for name in placed)
    ]
    out.text(x + 4, y + 12, "Balance and moves", "name")
    left, right, bottom = x + 186, x + 372, y + BOTTOM
    across = Scale(0.9, WORST, left, right, logarithmic=False)
    out.dot(left + 4, y + 8, 3.5, "f0")
    out.text(left + 13, y + 12, f"fullest of {EVEN_AT} nodes", "small")
    out.dot(left + 128, y + 8, 4.5, "moved c1")
    out.text(left + 138, y + 12, "moved", "small")
    for tenth in (9, 10, 11, 12, 13, 14):
        height = across.at(tenth / 10)
        out.path([(height, y + TOP), (height, bottom)], "even" if tenth == 10 else "grid")
        out.text(height, bottom + 17, f"{tenth / 10:.1f}", "small", "middle")
    step = (bottom - y - TOP) / max(len(rows), 1)
    for index, line in enumerate(rows):
        height = y + TOP + step * (index + 0.5)
        ours = line["subject"].startswith("ringshift: ")
        name = label(line["subject"]) if not ours else f"ringshift ({report.TITLES[line['suite']]})"
        out.text(left - 8, height + 4, name, "f0 bold" if ours else "", "end")
        for field, radius, style in (("moved", 4.5, "moved c1"), ("max_over_avg", 3.5, "f0")):
            value = line.get(field)
            if value is not None and value < WORST:
                out.dot(across.at(max(value, 0.9)), height, radius, style)
            elif value is not None:
                out.text(
                    right - 2, height + 4, f"moved {value:.0f}x" if field == "moved" else f"{value:.1f}", "f1", "end"
                )
    out.text(right, bottom + 34, "1.0: equal shares, and of the keys just a new node's share moves", "small", "end")
