"""The dashboard's list of stores: sorted by each figure, turned, searched and paged."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from cloud_api.stores.administration import Administration
from cloud_api.tenancy.transactions import maintenance
from cloud_api.web.dashboard import ORDERS, ordered
from cloud_api.web.paging import PER_PAGE
from cloud_api.web.tiles import StoreLine
from tests.cloud_api.web.conftest import Visitor
from tests.cloud_api.web.test_long_lists import with_stores
from tests.helpers.cloud import CloudUnderTest, crossing

ROW = r'<tr><td><a href="/dashboard\?store=[^"]+">([^<]+)</a>'


def links(page: str, path: str = "/dashboard") -> list[str]:
    return [found.replace("&amp;", "&") for found in re.findall(rf'href="({path}\?[^"]+)#stores"', page)]


def heads(page: str) -> dict[str, str]:
    """What each column of the list of stores is sorted by, with the link that sorts."""
    (head,) = re.findall(r'<div class="scroll long[^"]*".*?<thead>(.*?)</thead>', page)
    found = re.findall(r'<th[^>]*?(?: aria-sort="(\w+)")?><a href="([^"]+)">([^<]+?)\s*(?:<span.*?)?</a>', head)
    assert len(found) == len(re.findall("<th", head)) - 1, "all but the laptop's are sorted by"
    return {title: link.replace("&amp;", "&") for _order, link, title in found}


async def with_people(cloud: CloudUnderTest) -> Visitor:
    """A hundred stores, of which two have people: three in Shop 007, one in Shop 055."""
    visitor = await with_stores(cloud, 2 * PER_PAGE + 4)
    now = datetime.now(UTC)
    for name, n_people in (("Shop 007", 3), ("Shop 055", 1)):
        async with maintenance(cloud.database) as connection:
            _, _, key = await Administration(connection).create_edge_key(name, device="Second")
        events = [crossing(n, occurred_at=now.isoformat(), track_id=n) for n in range(1, n_people + 1)]
        assert (await cloud.send(events, key=key)).status_code == 200
    return visitor


async def test_a_page_of_stores_is_shown_and_all_if_wanted(empty: CloudUnderTest) -> None:
    visitor = await with_people(empty)
    page = await visitor.page("/dashboard")
    first = re.findall(ROW, page)
    assert len(first) == PER_PAGE
    assert first[:2] == ["Shop 007", "Shop 055"], "most people first"
    assert "All 102 stores" in page, "their sum stays that of all"
    following = [link for link in links(page) if "page=2" in link]
    second = re.findall(ROW, await visitor.page(following[0]))
    (whole,) = (link for link in links(page) if "page=all" in link)
    every = re.findall(ROW, await visitor.page(whole))
    assert len(every) == 2 * PER_PAGE + 6
    assert every[: 2 * PER_PAGE] == [*first, *second]
    assert links(await visitor.page(whole))[-1].endswith("page=1"), "and the way back"


async def test_each_column_sorts_and_turns_and_keeps_days_and_the_name_to_find(empty: CloudUnderTest) -> None:
    visitor = await with_people(empty)
    page = await visitor.page("/dashboard?period=today&find=shop+0")
    by_title = heads(page)
    assert list(by_title) == ["Store", "In", "Out", "Inside", "In per open hour", "Coverage", "Against usual"]
    for link in by_title.values():
        kept = parse_qs(urlsplit(link).query)
        assert (kept["find"], kept["period"], urlsplit(link).fragment) == (["shop 0"], ["today"], "stores")
        assert "aria-sort" in await visitor.page(link)
    assert re.findall(ROW, page)[:2] == ["Shop 007", "Shop 055"]
    turned = await visitor.page(by_title["In"])
    assert 'aria-sort="ascending"' in turned
    assert re.findall(ROW, turned)[:2] == ["Shop 055", "Shop 007"], "fewest first, then those that nothing is known of"
    by_name = await visitor.page(by_title["Store"])
    assert re.findall(ROW, by_name)[:2] == ["Shop 000", "Shop 001"]
    assert re.findall(ROW, await visitor.page(heads(by_name)["Store"]))[0] == "Shop 099"


async def test_what_comes_by_itself_is_the_page_and_order_that_is_looked_at(empty: CloudUnderTest) -> None:
    visitor = await with_people(empty)
    for query in ("by=name&turned=1&page=2", "find=shop+05&by=footfall_in", "page=all", "by=nonsense&page=x"):
        page = await visitor.page(f"/dashboard?{query}")
        (source,) = re.findall(r'data-source="([^"]+)"', page)
        assert re.findall(ROW, await visitor.page(source.replace("&amp;", "&"))) == re.findall(ROW, page)


async def test_few_stores_lie_in_the_page_and_many_scroll_beneath_their_head(empty: CloudUnderTest) -> None:
    visitor = await with_people(empty)
    many, few = await visitor.page("/dashboard"), await visitor.page("/dashboard?find=shop+05")
    assert len(re.findall(ROW, few)) <= 16 < len(re.findall(ROW, many))
    assert ("scroll long whole" in many, "scroll long whole" in few) == (False, True)


async def test_no_store_of_that_name_is_said_and_the_rest_of_the_page_stays(empty: CloudUnderTest) -> None:
    visitor = await with_people(empty)
    page = await visitor.page("/dashboard?find=nowhere&by=name")
    assert "No store has “nowhere” in its name." in page
    assert "scroll long" not in page
    assert 'data-metric="footfall_in"' in page
    assert links(page) == ["/dashboard?period=today&by=name"], "the way to all of them, in the same order"


async def test_a_few_stores_are_whole_and_one_has_nothing_to_sort(empty: CloudUnderTest) -> None:
    visitor = await with_stores(empty, 3)
    page = await visitor.page("/dashboard")
    assert 'name="find"' not in page
    assert len(heads(page)) == 7
    one = await visitor.page(f"/dashboard?store={empty.store_id}")
    assert "#stores" not in one


def line(name: str, **figures: float | None) -> StoreLine:
    from uuid import uuid4

    known: dict[str, float | None] = dict.fromkeys(
        ("footfall_in", "footfall_out", "inside", "per_open_hour", "coverage", "change_share")
    )
    return StoreLine(
        id=uuid4(), name=name, per_hour_rank=None, change="", trend="", share_of_best=0.0, seen="", is_fresh=True,
        **{**known, **figures},  # type: ignore[arg-type]  # figures of two types
    )  # fmt: skip


@pytest.mark.parametrize("by", [name for name in ORDERS if name != "name"])
def test_what_is_not_known_comes_last_whichever_way(by: str) -> None:
    figure = "change_share" if by == "change" else by
    lines = [line("b", **{figure: 1}), line("unknown"), line("C", **{figure: 2}), line("a", **{figure: 1})]
    assert [s.name for s in ordered(lines, by=by, is_turned=False)] == ["C", "a", "b", "unknown"]
    assert [s.name for s in ordered(lines, by=by, is_turned=True)] == ["a", "b", "C", "unknown"]
