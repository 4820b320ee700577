"""Every scenario with every client."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenario import Scenario
from stage import Stage
from workers import Client


def test_scenario(client: Client, scenario: Scenario, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Plays it; all that is wrong is told at once."""
    if client.language == "go":
        request.getfixturevalue("go_worker")
    stage = Stage(scenario, client, tmp_path)
    try:
        wrong = stage.play()
    finally:
        stage.close()
    assert not wrong, "\n".join([f"{client.name}: {scenario.name}", f"docs: {scenario.says}", *wrong])
