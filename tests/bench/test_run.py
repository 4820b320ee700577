"""A run fails where something is not correct, and only there; a program that ends with an error is told of."""

import json
import sys
from pathlib import Path
from typing import Any

import parts
import pytest
import report
import run
from parts import Part


def check(ok: bool, suite: str = "go") -> dict[str, Any]:
    return {"suite": suite, "check": "same node", "ok": ok, "detail": "3 keys"}


def test_a_failed_check_is_named() -> None:
    assert run.wrong([check(True), check(False), check(True, "c")]) == ["go: same node: 3 keys"]


def test_a_suite_that_checked_nothing_is_not_taken_for_right() -> None:
    timed = {"suite": "c", "subject": "ringshift: route", "nodes": 10, "ns": [1.0]}
    assert run.wrong([check(True), timed]) == ["c: nothing was checked"]


def test_slow_and_right_is_right() -> None:
    timed = {"suite": "go", "subject": "ringshift: route", "nodes": 10, "ns": [1e12]}
    assert run.wrong([check(True), timed]) == []


def program(text: str, **more: Any) -> Part:
    return Part("a part", parts.build_nothing, [sys.executable, "-c", text], **more)


def test_a_part_is_given_the_numbers_of_nodes_unless_it_takes_none() -> None:
    text = 'import json, sys; print(json.dumps({"suite": "x", "got": sys.argv[1:]}))'
    assert parts.run(program(text), ["10", "100"]) == [{"suite": "x", "got": ["10", "100"]}]
    assert parts.run(program(text, takes_nodes=False), ["10"]) == [{"suite": "x", "got": []}]


def test_a_part_that_fails_ends_the_run() -> None:
    with pytest.raises(SystemExit, match="part a part ended with status 3"):
        parts.run(program("raise SystemExit(3)"), [])


def test_a_page_of_its_own_is_told_whether_to_write_and_says_what_is_wrong(tmp_path: Path) -> None:
    script = tmp_path / "page.py"
    script.write_text("import sys; raise SystemExit(len(sys.argv[1:]))")
    assert parts.run_page("curve", script, write=True) is None
    assert parts.run_page("curve", script, write=False) == "curve: ended with status 1; what is wrong stands above"


def test_docs_are_left_alone_by_a_run_that_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{report.BEGIN}\nold\n{report.END}\n")
    for name, path in (("PAGE", page), ("PICTURE", tmp_path / "picture.svg"), ("OUT", tmp_path / "out")):
        monkeypatch.setattr(run, name, path)

    def measured(ok: bool) -> list[str]:
        return run.measure_parts([program(f"print({json.dumps(json.dumps(check(ok)))})")], ["10"], write=True)

    assert measured(False) == ["go: same node: 3 keys"]
    assert "old" in page.read_text()
    assert not run.PICTURE.exists()
    assert measured(True) == []
    assert "Measured on" in page.read_text()
    assert run.PICTURE.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "rust"], "holds one whole run"),
        (["--nodes", "10"], "holds one whole run"),
        (["--only", "cobol", "--no-write"], "cobol is not one of rust"),
    ],
)
def test_the_page_is_never_written_from_half_a_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["run.py", *arguments])
    before = Path(run.PAGE).read_text(encoding="utf-8")
    with pytest.raises(SystemExit) as caught:
        run.main()
    assert caught.value.code == 2
    assert message in capsys.readouterr().err
    assert Path(run.PAGE).read_text(encoding="utf-8") == before
