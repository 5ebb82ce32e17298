"""A laptop that fell silent makes nobody say "less than usual"."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from cloud_api.tenancy.transactions import maintenance
from tests.cloud_api.web.conftest import Visitor, logged_in
from tests.helpers.cloud import CloudUnderTest, crossing


async def silence(cloud: CloudUnderTest, *, for_: timedelta) -> None:
    at = (datetime.now(UTC) - for_).replace(tzinfo=None)
    async with maintenance(cloud.database) as connection:
        await connection.execute(
            text("UPDATE edge_devices SET last_seen_at = :at"), {"at": f"{at:%Y-%m-%d %H:%M:%S}.000000"}
        )


async def visitor_with_past(cloud: CloudUnderTest) -> Visitor:
    """Forty people on the same weekday of each of four weeks, one today."""
    now = datetime.now(UTC)
    seq = 0
    for weeks in (4, 3, 2, 1, 0):
        for n in range(40 if weeks else 1):
            seq += 1
            at = now - timedelta(weeks=weeks, seconds=n + 60)
            event = crossing(seq) | {"occurred_at": at.isoformat()}
            answer = await cloud.send([event])
            assert answer.status_code == 200, answer.text
    return await logged_in(cloud.client, "admin@acme.example")


async def test_a_silent_store_is_said_to_be_silent_instead_of_having_fewer_people(empty: CloudUnderTest) -> None:
    visitor = await visitor_with_past(empty)
    path = f"/dashboard?store={empty.store_id}"
    await silence(empty, for_=timedelta(minutes=90))
    page = await visitor.page(path)
    assert "Silent since " in page
    assert "nothing is known since, so nothing is compared." in page
    assert "less than usual" not in page
    insights = await visitor.page(f"/insights?store={empty.store_id}")
    assert "Silent since " in insights
    everywhere = await visitor.page("/dashboard")
    assert "1 store is silent and is left out." in everywhere
    assert "silent since " in everywhere


async def test_a_store_that_is_heard_is_compared(empty: CloudUnderTest) -> None:
    visitor = await visitor_with_past(empty)
    await silence(empty, for_=timedelta(minutes=1))
    page = await visitor.page(f"/dashboard?store={empty.store_id}")
    assert "ilent since " not in page
    assert "Silent since " not in await visitor.page(f"/insights?store={empty.store_id}")


async def test_the_time_of_a_made_up_demo_stands_still(demo: Visitor) -> None:
    page = await demo.page("/dashboard")
    assert "Their time stands still at " in page
    assert "silent since" not in page
