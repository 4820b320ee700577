"""What is pulled in is what docs/dependencies.md says, and each has its reason there."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "dependencies.md").read_text()
HEADINGS = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
# Peers that are only measured and clients that only made golden files need no reason of their own, says the page.
PEERS = ("tests/bench/", "tests/vectors/clients/")


def rows(heading: str) -> list[list[str]]:
    """The rows of the table under a heading."""
    rest = TEXT.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in rest.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names(cell: str) -> list[str]:
    """The names in a first cell, without versions and what is said in parentheses."""
    return [name.split()[0] for name in re.sub(r" \([^)]*\)", "", cell).split(", ")]


def tracked(pattern: str) -> list[Path]:
    """Files of the tree, as git knows them."""
    told = subprocess.run(["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in told.splitlines()]


def of_cargo(manifest: dict[str, Any]) -> Iterator[str]:
    """The dependencies of a crate that come from a registry."""
    tables = [manifest, manifest.get("workspace", {}), *manifest.get("target", {}).values()]
    for table in tables:
        for kind in ("dependencies", "dev-dependencies", "build-dependencies"):
            for name, asked in table.get(kind, {}).items():
                if name != "ringshift" and (isinstance(asked, str) or "path" not in asked):
                    yield name


def of_npm(manifest: dict[str, Any]) -> Iterator[str]:
    for kind in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies"):
        yield from manifest.get(kind, {})


def of_go(text: str) -> Iterator[str]:
    """The modules that a module itself needs, by the names that people call them."""
    for path, rest in re.findall(r"^(?:require |\t)(\S+) v\S+(.*)$", text, re.MULTILINE):
        if "// indirect" not in rest and "ringshift" not in path:
            parts = re.sub(r"/v\d+$", "", path)
            yield parts if parts.startswith("golang.org/") else parts.rsplit("/", 1)[-1]


def of_python(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if name := re.match(r"[A-Za-z0-9_-]+", line):
            yield name[0]


def direct() -> dict[str, list[Path]]:
    """Every direct dependency of everything in the tree, and the manifests that name it."""
    found: dict[str, list[Path]] = {}

    def note(manifest: Path, dependencies: Iterator[str]) -> None:
        for name in dependencies:
            found.setdefault(name, []).append(manifest.relative_to(ROOT))

    for manifest in tracked("*Cargo.toml"):
        note(manifest, of_cargo(tomllib.loads(manifest.read_text())))
    for manifest in tracked("*package.json"):
        note(manifest, of_npm(json.loads(manifest.read_text())))
    for manifest in tracked("*go.mod"):
        note(manifest, of_go(manifest.read_text()))
    for manifest in tracked("*requirements.txt"):
        asked = manifest.read_text().split("# What the ones above bring.")[0]
        note(manifest, of_python(asked.splitlines()))
    for manifest in tracked("*pyproject.toml"):
        project = tomllib.loads(manifest.read_text())
        optional = project.get("project", {}).get("optional-dependencies", {}).values()
        note(manifest, of_python(project["build-system"]["requires"]))
        note(manifest, of_python([name for names in optional for name in names]))
    return found


DIRECT = direct()
LISTED = {name for heading in HEADINGS for row in rows(heading) for name in names(row[0])}


def test_every_manifest_was_read() -> None:
    manifests = {str(manifest) for found in DIRECT.values() for manifest in found}
    for one in (
        "core/Cargo.toml",
        "fuzz/Cargo.toml",
        "node/package.json",
        "bindings/go/adapters/goredis/go.mod",
        "python/pyproject.toml",
        "scripts/requirements.txt",
    ):
        assert one in manifests


def test_every_direct_dependency_has_its_reason() -> None:
    without = {
        name: [str(manifest) for manifest in manifests]
        for name, manifests in DIRECT.items()
        if name not in LISTED and not all(str(manifest).startswith(PEERS) for manifest in manifests)
    }
    assert without == {}


def test_every_reason_is_one_for_something_that_is_there() -> None:
    # Programs and system packages stand in the scripts that get or run them.
    get = ("setup", "audit", "miri", "lib/free_threaded_python.sh", "lib/python_from_debian.sh")
    scripts = " ".join((ROOT / "scripts" / name).read_text() for name in get).lower()
    assert {name for name in LISTED if name not in DIRECT and name.lower() not in scripts} == set()
    for heading in HEADINGS:
        for row in rows(heading):
            assert len(row[-1]) > 10, f"{row[0]} has no reason"


def tree(crate: str, *arguments: str) -> set[str]:
    """The names of the packages that cargo says a crate brings."""
    command = [
        "cargo",
        "tree",
        "--quiet",
        "--locked",
        "--prefix=none",
        "--target=x86_64-unknown-linux-gnu",
        "-p",
        crate,
    ]
    told = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {line.split()[0] for line in told.splitlines()[1:] if line}


@pytest.mark.parametrize(
    ("crate", "where"),
    [
        ("ringshift", "core"),
        ("ringshift-capi", "C"),
        ("ringshift-cli", "command line"),
        ("ringshift-python", "Python"),
        ("ringshift-node", "Node"),
    ],
)
def test_a_part_of_the_library_depends_on_what_the_page_says(crate: str, where: str) -> None:
    said = {name for row in rows("In the library") if where in row[1].split(", ") for name in names(row[0])}
    assert tree(crate, "-e", "normal", "--depth", "1") - {"ringshift"} == said


def test_what_these_bring_is_what_the_page_says() -> None:
    found = re.search(r"Linked with the core on Linux are these and no others: ([^.]+)\.", TEXT)
    assert found is not None
    assert tree("ringshift", "-e", "normal,no-proc-macro") == {name.strip() for name in found[1].split(",")}
