"""Foot paths: what is kept of a track so that the rules can be run over it again. No picture, a few hundred bytes.

Simplified after Ramer (1972) and Douglas and Peucker (1973), by the distance at the same *time* rather than to the
nearest point of the path (Meratnia and de By, "Spatiotemporal compression techniques for moving point objects", 2004).
Looks at which a zone of that day changed its mind are kept exactly, and no look between them may be read back on
another side of a line or of an area's edge than it was: the unchanged rules decide the same again, event for event.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.line_crossing import CUT_LOOKS, band_of
from desktop_app.domain.polygon import contains
from desktop_app.domain.walks import NO_FEET, VELOCITY_LOOKS, Look, Sighting, anchor_at, sighting_of, velocity_base
from shared_models.geometry import Point, Size

MAX_LOOKS = 600
"""Of one part; who stays longer is kept in several."""
TOLERANCE_HEIGHTS = 0.03
"""A look may be read back this far, in person heights, from where it was: a quarter of the band that holds a side."""
TOLERANCE_TALL = 0.06
"""And this much taller or smaller."""
_VERSION = 1
Shape = tuple[Point, ...]
_Rows = NDArray[np.int64]


class TrajectoryError(ValueError):
    """A kept foot path that cannot be read."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """The zones in force, in pixels of a frame size."""

    frame_wh: Size
    lines: tuple[Shape, ...] = ()
    polygons: tuple[Shape, ...] = ()

    def verdict(self, x: int, y: int, height: int, flags: int) -> tuple[int, ...]:
        """Where each zone has somebody who stands there (grid steps)."""
        anchor = anchor_at(x, y, height, flags)
        inside = tuple(int(contains(p, anchor.point_px)) for p in self.polygons)
        return (*(band_of(line, anchor) for line in self.lines), *inside)


class TrackRecord(NamedTuple):
    """A track, or a part of one, as the rules saw it; not simplified yet."""

    camera_id: str
    run_at: datetime
    track_id: int
    looks: tuple[Look, ...]
    confirmed_from: int
    geometry: Geometry


@dataclass(frozen=True, slots=True)
class Trajectory:
    """A simplified foot path, or a part of one.

    Attributes:
        run_at: UTC moment of the first frame of the run of the rules that it belongs to; track ids begin anew with each.
        body: everything else, packed; read by ``sightings``.
    """

    camera_id: str
    run_at: datetime
    frame_wh: Size
    track_id: int
    first_frame: int
    started_at: datetime
    ended_at: datetime
    body: bytes

    def sightings(self) -> list[Sighting]:
        """The looks, in the order in which they were taken.

        Raises:
            TrajectoryError: the body is damaged.
        """
        try:
            looks, confirmed_from = _unpacked(self.body)
        except (zlib.error, IndexError, ValueError, StopIteration) as error:
            raise TrajectoryError(f"the foot path of track {self.track_id} cannot be read") from error
        return [
            sighting_of(look, track_id=self.track_id, is_confirmed=i >= confirmed_from) for i, look in enumerate(looks)
        ]


def simplified(record: TrackRecord) -> Trajectory:
    """Simplify and pack."""
    looks = record.looks
    return Trajectory(
        record.camera_id,
        record.run_at,
        record.geometry.frame_wh,
        record.track_id,
        looks[0].frame,
        datetime.fromtimestamp(min(look.stamp_ms for look in looks) / 1000, UTC),
        datetime.fromtimestamp(max(look.stamp_ms for look in looks) / 1000, UTC),
        _packed(looks, kept_looks(looks, record.geometry, confirmed_from=record.confirmed_from), record.confirmed_from),
    )


def kept_looks(looks: Sequence[Look], geometry: Geometry, *, confirmed_from: int = 0) -> list[int]:
    """Indices of the looks that are kept as they were; the others are read back from between them."""
    table = np.array(looks, np.int64)
    verdicts = [geometry.verdict(look.x, look.y, look.height, look.flags) for look in looks]
    kept = {0, len(looks) - 1} | _of_velocities(looks, confirmed_from)
    for i in range(1, len(looks)):
        if looks[i - 1].flags & NO_FEET and not looks[i].flags & NO_FEET:
            kept |= set(range(max(0, i - CUT_LOOKS), i))
        if looks[i].flags != looks[i - 1].flags or verdicts[i] != verdicts[i - 1]:
            kept |= {i - 1, i}
    kept |= _bends(table, sorted(kept))
    while wrong := _misread(table, sorted(kept), verdicts, geometry):
        kept |= wrong
    return sorted(kept)


def _of_velocities(looks: Sequence[Look], confirmed_from: int) -> set[int]:
    """Looks by which a track is joined to another: how it walked when it was confirmed, and when it was lost."""
    if len(looks) >= MAX_LOOKS:
        return set(range(len(looks) - VELOCITY_LOOKS, len(looks)))  # it goes on in another part
    kept = set()
    for end in {confirmed_from, len(looks) - 1}:
        start = max(0, end + 1 - VELOCITY_LOOKS)
        base = velocity_base([look.at_ms for look in looks[start : end + 1]])
        kept |= {end} if base is None else {end, start + base}
    return kept


def _misread(table: _Rows, kept: Sequence[int], verdicts: Sequence[tuple[int, ...]], geometry: Geometry) -> set[int]:
    if not geometry.lines and not geometry.polygons:
        return set()
    read = _between(table[:, 1], np.asarray(kept), table[kept][:, 3:6])
    is_kept = set(kept)
    return {
        i
        for i, (x, y, height) in enumerate(read.tolist())
        if i not in is_kept and geometry.verdict(x, y, height, int(table[i, 6])) != verdicts[i]
    }


def _bends(table: _Rows, ends: Sequence[int]) -> set[int]:
    """Looks further than the tolerance from the straight way between their neighbours that are kept."""
    found: set[int] = set()
    spans = [(a, b) for a, b in pairwise(ends) if b - a > 1]
    while spans:
        a, b = spans.pop()
        part = table[a : b + 1]
        way = _between(part[:, 1], np.array([0, b - a]), part[[0, -1], 3:6])
        gap = (part[:, 3:6] - way).astype(np.float64)
        tall = np.maximum(part[:, 5], 1)
        away = np.hypot(gap[:, 0], gap[:, 1]) / tall / TOLERANCE_HEIGHTS
        worst = np.maximum(away, np.abs(gap[:, 2]) / tall / TOLERANCE_TALL)
        at = int(worst.argmax())
        if worst[at] <= 1.0:
            continue
        found.add(a + at)
        spans += [(x, y) for x, y in ((a, a + at), (a + at, b)) if y - x > 1]
    return found


def _between(times: _Rows, kept: _Rows, values: _Rows) -> _Rows:
    """(N, 3) grid places of all looks by the kept ones: along time, or evenly where time stood still or ran backwards."""
    n = len(times)
    right = np.clip(np.searchsorted(kept, np.arange(n)), 1, len(kept) - 1) if len(kept) > 1 else np.zeros(n, np.int64)
    left = np.maximum(right - 1, 0)
    a, b = kept[left], kept[right]
    span = times[b] - times[a]
    share = np.where(span > 0, (times - times[a]) / np.maximum(span, 1), (np.arange(n) - a) / np.maximum(b - a, 1))
    share = np.clip(share, 0.0, 1.0)[:, None]
    read: _Rows = np.rint(values[left] + (values[right] - values[left]) * share).astype(np.int64)
    read[kept] = values
    return read


def _packed(looks: Sequence[Look], kept: Sequence[int], confirmed_from: int) -> bytes:
    table = np.array(looks, np.int64)
    corners = table[list(kept)]
    numbers = [len(looks), confirmed_from, len(kept)]
    for column in (table[:, 0], table[:, 1], table[:, 2] - table[:, 1], np.asarray(kept), *corners[:, 3:].T):
        numbers += np.diff(column, prepend=0).tolist()
    return bytes([_VERSION]) + zlib.compress(b"".join(map(_varint, numbers)), 9)


def _unpacked(body: bytes) -> tuple[list[Look], int]:
    if body[0] != _VERSION:
        raise TrajectoryError("a newer version of Wink wrote it")
    numbers = _varints(zlib.decompress(body[1:]))
    n, confirmed_from, corners = next(numbers), next(numbers), next(numbers)
    frames, at_ms, offset = (_summed(numbers, n) for _ in range(3))
    kept, x, y, height, flags, score = (_summed(numbers, corners) for _ in range(6))
    places = _between(at_ms, kept, np.stack([x, y, height], axis=1))
    # Flags change only at looks that are kept; a score holds until the next.
    held = np.searchsorted(kept, np.arange(n), side="right") - 1
    table = np.column_stack([frames, at_ms, at_ms + offset, places, flags[held], score[held]])
    return [Look(*row) for row in table.tolist()], confirmed_from


def _summed(numbers: Iterator[int], count: int) -> _Rows:
    return np.cumsum(np.array([next(numbers) for _ in range(count)], np.int64))


def _varint(value: int) -> bytes:
    value = value << 1 if value >= 0 else (-value << 1) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _varints(data: Iterable[int]) -> Iterator[int]:
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield value >> 1 if not value & 1 else -((value + 1) >> 1)
            value = shift = 0
