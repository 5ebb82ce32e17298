"""The cloud's settings: environment variables beginning with ``WINK_CLOUD_`` (and ``DATABASE_URL``)."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from platformdirs import user_data_path
from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class CloudSettings(BaseSettings):
    """What the cloud is set to.

    Attributes:
        data_dir: the SQLite database and the secret key, where no other is given.
        database_url: PostgreSQL in production; empty: SQLite in ``data_dir``.
        secret_key: signs log-ins; empty: made once and kept in ``data_dir``.
        cookie_secure: send the log-in cookie over HTTPS only.
        demo: offer the demo organisation's log-in (loopback only).
    """

    model_config = SettingsConfigDict(env_prefix="WINK_CLOUD_", extra="ignore", populate_by_name=True)

    data_dir: Path = Field(default_factory=lambda: user_data_path("wink-cloud", appauthor=False))
    database_url: str = Field(default="", validation_alias=AliasChoices("DATABASE_URL", "WINK_CLOUD_DATABASE_URL"))
    secret_key: SecretStr = SecretStr("")
    cookie_secure: bool = False
    demo: bool = False
    max_body_bytes: int = 8_000_000
    max_ingests: int = 16

    def signing_key(self) -> str:
        """The key that signs log-ins; made and kept (readable by this user alone) at first use."""
        given = self.secret_key.get_secret_value()
        if given:
            return given
        path = self.data_dir / "secret.key"
        if not path.is_file():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
        return path.read_text().strip()
