"""A report for support: what stands how, and the last log lines, without a single secret."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from shared_models.cameras import redact

MAX_LOG_BYTES = 1_000_000
_KEY = re.compile(r"\bedge_[A-Za-z0-9_.-]{6,}")
_SECRET_FIELD = re.compile(
    r"(?i)(pass(?:word|wd)?|pwd|secret|token|edge[-_]?key|api[-_]?key|authorization|pairing[-_ ]?code)"
    r"(\"?\s*[:=]\s*)(?:bearer\s+)?(\"[^\"]*\"|[^\s,;}]+)"
)


def clean(text: str) -> str:
    """``text`` without credentials in addresses, edge keys and fields whose name says that they are secret."""
    return _SECRET_FIELD.sub(r"\1\2***", _KEY.sub("edge_***", redact(text)))


def tail(path: Path, *, max_bytes: int = MAX_LOG_BYTES) -> str:
    """The end of a text file from a whole line on; empty where there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - max_bytes))
            data = file.read()
    except OSError:
        return ""
    text = data.decode("utf-8", errors="replace")
    return text.partition("\n")[2] if size > max_bytes else text


def build_report(*, facts: Mapping[str, Any], files: Iterable[Path], known_secrets: Iterable[str] = ()) -> bytes:
    """A zip with ``facts.json`` and the ends of ``files``, cleaned; ``known_secrets`` are removed wherever they stand."""
    secrets = [secret for secret in known_secrets if len(secret) >= 4]

    def cleaned(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "***")
        return clean(text)

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("facts.json", cleaned(json.dumps(facts, indent=2, default=str, ensure_ascii=False)))
        for path in files:
            archive.writestr(path.name, cleaned(tail(path)))
    return out.getvalue()
