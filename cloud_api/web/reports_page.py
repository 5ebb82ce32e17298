"""Reports: choose stores, days and sections; look at them; take them away as CSV, XLSX or PDF."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cloud_api.auth.access import settings_of
from cloud_api.kit.errors import InvalidError, NotFoundError
from cloud_api.kit.language import gettext as _
from cloud_api.reports.files import as_csv, as_pdf, as_xlsx, words_of
from cloud_api.reports.report import TITLES, Part, Report, make_report
from cloud_api.stores.opening_hours import OpeningHoursOf
from cloud_api.tenancy.visible_stores import StoreView
from cloud_api.web.shell import Visit, show, visit

router = APIRouter(include_in_schema=False)
FORMS: dict[str, tuple[Any, str]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "xlsx": (as_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "pdf": (as_pdf, "application/pdf"),
}
PREVIEW_ROWS = 60


@dataclass(frozen=True, slots=True)
class PreviewTable:
    """A section as the page shows it. ``n_more``: rows that only the files have."""

    title: str
    columns: tuple[str, ...]
    rows: list[list[tuple[str, bool]]]
    n_more: int
    note: str


@dataclass(frozen=True, slots=True)
class ReportsContext:
    """The form as it was filled in, and the preview. ``link``: the same report again."""

    title: str
    chosen_stores: set[str]
    parts: dict[Part, str]
    chosen_parts: set[Part]
    tables: list[PreviewTable]
    link: str


def _title(seen: Visit) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", " ", seen.request.query_params.get("title", "")).strip()[:120] or _(
        "Footfall report"
    )


def _parts(seen: Visit) -> list[Part]:
    asked = [p for p in seen.request.query_params.getlist("part") if p in tuple(Part)]
    return [p for p in Part if p in asked] or [Part.SUMMARY, Part.DAYS, Part.STORES]


def _stores(seen: Visit) -> list[StoreView]:
    asked = set(seen.request.query_params.getlist("stores"))
    if not asked:
        return seen.shown
    found = [s for s in seen.stores if str(s.id) in asked]
    if len(found) != len(asked):
        raise NotFoundError(_("There is no such store."))
    return found


async def report_of(seen: Visit) -> Report:
    """The report that the page's query names."""
    stores = _stores(seen)
    if not stores:
        raise InvalidError(_("There is no store to report on yet; make one first."))
    hours = await OpeningHoursOf(seen.connection, seen.scope).of([s.id for s in stores])
    return await make_report(
        seen.connection, stores, hours, title=_title(seen), first=seen.period.first, last=seen.period.last,
        parts=_parts(seen), now=seen.now, is_demo=seen.organisation.is_demo or settings_of(seen.request).demo,
    )  # fmt: skip


@router.get("/reports")
async def reports(request: Request) -> Response:
    """Build and look."""
    async with visit(request) as seen:
        made = await report_of(seen) if seen.stores else None
        tables = [
            PreviewTable(
                t.title, t.columns,
                [[(words_of(v), isinstance(v, (int, float)) or v is None) for v in row] for row in t.rows[:PREVIEW_ROWS]],
                max(0, len(t.rows) - PREVIEW_ROWS), t.note,
            )
            for t in (made.tables if made else ())
        ]  # fmt: skip
        stores = {str(s.id) for s in _stores(seen)}
        pairs = [
            ("title", _title(seen)),
            *(("part", str(p)) for p in _parts(seen)),
            *(("stores", s) for s in sorted(stores)),
        ]
        link = f"{seen.period.query}&{urlencode(pairs)}"
        context = ReportsContext(_title(seen), stores, TITLES, set(_parts(seen)), tables, link)
        return show(seen, "reports.html", context, has_period=False, has_stores=False)


@router.get("/reports/file.{form}")
async def report_file(request: Request, form: str) -> Response:
    """The file."""
    if form not in FORMS:
        raise NotFoundError(_("Reports come as csv, xlsx or pdf."))
    make, media = FORMS[form]
    async with visit(request) as seen:
        made = await report_of(seen)
    body = await asyncio.to_thread(make, made)
    slug = re.sub(r"[^a-z0-9]+", "-", made.title.lower()).strip("-") or "report"
    name = f"{slug}-{made.first}-{made.last}.{form}"
    return Response(body, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})
