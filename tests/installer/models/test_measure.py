from __future__ import annotations

import numpy as np
import pytest

from desktop_app.domain.detections import Detections
from installer.models.measure import Labelled, average_precision, by_height, match, overlaps

NOBODY = np.zeros((0, 4), np.float32)
ANNA, BERT = [0.0, 0, 10, 40], [100.0, 0, 130, 90]


def people(*boxes: list[float], ignored: list[list[float]] | None = None) -> Labelled:
    rows = np.array(boxes, np.float32).reshape(-1, 4)
    beside = np.array(ignored or [], np.float32).reshape(-1, 4)
    return Labelled("picture", np.zeros((100, 200, 3), np.uint8), rows, beside)


def said(*rows: tuple[list[float], float]) -> Detections:
    boxes = np.array([box for box, _ in rows], np.float32).reshape(-1, 4)
    return Detections(boxes, np.array([score for _, score in rows], np.float32))


def test_everybody_found_and_nobody_else_is_one() -> None:
    assert average_precision([said((ANNA, 0.9), (BERT, 0.8))], [people(ANNA, BERT)]) == pytest.approx(1)


def test_a_false_alarm_costs_only_those_who_are_less_sure() -> None:
    wrong = [150.0, 50, 170, 90]
    assert average_precision([said((ANNA, 0.9), (BERT, 0.8), (wrong, 0.1))], [people(ANNA, BERT)]) == pytest.approx(1)
    assert average_precision([said((ANNA, 0.9), (wrong, 0.85), (BERT, 0.8))], [people(ANNA, BERT)]) == pytest.approx(
        0.5 + 0.5 * 2 / 3
    )


def test_a_person_counts_once_however_often_she_is_found() -> None:
    assert average_precision([said((ANNA, 0.9), (ANNA, 0.8))], [people(ANNA, BERT)]) == pytest.approx(0.5)


def test_a_picture_without_people_or_answers_is_no_error() -> None:
    assert average_precision([said()], [people()]) == 0
    assert average_precision([said(), said((ANNA, 0.9))], [people(), people(ANNA)]) == pytest.approx(1)


def test_people_half_hidden_count_neither_way() -> None:
    truth = people(ANNA, ignored=[BERT])
    taken, is_right, counts = match(said((ANNA, 0.9), (BERT, 0.8)), truth)
    assert taken.tolist() == [True]
    assert is_right.tolist() == [True, False]
    assert counts.tolist() == [True, False]
    assert average_precision([said((BERT, 0.95), (ANNA, 0.9))], [truth]) == pytest.approx(1)


def test_recall_and_precision_are_told_by_height() -> None:
    wrong = [150.0, 0, 170, 50]
    small, large = by_height(
        [said((ANNA, 0.3), (BERT, 0.8), (wrong, 0.7))], [people(ANNA, BERT)], threshold=0.4, bands_px=(0, 60, np.inf)
    )
    assert (small.people, small.recall, small.precision) == (1, 0, 0)
    assert (large.people, large.recall, large.precision) == (1, 1, 1)
    assert large.band == "from 60"


def test_overlap_is_the_shared_part_of_both() -> None:
    a = np.array([[0, 0, 10, 10]], np.float32)
    b = np.array([[5, 0, 15, 10], [20, 20, 30, 30]], np.float32)
    assert overlaps(a, b)[0].tolist() == pytest.approx([1 / 3, 0])
    assert overlaps(a, NOBODY).shape == (1, 0)
