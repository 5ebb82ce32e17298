"""The whole examination, in the order in which an operator looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from cloud_api.doctor.database_state import examine_database
from cloud_api.doctor.findings import Finding, broken, fine, warned
from cloud_api.doctor.judgements import judge_workers
from cloud_api.doctor.machine import cores, examine_machine
from cloud_api.doctor.mail_state import examine_mail
from cloud_api.doctor.web_address import examine_address
from cloud_api.settings import CloudSettings, Mode


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the doctor cannot find out by itself.

    Attributes:
        url: the public address; empty: as set in ``public_url``.
        ca: certificates of an authority of your own.
        http_port: where plain HTTP is answered.
        workers: processes that serve.
        env_file: the file of settings, if any.
        backups: the folder of backups, if any.
    """

    url: str = ""
    ca: Path | None = None
    http_port: int = 80
    workers: int = 1
    env_file: Path | None = None
    backups: Path | None = None


async def examine(settings: CloudSettings, deployment: Deployment) -> AsyncIterator[Finding]:
    """One finding after the other, as they come."""
    for finding in examine_machine(settings, env_file=deployment.env_file, backups=deployment.backups):
        yield finding
    is_sqlite = not settings.database_url
    yield judge_workers(workers=deployment.workers, cores=cores(), is_sqlite=is_sqlite)
    for finding in await examine_database(settings, workers=deployment.workers):
        yield finding
    for finding in await asyncio.to_thread(examine_mail, settings):
        yield finding
    for finding in await _address(settings, deployment):
        yield finding


async def _address(settings: CloudSettings, deployment: Deployment) -> list[Finding]:
    url = deployment.url or settings.public_url
    if not url:
        if settings.mode is Mode.PRODUCTION:
            return [warned("address", "links in mails go by what each request says of itself.",
                           "Set WINK_CLOUD_PUBLIC_URL, or name the address here: --url https://...")]  # fmt: skip
        return [fine("address", "none named; --url https://... looks at one.")]
    findings: list[Finding] = []
    if url.startswith("https://") and not settings.cookie_secure:
        cure = "Set WINK_CLOUD_COOKIE_SECURE=1."
        findings.append(broken("cookies", "log-in cookies may travel over plain HTTP.", cure))
    looked = asyncio.to_thread(examine_address, url, ca=deployment.ca, http_port=deployment.http_port)
    return [*findings, *await looked]
