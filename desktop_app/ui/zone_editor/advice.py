"""Whether a line or an area lies well, judged by where people really walked. Pure; the words are the screen's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise

from desktop_app.domain.polygon import contains
from desktop_app.services.recent_tracks import FootPath
from desktop_app.ui.zone_editor.hit_test import segment_distance
from shared_models.geometry import Point, Size, to_px
from shared_models.placement import hugs_edge
from shared_models.zones import LineZone, Zone

MIN_PATHS = 3
SMALL_PX = 44.0
NEAR_HEIGHTS = 0.8
BORN_HEIGHTS = 0.35
MIN_SHARE = 0.3


class Advice(StrEnum):
    """One thing to tell the owner."""

    NEAR_EDGE = "near_edge"
    FEET_HIDDEN = "feet_hidden"
    PEOPLE_SMALL = "people_small"
    BORN_HERE = "born_here"
    NOBODY_HERE = "nobody_here"
    GOOD = "good"


def advice_for(zone: Zone, paths: Sequence[FootPath], *, frame_wh: Size) -> tuple[Advice, ...]:
    """What to tell of ``zone``; ``GOOD`` where enough people passed and nothing is wrong, nothing where too few did."""
    found = [Advice.NEAR_EDGE] if isinstance(zone, LineZone) and hugs_edge(zone.points) else []
    near = [path for path in paths if _is_near(zone, path, frame_wh=frame_wh)]
    if len(near) < MIN_PATHS:
        return (*found, Advice.NOBODY_HERE) if len(paths) >= 4 * MIN_PATHS and not near else tuple(found)
    if sum(path.is_cut for path in near) >= MIN_SHARE * len(near):
        found.append(Advice.FEET_HIDDEN)
    if sorted(path.height * frame_wh[1] for path in near)[len(near) // 2] < SMALL_PX:
        found.append(Advice.PEOPLE_SMALL)
    born = [path for path in near if _starts_at(zone, path, frame_wh=frame_wh)]
    if isinstance(zone, LineZone) and len(born) >= MIN_SHARE * len(near):
        found.append(Advice.BORN_HERE)
    return tuple(found) or (Advice.GOOD,)


def _is_near(zone: Zone, path: FootPath, *, frame_wh: Size) -> bool:
    shape = to_px(zone.points, frame_wh=frame_wh)
    reach = NEAR_HEIGHTS * path.height * frame_wh[1]
    feet = to_px(path.points, frame_wh=frame_wh)
    if isinstance(zone, LineZone):
        return any(_distance(shape, p) <= reach for p in feet)
    return any(contains(shape, p) for p in feet)


def _starts_at(zone: Zone, path: FootPath, *, frame_wh: Size) -> bool:
    shape = to_px(zone.points, frame_wh=frame_wh)
    (start,) = to_px(path.points[:1], frame_wh=frame_wh)
    return _distance(shape, start) <= BORN_HEIGHTS * path.height * frame_wh[1]


def _distance(points: Sequence[Point], p: Point) -> float:
    return min((segment_distance(a, b, p) for a, b in pairwise(points)), default=math.inf)
