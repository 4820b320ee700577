"""Spec errors of the migration, its schedules and regions, and of the breaker."""

from __future__ import annotations

from typing import Any

from builders.error_base import BASE, Edit, edited, invalid, quoted, variants

M, R = "/migration", "/migration/regions"
ID, STAGE, PERCENT = '"id": "2026-11-blue-green"', '"stage": "ramp",\n    "percent"', '"percent": 10,'
FROM, TO = '"from": "blue"', '"to": "green"'
LINEAR = '{"start": "2999-01-01T00:00:00Z", "from": 10, "to": 100, "over": "2h"}'
STEPS, EVERY = "[10, 25.5, 50]", '"every": "10m"'
KR, JP = '{"stage": "ramp", "percent": 50}', '{"stage": "prepare"}'
S, US = f"{M}/schedule", f"{R}/us/schedule"
BREAKER = '{"failures": 3, "open": "1s", "max_open": "60s", "max_ejected": 0.5}'
BAD_PERCENTS = ["-1", "101", "100.01", "12.345", "0.001", "-0.01", "10000"]
BAD_TIMES = [
    "yesterday", "", "2999-01-01", "2999-01-01T00:00:00", "2999-01-01 00:00:00Z", "2999-01-01T00:00:00+09:00",
    "2999-13-01T00:00:00Z", "2999-02-29T00:00:00Z", "2999-00-01T00:00:00Z", "2999-01-01T24:00:00Z",
    "2999-01-01T00:60:00Z", "2999-01-01T00:00:60Z", "2999-01-01T00:00Z", "2999-01-01T00:00:00.5Z",
    "99999-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2100-02-29T00:00:00Z", "2999-01-01t00:00:00z",
    "2999-1-1T00:00:00Z",
]  # fmt: skip
BAD_DURATIONS = ["", "2", "3651d", "0s", "0ms", "2 h", "-2h", "2hours", "2H", "h", "1h30m", "99999999999999999999h"]


def linear(field: str) -> str:
    """The linear schedule with one field replaced by %s."""
    old = {"start": '"2999-01-01T00:00:00Z"', "from": "10", "to": "100", "over": '"2h"'}[field]
    return LINEAR.replace(f'"{field}": {old}', f'"{field}": %s')


def breaker(field: str, old: str) -> str:
    """The breaker with one field replaced by %s."""
    return BREAKER.replace(f'"{field}": {old}', f'"{field}": %s')


EDITS = [
    Edit(f"    {ID},\n", "", M, ["id"]),
    Edit(f"    {FROM},\n", "", M, ["from"]),
    Edit(f"    {TO},\n", "", M, ["to"]),
    Edit('"stage": "ramp",\n', "", M, ["stage"]),
    Edit(ID, f'{ID}, "speed": 3', f"{M}/speed", ["speed"]),
    Edit(ID, f"{ID}, {ID}", f"{M}/id", ["id"]),
    *variants(ID, '"id": %s', ['""', '"a\\u0001"', "7", f'"{"x" * 256}"'], f"{M}/id"),
    *quoted(FROM, '"from": %s', ["green", "purple", ""], f"{M}/from"),
    *quoted(TO, '"to": %s', ["blue", "purple", ""], f"{M}/to"),
    *variants(FROM, '"from": %s', ["7", "[]"], f"{M}/from"),
    *variants(TO, '"to": %s', ["7", "{}"], f"{M}/to"),
    Edit('  "standby": "green",\n', "", f"{M}/to", ["standby"]),
    *quoted(STAGE, '"stage": %s,\n    "percent"', ["final", "Ramp", "ramping", ""], f"{M}/stage"),
    *variants(STAGE, '"stage": %s,\n    "percent"', ["2", "[]"], f"{M}/stage"),
    *variants(
        PERCENT, '"percent": %s,', ["-1", "101", "100.01", "656", "755.36", "10000"], f"{M}/percent", ["0 to 100"]
    ),
    *variants(
        PERCENT, '"percent": %s,', ["12.345", "0.001", "1e1", "1E-2", '"10"', "true", "[]", "null"], f"{M}/percent"
    ),
    *variants(LINEAR, "%s", ['"2h"', "[]", "7", "null"], S),
    *quoted(LINEAR, linear("start"), BAD_TIMES, f"{S}/start"),
    *variants(LINEAR, linear("start"), ["1795341600", "[]"], f"{S}/start"),
    *variants(LINEAR, linear("from"), [*BAD_PERCENTS, '"10"'], f"{S}/from"),
    *variants(LINEAR, linear("to"), [*BAD_PERCENTS, '"100"'], f"{S}/to"),
    *variants(LINEAR, linear("to"), ["9.99", "0"], f"{S}/to", ["10"]),
    *quoted(LINEAR, linear("over"), BAD_DURATIONS, f"{S}/over"),
    *variants(LINEAR, linear("over"), ["7200", "[]"], f"{S}/over"),
    Edit(LINEAR, '{"from": 10, "to": 100, "over": "2h"}', S, ["start"]),
    Edit(LINEAR, '{"start": "2999-01-01T00:00:00Z", "to": 100, "over": "2h"}', S, ["from"]),
    Edit(LINEAR, '{"start": "2999-01-01T00:00:00Z", "from": 10, "over": "2h"}', S, ["to"]),
    Edit(LINEAR, '{"start": "2999-01-01T00:00:00Z", "from": 10, "to": 100}', S, ["over"]),
    Edit(LINEAR, LINEAR.replace("}", ', "unit": "s"}'), f"{S}/unit", ["unit"]),
    Edit(LINEAR, LINEAR.replace("}", ', "to": 100}'), f"{S}/to", ["to"]),
    Edit(LINEAR, LINEAR.replace("}", ', "steps": [10], "every": "1m"}'), f"{S}/from", ["from"]),
    Edit(LINEAR, '{"start": "2999-01-01T00:00:00Z", "every": "1m"}', f"{S}/every", ["every"]),
    Edit(LINEAR, '{"start": "2999-01-01T00:00:00Z"}', S, []),
    *variants(STEPS, "%s", ["[]", "{}", "10"], f"{US}/steps"),
    *variants(STEPS, "[10, %s, 50]", ["10", "9.99", "-1", "101", "25.555", '"25"', "[]"], f"{US}/steps/1"),
    *variants(STEPS, "[10, 25.5, %s]", ["25.5", "25.50", "0"], f"{US}/steps/2"),
    *quoted(EVERY, '"every": %s', BAD_DURATIONS, f"{US}/every"),
    *variants(EVERY, '"every": %s', ["600", "{}"], f"{US}/every"),
    Edit(f", {EVERY}", "", US, ["every"]),
    *variants(KR, "%s", ['"ramp"', "[]", "50"], f"{R}/kr"),
    Edit(KR, "{}", f"{R}/kr", ["stage"]),
    Edit(KR, '{"percent": 50}', f"{R}/kr", ["stage"]),
    *quoted(KR, '{"stage": %s}', ["final", "Soak", ""], f"{R}/kr/stage"),
    Edit(KR, '{"stage": 1}', f"{R}/kr/stage", []),
    *variants(KR, '{"stage": "ramp", "percent": %s}', BAD_PERCENTS, f"{R}/kr/percent"),
    Edit(KR, '{"stage": "ramp", "percent": 50, "weight": 5}', f"{R}/kr/weight", ["weight"]),
    Edit(KR, '{"stage": "ramp", "percent": 50, "percent": 50}', f"{R}/kr/percent", ["percent"]),
    Edit(f'"jp": {JP}', f'"kr": {JP}', f"{R}/kr", ["kr"]),
    Edit(f'"jp": {JP}', f'"": {JP}', f"{R}/", []),
    Edit(f'"jp": {JP}', f'"{"x" * 256}": {JP}', f"{R}/{'x' * 256}", []),
    Edit(f'"jp": {JP}', f'"a\\u0000": {JP}', f"{R}/a\x00", []),
    Edit(f'"jp": {JP}', f'"\\u0085": {JP}', f"{R}/\x85", []),
    Edit(f'"jp": {JP}', '"a/b~": {"stage": "x"}', f"{R}/a~1b~0/stage", ["x"]),
    *variants(BREAKER, "%s", ["[]", "3", '"off"', "null"], "/breaker"),
    *variants(BREAKER, breaker("failures", "3"), ["0", "-1", "101", "1.5", '"3"', "true"], "/breaker/failures"),
    *quoted(BREAKER, breaker("open", '"1s"'), ["", "1", "0s", "1 s", "second"], "/breaker/open"),
    *variants(BREAKER, breaker("open", '"1s"'), ["1", "[]"], "/breaker/open"),
    *quoted(BREAKER, breaker("max_open", '"60s"'), ["", "60", "0s", "1 m"], "/breaker/max_open"),
    *variants(BREAKER, breaker("max_open", '"60s"'), ["60", '"999ms"'], "/breaker/max_open"),
    Edit(BREAKER, '{"open": "61s"}', "/breaker/open", []),
    *variants(
        BREAKER,
        breaker("max_ejected", "0.5"),
        ["1.5", "-0.1", "0.12345", "1e-1", '"half"', "[]"],
        "/breaker/max_ejected",
    ),
    *(
        Edit(BREAKER, f'{{"{field}": {value}}}', f"/breaker/{field}", [])
        for field in ("rate", "cluster_rate")
        for value in ("0", "0.0", "1.0001", "-0.5", "50", '"half"', "null")
    ),
    *(
        Edit(BREAKER, f'{{"window": {value}}}', "/breaker/window", [])
        for value in ("10", '"99ms"', '"3601s"', '"0s"', '""')
    ),
    *(
        Edit(BREAKER, f'{{"min_requests": {value}}}', "/breaker/min_requests", [])
        for value in ("0", "1000001", "-1", "1.0", '"20"')
    ),
    Edit(BREAKER, '{"failure": 3}', "/breaker/failure", ["failure"]),
    Edit(BREAKER, '{"failures": 3, "failures": 3}', "/breaker/failures", ["failures"]),
]


def more() -> list[dict[str, Any]]:
    """Shapes that one edit can't make."""
    start = BASE.index('"migration": ')
    old = BASE[start : BASE.index(',\n  "breaker"')]
    shapes = [invalid(BASE.replace(old, f'"migration": {value}'), M, []) for value in ("[]", '"m"', "7")]
    start = BASE.index('"regions": ')
    regions = BASE[start : BASE.index("\n  },", start)]
    shapes += [invalid(BASE.replace(regions, f'"regions": {value}'), R, []) for value in ("[]", '"kr"')]
    third = Edit('"clusters": {', '"clusters": {\n    "third": %s,', "", [])
    cluster = '{"placement": {"kind": "ring"}, "nodes": [{"id": "t", "address": "/t"}]}'
    text = edited(third._replace(new=third.new.replace("%s", cluster)))
    shapes.append(invalid(text.replace(TO, '"to": "third"'), f"{M}/to", ["third", "green"]))
    shapes.append(invalid(text.replace(FROM, '"from": "third"'), f"{M}/from", ["third", "blue"]))
    return shapes
