"""Insights: what changed and why we think so, each with its numbers; and what to expect."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cloud_api.insights.series import Forecast
from cloud_api.insights.statements import Missing, Statement, insights_of
from cloud_api.stores.opening_hours import OpeningHoursOf
from cloud_api.web.charts import BarChart, Point, bar_chart
from cloud_api.web.shell import Visit, show, visit

router = APIRouter(include_in_schema=False)
MOST = 15


@dataclass(frozen=True, slots=True)
class InsightsContext:
    """What the page shows. ``n_more``: statements that are left out."""

    statements: list[Statement]
    n_more: int
    missing: list[Missing]
    forecast: Forecast | None
    forecast_missing: str
    chart: BarChart | None


async def insights_context(seen: Visit) -> InsightsContext:
    """Of the chosen stores."""
    hours = await OpeningHoursOf(seen.connection, seen.scope).of([s.id for s in seen.shown])
    found = await insights_of(seen.connection, seen.shown, hours, now=seen.now)
    chart = None
    if found.forecast:
        chart = bar_chart(
            [
                Point(f"{d.day:%a %d}", f"{d.day:%a %d %b}: {d.expected:,.0f}, between {d.low:,.0f} and {d.high:,.0f}",
                      d.expected)
                for d in found.forecast.days
            ]
        )  # fmt: skip
    return InsightsContext(
        found.statements[:MOST], max(0, len(found.statements) - MOST), found.missing, found.forecast,
        found.forecast_missing, chart,
    )  # fmt: skip


@router.get("/insights")
async def insights(request: Request) -> Response:
    """The page."""
    async with visit(request) as seen:
        return show(seen, "insights.html", await insights_context(seen), has_period=False)
