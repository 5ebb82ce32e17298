"""The cloud's settings: environment variables beginning with ``WINK_CLOUD_``, and a few well-known names."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from platformdirs import user_data_path
from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Mode(StrEnum):
    """``production`` refuses to start with what is fit for trying out only."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class CloudSettings(BaseSettings):
    """What the cloud is set to.

    Attributes:
        data_dir: the SQLite database and its secret key, where no other is given.
        database_url: PostgreSQL in production; empty: SQLite in ``data_dir``. The application's own role.
        database_direct_url: the owner's, past any pooler: migrations, maintenance, LISTEN; empty: ``database_url``.
        secret_key: signs log-ins; empty: made once, and kept in ``data_dir`` (SQLite) or the database.
        mode: ``production`` demands a secret key and a database role that row-level security binds.
        cookie_secure: send the log-in cookie over HTTPS only.
        public_url: how people reach the cloud, for links in mails; empty: as the request came.
        demo: offer the demo organisation's log-in (loopback only).
        prepared_statements: keep them per connection; faster, but only where no transaction pooler (PgBouncer, the
            "pooled" address of Neon or Supabase) stands between.
        max_ingests: uploads that may write at once in one process; live ones go before backlog.
        retention_days: how long raw events are kept; figures stay for ever. 0: for ever.
        stop_wait_s: how long a server that is told to stop lets requests under way end, in seconds; what is cut off then
            was not written, and is sent again. Containers are killed ten seconds after they were told, if nobody says
            otherwise.
        metrics_token: bearer token for ``/metrics``; empty: answered on loopback only.
        smtp_host: sends invitations and resets; empty: links are shown, not mailed.
        pg_bin: folder of ``pg_dump`` and ``pg_restore``; empty: found on the PATH.
    """

    model_config = SettingsConfigDict(env_prefix="WINK_CLOUD_", extra="ignore", populate_by_name=True)

    data_dir: Path = Field(default_factory=lambda: user_data_path("wink-cloud", appauthor=False))
    database_url: str = Field(default="", validation_alias=AliasChoices("DATABASE_URL", "WINK_CLOUD_DATABASE_URL"))
    database_direct_url: str = Field(
        default="", validation_alias=AliasChoices("DATABASE_DIRECT_URL", "WINK_CLOUD_DATABASE_DIRECT_URL")
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""), validation_alias=AliasChoices("WINK_SECRET_KEY", "WINK_CLOUD_SECRET_KEY")
    )
    mode: Mode = Mode.DEVELOPMENT
    cookie_secure: bool = False
    public_url: str = ""
    demo: bool = False
    prepared_statements: bool = False
    max_body_bytes: int = 8_000_000
    max_ingests: int = Field(default=8, ge=1)
    pool_size: int = Field(default=12, ge=1)
    retention_days: int = Field(default=400, ge=0)
    stop_wait_s: int = Field(default=8, ge=1, le=600)
    metrics_token: SecretStr = SecretStr("")
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_from: str = ""
    smtp_starttls: bool = True
    pg_bin: str = ""
