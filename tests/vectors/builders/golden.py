"""The kind `golden`: where a real client puts keys. Made by a script in clients/, checked against the oracle here."""

from __future__ import annotations

import json
from pathlib import Path

from oracle.placement import Placer
from oracle.spec import load


def differences(path: Path) -> list[str]:
    """Each spec and key on which the oracle and the client disagree."""
    if not path.exists():
        return [f"{path.name}: missing; run clients/libmemcached_modulo.py"]
    made = json.loads(path.read_text("utf-8"))
    keys = [bytes.fromhex(key) for key in made["keys"]]
    wrong = []
    for text, expected in zip(made["specs"], made["expected"], strict=True):
        primary = load(text).primary
        placer = Placer(primary)
        for key, index in zip(keys, expected, strict=True):
            answer = placer.nodes(key)[0]
            if answer != primary.nodes[index]:
                wrong.append(f"{path.name}: {key.hex()} of {len(primary.nodes)}: oracle {answer.id}, client {index}")
    return wrong
