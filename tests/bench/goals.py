"""The goals that the library has set itself, as data, and how a run's figures are held against them.

A goal is met, not met, or not measured. That a figure is missing never counts as met, and a goal that isn't met is no
fault of the run: only a check of correctness is.
"""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Line = dict[str, Any]
Figures = Mapping[tuple[str, str, int], float]


@dataclass(frozen=True)
class Formula:
    """How a goal's figure follows from the medians of its subjects, and how it is written."""

    compute: Callable[..., float]
    form: str


def plain(unit: str, digits: int = 1) -> Formula:
    """The subject's own median."""
    return Formula(lambda value: value, f"{{:.{digits}f}} {unit}")


RATIO = Formula(lambda one, other: one / other, "{:.2f}x")
MORE = Formula(lambda one, other: one - other, "{:+.1f} ns")
MORE_THAN_TWICE = Formula(lambda one, other: one - 2 * other, "{:+.1f} ns")
LOST = Formula(lambda one, other: (1 - one / other) * 100, "{:.1f} %")


@dataclass(frozen=True)
class Goal:
    """`subjects` are (suite, subject), in the order that the formula wants; `bounds` are by number of nodes."""

    point: str
    text: str
    formula: Formula
    subjects: tuple[tuple[str, str], ...]
    bounds: Mapping[int, float]
    at_least: bool = False
    # What a figure may be missing for, where a machine can be the reason.
    needs: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a goal for one number of nodes; `figure` is nothing where it wasn't measured."""

    goal: Goal
    nodes: int
    figure: float | None
    met: bool | None
    why: str = field(default="")

    @property
    def verdict(self) -> str:
        """In the words of the table."""
        if self.met is None:
            return f"not measured: {self.why}"
        return "met" if self.met else "not met"


def every(bound: float) -> dict[int, float]:
    """The same bound for every number of nodes that is measured."""
    return dict.fromkeys((10, 100, 1_000, 10_000), bound)


LOOKUP = ("rust", "ringshift: lookup")
ROUTE = ("rust", "ringshift: route")
PYTHON = ("python", "ringshift: route")
NODE = ("node", "ringshift: route")
GO = ("go", "ringshift: route")
ALONE = "reader, alone"
STORM = "reader, 100 reloads a second"
SLOW = ": p99.9 of 100 keys"
TWO_CORES = "two cores"

# One call at a time through a binding is held against its floor at N = 100.
GOALS = (
    Goal(
        "Rust",
        "a lookup: at most twice XXH3-64 of the key and one load from a table of the index's size",
        RATIO,
        (LOOKUP, ("rust", "floor: XXH3-64 and one load")),
        every(2),
    ),
    Goal(
        "Rust",
        "a lookup: pingora-ketama takes many times as long",
        RATIO,
        (("rust", "pingora-ketama"), LOOKUP),
        {100: 4, 1_000: 5, 10_000: 8},
        at_least=True,
    ),
    Goal("Rust", "a route without a migration: little more than a lookup", MORE, (ROUTE, LOOKUP), every(5)),
    Goal(
        "Rust",
        "a route in a migration: little more than two lookups",
        MORE_THAN_TWICE,
        (("rust", "ringshift: route, migrating"), LOOKUP),
        every(5),
    ),
    Goal(
        "Python",
        "a route: little more than a method that takes a str",
        RATIO,
        (PYTHON, ("python", "floor: PyO3 method that takes a str")),
        {100: 1.6},
    ),
    Goal(
        "Python",
        "a route: fastring takes many times as long",
        RATIO,
        (("python", "fastring"), PYTHON),
        {100: 2.5},
        at_least=True,
        needs="Python 3.13",
    ),
    Goal(
        "Python",
        "a route: uhashring takes many times as long",
        RATIO,
        (("python", "uhashring"), PYTHON),
        {100: 25},
        at_least=True,
    ),
    Goal(
        "Python",
        "a key of a list, into an index",
        plain("ns"),
        (("python", "ringshift: index_many, 1000 keys a call"),),
        {100: 15},
    ),
    Goal(
        "Node.js",
        "a route: little more than a function that copies the string",
        RATIO,
        (NODE, ("node", "floor: Node-API function that copies the string")),
        {100: 1.5},
    ),
    Goal(
        "Node.js",
        "a route: hashring takes many times as long",
        RATIO,
        (("node", "hashring"), NODE),
        {100: 20},
        at_least=True,
    ),
    Goal(
        "Node.js",
        "a key of an array of strings, into an index",
        plain("ns"),
        (("node", "ringshift: indexMany, 1000 strings a call"),),
        {100: 60},
    ),
    Goal(
        "Node.js",
        "a key of a prepared buffer, into an index",
        plain("ns"),
        (("node", "ringshift: indexPacked, 1000 keys a call"),),
        {100: 15},
    ),
    Goal(
        "Go",
        "a route: little more than a call into C",
        MORE,
        (GO, ("go", "floor: function of C that does nothing")),
        {100: 30},
    ),
    Goal(
        "Go",
        "a key of a batch: less than a route by itself",
        RATIO,
        (("go", "ringshift: IndexMany, 1000 keys a call"), GO),
        {100: 1},
    ),
    Goal("C", "a route: little more than in Rust", MORE, (("rust", "C ABI: route"), ROUTE), {100: 10}),
    Goal(
        "Core",
        "a router from the text of a spec",
        plain("ms"),
        (("rust", "building from a spec's text"),),
        {1_000: 10, 10_000: 120},
    ),
    Goal(
        "Core",
        "a refresh that replaces one node: less than half of building anew",
        RATIO,
        (("rust", "refresh: one node replaced"), ("rust", "building from a spec's text")),
        {1_000: 0.5},
    ),
    Goal(
        "Core",
        "memory of a point, with the index",
        plain("bytes"),
        (("rust", "memory of a point"),),
        every(24),
    ),
    Goal(
        "Core",
        "readers on two cores: nearly twice the keys of one",
        RATIO,
        (("rust", "ringshift: route, 2 threads"), ("rust", "ringshift: route, 1 thread")),
        {100: 1.8},
        at_least=True,
        needs=TWO_CORES,
    ),
    Goal(
        "Core",
        "100 reloads a second: what a reader loses",
        LOST,
        (("rust", STORM), ("rust", ALONE)),
        {100: 5},
        needs=TWO_CORES,
    ),
    Goal(
        "Core",
        "100 reloads a second: 99.9th percentile of 100 lookups",
        RATIO,
        (("rust", STORM + SLOW), ("rust", ALONE + SLOW)),
        {100: 2},
        needs=TWO_CORES,
    ),
    Goal(
        "Core",
        "what would move to one node more",
        plain("ms"),
        (("rust", "moves to one node more"),),
        {1_000: 50},
    ),
)


def figures(lines: list[Line]) -> dict[tuple[str, str, int], float]:
    """The median of every subject and number of nodes."""
    found = {}
    for line in lines:
        values = line.get("ns") or line.get("values")
        if values:
            found[line["suite"], line["subject"], line["nodes"]] = statistics.median(values)
    return found


def evaluate(lines: list[Line], goals: tuple[Goal, ...] = GOALS) -> list[Outcome]:
    """Every goal, for every number of nodes that it has a bound for."""
    known = figures(lines)
    return [judge(goal, nodes, known) for goal in goals for nodes in goal.bounds]


def judge(goal: Goal, nodes: int, known: Figures) -> Outcome:
    """Holds one goal against the figures."""
    values = []
    for suite, subject in goal.subjects:
        value = known.get((suite, subject, nodes))
        if value is None:
            needs = f"; needs {goal.needs}" if goal.needs else ""
            return Outcome(goal, nodes, None, None, f"no “{subject}” in {suite}{needs}")
        values.append(value)
    figure = goal.formula.compute(*values)
    bound = goal.bounds[nodes]
    return Outcome(goal, nodes, figure, figure >= bound if goal.at_least else figure <= bound)


HEAD = ("", "goal", "N", "figure", "bound", "")


def rows(outcomes: list[Outcome]) -> list[tuple[str, ...]]:
    """The cells of the table."""
    made: list[tuple[str, ...]] = []
    for outcome in outcomes:
        goal, form = outcome.goal, outcome.goal.formula.form
        figure = "" if outcome.figure is None else form.format(outcome.figure)
        bound = ("≥ " if goal.at_least else "≤ ") + form.format(goal.bounds[outcome.nodes])
        made.append((goal.point, goal.text, f"{outcome.nodes:,}", figure, bound, outcome.verdict))
    return made


def table(outcomes: list[Outcome]) -> str:
    """For the page."""
    head = [HEAD, ("---", "---", "---:", "---:", "---:", "---")]
    return "\n".join(f"| {' | '.join(row)} |" for row in [*head, *rows(outcomes)])


def summary(outcomes: list[Outcome]) -> str:
    """How many of each."""
    met = [outcome.met for outcome in outcomes]
    return f"{met.count(True)} met, {met.count(False)} not met, {met.count(None)} not measured"
