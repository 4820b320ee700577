"""The table of searches: medians, memory, and a wrong answer is never hidden."""

import searches


def line(subject: str, nodes: int, ns: list[float], wrong: float = 0.0) -> dict[str, object]:
    return {"suite": "searches", "subject": subject, "nodes": nodes, "ns": ns, "wrong": wrong, "bytes_a_point": 9.14}


def test_a_row_is_a_way_with_its_medians_its_memory_and_what_it_answers_wrong() -> None:
    lines = [
        line("ours", 10, [5.0, 6.0, 99.0]),
        line("ours", 1_000, [120.4, 120.4, 7.0]),
        line("owners", 1_000, [4.0], wrong=0.071),
        {"suite": "searches", "check": "ours is exact", "ok": True, "detail": "0 wrong"},
        {"suite": "rust", "subject": "another", "nodes": 10, "ns": [1.0]},
    ]
    assert searches.table(lines).splitlines() == [
        "|  | N = 10 | N = 1,000 | bytes a point | wrong at N = 1,000 |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| ours | 6.0 ns | 120 ns | 9.14 |  |",
        "| owners |  | 4.0 ns | 9.14 | 7.1% |",
    ]
