"""Looking back: what is kept beside the events. Opened when a command asks for it."""

from __future__ import annotations

from datetime import timedelta

from desktop_app.adapters.storage.history_reader import HistoryReader
from desktop_app.adapters.storage.sqlite_history import HistoryLimits, SqliteHistory
from desktop_app.settings import EdgeSettings
from shared_models.clock import Clock


def history_reader(settings: EdgeSettings) -> HistoryReader:
    """The history of this machine."""
    return HistoryReader(settings.history_path)


def open_history(settings: EdgeSettings, *, clock: Clock) -> SqliteHistory:
    """The history, to write to."""
    limits = HistoryLimits(
        explanations=timedelta(days=settings.explain_days),
        trajectories=timedelta(days=settings.trajectory_days),
        max_bytes=settings.history_mb * 1_000_000,
    )
    return SqliteHistory(settings.history_path, clock=clock, limits=limits)
