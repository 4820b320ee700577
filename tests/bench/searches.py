"""Ways to search a ring, side by side: builds and runs the program, and writes its table into docs/performance.md.

`make bench` runs it; `--no-write` prints the table and leaves the page. Exits with 1 when a way that is meant to be
exact gave a wrong answer.
"""

import argparse
import statistics
import sys

import parts
import report

PAGE = parts.ROOT / "docs" / "performance.md"
NODES = ["10", "100", "1000", "10000"]

Line = report.Line


def measure() -> list[Line]:
    """Builds the program, runs it on one core and gives its lines."""
    part = parts.Part("searches", parts.build_rust, [parts.rust("searches")])
    part.build()
    return parts.run(part, NODES)


def faults(lines: list[Line]) -> list[str]:
    """Wrong answers of ways that are exact: there must be none."""
    checks = [line for line in lines if "check" in line]
    wrong = [f"{line['check']}: {line['detail']}" for line in checks if not line["ok"]]
    return wrong if checks else ["nothing was checked"]


def table(lines: list[Line]) -> str:
    """A row a way, a column a number of nodes."""
    timed = [line for line in lines if "ns" in line]
    cells = {(line["subject"], line["nodes"]): line for line in timed}
    counts = report.numbers_of_nodes(timed)
    head = ["", *(f"N = {count:,}" for count in counts), f"bytes a point at N = {counts[-1]:,}"]
    rows = []
    for subject in report.subjects_of(timed):
        times = [report.digits(statistics.median(cells[subject, count]["ns"])) for count in counts]
        rows.append([subject, *times, report.digits(cells[subject, counts[-1]]["bytes_a_point"])])
    return report.markdown(head, rows)


def main(arguments: list[str] | None = None) -> int:
    """Measures, writes the page; returns the exit status."""
    parser = argparse.ArgumentParser(description="ways to search a ring, side by side")
    parser.add_argument("--no-write", action="store_true", help="print the table; leave docs/performance.md as it is")
    chosen = parser.parse_args(arguments)
    lines = measure()
    sys.stdout.write(f"{table(lines)}\n")
    found = faults(lines)
    for fault in found:
        sys.stderr.write(f"error: {fault}\n")
    if not found and not chosen.no_write:
        report.write(PAGE, table(lines))
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
