"""The edge's settings: environment variables beginning with ``WINK_``, and their defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_DIR = Path(__file__).resolve().parent.parent


def find_assets() -> Path:
    """Icons, styles and models: in the package where it was installed, beside it in a checkout or a bundle."""
    installed = Path(__file__).resolve().parent / "assets"
    return installed if installed.is_dir() else PROJECT_DIR / "assets"


def find_changelog() -> Path:
    """The change log: in the package where it was installed, beside it in a checkout or a bundle."""
    installed = Path(__file__).resolve().parent / "CHANGELOG.md"
    return installed if installed.is_file() else PROJECT_DIR / "CHANGELOG.md"


class EdgeSettings(BaseSettings):
    """What the whole edge program is set to.

    Attributes:
        data_dir: outbox, models, logs.
        model: a model file's path or the name of a registered model; empty: the one that ships.
        min_score: boxes the detector is less sure of are not shown to the tracker.
        self_test_at_start: measure before counting begins how a model runs best here, where that was not measured yet.
        edge_key: the store's key; before the one in the configuration.
        credentials: where passwords are kept: ``keyring``, or ``file`` in ``data_dir`` where there is no key ring.
        explain_days: how long it is kept why somebody was counted, or was not.
        trajectory_days: how long foot paths are kept, for recounts.
        history_mb: both together take no more room than this; the oldest go first.
        event_days: how long a store without a cloud keeps its events; with one, the cloud has them.
        heartbeat_s: how often the cloud is told how the store does, and asked for zones that were changed there.
        allow_insecure_cloud: accept ``http://`` to a cloud that is not on this machine.
    """

    model_config = SettingsConfigDict(env_prefix="WINK_", extra="ignore")

    data_dir: Path = Field(default_factory=lambda: user_data_path("wink-analytics", appauthor=False))
    model: str = ""
    min_score: float = Field(default=0.1, ge=0.0, le=1.0)
    self_test_at_start: bool = True
    edge_key: SecretStr | None = None
    credentials: Literal["keyring", "file"] = "keyring"
    explain_days: int = Field(default=7, ge=0, le=365)
    trajectory_days: int = Field(default=30, ge=0, le=365)
    event_days: int = Field(default=400, ge=1, le=4000)
    history_mb: int = Field(default=2000, ge=1, le=1_000_000)
    heartbeat_s: float = Field(default=30.0, ge=0.2, le=3600.0)
    allow_insecure_cloud: bool = False

    @property
    def outbox_path(self) -> Path:
        return self.data_dir / "outbox.sqlite3"

    @property
    def history_path(self) -> Path:
        return self.data_dir / "history.sqlite3"

    @property
    def audits_path(self) -> Path:
        return self.data_dir / "audits.json"

    @property
    def runtime_path(self) -> Path:
        return self.data_dir / "runtime.json"

    @property
    def running_path(self) -> Path:
        return self.data_dir / "running.json"

    @property
    def credentials_path(self) -> Path:
        return self.data_dir / "credentials.json"

    @property
    def assets_dir(self) -> Path:
        return find_assets()
