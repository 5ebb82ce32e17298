"""How figures are laid out: axes, words for opening hours, what is kept by browsers, what needs a look."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cloud_api.web.charts import Point, bar_chart, grid, nice_top, round_steps
from cloud_api.web.settings_pages import hours_in_words
from tests.cloud_api.web.conftest import Visitor


@pytest.mark.parametrize(
    ("highest", "steps"), [(3, 5), (80, 4), (2_300, 5), (24_000, 5), (14_000, 5), (740, 4), (9_500, 5)]
)
def test_an_axis_falls_into_round_parts(highest: float, steps: int) -> None:
    top = nice_top(highest)
    assert round_steps(top) == steps
    part = f"{top / steps:.0f}"
    assert part.rstrip("0") in {str(n) for n in range(1, 10)}, part


def test_an_interval_lies_around_its_bar_and_within_the_chart() -> None:
    chart = bar_chart([Point("Mon", "", 100.0, interval=(80.0, 130.0)), Point("Tue", "", 90.0, is_past=True)])
    bar, past = chart.bars
    assert bar.high_y is not None
    assert bar.low_y is not None
    assert 0 <= bar.high_y < bar.y < bar.low_y < chart.height
    assert past.high_y is None
    assert past.is_past


def test_a_grid_tells_what_its_strongest_cell_is() -> None:
    assert grid([("Mon", [1.0, None, 7.0])], ["09", "10", "11"], unit="in").highest == 7.0


@pytest.mark.parametrize(
    ("week", "words"),
    [
        (["09:00-20:00"] * 7, ["Mon to Sun 09:00-20:00"]),
        (["09:00-20:00"] * 5 + ["10:00-16:00", ""], ["Mon to Fri 09:00-20:00", "Sat 10:00-16:00"]),
        (["", "", "12:00-18:00", "", "", "", ""], ["Wed 12:00-18:00"]),
        ([""] * 7, []),
    ],
)
def test_days_that_open_alike_are_told_once(week: list[str], words: list[str]) -> None:
    assert hours_in_words(week) == words


async def test_files_are_kept_under_an_address_that_says_what_they_hold(demo: Visitor) -> None:
    page = await demo.page("/dashboard")
    addresses = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    assert {a.split("?")[0] for a in addresses} >= {"/static/wink.css", "/static/page.js", "/static/live.js"}
    for address in addresses:
        assert re.search(r"\?v=[0-9a-f]{12}$", address), address
        answer = await demo.client.get(address)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (await demo.client.get("/static/wink.css")).headers["cache-control"] == "no-cache"
    assert "cache-control" not in (await demo.client.get("/static/nothing.css")).headers


def test_no_template_names_a_file_without_what_it_holds() -> None:
    for template in Path("cloud_api/web/templates").glob("*.html"):
        assert '"/static/' not in template.read_text(), template.name


async def test_the_dashboard_says_first_what_needs_a_look(demo: Visitor) -> None:
    page = await demo.page("/dashboard")
    notices = page.split('class="notices"')[1].split("</section>")[0]
    assert "Freiburg Münsterplatz" in notices
    assert "Till: The camera refuses this password." in notices
    assert page.index('class="notices"') < page.index('class="tiles"')


async def test_many_stores_and_days_have_their_busiest_day_and_a_sum(demo: Visitor) -> None:
    page = await demo.page("/dashboard?period=28")
    tile = page.split('data-metric="busiest_day"')[1].split("</article>")[0]
    assert "a mean day has" in tile
    told = re.search(r'data-metric="footfall_in">.*?class="value">([\d,]+)<', page)
    assert told
    assert f'<td>All 12 stores</td><td class="n">{told[1]}</td>' in page


async def test_stores_are_ordered_by_the_open_hour_where_that_is_asked_for(demo: Visitor) -> None:
    page = await demo.page("/dashboard?period=28&by=per_open_hour")
    ranks = [int(n) for n in re.findall(r'class="quiet small">#(\d+)<', page)]
    assert ranks == sorted(ranks)
    assert len(ranks) == 12


async def test_cameras_that_need_a_look_stand_first(demo: Visitor) -> None:
    page = await demo.page("/cameras")
    assert "1 of 36 cameras needs a look." in page
    assert page.index("Freiburg Münsterplatz</a></h2>") < page.index("Amsterdam Kalverstraat</a></h2>")
    assert len(page) < 120_000
    live = await demo.page("/live")
    cards = live.split('<section class="card" data-store=')[1:]
    needs_look = ["Freiburg Münsterplatz</a></h2>" in card or "too full" in card for card in cards]
    # Which shops are too full depends on the time of the day.
    assert len(cards) == 12
    assert any(needs_look)
    assert needs_look == sorted(needs_look, reverse=True)


async def test_a_forecast_is_drawn_with_its_interval_beside_the_days_just_past(demo: Visitor) -> None:
    page = await demo.page("/insights")
    forecast = page.split('id="forecast"')[1]
    assert forecast.count('class="interval"') >= 12
    assert forecast.count('class="bar-in past"') >= 12


async def test_a_report_is_previewed_with_the_charts_of_its_pdf(demo: Visitor) -> None:
    page = await demo.page("/reports?period=last-week&part=days&part=stores&part=summary")
    assert page.count("data-chart") == 2
    assert page.count('class="bar-in"') == 7 + 12
