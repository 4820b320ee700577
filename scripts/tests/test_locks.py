"""Every lock file decides alone what is installed: it is complete, and names the hash of each package."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"


def tracked(pattern: str) -> list[Path]:
    """Files of the tree, as git knows them."""
    told = subprocess.run(["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in told.splitlines()]


def id_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


CARGO = tracked("*Cargo.lock")
NPM = tracked("*package-lock.json")
GO = tracked("*go.mod")
PYTHON = tracked("*requirements.txt")


def test_every_manifest_has_its_lock() -> None:
    assert min(len(CARGO), len(NPM), len(GO)) >= 3
    locked = {lock.parent for lock in CARGO}
    for manifest in tracked("*Cargo.toml"):
        assert any(parent in locked for parent in manifest.parents), f"{manifest} has no Cargo.lock"
    assert {lock.parent for lock in NPM} == {manifest.parent for manifest in tracked("*package.json")}


@pytest.mark.parametrize("lock", CARGO, ids=id_of)
def test_a_lock_of_rust_is_complete(lock: Path) -> None:
    packages = tomllib.loads(lock.read_text())["package"]
    locked = {name for package in packages for name in (package["name"], f"{package['name']} {package['version']}")}
    for package in packages:
        if "source" in package:
            assert package["source"] == REGISTRY, package["name"]
            assert re.fullmatch("[0-9a-f]{64}", package["checksum"]), package["name"]
        assert set(package.get("dependencies", [])) <= locked, package["name"]


@pytest.mark.parametrize(
    "manifest", ["Cargo.toml", "fuzz/Cargo.toml", "tests/model/Cargo.toml", "tests/sim/Cargo.toml"]
)
def test_a_lock_of_rust_is_up_to_date(manifest: str) -> None:
    command = ["cargo", "metadata", "--quiet", "--locked", "--format-version=1", "--manifest-path", manifest]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr


def resolved(packages: dict[str, Any], place: str, name: str) -> bool:
    """Whether Node finds a package from a place: there, or in a directory above it."""
    while True:
        if f"{place}/node_modules/{name}".lstrip("/") in packages:
            return True
        if not place:
            return False
        place = place.rpartition("node_modules/")[0].rstrip("/")


@pytest.mark.parametrize("lock", NPM, ids=id_of)
def test_a_lock_of_npm_is_complete_and_up_to_date(lock: Path) -> None:
    packages = json.loads(lock.read_text())["packages"]
    manifest = json.loads(lock.with_name("package.json").read_text())
    for kind in ("dependencies", "devDependencies", "peerDependencies"):
        assert packages[""].get(kind, {}) == manifest.get(kind, {}), kind
    for place, package in packages.items():
        if place and not package.get("link"):
            assert package["integrity"].startswith("sha512-"), place
            # Without an address, it is whatever registry npm asks.
            assert package.get("resolved", "https://registry.npmjs.org/").startswith("https://registry.npmjs.org/"), (
                place
            )
        for name in package.get("dependencies", {}):
            assert resolved(packages, place, name), f"{place or 'the package'} needs {name}"


@pytest.mark.parametrize("module", GO, ids=id_of)
def test_a_module_of_go_has_the_hashes_of_all_that_it_needs(module: Path) -> None:
    needed = re.findall(r"^(?:require |\t)(\S+) (v\S+)", module.read_text(), re.MULTILINE)
    others = [(name, version) for name, version in needed if "ringshift" not in name]
    sums = module.with_name("go.sum").read_text() if others else ""
    for name, version in others:
        assert f"{name} {version}/go.mod h1:" in sums, name


def pinned(file: Path) -> dict[str, str]:
    lines = [line.split("#")[0].split(";")[0].strip() for line in file.read_text().splitlines()]
    return dict(line.split("==") for line in lines if line)


@pytest.mark.parametrize("file", PYTHON, ids=id_of)
def test_packages_of_python_are_pinned(file: Path) -> None:
    versions = pinned(file)
    assert versions
    assert all(re.fullmatch(r"\d[\w.]*", version) for version in versions.values()), versions


def test_the_tools_in_python_are_pinned_with_all_that_they_bring() -> None:
    def plain(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    versions = {plain(name): version for name, version in pinned(ROOT / "scripts/requirements.txt").items()}
    for name, version in versions.items():
        assert importlib.metadata.version(name) == version, name
        for asked in importlib.metadata.requires(name) or []:
            needed, _, condition = asked.partition(";")
            if condition:
                continue  # for another Python or platform, or an extra
            brought = re.match(r"[A-Za-z0-9._-]+", needed.strip())
            assert brought is not None
            assert plain(brought[0]) in versions, f"{name} brings {brought[0]}"
