"""Insights: what changed and why we think so, each with its numbers; and what to expect. Readers put away or keep."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from cloud_api.auth.access import Address, settings_of
from cloud_api.insights.areas import Area
from cloud_api.insights.notes import DISMISSED, KEPT, InsightNotes, KeptStatement, found
from cloud_api.insights.series import Forecast
from cloud_api.insights.statements import Insights, Missing, Statement, insights_of
from cloud_api.kit.errors import CloudError, InvalidError
from cloud_api.kit.language import gettext as _
from cloud_api.kit.language import number, short_day, weekday_and_day
from cloud_api.stores.opening_hours import OpeningHoursOf
from cloud_api.stores.zone_sets import ZoneSetsOf
from cloud_api.tenancy.audit import AuditLog
from cloud_api.web.charts import BarChart, Point, bar_chart
from cloud_api.web.shell import Visit, posted, show, visit
from cloud_api.web.words import plain_id
from shared_models.zones import PolygonZone, ZonePurpose

router = APIRouter(include_in_schema=False)
MOST = 15
PLACES = {ZonePurpose.AREA, ZonePurpose.SHELF}
ACTS = {"dismiss": (DISMISSED, "insight dismissed"), "keep": (KEPT, "insight kept"), "back": ("", "insight taken back")}


@dataclass(frozen=True, slots=True)
class StatementCard:
    """One statement. ``link``: its place on this page; ``mail``: a letter about it, to be sent by the reader."""

    said: Statement
    is_kept: bool
    link: str
    mail: str


@dataclass(frozen=True, slots=True)
class InsightsContext:
    """What the page shows. ``n_more``: statements that are left out. ``dismissed``: put away, and still true."""

    cards: list[StatementCard]
    n_more: int
    dismissed: list[Statement]
    kept: list[KeptStatement]
    missing: list[Missing]
    forecast: Forecast | None
    forecast_missing: str
    chart: BarChart | None
    error: str = ""


async def insights_context(seen: Visit, *, error: str = "") -> InsightsContext:
    """Of the chosen stores, as this reader left them."""
    said = await _insights(seen)
    notes = InsightNotes(seen.connection, seen.scope)
    marks = await notes.of(seen.principal)
    shown = [s for s in said.statements if marks.get(s.key) != DISMISSED]
    ordered = sorted(shown, key=lambda s: marks.get(s.key) != KEPT)
    current = {s.key for s in said.statements}
    return InsightsContext(
        [_card(seen, s, is_kept=marks.get(s.key) == KEPT) for s in ordered[:MOST]], max(0, len(shown) - MOST),
        [s for s in said.statements if marks.get(s.key) == DISMISSED],
        [k for k in await notes.kept(seen.principal) if k.key not in current],
        said.missing, said.forecast, said.forecast_missing, _chart(said) if said.forecast else None, error,
    )  # fmt: skip


async def _insights(seen: Visit) -> Insights:
    hours = await OpeningHoursOf(seen.connection, seen.scope).of([s.id for s in seen.shown])
    memory = seen.request.app.state.insights_memory
    return await insights_of(seen.connection, seen.shown, hours, now=seen.now, areas=await _areas(seen), memory=memory)


async def _areas(seen: Visit) -> list[Area]:
    """What is drawn in the chosen store for people to stop at; of many stores nothing is said of it."""
    if seen.chosen is None:
        return []
    held = await ZoneSetsOf(seen.connection, seen.scope).in_force(seen.chosen.id)
    return [
        Area(own.camera_id, zone.zone_id, zone.name or plain_id(zone.zone_id))
        for own in held
        for zone in own.zones
        if isinstance(zone, PolygonZone) and zone.purpose in PLACES
    ]


def _card(seen: Visit, said: Statement, *, is_kept: bool) -> StatementCard:
    home = (settings_of(seen.request).public_url or str(seen.request.base_url)).rstrip("/")
    store = said.store or seen.chosen
    link = f"{home}/insights?{urlencode({'store': store.id} if store else {})}#i{said.key[:12]}"
    whom = store.name if store else seen.organisation.name
    lines = [said.words, "", *(f"- {n}" for n in said.numbers), "", said.reason, "", link]
    letter = {"subject": f"{whom}: {said.words}"[:200], "body": "\n".join(lines)}
    return StatementCard(said, is_kept, link, f"mailto:?{urlencode(letter, quote_via=quote)}")


def _chart(said: Insights) -> BarChart:
    """The days just past, then those to come with their intervals."""
    past = [
        Point(weekday_and_day(day), _("%(day)s: not known", day=short_day(day)) if n is None
              else _("%(day)s: %(n)s came in", day=short_day(day), n=number(n)), n, is_past=True)
        for day, n in said.recent
    ]  # fmt: skip
    to_come = [
        Point(weekday_and_day(d.day), _("%(day)s: %(n)s, between %(low)s and %(high)s", day=short_day(d.day),
              n=number(d.expected), low=number(d.low), high=number(d.high)), d.expected, interval=(d.low, d.high))
        for d in (said.forecast.days if said.forecast else ())
    ]  # fmt: skip
    return bar_chart([*past, *to_come])


@router.get("/insights")
async def insights(request: Request) -> Response:
    """The page."""
    async with visit(request) as seen:
        return show(seen, "insights.html", await insights_context(seen), has_period=False)


@router.post("/insights")
async def mark_insight(request: Request, address: Address) -> Response:
    """Put a statement away, keep it, or take either back."""
    principal, form = await posted(request)
    act, key = form.get("act", ""), form.get("key", "")
    try:
        async with visit(request, is_read=False) as seen:
            if act not in ACTS:
                raise InvalidError(_("Choose what to do with the statement."))
            mark, done = ACTS[act]
            notes = InsightNotes(seen.connection, seen.scope)
            words = key
            if mark:
                said = found((await _insights(seen)).statements, key)
                await notes.put(principal, said, mark)
                words = said.words
            else:
                await notes.take_back(principal, key[:64])
            await AuditLog(seen.connection, seen.scope).note(
                actor=principal.email, actor_id=principal.user_id, act=done, subject=words,
                store_id=seen.chosen.id if seen.chosen else None, address=address,
            )  # fmt: skip
            store = f"?store={seen.chosen.id}" if seen.chosen else ""
    except CloudError as error:
        async with visit(request) as seen:
            context = await insights_context(seen, error=str(error))
            return show(seen, "insights.html", context, has_period=False, status=error.status)
    return RedirectResponse(f"/insights{store}", status_code=303)
