"""The README's first example, run as it is written, in a process of its own, on real servers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from servers import Server

README = (Path(__file__).resolve().parents[1] / "README.md").read_text()


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_first_example_works_as_written(servers: list[Server], tmp_path: Path) -> None:
    code, spec = block("python"), block("json")
    for port, server in zip((11211, 11212), servers, strict=False):
        assert f":{port}" in spec
        # The example has memcached's own port, which is not ours to take.
        spec = spec.replace(f"127.0.0.1:{port}", server.address)
    (tmp_path / "cache.json").write_text(spec)
    # pytest compares the output; a warning is an error.
    result = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code],
        cwd=tmp_path, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    address, stage, generation = result.stdout.split()
    assert address in {server.address for server in servers[:2]}
    assert (stage, generation) == ("none", "1")


def test_it_starts_with_about_ten_lines_of_code() -> None:
    assert README.split("```")[0].strip() == "# ringshift for Python"
    assert len(block("python").splitlines()) <= 12
