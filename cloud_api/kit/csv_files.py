"""CSV for people who open it in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from fastapi.responses import Response


def csv_answer(name: str, columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> Response:
    """A file for download. Nothing is empty, not 0; moments are ISO with their offset."""
    text = io.StringIO()
    listed = list(columns)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(listed)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in listed])
    return Response(
        text.getvalue().encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (int, float)):
        return value
    # A name that begins like a formula must not become one on somebody's machine.
    words = str(value)
    return f"'{words}" if words.startswith(("=", "+", "-", "@", "\t", "\r")) else words
