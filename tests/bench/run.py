"""Speed, balance and moves beside the peers, all in one run: builds each part's program, runs it pinned to one core,
prints the tables and the goals, and writes them and the picture into docs.

`make bench` runs it; it fails where something is not correct, never for a time. `make bench ARGS="--only rust,go"`
measures some parts only, `ARGS="--nodes 10,100"` some numbers of nodes, `ARGS="--no-write"` leaves the page as it is.
BENCH_PYTHON names another Python for the Python part.
"""

import argparse
import json
import os
import sys
import time
from typing import Any

import bars
import chart
import goals
import machine
import report
from parts import OUT, PAGES, PARTS, ROOT, Part, run, run_page

PAGE = ROOT / "docs" / "benchmarks.md"
PICTURE = ROOT / "docs" / "benchmarks.svg"
NODES = "10,100,1000,10000"


def wrong(lines: list[dict[str, Any]]) -> list[str]:
    """The checks that failed, and the suites that checked nothing: a run of which nobody knows whether it is right."""
    checks = [line for line in lines if "check" in line]
    failed = [f"{line['suite']}: {line['check']}: {line['detail']}" for line in checks if not line["ok"]]
    unchecked = {line["suite"] for line in lines} - {line["suite"] for line in checks}
    return failed + [f"{suite}: nothing was checked" for suite in sorted(unchecked)]


def main() -> None:
    """Builds and measures what was asked for, and reports it."""
    parser = argparse.ArgumentParser(description="Speed, balance and moves beside the peers.")
    known = [*(part.name for part in PARTS), *PAGES]
    parser.add_argument("--only", default=",".join(known), help="parts, with commas between")
    parser.add_argument("--nodes", default=NODES, help="numbers of nodes, with commas between")
    parser.add_argument("--no-write", action="store_true", help="leave docs as they are")
    asked = parser.parse_args()
    names, nodes = asked.only.split(","), asked.nodes.split(",")
    if unknown := [name for name in names if name not in known]:
        parser.error(f"{unknown[0]} is not one of {', '.join(known)}")
    if not asked.no_write and (set(names) != set(known) or asked.nodes != NODES):
        parser.error("docs/benchmarks.md holds one whole run; leave out --only and --nodes, or add --no-write")
    failed: list[str] = []
    for name in PAGES:
        if name in names:
            print(f"==> {name}", flush=True)
            failed += filter(None, [run_page(name, PAGES[name], write=not asked.no_write)])
    # Last, so that the goals stand at the end.
    failed += measure_parts([part for part in PARTS if part.name in names], nodes, write=not asked.no_write)
    if failed:
        sys.exit("\n".join(["error: what was measured is not correct", *failed]))


def measure_parts(parts: list[Part], nodes: list[str], *, write: bool) -> list[str]:
    """Measures what docs/benchmarks.md is about and reports it. Gives what is wrong; the page is left alone then."""
    if not parts:
        return []
    lines = measure(parts, nodes)
    (OUT / "lines.json").write_text(json.dumps(lines, indent=1) + "\n", encoding="utf-8")
    outcomes = goals.evaluate(lines)
    print(report.tables(lines), bars.draw(lines), report.goal_list(outcomes), sep="\n\n")
    failed = wrong(lines)
    if write and not failed:
        report.write(PAGE, report.page(lines, outcomes, machine.facts()))
        PICTURE.write_text(chart.draw(lines), encoding="utf-8")
    return failed


def measure(parts: list[Part], nodes: list[str]) -> list[dict[str, Any]]:
    """Builds all parts, then runs one after the other."""
    OUT.mkdir(parents=True, exist_ok=True)
    print("==> building the programs", flush=True)
    for part in parts:
        part.build()
    lines = []
    for part in parts:
        busy = os.getloadavg()[0]
        # Our own program keeps one core busy.
        others = f" (load {busy:.1f}: others use this machine too)" if busy > 1.5 else ""
        print(f"==> {part.name}{others}", flush=True)
        start = time.monotonic()
        lines += run(part, nodes)
        print(f"    {time.monotonic() - start:.0f} s", flush=True)
    return lines


if __name__ == "__main__":
    main()
