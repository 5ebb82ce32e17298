"""Constant-velocity motion of many boxes at once: a Kalman filter per coordinate, batched over tracks.

Position and velocity of centre x, centre y, width and height are filtered independently (Bewley et al., "Simple online
and realtime tracking", 2016, uses the same state in one matrix). All noise is in heights of the person concerned, and
the process noise follows the real interval between frames, so that one set of constants serves 15 a second and 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Columns: centre x, centre y, width, height. In heights, per second where it is a rate.
MEASURED_STD = np.array([0.04, 0.05, 0.08, 0.06])
FIRST_VELOCITY_STD = np.array([0.9, 0.6, 0.15, 0.15])
ACCELERATION_STD = np.array([0.9, 0.6, 0.2, 0.2])
VELOCITY_HALF_LIFE_S = 1.5
"""An unseen person is not extrapolated for ever: velocity fades while no observation comes."""


@dataclass(slots=True)
class MotionStates:
    """Filters of T tracks: ``mean`` and ``rate`` (T, 4), and the three distinct covariance terms (T, 4) each."""

    mean: Floats
    rate: Floats
    var: Floats
    cov: Floats
    rate_var: Floats

    @classmethod
    def none(cls) -> MotionStates:
        """No track at all."""
        return cls(*(np.zeros((0, 4)) for _ in range(5)))

    def __len__(self) -> int:
        return len(self.mean)

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Forget the tracks that are not in ``mask`` (T,)."""
        self.mean, self.rate = self.mean[mask], self.rate[mask]
        self.var, self.cov, self.rate_var = self.var[mask], self.cov[mask], self.rate_var[mask]

    def add(self, boxes: Floats) -> None:
        """Begin a filter at each of ``boxes`` (N, 4: centre x, centre y, width, height)."""
        height = boxes[:, 3:4]
        self.mean = np.vstack([self.mean, boxes])
        self.rate = np.vstack([self.rate, np.zeros_like(boxes)])
        self.var = np.vstack([self.var, (MEASURED_STD * height) ** 2])
        self.cov = np.vstack([self.cov, np.zeros_like(boxes)])
        self.rate_var = np.vstack([self.rate_var, (FIRST_VELOCITY_STD * height) ** 2])

    def predict(self, dt_s: float) -> None:
        """Let ``dt_s`` seconds pass."""
        height = np.maximum(self.mean[:, 3:4], 1.0)
        drive = (ACCELERATION_STD * height) ** 2
        self.mean = self.mean + self.rate * dt_s
        self.mean[:, 2:] = np.maximum(self.mean[:, 2:], 1.0)
        self.var = self.var + 2 * dt_s * self.cov + dt_s**2 * self.rate_var + drive * dt_s**4 / 4
        self.cov = self.cov + dt_s * self.rate_var + drive * dt_s**3 / 2
        self.rate_var = self.rate_var + drive * dt_s**2

    def innovation_var(self) -> Floats:
        """(T, 4): how far, squared, an observation may reasonably lie from ``mean``."""
        spread: Floats = self.var + (MEASURED_STD * np.maximum(self.mean[:, 3:4], 1.0)) ** 2
        return spread

    def correct(self, rows: NDArray[np.int64], boxes: Floats) -> None:
        """Let the tracks ``rows`` (N,) see ``boxes`` (N, 4)."""
        spread = self.var[rows] + (MEASURED_STD * boxes[:, 3:4]) ** 2
        gain, rate_gain = self.var[rows] / spread, self.cov[rows] / spread
        gap = boxes - self.mean[rows]
        self.mean[rows] += gain * gap
        self.rate[rows] += rate_gain * gap
        self.rate_var[rows] -= rate_gain * self.cov[rows]
        self.cov[rows] *= 1 - gain
        self.var[rows] *= 1 - gain

    def stand_up(self, rows: NDArray[np.int64], boxes: Floats) -> None:
        """Believe the height of ``boxes`` (N, 4) at once; the heads of the tracks ``rows`` stay where they are."""
        heads = self.mean[rows, 1] - self.mean[rows, 3] / 2
        self.mean[rows, 1], self.mean[rows, 3] = heads + boxes[:, 3] / 2, boxes[:, 3]
        self.rate[rows, 3] = 0.0

    def fade(self, rows: NDArray[np.int64], dt_s: float) -> None:
        """Let the velocity of unseen tracks ``rows`` fade over ``dt_s``."""
        self.rate[rows] *= 0.5 ** (dt_s / VELOCITY_HALF_LIFE_S)
