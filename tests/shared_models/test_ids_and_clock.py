from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from shared_models.clock import ManualClock, SteadyClock
from shared_models.ids import Uuid7Factory, uuid7


def test_ids_are_version_7_and_carry_their_millisecond() -> None:
    before = datetime.now(UTC)
    value = uuid7()
    assert value.version == 7
    stamped = datetime.fromtimestamp((value.int >> 80) / 1000, UTC)
    assert before - timedelta(milliseconds=2) <= stamped <= datetime.now(UTC) + timedelta(seconds=1)


def test_ids_never_run_backwards_and_never_repeat() -> None:
    mint = Uuid7Factory()
    ids = [mint() for _ in range(20_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_ids_from_many_threads_differ() -> None:
    mint = Uuid7Factory()
    with ThreadPoolExecutor(4) as pool:
        ids = [i for batch in pool.map(lambda _: [mint() for _ in range(2000)], range(8)) for i in batch]
    assert len(set(ids)) == 16_000


class TwoClocks:
    """A wall and a monotonic clock that a test moves by hand."""

    def __init__(self) -> None:
        self.wall_s = 1_800_000_000.0
        self.mono_s = 500.0

    def advance(self, seconds: float) -> None:
        self.wall_s += seconds
        self.mono_s += seconds

    def steady(self) -> SteadyClock:
        return SteadyClock(wall=lambda: self.wall_s, monotonic=lambda: self.mono_s)


def test_a_wall_clock_step_does_not_move_the_next_event() -> None:
    clocks = TwoClocks()
    steady = clocks.steady()
    start = steady.utc_now()
    clocks.wall_s -= 7200
    clocks.advance(5)
    assert steady.utc_now() - start == timedelta(seconds=5)


def test_after_an_hour_of_sleep_the_next_event_is_stamped_right_at_once() -> None:
    clocks = TwoClocks()
    steady = clocks.steady()
    start = steady.utc_now()
    clocks.advance(3600)
    assert steady.utc_now() - start == timedelta(hours=1)


def test_the_clock_of_the_program_goes_on_while_the_machine_sleeps() -> None:
    sleepless = time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
    assert SteadyClock().monotonic_s() == pytest.approx(sleepless, abs=5.0)


def test_a_step_taken_back_within_the_minute_leaves_no_trace() -> None:
    clocks = TwoClocks()
    steady = clocks.steady()
    start = steady.utc_now()
    clocks.wall_s -= 86_400
    clocks.advance(30)
    steady.utc_now()
    clocks.wall_s += 86_400
    clocks.advance(90)
    assert steady.utc_now() - start == timedelta(seconds=120)


def test_a_step_that_stands_is_believed() -> None:
    clocks = TwoClocks()
    steady = clocks.steady()
    start = steady.utc_now()
    clocks.wall_s += 7200
    for _ in range(70):
        clocks.advance(1)
        steady.utc_now()
    assert steady.utc_now() - start == timedelta(seconds=7270)


def test_small_corrections_are_followed() -> None:
    clocks = TwoClocks()
    steady = clocks.steady()
    clocks.wall_s += 0.5
    assert steady.utc_now().timestamp() == clocks.wall_s


def test_the_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock()
    start, mono = clock.utc_now(), clock.monotonic_s()
    clock.sleep(2.5)
    assert clock.utc_now() - start == timedelta(seconds=2.5)
    assert clock.monotonic_s() - mono == 2.5
    clock.set_wall(start - timedelta(hours=1))
    assert clock.monotonic_s() - mono == 2.5
