"""Logs: one JSON object a line, without secrets."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

_SECRETS = (
    re.compile(r"\b(edge_[a-z0-9]+|wink_(?:api|link|refresh))_[A-Za-z0-9_-]{8,}"),
    re.compile(r"(?i)\b(bearer)\s+[A-Za-z0-9._~+/-]+=*"),
    re.compile(r"\b(eyJ[A-Za-z0-9_-]{4})[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"),
    re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s@/]+@"),
    re.compile(r"(?i)\b(password|secret|token|api_key)\b[\"']?\s*[=:]\s*[\"']?[^\s,\"'}]+"),
)
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def without_secrets(words: str) -> str:
    """The same words with keys, tokens and passwords blotted out."""
    for pattern in _SECRETS:
        words = pattern.sub(lambda m: f"{m[1]}***@" if m[0].endswith("@") else f"{m[1]} ***", words)
    return words


class JsonLines(logging.Formatter):
    """``at``, ``level``, ``logger``, ``words``, and what was given as ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "words": without_secrets(record.getMessage()),
        }
        for name, value in vars(record).items():
            if name not in _OWN:
                line[name] = without_secrets(value) if isinstance(value, str) else value
        if record.exc_info:
            line["trace"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(line, default=str, ensure_ascii=False)


def write_json_lines(*, level: str = "INFO") -> None:
    """From here on all loggers write JSON lines to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name, is_heard in (("uvicorn", True), ("uvicorn.error", True), ("uvicorn.access", False)):
        # Whole addresses hold one-time links; requests are logged by their routes, elsewhere.
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], is_heard
