"""Makes every vector file from the oracle, or checks that the committed ones are what it would make.

    python generate.py            writes *.json (about two minutes)
    python generate.py --check    exits with 1 and names each file that differs from a regeneration

The golden files are not made here: real clients make them (clients/). Both modes check that the oracle agrees with
those whose placement it knows. `--check` verifies the digests for the first 50,000 keys only.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from builders import (
    accepts,
    balance,
    digests,
    error_legacy,
    golden,
    migrations,
    placements,
    schedule_times,
    spec_errors,
)

HERE = Path(__file__).parent
Made = dict[str, Any]

FILES: list[tuple[str, str, Callable[[], Made]]] = [
    ("0001-ring-sizes.json", "ring of 1 to 100 equal nodes; order and address decide nothing", placements.ring_sizes),
    ("0002-ring-weights.json", "ring with weights 0 to 1000", placements.ring_weights),
    ("0003-ring-vnodes-seeds.json", "ring with vnodes and seeds", placements.ring_vnodes_and_seeds),
    ("0004-ring-ids.json", "ring with short, multi-byte and long node ids", placements.ring_ids),
    ("0005-ring-down.json", "ring with nodes that are down", placements.ring_down),
    ("0006-ring-replicas.json", "replicas and zones", placements.ring_replicas),
    ("0007-awkward-keys.json", "empty, NUL, invalid UTF-8, 64 KiB, every length class", placements.awkward_keys),
    ("0008-hash-tags.json", "hash tags: unclosed, empty, doubled", placements.hash_tags),
    ("0009-modulo.json", "modulo, flavor libmemcached, both hashes, 1 to 7 nodes", placements.modulo_sizes),
    ("0010-ring-max-load.json", "ring with bounded loads", placements.ring_max_load),
    ("0011-ring-default-vnodes.json", "ring without `vnodes`: 512 points a node", placements.ring_default_vnodes),
    ("0012-balance.json", "loads of nodes, and warnings of uneven clusters", balance.build),
    ("0020-stages-regions.json", "every stage with every region's stage", migrations.stages_and_regions),
    ("0021-bucket-borders.json", "keys whose bucket is exactly at the border", migrations.bucket_borders),
    ("0022-percents.json", "percents and how they are written", migrations.percents),
    ("0023-shared-nodes.json", "clusters that share nodes, one prefix and two", migrations.shared_nodes),
    ("0024-migration-replicas.json", "replicas while migrating", migrations.replicas_in_migration),
    ("0025-schedules.json", "schedules of the past and of the year 2999", migrations.schedules),
    ("0026-schedule-times.json", "the weight of schedules at given moments", schedule_times.build),
    ("0030-accept.json", "specs that must be accepted", accepts.build),
    ("0040-errors-top.json", "spec errors: syntax and top-level fields", spec_errors.top),
    ("0041-errors-clusters.json", "spec errors: clusters and placements", spec_errors.clusters),
    ("0042-errors-nodes.json", "spec errors: nodes", spec_errors.nodes_file),
    ("0043-errors-migration.json", "spec errors: migration, regions, schedule, breaker", spec_errors.migration_file),
    ("0044-errors-limits.json", "spec errors: hard limits", spec_errors.limits),
    ("0045-errors-legacy.json", "spec errors: placements of existing clients", error_legacy.build),
]
DIGEST = ("0050-digest.json", "digests over 1,000,000 generated keys")


def text(made: Made) -> str:
    """The bytes of a file: one case a line, so that a change reads well in a diff."""
    lines = json.dumps(made, ensure_ascii=True, separators=(",", ":"))
    for opening in ('{"key":', '{"key_repeat":', '{"spec":', '{"spec_hex":', '{"spec_parts":', '{"file":'):
        lines = lines.replace(f",{opening}", f",\n{opening}").replace(f"[{opening}", f"[\n{opening}")
    return lines + "\n"


def index(kinds: dict[str, str]) -> Made:
    """index.json: every file with its kind."""
    about = {name: words for name, words, _ in FILES} | dict([DIGEST, *golden.FILES])
    return {
        "version": 1,
        "files": [{"file": name, "kind": kinds[name], "about": about[name]} for name in sorted(kinds)],
    }


def expected(*, check: bool) -> dict[str, str]:
    """Every generated file's name and text. While checking, the digest file is checked in part and left out."""
    kinds = {DIGEST[0]: "digest"} | {name: "golden" for name, _ in golden.FILES}
    texts = {}
    for name, _, build in FILES:
        made = build()
        kinds[name] = made["kind"]
        texts[name] = text(made)
    if not check:
        texts[DIGEST[0]] = text(digests.build())
    texts["index.json"] = text(index(kinds))
    return texts


def differences() -> list[str]:
    """What is wrong with the committed files; empty when they are fresh."""
    wrong = []
    texts = expected(check=True)
    for name, wanted in texts.items():
        path = HERE / name
        if not path.exists():
            wrong.append(f"{name}: missing; run generate.py")
        elif path.read_text("utf-8") != wanted:
            wrong.append(f"{name}: not what the oracle makes; run generate.py and look at the difference")
    known = {*texts, DIGEST[0], *(name for name, _ in golden.FILES)}
    wrong += [f"{path.name}: not made by generate.py" for path in HERE.glob("*.json") if path.name not in known]
    wrong += digests.differences(HERE / DIGEST[0])
    wrong += golden.differences(HERE)
    return wrong


def main() -> int:
    """Writes or checks; returns the exit status."""
    parser = argparse.ArgumentParser(description="makes or checks the vector files")
    parser.add_argument("--check", action="store_true", help="compare the committed files with a regeneration")
    if not parser.parse_args().check:
        for name, content in expected(check=False).items():
            (HERE / name).write_text(content, "utf-8")
    wrong = differences()
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
