from __future__ import annotations

import statistics
import struct
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_api.kit.histogram import (
    LAST_BIN,
    added,
    bin_of,
    counts_of_arrays,
    counts_of_lists,
    counts_of_stays,
    edges_of,
    quantile,
    steps_of,
)

seconds = st.floats(min_value=0.0, max_value=31_536_000.0, allow_nan=False)


@given(seconds)
def test_a_stay_lies_within_its_step(value: float) -> None:
    index = bin_of(value)
    low, high = edges_of(index)
    assert 0 <= index <= LAST_BIN
    assert low * 0.999999 <= value <= high * 1.000001


@given(st.lists(st.floats(min_value=1.0, max_value=10_000.0), min_size=20, max_size=300), st.sampled_from([0.5, 0.9]))
def test_a_quantile_is_right_to_five_per_cent(values: list[float], share: float) -> None:
    told = quantile(Counter(bin_of(v) for v in values), share)
    exact = sorted(values)[max(0, -(-int(share * len(values) * 1000) // 1000) - 1)]
    assert told is not None
    assert exact * 0.9499 <= told <= exact * 1.0501


@given(st.lists(seconds, max_size=50), st.lists(seconds, max_size=50))
def test_two_histograms_add_up_to_that_of_both(a: list[float], b: list[float]) -> None:
    together = Counter(map(bin_of, a)) + Counter(map(bin_of, b))
    assert quantile(together, 0.5) == quantile(Counter(map(bin_of, a + b)), 0.5)


@given(st.lists(seconds, max_size=300))
def test_stays_of_a_byte_each_are_counted(values: list[float]) -> None:
    assert counts_of_stays(bytes(map(bin_of, values))) == Counter(map(bin_of, values))


def test_without_stays_nothing_is_known() -> None:
    assert quantile({}, 0.5) is None


def test_the_middle_of_many_like_stays_is_near_their_median() -> None:
    values = [20.0 + i / 10 for i in range(400)]
    assert quantile(Counter(map(bin_of, values)), 0.5) == pytest.approx(statistics.median(values), rel=0.05)


@given(st.lists(st.lists(st.integers(min_value=0, max_value=10**6), max_size=LAST_BIN + 1)))
def test_many_histograms_add_up_to_the_same_however_a_database_sends_them(rows: list[list[int]]) -> None:
    wanted: Counter[int] = Counter()
    for row in rows:
        wanted.update({index: n for index, n in enumerate(row) if n})
    sent = b"".join(as_postgresql_sends(row) for row in rows)
    assert counts_of_arrays(sent) == dict(wanted) == counts_of_lists(rows)
    total: tuple[int, ...] = ()
    for row in rows:
        total = added(total, row)
    assert {index: n for index, n in enumerate(total) if n} == dict(wanted)


def test_a_histogram_ends_with_the_last_step_that_holds_a_stay() -> None:
    assert steps_of({2: 5, 0: 1}) == (1, 0, 5)
    assert steps_of({}) == ()


def as_postgresql_sends(row: list[int]) -> bytes:
    head = struct.pack(">iii", 1 if row else 0, 0, 23) + (struct.pack(">ii", len(row), 1) if row else b"")
    return head + b"".join(struct.pack(">ii", 4, n) for n in row)
