"""Spans of sequence numbers, ``(first, last)`` with both ends in it: which are missing, and how far there is no hole."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from operator import itemgetter

Span = tuple[int, int]


def spans_between(after: int, numbers: Iterable[int]) -> list[Span]:
    """What lies between ``after`` and the rising ``numbers``, and between each of these."""
    found: list[Span] = []
    for number in numbers:
        if number > after + 1:
            found.append((after + 1, number - 1))
        after = number
    return found


def among(spans: Sequence[Span], numbers: Iterable[int]) -> set[int]:
    """Those of ``numbers`` that lie in one of the rising ``spans``."""
    return {number for number in numbers if _span_of(spans, number) is not None}


def taken_out(spans: Sequence[Span], numbers: Iterable[int]) -> tuple[list[Span], list[Span]]:
    """The rising ``spans`` that hold one of ``numbers``, and what is left of these without them."""
    inside: defaultdict[Span, list[int]] = defaultdict(list)
    for number in sorted(numbers):
        if (span := _span_of(spans, number)) is not None:
            inside[span].append(number)
    left = [piece for (first, last), own in inside.items() for piece in spans_between(first - 1, [*own, last + 1])]
    return list(inside), left


def walked(reached: int, missing: Iterable[Span], *, given_up: Collection[int]) -> tuple[int, bool]:
    """How far one comes from ``reached`` over rising spans of ``missing`` numbers, and whether a hole was met there.

    Between two spans there is none. A number in ``given_up`` is none either.
    """
    for first, last in missing:
        reached = max(reached, first - 1)
        while reached < last:
            if reached + 1 not in given_up:
                return reached, True
            reached += 1
    return reached, False


def _span_of(spans: Sequence[Span], number: int) -> Span | None:
    at = bisect_left(spans, number, key=itemgetter(1))
    return spans[at] if at < len(spans) and spans[at][0] <= number else None
