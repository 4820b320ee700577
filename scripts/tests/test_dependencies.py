"""What the library pulls in is what docs/dependencies.md says, and every lock file decides what is installed."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "dependencies.md").read_text()


def listed(heading: str) -> list[tuple[str, ...]]:
    """The rows of the table under a heading."""
    rest = TEXT.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in rest.splitlines() if line[:1] == "|"]
    return rows[2:]


def tracked(pattern: str) -> list[Path]:
    """Files of the tree, as git knows them."""
    named = subprocess.run(["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in named.splitlines()]


def tree(*arguments: str) -> set[str]:
    """The names of packages that cargo lists, the first one left out."""
    told = subprocess.run(
        [
            "cargo",
            "tree",
            "--quiet",
            "--locked",
            "--prefix",
            "none",
            "--target",
            "x86_64-unknown-linux-gnu",
            *arguments,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {line.split()[0] for line in told.splitlines()[1:] if line}


def test_the_core_depends_on_what_the_documentation_says() -> None:
    named = {name for names, where, _ in listed("In the library") if "core" in where for name in names.split(", ")}
    assert tree("-p", "ringshift", "-e", "normal", "--depth", "1") == named


def test_what_these_bring_is_what_the_documentation_says() -> None:
    found = re.search(r"Linked with the core on Linux are these and no others: ([^.]+)\.", TEXT)
    assert found is not None
    named = {name.strip() for name in found[1].replace("\n", " ").split(",")}
    assert tree("-p", "ringshift", "-e", "normal,no-proc-macro") == named


@pytest.mark.parametrize("crate", ["ringshift-capi", "ringshift-cli", "ringshift-python", "ringshift-node"])
def test_a_binding_depends_on_what_the_documentation_says(crate: str) -> None:
    words = {
        "ringshift-capi": "C",
        "ringshift-cli": "command line",
        "ringshift-python": "Python",
        "ringshift-node": "Node",
    }
    rows = listed("In the library")
    named = {name for names, where, _ in rows if words[crate] in where.split(", ") for name in names.split(", ")}
    assert tree("-p", crate, "-e", "normal", "--depth", "1") - {"ringshift"} <= named


@pytest.mark.parametrize(
    "manifest", ["Cargo.toml", "fuzz/Cargo.toml", "tests/model/Cargo.toml", "tests/sim/Cargo.toml"]
)
def test_lock_files_of_rust_are_up_to_date(manifest: str) -> None:
    assert tree("--manifest-path", manifest, "--workspace")


def test_lock_files_of_rust_name_one_registry_and_the_hash_of_each_package() -> None:
    locks = tracked("*Cargo.lock")
    assert len(locks) >= 5
    for lock in locks:
        for package in lock.read_text().split("[[package]]")[1:]:
            if "source = " in package:
                assert 'source = "registry+https://github.com/rust-lang/crates.io-index"' in package, lock
                assert re.search(r'checksum = "[0-9a-f]{64}"', package), lock


def test_lock_files_of_npm_name_the_hash_of_each_package() -> None:
    locks = tracked("*package-lock.json")
    assert len(locks) >= 2
    for lock in locks:
        packages = json.loads(lock.read_text())["packages"]
        for name, package in packages.items():
            if name.startswith("node_modules/") and not package.get("link"):
                assert package["integrity"].startswith("sha512-"), (lock, name)
                # Without an address, it is whatever registry npm asks.
                resolved = package.get("resolved", "https://registry.npmjs.org/")
                assert resolved.startswith("https://registry.npmjs.org/"), (lock, name)


def test_modules_of_go_have_the_hashes_of_all_that_they_need() -> None:
    modules = tracked("*go.mod")
    assert len(modules) >= 5
    for module in modules:
        named = re.findall(r"^(?:require |\t)(\S+) (v\S+)", module.read_text(), re.MULTILINE)
        others = [each for each in named if "ringshift" not in each[0]]
        sums = module.with_name("go.sum").read_text() if others else ""
        for name, version in others:
            assert f"{name} {version} h1:" in sums or f"{name} {version}/go.mod h1:" in sums, (module, name)


def test_packages_of_python_are_pinned() -> None:
    files = [ROOT / "scripts" / "requirements.txt", *tracked("*requirements.txt")]
    for file in files:
        for line in file.read_text().splitlines():
            requirement = line.split("#")[0].strip()
            if requirement:
                assert re.fullmatch(r"[A-Za-z0-9._-]+(\[\w+\])?==[\w.]+( *;.*)?", requirement), (file, line)
