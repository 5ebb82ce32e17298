"""Reports: choose stores, days and sections; look at them; take them away as CSV, XLSX or PDF."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from cloud_api.auth.access import Address, settings_of
from cloud_api.kit.errors import CloudError, InvalidError, NotFoundError
from cloud_api.kit.language import day_and_month, joined
from cloud_api.kit.language import gettext as _
from cloud_api.kit.language import ngettext as _n
from cloud_api.reports.report import TITLES, Part, Report, Table, make_report
from cloud_api.reports.saved import ReportDefinition, SavedReports, SavedView
from cloud_api.reports.words import words_of
from cloud_api.stores.opening_hours import OpeningHoursOf
from cloud_api.tenancy.audit import AuditLog
from cloud_api.tenancy.visible_stores import StoreView
from cloud_api.web.charts import BarChart, Point, bar_chart
from cloud_api.web.periods import CHOICES, period_of
from cloud_api.web.shell import Visit, posted, show, uuid_in, visit

router = APIRouter(include_in_schema=False)
FORMS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
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
    chart: BarChart | None


@dataclass(frozen=True, slots=True)
class SavedLine:
    """A definition in words, and the query that makes it again."""

    view: SavedView
    days: str
    sections: str
    stores: str
    query: str


@dataclass(frozen=True, slots=True)
class ReportsContext:
    """The form as it was filled in, and the preview. ``link``: the same report again."""

    title: str
    chosen_stores: set[str]
    parts: dict[Part, str]
    chosen_parts: set[Part]
    tables: list[PreviewTable]
    link: str
    saved: list[SavedLine]
    error: str = ""
    done: str = ""


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


async def reports_context(seen: Visit, *, error: str = "") -> ReportsContext:
    """The form, its preview, and what was saved."""
    made = await report_of(seen) if seen.stores else None
    stores = {str(s.id) for s in _stores(seen)}
    saved = await SavedReports(seen.connection, seen.scope).all()
    done = _("The report is saved.") if seen.request.query_params.get("done") == "saved" else ""
    return ReportsContext(
        _title(seen), stores, TITLES, set(_parts(seen)), [_preview(t) for t in (made.tables if made else ())],
        _query(_title(seen), seen.period.query, _parts(seen), sorted(stores)), [_line(seen, v) for v in saved], error, done,
    )  # fmt: skip


def _preview(t: Table) -> PreviewTable:
    rows = [[(words_of(v), isinstance(v, (int, float)) or v is None) for v in row] for row in t.rows[:PREVIEW_ROWS]]
    return PreviewTable(t.title, t.columns, rows, max(0, len(t.rows) - PREVIEW_ROWS), t.note, _bars(t))


def _bars(t: Table) -> BarChart | None:
    """The chart that the PDF has too; bars of stores are told by their ranks, as in the table below."""
    if t.chart is None or len(t.rows) < 2:
        return None
    place = next((n for n, value in enumerate(t.rows[0]) if isinstance(value, (str, date))), 0)
    points = []
    for row in t.rows:
        name, value = row[place], row[t.chart]
        shown = value if isinstance(value, (int, float)) else None
        label = day_and_month(name) if isinstance(name, date) else words_of(row[0])
        points.append(Point(label, f"{words_of(name)}: {words_of(value)}", shown))
    return bar_chart(points)


def _query(title: str, period: str, parts: Iterable[Part], stores: Iterable[str]) -> str:
    pairs = [("title", title), *(("part", str(p)) for p in parts), *(("stores", s) for s in stores)]
    return f"{period}&{urlencode(pairs)}"


def _line(seen: Visit, view: SavedView) -> SavedLine:
    made, own = view.definition, {s.id: s.name for s in seen.stores}
    period = period_of(dict(parse_qsl(made.period)), today=seen.period.today)
    # A store that is gone since is left out; where none is left, the report is of all that are in sight.
    stores = [s for s in made.stores if s in own]
    days = _(CHOICES[period.key]) if period.key != "custom" else period.words
    named = joined([own[s] for s in stores]) if 0 < len(stores) < 4 else _n("%(n)s store", "%(n)s stores", len(stores))
    return SavedLine(
        view, days, joined([_(TITLES[p]) for p in made.parts]), named if stores else _("all stores"),
        _query(made.title, made.period, made.parts, [str(s) for s in stores]),
    )  # fmt: skip


@router.get("/reports")
async def reports(request: Request) -> Response:
    """Build and look."""
    async with visit(request) as seen:
        return show(seen, "reports.html", await reports_context(seen), has_period=False, has_stores=False)


@router.post("/reports")
async def change_reports(request: Request, address: Address) -> Response:
    """Save the definition that the page shows, or delete one."""
    principal, form = await posted(request)
    try:
        async with visit(request, is_read=False) as seen:
            saved = SavedReports(seen.connection, seen.scope)
            if form.get("act") == "delete":
                act, name = "report deleted", await saved.delete(uuid_in(form, "report_id") or seen.principal.org_id)
            else:
                act, name = "report saved", _name(form.get("name", ""))
                await saved.save(name, _asked(seen), by=principal)
            await AuditLog(seen.connection, seen.scope).note(
                actor=principal.email, actor_id=principal.user_id, act=act, subject=name, address=address
            )
    except CloudError as error:
        async with visit(request) as seen:
            context = await reports_context(seen, error=str(error))
            return show(seen, "reports.html", context, has_period=False, has_stores=False, status=error.status)
    done = "&done=saved" if act == "report saved" else ""
    return RedirectResponse(f"/reports?{request.url.query}{done}", status_code=303)


def _name(text: str) -> str:
    name = re.sub(r"[\x00-\x1f\x7f]", " ", text).strip()[:200]
    if not name:
        raise InvalidError(_("Give the report a name."))
    return name


def _asked(seen: Visit) -> ReportDefinition:
    """What the page shows; all stores stay all, so that a new one is in it."""
    stores = _stores(seen)
    chosen = () if len(stores) == len(seen.stores) else tuple(s.id for s in stores)
    return ReportDefinition(_title(seen), seen.period.query, tuple(_parts(seen)), chosen)


@router.get("/reports/file.{form}")
async def report_file(request: Request, form: str) -> Response:
    """The file."""
    if form not in FORMS:
        raise NotFoundError(_("Reports come as csv, xlsx or pdf."))
    async with visit(request) as seen:
        made = await report_of(seen)
    body = await asyncio.to_thread(_file, made, form)
    slug = re.sub(r"[^a-z0-9]+", "-", made.title.lower()).strip("-") or "report"
    name = f"{slug}-{made.first}-{made.last}.{form}"
    return Response(body, media_type=FORMS[form], headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _file(report: Report, form: str) -> bytes:
    from cloud_api.reports import files  # writers of PDF and spreadsheets take most of a second to load

    make = {"csv": files.as_csv, "xlsx": files.as_xlsx, "pdf": files.as_pdf}[form]
    return make(report)
