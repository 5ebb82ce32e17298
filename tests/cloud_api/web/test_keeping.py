"""What readers keep: statements put away or kept, reports to be made again."""

from __future__ import annotations

import re

import pytest

from tests.cloud_api.web.conftest import Visitor, logged_in
from tests.helpers.cloud import CloudUnderTest


def keys(page: str) -> list[str]:
    return re.findall(r'class="row acts no-print">.*?name="key" value="([0-9a-f]{32})"', page)


async def test_a_statement_that_was_put_away_stays_away_until_it_is_brought_back(demo: Visitor) -> None:
    page = await demo.page("/insights")
    first, *others = keys(page)
    done = await demo.send("/insights", on="/insights", act="dismiss", key=first)
    assert done.status_code == 303, done.text
    page = await demo.page("/insights")
    assert first not in keys(page)
    assert others[0] in keys(page)
    assert "1 put away" in page
    assert "insight dismissed" in await demo.page("/settings/audit")
    await demo.send("/insights", on="/insights", act="back", key=first)
    assert first in keys(await demo.page("/insights"))


async def test_a_statement_that_is_kept_comes_first_and_can_be_sent(demo: Visitor) -> None:
    *_, last = keys(await demo.page("/insights"))
    await demo.send("/insights", on="/insights", act="keep", key=last)
    page = await demo.page("/insights")
    assert keys(page)[0] == last
    assert 'href="mailto:?subject=' in page
    assert f"#i{last[:12]}" in page


async def test_what_one_reader_puts_away_another_still_sees(demo: Visitor, demo_owner: Visitor) -> None:
    first = keys(await demo.page("/insights"))[0]
    await demo.send("/insights", on="/insights", act="dismiss", key=first)
    assert "put away</summary>" not in await demo_owner.page("/insights")


@pytest.mark.parametrize(("act", "status"), [("dismiss", 404), ("keep", 404), ("eat", 422)])
async def test_a_statement_that_nobody_makes_cannot_be_marked(empty: CloudUnderTest, act: str, status: int) -> None:
    visitor = await logged_in(empty.client, "admin@acme.example")
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', await visitor.page("/reports"))
    assert found
    fields = {"csrf": found[1], "act": act, "key": "0" * 32}
    answer = await empty.client.post("/insights", data=fields, headers={"Accept": "text/html"})
    assert answer.status_code == status
    assert 'role="alert"' in answer.text


async def test_a_report_is_saved_made_again_and_deleted(empty: CloudUnderTest) -> None:
    visitor = await logged_in(empty.client, "admin@acme.example")
    query = f"period=last-month&title=Board&part=days&stores={empty.store_id}"
    saved = await visitor.send(f"/reports?{query}", on="/reports", act="save", name="For the board")
    assert saved.status_code == 303, saved.text
    page = await visitor.page("/reports")
    again = re.search(r'<a href="(/reports\?[^"]+)">For the board</a></td><td>Last month</td>', page)
    assert again, page
    made = await visitor.page(again[1].replace("&amp;", "&"))
    assert "Day by day" in made
    assert "1 of 2 stores" in made
    twice = await visitor.send(f"/reports?{query}", on="/reports", act="save", name="For the board")
    assert twice.status_code == 409
    assert "choose another name" in twice.text
    nameless = await visitor.send(f"/reports?{query}", on="/reports", act="save", name=" ")
    assert nameless.status_code == 422
    report_id = re.search(r'name="report_id" value="([^"]+)"', page)
    assert report_id
    await visitor.send("/reports", on="/reports", act="delete", report_id=report_id[1])
    assert "For the board" not in await visitor.page("/reports")
    audit = await visitor.page("/settings/audit")
    assert "report saved" in audit
    assert "report deleted" in audit


async def test_saved_reports_of_others_are_out_of_reach(empty: CloudUnderTest) -> None:
    admin = await logged_in(empty.client, "admin@acme.example")
    await admin.send("/reports", on="/reports", act="save", name="Of head office")
    found = re.search(r'name="report_id" value="([^"]+)"', await admin.page("/reports"))
    assert found
    empty.client.cookies.clear()
    owner = await logged_in(empty.client, "owner@acme.example")
    assert "Of head office" not in await owner.page("/reports")
    answer = await owner.send("/reports", on="/reports", act="delete", report_id=found[1])
    assert answer.status_code == 404
    await owner.send("/reports", on="/reports", act="save", name="Of the store")
    assert "Of the store" in await owner.page("/reports")
