"""`python -m demo`: runs the story, prints its tables, draws its chart; the exit status says if all checks passed."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from demo.chart import write_chart
from demo.checks import run_checks
from demo.fleet import Fleet
from demo.plain import PlainView
from demo.programs import ProgramError, build_programs
from demo.record import Record, now
from demo.run import RunError, run
from demo.screen import Screen
from demo.settings import ROOT, Settings
from demo.summary import print_summary

PLAIN_WIDTH = 116
DEFAULT_CHART = ROOT / "demo" / "out" / "chart.svg"


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Changes live cache clusters of real memcached servers under load, and measures what that costs.",
    )
    parser.add_argument(
        "--seconds", type=float, default=1.0, metavar="FACTOR", help="factor on the length of every stage (default 1)"
    )
    parser.add_argument(
        "--chart",
        type=Path,
        default=DEFAULT_CHART,
        metavar="PATH",
        help="where the chart goes (default demo/out/chart.svg)",
    )
    parser.add_argument("--plain", action="store_true", help="plain lines, also in a terminal")
    return parser.parse_args(arguments)


def main() -> int:
    """Runs everything; 0 if all checks passed, 1 if one failed, 2 if it could not run, 130 if it was stopped."""
    options = parse(sys.argv[1:])
    plain = options.plain or not sys.stdout.isatty() or bool(os.environ.get("NO_COLOR")) or bool(os.environ.get("CI"))
    console = Console(width=PLAIN_WIDTH if not sys.stdout.isatty() else None, no_color=plain or None)
    settings = replace(Settings(), pace=options.seconds)
    try:
        programs = build_programs()
        record = Record(settings, Fleet.names(settings))
        with PlainView(console, record) if plain else Screen(console, record) as view:
            log = asyncio.run(run(record, view, programs))
    except KeyboardInterrupt:
        console.print("stopped: no process is left")
        return 130
    except (ProgramError, RunError) as error:
        console.print(f"error: {error}", markup=False)
        return 2
    checks = run_checks(record)
    print_summary(console, record, checks)
    if log:
        console.print(f"\nThe processes wrote to their standard error:\n{log}", markup=False, highlight=False)
    write_chart(record, options.chart)
    seconds = now() - record.begin
    console.print(f"\n{seconds:.0f} seconds. Chart: {options.chart}", markup=False, highlight=False, soft_wrap=True)
    return 0 if all(check.passed for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
