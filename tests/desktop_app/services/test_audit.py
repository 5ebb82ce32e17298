"""What an audit chooses, compares and concludes."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.services.audit import (
    TOLERANCE_S,
    Audit,
    AuditBook,
    Mark,
    Score,
    Window,
    choose,
    judge,
    wilson,
    windows_of,
)
from shared_models.zones import CountedDirection

IN, OUT = CountedDirection.IN, CountedDirection.OUT
FILM = Window("film", 0.0, 60.0, 5)


def marks(*seconds: float, direction: CountedDirection = IN, source: str = "film") -> list[Mark]:
    return [Mark(source, s, direction) for s in seconds]


def score(keys: list[Mark], events: list[Mark], *, windows: tuple[Window, ...] = (FILM,)) -> Score:
    return judge(windows, keys=keys, events=events)[IN]


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (95, 100, 0.8882, 0.9785)],
)
def test_wilsons_interval_is_that_of_the_tables(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson(successes, trials) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_of_nothing_nothing_is_known() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert Score().accuracy is None


def test_keys_and_events_near_each_other_are_the_same_crossing() -> None:
    assert score(marks(10, 20, 30), marks(9.2, 19, 31.5)) == Score(found=3)


def test_a_key_alone_was_missed_and_an_event_alone_was_invented() -> None:
    assert score(marks(10, 20), marks(10, 40)) == Score(found=1, missed=1, invented=1)
    assert Score(1, 1, 1).accuracy == pytest.approx(1 / 3)


def test_errors_of_in_and_out_do_not_cancel() -> None:
    scores = judge((FILM,), keys=marks(10), events=marks(10, direction=OUT))
    assert scores == {IN: Score(missed=1), OUT: Score(invented=1)}


def test_two_at_once_need_two_events() -> None:
    assert score(marks(10, 10.5), marks(10)) == Score(found=1, missed=1)
    assert score(marks(10), marks(10, 10.5)) == Score(found=1, invented=1)


def test_an_event_just_outside_the_minute_belongs_to_a_key_inside_or_to_nobody() -> None:
    assert score(marks(59), marks(61)) == Score(found=1)
    assert score(marks(30), marks(30, 61)) == Score(found=1)


def test_another_film_is_another_film() -> None:
    assert score(marks(10), marks(10, source="other")) == Score(missed=1)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.floats(0, 59.9), max_size=12), st.lists(st.floats(0, 59.9), max_size=12))
def test_every_key_and_every_event_is_told_once(pressed: list[float], counted: list[float]) -> None:
    result = score(marks(*pressed), marks(*counted))
    assert (result.crossings, result.counted) == (len(pressed), len(counted))
    close = any(abs(a - b) <= TOLERANCE_S for a in pressed for b in counted)
    assert (result.found > 0) == close


def test_a_film_is_cut_into_minutes_that_know_how_many_people_were_there() -> None:
    windows = windows_of("film", length_s=125, presences=[(0, 5), (50, 70), (119, 124)])
    assert [(w.start_s, w.end_s) for w in windows] == [(0, 62.5), (62.5, 125)]
    assert [w.people for w in windows] == [2, 2]


def test_quiet_usual_and_busy_minutes_are_chosen_alike_and_again_by_the_same_seed() -> None:
    windows = [Window("film", 60.0 * i, 60.0 * i + 60, people=i) for i in range(90)]
    chosen = choose(windows, minutes=9, chance=random.Random(3))
    assert [sum(low <= w.people < low + 30 for w in chosen) for low in (0, 30, 60)] == [3, 3, 3]
    assert chosen == sorted(chosen, key=lambda w: w.start_s)
    assert chosen == choose(windows, minutes=9, chance=random.Random(3))
    assert chosen != choose(windows, minutes=9, chance=random.Random(4))


def test_more_minutes_than_there_are_is_all_of_them() -> None:
    windows = windows_of("film", length_s=300, presences=[])
    assert choose(windows, minutes=60, chance=random.Random(1)) == windows
    assert choose([], minutes=60, chance=random.Random(1)) == []


def test_audits_are_kept_with_revision_model_and_date(tmp_path: Path) -> None:
    book = AuditBook(tmp_path / "audits.json")
    audit = Audit("cam", "door", 4, "yolox", datetime(2026, 3, 2, tzinfo=UTC), (FILM,), Score(9, 1, 0), Score(3, 0, 1))
    book.add(audit)
    book.add(audit)
    first, _ = book.all()
    assert (first["zone_revision"], first["model"], first["audited_at"]) == (4, "yolox", "2026-03-02T00:00:00+00:00")
    assert first["minutes"] == 1.0
    assert first["in"]["accuracy"] == 0.9
    assert first["in"]["interval_95"] == [0.5958, 0.9821]
    (tmp_path / "audits.json").write_text("{nonsense")
    with pytest.raises(ValueError, match="is damaged"):
        book.all()
