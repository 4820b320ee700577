"""The checks that decide the exit status: what has to be true after a run, each with the figure it is judged by."""

from __future__ import annotations

from dataclasses import dataclass

from demo.figures import Figures, figures, stage_figures
from demo.record import Record, Scenario, Stage

EXPECTED: dict[str, tuple[str, ...]] = {
    "hash % N": ("hash % 4", "hash % 5", "hash % 4 again"),
    "ring": ("ring of 4", "ring of 5"),
    "migration": (
        "hash % 4",
        "prepare",
        *(f"ramp {percent} %" for percent in (10, 25, 50, 75, 100)),
        "soak",
        "final",
    ),
    "scale out": ("prepare", "ramp 25 %", "ramp 50 %", "ramp 100 %", "soak", "final"),
    "failure": ("prepare", "ramp 25 %", "ramp 50 %", "ramp 50 %, v2 dead", "back to prepare", "back to none"),
    "scale in": ("prepare", "ramp 50 %", "ramp 100 %", "soak", "final"),
}
"""The stages that a run has to reach, by scenario."""

NAIVE = ("hash % N", "ring")
"""The scenarios that show harm: they are not held to what a migration promises."""
KILLED = "violet/v2"
"""The only node that may cause errors."""
RECOVERED = 2.0
"""At the end, the origin may have at most this many times the load that it had at the start."""
HELD_OFF = 0.1
"""Reads that still go to a node with open breakers, at most, as a share of those that went there before."""


@dataclass(frozen=True)
class Check:
    """One statement about the run."""

    text: str
    passed: bool
    figure: str


def run_checks(record: Record) -> list[Check]:
    """All checks over a finished run."""
    return [
        every_stage(record),
        no_disagreement(record),
        only_the_killed_node_failed(record),
        no_stale_read(record),
        breakers_hold(record),
        origin_recovers(record),
        gentler(record),
    ]


def every_stage(record: Record) -> Check:
    """Every stage was published, adopted by the whole fleet, and lasted."""
    missing = []
    for key, names in EXPECTED.items():
        reached = {
            stage.name
            for scenario in record.scenarios
            if scenario.key == key
            for stage in scenario.stages
            if stage.adopted is not None and stage.end is not None
        }
        missing += [f"{key}: {name}" for name in names if name not in reached]
    total = sum(map(len, EXPECTED.values()))
    return Check("every stage was reached", not missing, ", ".join(missing) or f"{total} of {total}")


def no_disagreement(record: Record) -> Check:
    """Python, Node, C and Go placed all keys alike in every stage."""
    measured = [stage for stage in record.stages if not stage.pause]
    unchecked = [stage.name for stage in measured if stage.disagreements is None]
    differing = sum(stage.disagreements or 0 for stage in measured)
    placed = record.settings.placed_keys * (len(measured) - len(unchecked))
    figure = f"{differing} of {placed:,} keys in {len(measured)} stages"
    if unchecked:
        figure += f"; not checked in {', '.join(unchecked)}"
    return Check("Python, Node, C and Go agree on every key's place", not differing and not unchecked, figure)


def only_the_killed_node_failed(record: Record) -> Check:
    """No request failed but those to the killed node."""
    failed = {
        name.partition(":")[2]: count
        for name, count in record.ledger.totals.items()
        if name.startswith(("error:", "lost:")) and count > 0
    }
    others = {node: count for node, count in failed.items() if node != KILLED}
    told = [f"{count:.0f} on {node}" for node, count in sorted(others.items())] + record.failures[:3]
    killed = record.ledger.totals.get(f"error:{KILLED}", 0.0) + record.ledger.totals.get(f"lost:{KILLED}", 0.0)
    # A dead node that nobody noticed would mean that nothing was tested.
    passed = not others and not record.failures and killed > 0
    figure = "; ".join(told) or f"{killed:.0f} on {KILLED}, no other"
    return Check("no request failed but on the killed node", passed, figure)


def no_stale_read(record: Record) -> Check:
    """No read was stale in any migration, whatever it went through."""
    migrated = [scenario for scenario in record.scenarios if scenario.key not in NAIVE and scenario.stages]
    stale = sum(record.stale(*scenario.span()) for scenario in migrated)
    figure = f"{stale} of {record.judged:,} judged reads"
    return Check("no read is stale in a migration", stale == 0 and record.judged > 0, figure)


def breakers_hold(record: Record) -> Check:
    """Reads of the dead node stop, but for probes."""
    before = find_stage(record, "failure", "ramp 50 %")
    dead = find_stage(record, "failure", "ramp 50 %, v2 dead")
    if before is None or dead is None or before.end is None or dead.end is None:
        return Check("breakers stop the reads of the dead node", False, "the stage was not reached")
    # Half of the keys have moved, a quarter of these to the dead node.
    cluster = record.ledger.rate("router:violet:read:hit", before.begin, before.end)
    usual = (cluster + record.ledger.rate("router:violet:read:miss", before.begin, before.end)) / 4
    later = dead.end - (dead.end - dead.begin) / 2
    still = record.ledger.rate(f"read-error:{KILLED}", later, dead.end)
    return Check(
        "breakers stop the reads of the dead node",
        still <= HELD_OFF * usual,
        f"from about {usual:.0f} reads a second to {still:.1f}",
    )


def origin_recovers(record: Record) -> Check:
    """Every scenario leaves the origin with the load that it found."""
    base = baseline(record)
    if base is None or base.origin <= 0:
        return Check("the origin's load recovers", False, "there was no load to compare with")
    worst_name, worst = "", 0.0
    for scenario in record.scenarios:
        if scenario.key in NAIVE or not scenario.stages:
            # What is compared there is the harm itself.
            continue
        last = scenario.stages[-1]
        factor = stage_figures(record, last, last.begin).origin / base.origin
        if factor >= worst:
            worst_name, worst = scenario.key, factor
    return Check(
        "the origin's load recovers",
        worst <= RECOVERED,
        f"at most {worst:.2f} times the usual at the end of {worst_name}",
    )


def gentler(record: Record) -> Check:
    """The migration costs less than the naive way, in hit rate and in load."""
    naive = harm(record, "hash % N", ("hash % 5",))
    migrated = harm(record, "migration")
    if naive is None or migrated is None:
        return Check("a migration is gentler than adding a node under hash % N", False, "not both were run")
    passed = migrated.lowest_hit_rate > naive.lowest_hit_rate and migrated.origin_peak < naive.origin_peak
    figure = (
        f"lowest hit rate {migrated.lowest_hit_rate:.0%} against {naive.lowest_hit_rate:.0%}, "
        f"peak {migrated.origin_peak:.0f} against {naive.origin_peak:.0f} reads a second"
    )
    return Check("a migration is gentler than adding a node under hash % N", passed, figure)


def find_stage(record: Record, scenario: str, name: str) -> Stage | None:
    """A stage by its name."""
    return next((stage for stage in record.stages if stage.scenario == scenario and stage.name == name), None)


def before(scenario: Scenario) -> Stage | None:
    """The stage in which a scenario found things as they were."""
    return next((stage for stage in scenario.stages if not stage.pause), None)


def baseline(record: Record) -> Figures | None:
    """The first measured stage of the run: steady load on an unchanged cluster."""
    first = next((stage for stage in record.stages if not stage.pause), None)
    return None if first is None else stage_figures(record, first, first.begin)


def harm(record: Record, scenario: str, names: tuple[str, ...] = ()) -> Figures | None:
    """The figures over the stages of a scenario that changed something: those named, or all after the first."""
    found = next((known for known in record.scenarios if known.key == scenario), None)
    if found is None:
        return None
    first = before(found)
    changed = [
        stage
        for stage in found.stages
        if not stage.pause and stage.end is not None and (stage.name in names if names else stage is not first)
    ]
    return figures(record, changed[0].begin, changed[-1].until(changed[-1].begin)) if changed else None
