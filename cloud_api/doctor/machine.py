"""This machine: disk, files and who may read them, backups, cores."""

from __future__ import annotations

import os
import shutil
import stat
import time
from pathlib import Path

from cloud_api.doctor import judgements
from cloud_api.doctor.findings import Finding, broken, fine, warned
from cloud_api.settings import CloudSettings, Mode

ENV_FILE = Path("/etc/wink-cloud/cloud.env")
"""Where the bare-server script keeps the settings."""


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def examine_machine(settings: CloudSettings, *, env_file: Path | None, backups: Path | None) -> list[Finding]:
    """Everything that needs no network."""
    findings = [_examine_settings(settings)]
    is_shared = bool(settings.database_url) and settings.mode is Mode.PRODUCTION
    findings.append(judgements.judge_secret(settings.secret_key.get_secret_value(), is_needed=is_shared))
    findings += _examine_data(settings.data_dir, holds_database=not settings.database_url)
    findings += _examine_env_file(env_file)
    findings.append(_examine_backups(backups))
    return findings


def _examine_settings(settings: CloudSettings) -> Finding:
    if settings.mode is not Mode.PRODUCTION:
        return warned("mode", "development: what is fit for trying out only is not refused.",
                      "Set WINK_CLOUD_MODE=production where others use it.")  # fmt: skip
    if not settings.database_url:
        cure = "Good for one server; for several workers set DATABASE_URL to PostgreSQL."
        return warned("mode", "production on SQLite: one process, and no second belt between organisations.", cure)
    if not settings.cookie_secure:
        cure = "Set WINK_CLOUD_COOKIE_SECURE=1."
        return broken("mode", "production, but log-in cookies may travel over plain HTTP.", cure)
    return fine("mode", "production.")


def _examine_data(data_dir: Path, *, holds_database: bool) -> list[Finding]:
    there = next(place for place in (data_dir, *data_dir.absolute().parents) if place.is_dir())
    findings = [judgements.judge_disk(free_bytes=shutil.disk_usage(there).free, place=str(there))]
    if holds_database and data_dir.is_dir():
        mode = stat.S_IMODE(data_dir.stat().st_mode)
        findings.append(judgements.judge_mode("data folder", mode=mode, cure=f"chmod 700 {data_dir}"))
    key = data_dir / "secret.key"
    if key.is_file():
        mode = stat.S_IMODE(key.stat().st_mode)
        findings.append(judgements.judge_mode("key file", mode=mode, cure=f"chmod 600 {key}"))
    return findings


def _examine_env_file(env_file: Path | None) -> list[Finding]:
    path = env_file or ENV_FILE
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        if env_file is None:
            return []
        return [broken("settings file", f"there is no {env_file}.", "Name the file that the service reads.")]
    return [judgements.judge_mode("settings file", mode=mode, cure=f"chmod 600 {path}")]


def _examine_backups(backups: Path | None) -> Finding:
    if backups is None:
        cure = "Name the folder (--backups, or WINK_CLOUD_BACKUP_DIR), or see to it in the console of your database service."
        return warned("backup", "nobody has told where backups lie.", cure)
    try:
        times = [p.stat().st_mtime for p in backups.iterdir() if p.is_file() and p.suffix not in (".part", ".tmp")]
    except OSError as error:
        cure = "Run the doctor as the service's user or as root, or mend the folder."
        return broken("backup", f"{backups} cannot be read ({error.strerror}).", cure)
    age_h = (time.time() - max(times)) / 3600 if times else None
    return judgements.judge_backup(age_h=age_h, place=str(backups))
