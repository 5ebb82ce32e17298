"""Whether a zone lies well in the picture, as far as its shape alone tells. Pure; the words are the screens'."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from shared_models.geometry import Point

EDGE_NORM = 0.035
LOWER_EDGE_NORM = 0.06
"""Feet are lost below the frame earlier than heads above it."""


def hugs_edge(points: Sequence[Point]) -> bool:
    """A part of the line runs along an edge of the picture, where people come into being rather than cross."""
    return any(
        (a[0] < EDGE_NORM and b[0] < EDGE_NORM)
        or (a[0] > 1 - EDGE_NORM and b[0] > 1 - EDGE_NORM)
        or (a[1] < EDGE_NORM and b[1] < EDGE_NORM)
        or (a[1] > 1 - LOWER_EDGE_NORM and b[1] > 1 - LOWER_EDGE_NORM)
        for a, b in pairwise(points)
    )
