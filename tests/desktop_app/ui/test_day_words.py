"""What is said about a day's figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from desktop_app.services.today_figures import DayFigures, HourFigures
from desktop_app.ui.today.day_words import hour_words, note_words, seen_words, signed

START = datetime(2026, 3, 2, tzinfo=UTC)


def day(*coverage: float | None, drift: int | None = None, is_final: bool = False) -> DayFigures:
    hours = tuple(HourFigures(START + timedelta(hours=n), 0, 0, share) for n, share in enumerate(coverage))
    return DayFigures(date(2026, 3, 2), hours, (), 0, 0, 0.0, (), drift=drift, is_drift_final=is_final)


def test_what_was_before_the_first_camera_is_told_and_is_no_blindness() -> None:
    words = note_words(day(None, None, 1.0, 0.5), reset_hour=4)
    assert "Before 02:00 there was no camera yet." in words
    assert "less than 95 % of the time (1)" in words
    assert "no camera" not in note_words(day(1.0, 1.0, None), reset_hour=4)
    assert "no camera" not in note_words(day(None, None), reset_hour=4)


def test_a_drift_is_a_finding_once_nobody_is_inside_and_before_that_only_below_zero() -> None:
    assert "more" not in note_words(day(1.0, drift=3), reset_hour=4)
    assert "2 more went out than came in, since 05:00." in note_words(day(1.0, drift=-2), reset_hour=5)
    assert "3 more had come in than gone out" in note_words(day(1.0, drift=3, is_final=True), reset_hour=4)
    assert "At 04:00 the next morning 2 more had gone out" in note_words(
        day(1.0, drift=-2, is_final=True), reset_hour=4
    )
    assert "more" not in note_words(day(1.0, drift=0, is_final=True), reset_hour=4)


def test_an_hour_was_seen_or_not_begun_or_without_a_camera() -> None:
    hour = HourFigures(START, 0, 0, 0.5)
    assert seen_words(hour) == "the cameras saw 50% of it"
    assert seen_words(replace(hour, coverage=None)) == "there was no camera yet"
    assert seen_words(replace(hour, coverage=None, is_past=False)) == "it has not begun"


def test_a_reset_of_yesterday_says_so_and_drift_has_its_sign() -> None:
    assert hour_words(START, now=START + timedelta(hours=3), zone=UTC) == "00:00"
    assert hour_words(START - timedelta(hours=2), now=START, zone=UTC) == "yesterday, 22:00"
    assert [signed(n) for n in (3, 0, -2, None)] == ["+3", "0", "\u22122", "–"]
