"""Fetching a model from its official address: resumable, and worth nothing without the right checksum."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import httpx

from desktop_app.services.ports import DetectorError

CHUNK_BYTES = 1 << 16
TIMEOUT_S = 30.0
Progress = Callable[[int, int | None], bool]
"""Called with bytes so far and in all (None: unknown); False cancels and keeps what came."""


def download(url: str, target: Path, *, sha256: str, progress: Progress = lambda _done, _all: True) -> Path:
    """Download to ``target``. What came of an attempt that broke stays beside it as ``.part`` and is gone on with.

    Raises:
        DetectorError: the server refuses, the connection breaks, the checksum is wrong, or it was cancelled.
    """
    part = target.with_name(target.name + ".part")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        _fetch(url, part, progress)
    except httpx.HTTPError as error:
        kept = part.stat().st_size if part.exists() else 0
        raise DetectorError(
            f"The download of {target.name} broke off ({type(error).__name__}); {kept} bytes are kept. Try again to go on."
        ) from error
    found = _sha256(part)
    if found != sha256.lower():
        part.unlink()
        raise DetectorError(f"{target.name} is not the file it should be (SHA-256 {found[:16]}...); it was deleted.")
    part.replace(target)
    return target


def _fetch(url: str, part: Path, progress: Progress) -> None:
    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    with httpx.stream("GET", url, headers=headers, follow_redirects=True, timeout=TIMEOUT_S) as answer:
        if answer.status_code == 416:
            return  # all of it is here already
        if answer.status_code not in (200, 206):
            raise DetectorError(f"The server answers {answer.status_code} to {url}; check the address, or try later.")
        is_rest = answer.status_code == 206
        done = have if is_rest else 0
        length = answer.headers.get("Content-Length")
        total = done + int(length) if length else None
        with part.open("ab" if is_rest else "wb") as file:
            for chunk in answer.iter_bytes(CHUNK_BYTES):
                file.write(chunk)
                done += len(chunk)
                if not progress(done, total):
                    raise DetectorError("The download was cancelled; what came is kept.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
