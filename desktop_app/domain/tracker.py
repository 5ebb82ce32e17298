"""Follows people over frames: two-stage association with gates that grow with the real time between frames.

High-score boxes are matched first, low-score boxes then rescue tracks that found none (Zhang et al., "ByteTrack:
Multi-Object Tracking by Associating Every Detection Box", 2022). Instead of box overlap, which is zero between two
looks at a fast person at 2 frames a second, the cost is the squared distance from the predicted box in units of the
filter's own uncertainty, so one rule serves every frame rate.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import lap
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.anchor import EDGE_TOLERANCE, are_legs_covered
from desktop_app.domain.appearance import SIZE as APPEARANCE_SIZE
from desktop_app.domain.detections import Detections, TrackedDetections
from desktop_app.domain.motion import Floats, MotionStates
from shared_models.geometry import Size

Rows = NDArray[np.int64]
COVERED = 0.3
"""Share of a box behind another from which its colours are somebody else's."""
CUT_SHORT = -0.12
"""Logarithm of heights: only who is this much shorter than before is compared by the head."""
_FAR = 1e6


@dataclass(frozen=True, slots=True)
class TrackerConfig:
    """Constants of the tracker.

    Attributes:
        high_score: boxes at least this sure are matched first and may begin a track.
        birth_score: a box must be this sure to begin one.
        low_score: boxes below it are not looked at.
        gate: largest cost of a match, in squared standard deviations.
        low_gate: the same for low-score boxes.
        sure_gate: pairs are made up to this cost first; what is left over then up to the gate.
        max_speed_heights_s: nobody moves faster, in own heights per second.
        confirm_observations, confirm_s: a track is confirmed after this many observations, or two that span this long.
        tentative_lost_s, lost_s: an unseen track is forgotten after this long; one that was seen twice, but never whole,
            waits like a confirmed one.
        duplicate_iou: a new track may not begin this close to a box that was matched already.
        appearance_std: how far, of 255, the colours of one person's clothes vary from frame to frame.
        appearance_weight: cost of colours that lie one such step apart.
        appearance_cap: the most that unlike clothes cost; they alone forbid no match.
        appearance_unknown: the cost where the clothes of either are not known.
        appearance_learning: share of a new observation in what is remembered.
        shape_std, shape_std_s: how far, as a share, what is seen of one person's height varies from look to look, and
            by how much more for each second unseen.
        shape_cap: beyond it a suddenly other height costs hardly more: legs are hidden and shown again from one look to the
            next.
        shape_beyond: how much more, for each further deviation: of two boxes that are both too tall the less tall is it.
    """

    high_score: float = 0.4
    birth_score: float = 0.45
    low_score: float = 0.15
    gate: float = 14.0
    low_gate: float = 10.0
    sure_gate: float = 10.0
    max_speed_heights_s: float = 2.2
    confirm_observations: int = 3
    confirm_s: float = 0.35
    tentative_lost_s: float = 0.55
    lost_s: float = 2.0
    duplicate_iou: float = 0.52
    appearance_std: float = 22.0
    appearance_cap: float = 8.0
    appearance_weight: float = 2.6
    appearance_unknown: float = 1.0
    appearance_learning: float = 0.2
    shape_std: float = 0.08
    shape_std_s: float = 0.3
    shape_cap: float = 2.0
    shape_beyond: float = 0.1


class Tracker:
    """Tracks of one camera. Pure: the same boxes at the same times give the same ids.

    Only observed boxes come out; a predicted position never does. Time that repeats, runs backwards or is no number
    is taken as no time at all; a pause longer than ``lost_s`` begins anew.
    """

    def __init__(self, config: TrackerConfig | None = None) -> None:
        self.config = config or TrackerConfig()
        self._motion = MotionStates.none()
        self._ids: Rows = np.zeros(0, np.int64)
        self._seen_at: Floats = np.zeros(0)
        self._born_at: Floats = np.zeros(0)
        self._observations: Rows = np.zeros(0, np.int64)
        self._is_confirmed: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._clothes: Floats = np.zeros((0, APPEARANCE_SIZE))
        self._is_whole: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._shown: Floats = np.zeros(0)
        self._next_id = 1
        self._now_s: float | None = None

    @property
    def track_count(self) -> int:
        """Tracks kept in mind, seen or not. No ``__len__``: a tracker of an empty shop would be false."""
        return len(self._ids)

    def update(self, detections: Detections, *, at_s: float, frame_wh: Size) -> TrackedDetections:
        """Take one frame's boxes at ``at_s`` (seconds, any origin) and tell whose they are.

        Boxes without area, with a coordinate that is not finite, or wholly outside ``frame_wh`` are left out.
        """
        seen = _usable(detections, frame_wh=frame_wh, low_score=self.config.low_score)
        dt_s = self._advance(at_s)
        track_of = np.full(len(seen.score), -1, np.int64)
        high = seen.score >= self.config.high_score
        self._match(seen, np.flatnonzero(high), track_of, dt_s, gate=self.config.gate, only_confirmed=False)
        self._match(seen, np.flatnonzero(~high), track_of, dt_s, gate=self.config.low_gate, only_confirmed=True)
        self._observe(seen, track_of, dt_s)
        self._begin(seen, track_of)
        shown = np.flatnonzero(track_of >= 0)
        rows = track_of[shown]
        tracked = TrackedDetections(seen.xyxy[shown], seen.score[shown], self._ids[rows], self._is_confirmed[rows])
        self._forget()
        return tracked

    def _advance(self, at_s: float) -> float:
        if not math.isfinite(at_s):
            at_s = self._now_s or 0.0
        dt_s = 0.0 if self._now_s is None else max(0.0, at_s - self._now_s)
        self._now_s = at_s if self._now_s is None else max(at_s, self._now_s)
        if dt_s > self.config.lost_s:
            self._keep(np.zeros(len(self._ids), np.bool_))
        if dt_s > 0.0 and len(self._ids):
            self._motion.predict(dt_s)
        return dt_s

    def _match(
        self, seen: _Seen, columns: Rows, track_of: Rows, dt_s: float, *, gate: float, only_confirmed: bool
    ) -> None:
        """Assign boxes ``columns`` to tracks that have none yet; writes row numbers into ``track_of``."""
        free = np.ones(len(self._ids), np.bool_)
        free[track_of[track_of >= 0]] = False
        if only_confirmed:
            free &= self._is_confirmed
        rows = np.flatnonzero(free)
        if not len(rows) or not len(columns):
            return
        cost = self._cost(rows, seen, columns, dt_s)
        too_far = cost > gate
        cost += self._unlikeness(rows, seen.clothes[columns])
        cost += self._reshaping(rows, seen.boxes[columns])
        limit = gate + self.config.appearance_cap + self.config.shape_cap
        cost[too_far] = _FAR
        for row, column in _assigned(cost, limits=(self.config.sure_gate, limit)):
            track_of[columns[column]] = rows[row]

    def _cost(self, rows: Rows, seen: _Seen, columns: Rows, dt_s: float) -> Floats:
        mean, spread = self._motion.mean[rows], self._motion.innovation_var()[rows]
        boxes = seen.boxes[columns]
        gap = boxes[None, :, :] - mean[:, None, :]
        ratio = np.log(boxes[None, :, 3] / mean[:, None, 3])
        # Who is cut short, or was until now, is compared by the head.
        by_head = (seen.is_cut[columns][None, :] & (ratio < CUT_SHORT)) | ~self._is_whole[rows][:, None]
        tops = (boxes[None, :, 1] - boxes[None, :, 3] / 2) - (mean[:, 1] - mean[:, 3] / 2)[:, None]
        gap[..., 1] = np.where(by_head, tops, gap[..., 1])
        cost: Floats = (gap[..., :2] ** 2 / spread[:, None, :2]).sum(axis=2)
        cost += np.where(by_head, 0.0, ratio / 0.3) ** 2
        # A wide gate must not win against a sure one: an old, uncertain track pays for its uncertainty.
        cost += 0.5 * np.log(spread[:, :2] / np.maximum(mean[:, 3:4], 1.0) ** 2 / 0.01).sum(axis=1).clip(0)[:, None]
        unseen_s = (self._now_s or 0.0) - self._seen_at[rows]
        reach = 0.5 + self.config.max_speed_heights_s * np.maximum(unseen_s, dt_s)
        too_far = np.hypot(gap[..., 0], gap[..., 1]) > (reach * mean[:, 3])[:, None]
        cost[too_far] = _FAR
        return cost

    def _unlikeness(self, rows: Rows, clothes: Floats) -> Floats:
        """(T, N): how little the clothes of a box are those of a track, at most ``appearance_cap``."""
        gap = (self._clothes[rows][:, None, :] - clothes[None, :, :]) / self.config.appearance_std
        cost = np.nan_to_num((gap**2).mean(axis=2) * self.config.appearance_weight, nan=self.config.appearance_unknown)
        return np.asarray(np.minimum(cost, self.config.appearance_cap), np.float64)

    def _reshaping(self, rows: Rows, boxes: Floats) -> Floats:
        """(T, N): how unlike a box is to what was seen of a track last, hidden legs or not.

        Squared deviations at first, then a slow straight line, so that one outlier does not decide (Huber, "Robust
        Estimation of a Location Parameter", 1964).
        """
        unseen_s = (self._now_s or 0.0) - self._seen_at[rows]
        spread = self.config.shape_std**2 + (self.config.shape_std_s * unseen_s) ** 2
        off = np.abs(np.log(boxes[None, :, 3] / self._shown[rows][:, None])) / np.sqrt(spread)[:, None]
        cap = self.config.shape_cap
        return np.where(off**2 < cap, off**2, cap + self.config.shape_beyond * (off - math.sqrt(cap)))

    def _remember_clothes(self, rows: Rows, clothes: Floats) -> None:
        known = self._clothes[rows]
        share = np.where(np.isnan(known), 1.0, self.config.appearance_learning)
        mixed = np.nan_to_num(known) * (1 - share) + np.nan_to_num(clothes) * share
        self._clothes[rows] = np.where(np.isnan(clothes), known, mixed)

    def _observe(self, seen: _Seen, track_of: Rows, dt_s: float) -> None:
        columns = np.flatnonzero(track_of >= 0)
        rows = track_of[columns]
        self._correct(rows, seen, columns)
        self._remember_clothes(rows, seen.clothes[columns])
        self._shown[rows] = seen.boxes[columns, 3]
        unseen = np.ones(len(self._ids), np.bool_)
        unseen[rows] = False
        self._motion.fade(np.flatnonzero(unseen), dt_s)
        self._observations[rows] += 1
        self._seen_at[rows] = self._now_s
        config = self.config
        spans = self._seen_at - self._born_at >= config.confirm_s
        enough = (self._observations >= config.confirm_observations) | ((self._observations >= 2) & spans)
        self._is_confirmed |= enough

    def _correct(self, rows: Rows, seen: _Seen, columns: Rows) -> None:
        """Let the filters see their boxes; of who is cut short only the head is where it seems to be."""
        boxes, is_cut = seen.boxes[columns].copy(), seen.is_cut[columns]
        tall = self._motion.mean[rows, 3]
        hidden = is_cut & self._is_whole[rows] & (np.log(boxes[:, 3] / tall) < CUT_SHORT)
        boxes[hidden, 1] += (tall[hidden] - boxes[hidden, 3]) / 2
        boxes[hidden, 3] = tall[hidden]
        grown = ~self._is_whole[rows]
        self._motion.stand_up(rows[grown], boxes[grown])
        self._is_whole[rows] |= ~is_cut
        self._motion.correct(rows, boxes)

    def _begin(self, seen: _Seen, track_of: Rows) -> None:
        xyxy = seen.xyxy
        born = np.flatnonzero((track_of < 0) & (seen.score >= self.config.birth_score))
        taken = np.flatnonzero(track_of >= 0)
        if len(born) and len(taken):
            born = born[_iou(xyxy[born], xyxy[taken]).max(axis=1) < self.config.duplicate_iou]
        if not len(born):
            return
        count, now = len(born), self._now_s or 0.0
        track_of[born] = np.arange(len(self._ids), len(self._ids) + count)
        self._motion.add(seen.boxes[born])
        self._clothes = np.vstack([self._clothes, seen.clothes[born]])
        self._is_whole = np.concatenate([self._is_whole, ~seen.is_cut[born]])
        self._shown = np.concatenate([self._shown, seen.boxes[born, 3]])
        self._ids = np.concatenate([self._ids, np.arange(self._next_id, self._next_id + count)])
        self._next_id += count
        self._seen_at = np.concatenate([self._seen_at, np.full(count, now)])
        self._born_at = np.concatenate([self._born_at, np.full(count, now)])
        self._observations = np.concatenate([self._observations, np.ones(count, np.int64)])
        self._is_confirmed = np.concatenate([self._is_confirmed, np.zeros(count, np.bool_)])

    def _forget(self) -> None:
        unseen_s = (self._now_s or 0.0) - self._seen_at
        # Whoever was only seen behind somebody nearer is hidden now rather than gone: two looks are enough to wait for.
        is_awaited = self._is_confirmed | ((self._observations >= 2) & ~self._is_whole)
        limit = np.where(is_awaited, self.config.lost_s, self.config.tentative_lost_s)
        self._keep(unseen_s <= limit)

    def _keep(self, mask: NDArray[np.bool_]) -> None:
        self._motion.keep(mask)
        self._clothes, self._is_whole, self._shown = self._clothes[mask], self._is_whole[mask], self._shown[mask]
        self._ids, self._seen_at, self._born_at = self._ids[mask], self._seen_at[mask], self._born_at[mask]
        self._observations, self._is_confirmed = self._observations[mask], self._is_confirmed[mask]


@dataclass(frozen=True, slots=True)
class _Seen:
    """The boxes of one frame that can be used.

    Attributes:
        boxes: (N, 4) centre x, centre y, width, height.
        clothes: (N, 6) colours, NaN where they are not known or somebody stands before them.
        is_cut: (N,) the legs are hidden by somebody nearer or below the picture.
    """

    boxes: Floats
    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    clothes: Floats
    is_cut: NDArray[np.bool_]


def _assigned(cost: Floats, *, limits: Sequence[float]) -> Iterator[tuple[int, int]]:
    """Rows and columns that belong together at the least total cost, by each of ``limits`` in turn.

    A pair that is left apart costs its limit: under a wide one alone, sure pairs are broken up for the sake of two far ones.
    """
    rows, columns = np.arange(cost.shape[0]), np.arange(cost.shape[1])
    for limit in limits:
        if not len(rows) or not len(columns):
            return
        _, of_row, of_column = lap.lapjv(cost[np.ix_(rows, columns)], extend_cost=True, cost_limit=limit)
        yield from ((int(rows[i]), int(columns[j])) for i, j in enumerate(of_row) if j >= 0)
        rows, columns = rows[of_row < 0], columns[of_column < 0]


def _usable(detections: Detections, *, frame_wh: Size, low_score: float) -> _Seen:
    xyxy = detections.xyxy
    width, height = frame_wh
    with np.errstate(invalid="ignore"):
        good = np.isfinite(xyxy).all(axis=1) & (detections.score >= low_score)
        good &= (xyxy[:, 2] - xyxy[:, 0] >= 1) & (xyxy[:, 3] - xyxy[:, 1] >= 1)
        good &= (xyxy[:, 2] > 0) & (xyxy[:, 3] > 0) & (xyxy[:, 0] < width) & (xyxy[:, 1] < height)
    xyxy = xyxy[good]
    corners = xyxy.astype(np.float64)
    size = corners[:, 2:] - corners[:, :2]
    clothes = np.full((len(xyxy), APPEARANCE_SIZE), np.nan)
    if detections.clothes is not None:
        clothes = detections.clothes[good].astype(np.float64)
        clothes[_is_covered(xyxy)] = np.nan
    is_cut = are_legs_covered(xyxy) | (xyxy[:, 3] >= height * (1 - EDGE_TOLERANCE))
    return _Seen(np.hstack([corners[:, :2] + size / 2, size]), xyxy, detections.score[good], clothes, is_cut)


def _is_covered(xyxy: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(N,): a box that stands lower in the picture, so nearer, hides a good part of this one."""
    low = np.maximum(xyxy[:, None, :2], xyxy[None, :, :2])
    high = np.minimum(xyxy[:, None, 2:], xyxy[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2) / (xyxy[:, 2:] - xyxy[:, :2]).prod(axis=1)[:, None]
    is_nearer = xyxy[None, :, 3] > xyxy[:, None, 3]
    return np.asarray(((shared > COVERED) & is_nearer).any(axis=1), np.bool_)


def _iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, M) intersection over union of corner boxes."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    overlap = np.clip(high - low, 0, None).prod(axis=2)
    area_a = (a[:, 2:] - a[:, :2]).prod(axis=1)
    area_b = (b[:, 2:] - b[:, :2]).prod(axis=1)
    result: NDArray[np.float32] = overlap / (area_a[:, None] + area_b[None, :] - overlap)
    return result
