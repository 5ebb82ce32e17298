"""The methods on series whose truth is known."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest

from cloud_api.insights.series import forecast, level_change
from cloud_api.insights.unusual import judge, unusual_days, unusual_days_of
from cloud_api.insights.usual import reference_days

TODAY = date(2026, 9, 14)
WEEKDAY = (0.8, 0.8, 0.9, 1.0, 1.2, 1.5, 0.6)


def series(*, seed: int, n_days: int = 130, growth_a_week: float = 0.0, noise: float = 0.07) -> dict[date, int]:
    chance = Random(seed)
    days = (TODAY - timedelta(days=k) for k in range(n_days, 0, -1))
    return {
        d: round(
            800 * WEEKDAY[d.weekday()] * (1 + growth_a_week) ** (-(TODAY - d).days / 7) * (1 + chance.gauss(0, noise))
        )
        for d in days
    }


def test_planted_days_are_found_and_ordinary_ones_are_left_alone() -> None:
    planted = found_planted = false = 0
    for seed in range(60):
        chance, plain = Random(1000 + seed), series(seed=seed, growth_a_week=0.01)
        strange = TODAY - timedelta(days=chance.randint(1, 14))
        plain[strange] = round(plain[strange] * (1.8 if seed % 2 else 0.45))
        found = {d.day for d in unusual_days(plain, first=TODAY - timedelta(days=14), last=TODAY - timedelta(days=1))}
        planted, found_planted, false = planted + 1, found_planted + (strange in found), false + len(found - {strange})
    recall, precision = found_planted / planted, found_planted / (found_planted + false)
    assert recall >= 0.9, recall
    assert precision >= 0.9, precision


def test_a_few_strange_days_in_the_past_hide_no_strange_day_now() -> None:
    plain = series(seed=3)
    day = TODAY - timedelta(days=1)
    plain[day - timedelta(days=14)] *= 3
    plain[day - timedelta(days=28)] = 0
    plain[day] = round(plain[day] * 1.8)
    judged = judge(plain, day)
    assert judged is not None
    assert judged.score > 3.5


@pytest.mark.parametrize("n_days", [0, 7, 30])
def test_nothing_is_claimed_from_too_little(n_days: int) -> None:
    plain = series(seed=1, n_days=n_days)
    assert unusual_days(plain, first=TODAY - timedelta(days=14), last=TODAY) == []
    assert level_change(plain, last=TODAY - timedelta(days=1)) is None
    assert forecast(plain, today=TODAY) is None


def test_the_forecast_beats_the_plain_rule_and_its_interval_holds() -> None:
    own = naive = 0.0
    inside = total = 0
    for seed in range(40):
        whole = series(seed=seed, n_days=140)
        start = TODAY - timedelta(days=14)
        made = forecast({d: n for d, n in whole.items() if d < start}, today=start)
        assert made is not None
        own, naive = own + made.error, naive + made.naive_error
        for day in made.days:
            total += 1
            inside += day.low <= whole[day.day] <= day.high
    assert own < naive
    assert 0.8 <= inside / total <= 0.97, inside / total


def test_a_closed_day_is_expected_to_have_nobody() -> None:
    closed = TODAY + timedelta(days=2)
    made = forecast(series(seed=5), today=TODAY, closed=[closed])
    assert made is not None
    assert {d.day: d.expected for d in made.days}[closed] == 0


def test_a_lasting_change_is_told_and_one_strange_day_is_not() -> None:
    plain = series(seed=2)
    fallen = {d: round(n * (0.7 if (TODAY - d).days <= 28 else 1)) for d, n in plain.items()}
    last = TODAY - timedelta(days=1)
    change = level_change(fallen, last=last)
    assert change is not None
    assert change.change == pytest.approx(-0.3, abs=0.05)
    plain[TODAY - timedelta(days=3)] *= 10
    steady = level_change(plain, last=last)
    assert steady is not None
    assert abs(steady.change) < 0.06


@pytest.mark.parametrize("n_days", [1, 7, 8, 28])
def test_a_period_is_compared_with_same_weekdays_that_lie_before_all_of_it(n_days: int) -> None:
    first = date(2026, 3, 2)
    pairs = reference_days(first, first + timedelta(days=n_days - 1))
    assert len(pairs) == n_days
    assert all(d.weekday() == day.weekday() and d < first for day, before in pairs.items() for d in before)
    assert all(len(set(before)) == 4 for before in pairs.values())


def poisson(chance: Random, mean: float) -> int:
    return max(0, round(chance.gauss(mean, mean**0.5)))


def test_half_of_the_people_of_a_small_shop_are_missed_more_often_than_not() -> None:
    """Forty people a day: chance alone moves them by six."""
    found = false = 0
    for seed in range(40):
        chance = Random(f"small {seed}")
        days = [TODAY - timedelta(days=k) for k in range(130, 0, -1)]
        plain = {d: poisson(chance, 40 * WEEKDAY[d.weekday()]) for d in days}
        strange = TODAY - timedelta(days=chance.randint(1, 14))
        plain[strange] = round(plain[strange] * 0.5)
        told = {d.day for d in unusual_days(plain, first=TODAY - timedelta(days=14), last=TODAY - timedelta(days=1))}
        found, false = found + (strange in told), false + len(told - {strange})
    assert found >= 20, found
    assert false <= 6, false


def test_a_noisy_shop_is_given_more_room_than_a_steady_one() -> None:
    day, scores = TODAY - timedelta(days=3), []
    for noise in (0.05, 0.25):
        plain = series(seed=5, noise=noise)
        plain[day] = round(800 * WEEKDAY[day.weekday()] * 0.6)
        told = judge({d: n for d, n in plain.items() if d <= day}, day)
        assert told is not None
        scores.append(abs(told.score))
    assert scores[0] > 4 > scores[1]


def test_a_weekday_on_which_nobody_comes_is_not_unusual() -> None:
    plain = {d: 0 if d.weekday() == 6 else n for d, n in series(seed=6).items()}
    assert all(d.day.weekday() != 6 for d in unusual_days(plain, first=TODAY - timedelta(days=14), last=TODAY))


def test_with_few_weeks_nothing_is_said() -> None:
    assert unusual_days(series(seed=7, n_days=30), first=TODAY - timedelta(days=14), last=TODAY) == []


def test_many_shops_at_once_are_told_what_each_is_told_alone() -> None:
    chance, many = Random(9), []
    first, last = TODAY - timedelta(days=14), TODAY - timedelta(days=1)
    for seed in range(40):
        shop = series(seed=seed, n_days=chance.choice([0, 1, 60, 130, 130, 130]))
        gaps = chance.choice([0, 0, 0.1, 0.5])
        many.append({d: n * (3 if chance.random() < 0.04 else 1) for d, n in shop.items() if chance.random() >= gaps})
    together = unusual_days_of(many, first=first, last=last)
    assert together == [unusual_days(shop, first=first, last=last) for shop in many]
    assert sum(map(len, together)) > 5
