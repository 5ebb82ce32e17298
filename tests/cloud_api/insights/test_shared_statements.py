from __future__ import annotations

from datetime import date

from cloud_api.insights.statements import Kind, Statement, Weight, shared_coverage
from tests.cloud_api.insights.test_statements import shop


def missed(name: str, *, rank: float, kind: Kind = Kind.COVERAGE) -> Statement:
    return Statement(
        kind, Weight.BAD, shop(name), f"Cameras missed in {name}", ("Wed 18 Nov: 93 % seen",), "why", rank, claim=name,
        day=date(2026, 11, 18),
    )  # fmt: skip


def test_stores_that_missed_something_are_told_together_and_leave_room_for_other_news() -> None:
    other = missed("Quiet", rank=9.0, kind=Kind.UNUSUAL)
    thin = [missed(f"Shop {n}", rank=100.0 + n) for n in range(5)]
    together, *rest = shared_coverage([*thin, other], 7)
    assert together.words.startswith("In 5 of 7 stores cameras missed part of the last 14 days")
    assert together.numbers[0] == "Shop 4: Wed 18 Nov: 93 % seen"
    assert (together.store, len(together.numbers), rest) == (None, 5, [other])
    assert together.key != shared_coverage([*thin, missed("Shop 5", rank=1.0)], 7)[0].key


def test_three_stores_are_told_one_by_one() -> None:
    thin = [missed(f"Shop {n}", rank=100.0) for n in range(3)]
    assert shared_coverage(thin, 7) == thin
