"""Each step of the schema goes up and down again, with data in it, on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text
from sqlalchemy.engine import Connection
from sqlmodel import col

from cloud_api.kit.histogram import bin_of
from cloud_api.maintenance.schema import migrate
from cloud_api.migrations import config_for, downgrade, is_current, upgrade
from cloud_api.models import RollupDaySteps, RollupFine, RollupHour
from cloud_api.rollups.proof import rollup_differences
from cloud_api.tenancy.row_security import row_security_problems
from cloud_api.tenancy.transactions import maintenance
from tests.helpers.cloud import CloudUnderTest, crossing, running_cloud

COUNTED = ("rollups_coarse", "rollups_fine", "events")


def revisions(connection: Connection) -> list[str]:
    """From the newest to the first."""
    return [script.revision for script in ScriptDirectory.from_config(config_for(connection)).walk_revisions()]


def shape(connection: Connection) -> dict[str, Any]:
    """Tables with their columns, keys and indexes."""
    found = inspect(connection)
    return {
        table: (
            sorted((c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(table)),
            found.get_pk_constraint(table)["constrained_columns"],
            sorted((i["name"] or "", tuple(i["column_names"]), bool(i["unique"])) for i in found.get_indexes(table)),
        )
        for table in sorted(found.get_table_names())
        if not table.startswith("events_")
    }


async def filled(cloud: CloudUnderTest) -> None:
    kinds = [
        ("footfall_in", {}),
        ("dwell", {"value": 12.5}),
        ("occupancy", {"value": 2.0}),
        ("queue_wait", {"value": 60}),
    ]
    events = [crossing(n, minutes=n * 5, kind=kinds[n % 4][0], **kinds[n % 4][1]) for n in range(1, 41)]  # type: ignore[arg-type]
    assert (await cloud.send(events)).json()["contiguous_seq"] == 40


async def counts(cloud: CloudUnderTest) -> dict[str, int]:
    async with maintenance(cloud.database) as connection:
        return {
            table: (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() for table in COUNTED
        }


async def go(cloud: CloudUnderTest, work: Any, *arguments: str) -> Any:
    async with cloud.database.begin(is_direct=True) as connection:
        return await connection.run_sync(lambda c: work(c, *arguments))


@pytest.mark.parametrize("is_postgresql", [False, True], ids=["sqlite", "postgresql"])
async def test_every_step_goes_down_and_up_again_and_nothing_that_is_kept_changes(
    tmp_path: Path, is_postgresql: bool
) -> None:
    async with running_cloud(tmp_path, is_postgresql=is_postgresql) as cloud:
        await filled(cloud)
        before, shape_before = await counts(cloud), await go(cloud, shape)
        steps = await go(cloud, revisions)
        for revision in steps[1:]:
            await go(cloud, downgrade, revision)
            await go(cloud, upgrade)
            assert await go(cloud, is_current)
            assert await go(cloud, shape) == shape_before, f"down to {revision} and up again"
            await migrate(cloud.database)  # figures anew where a step says so
            async with maintenance(cloud.database) as connection:
                assert await rollup_differences(connection) == [], f"down to {revision} and up again"
                if is_postgresql:
                    assert await row_security_problems(connection) == []
            if revision != steps[-1]:
                assert await counts(cloud) == before, f"down to {revision} and up again"
        await go(cloud, downgrade, "base")
        assert [t for t in (await go(cloud, shape)) if t != "alembic_version"] == []


@pytest.mark.parametrize("is_postgresql", [False, True], ids=["sqlite", "postgresql"])
async def test_hours_are_made_from_quarter_hours_also_where_the_events_are_gone(
    tmp_path: Path, is_postgresql: bool
) -> None:
    async with running_cloud(tmp_path, is_postgresql=is_postgresql) as cloud:
        await filled(cloud)
        await go(cloud, downgrade, "0005")
        async with maintenance(cloud.database) as connection:
            await connection.execute(text("DELETE FROM events"))
        await go(cloud, upgrade)
        async with maintenance(cloud.database) as connection:
            query = text("SELECT hour, n FROM rollups_hour WHERE type = 'dwell' ORDER BY day, hour")
            rows = [tuple(row) for row in await connection.execute(query)]
        # 09:00 UTC is 10:00 in Berlin in March; every fourth of forty events, five minutes apart.
        assert rows == [(10, 3), (11, 3), (12, 3), (13, 1)]


@pytest.mark.parametrize("is_postgresql", [False, True], ids=["sqlite", "postgresql"])
async def test_hours_get_their_stays_from_quarter_hours_also_where_the_events_are_gone(
    tmp_path: Path, is_postgresql: bool
) -> None:
    async with running_cloud(tmp_path, is_postgresql=is_postgresql) as cloud:
        await filled_with_stays(cloud)
        later = [crossing(n, minutes=n * 20, kind="dwell", value=float(n)) for n in range(8, 20)]
        assert (await cloud.send([*later, crossing(20, kind="footfall_in")])).json()["contiguous_seq"] == 20
        columns = ("store_id", "type", "day", "hour", "n", "total", "peak", "stays")
        query = select(*(col(getattr(RollupHour, name)) for name in columns))
        async with maintenance(cloud.database) as connection:
            before = sorted((*row[:-1], sorted(row[-1])) for row in await connection.execute(query))
        await go(cloud, downgrade, "0013")
        async with maintenance(cloud.database) as connection:
            await connection.execute(text("DELETE FROM events"))
        await go(cloud, upgrade)
        async with maintenance(cloud.database) as connection:
            after = sorted((*row[:-1], sorted(row[-1])) for row in await connection.execute(query))
    assert after == before
    assert {row[1]: len(row[-1]) > 0 for row in after} == {
        "dwell": True, "footfall_in": False, "queue_wait": True, "shelf_interaction": True,
    }  # fmt: skip


@pytest.mark.parametrize("is_postgresql", [False, True], ids=["sqlite", "postgresql"])
async def test_histograms_of_days_are_made_from_their_single_steps_also_where_the_events_are_gone(
    tmp_path: Path, is_postgresql: bool
) -> None:
    async with running_cloud(tmp_path, is_postgresql=is_postgresql) as cloud:
        await filled(cloud)
        query = select(col(RollupDaySteps.type), col(RollupDaySteps.day), col(RollupDaySteps.steps))
        async with maintenance(cloud.database) as connection:
            before = sorted(tuple(row) for row in await connection.execute(query))
        await go(cloud, downgrade, "0009")
        async with maintenance(cloud.database) as connection:
            bins = text("SELECT type, n FROM rollup_day_bins ORDER BY type")
            assert [tuple(row) for row in await connection.execute(bins)] == [("dwell", 10), ("queue_wait", 10)]
            await connection.execute(text("DELETE FROM events"))
        await go(cloud, upgrade)
        async with maintenance(cloud.database) as connection:
            after = sorted(tuple(row) for row in await connection.execute(query))
    assert after == before
    assert [(kind, len(steps), steps[-1]) for kind, _day, steps in after] == [
        ("dwell", bin_of(12.5) + 1, 10),
        ("queue_wait", bin_of(60) + 1, 10),
    ]


async def stays_of(cloud: CloudUnderTest) -> dict[tuple[str, str], list[int]]:
    query = select(col(RollupFine.type), col(RollupFine.category), col(RollupFine.stays))
    found: dict[tuple[str, str], list[int]] = {}
    async with maintenance(cloud.database) as connection:
        for kind, category, stays in await connection.execute(query.where(col(RollupFine.stays) != b"")):
            found.setdefault((kind, category), []).extend(stays)
    return {key: sorted(steps) for key, steps in found.items()}


async def filled_with_stays(cloud: CloudUnderTest) -> dict[tuple[str, str], list[int]]:
    """Stays of one quarter hour, of which a shelf's are of two categories; how they are kept."""
    told = [("dwell", 0.2, ""), ("dwell", 12.5, ""), ("dwell", 12.5, ""), ("queue_wait", 300.0, "")]
    told += [
        ("shelf_interaction", 40.0, "tea"),
        ("shelf_interaction", 2.0, "tea"),
        ("shelf_interaction", 9.0, "coffee"),
    ]
    events = [
        crossing(n, minutes=n, kind=kind, value=value, attributes={"shelf_category": category} if category else {})
        for n, (kind, value, category) in enumerate(told, 1)
    ]
    assert (await cloud.send(events)).json()["contiguous_seq"] == len(events)
    kept: dict[tuple[str, str], list[int]] = {}
    for kind, value, category in told:
        kept.setdefault((kind, category), []).append(bin_of(value))
    return {key: sorted(steps) for key, steps in kept.items()}


@pytest.mark.parametrize("is_postgresql", [False, True], ids=["sqlite", "postgresql"])
async def test_stays_move_into_the_rows_of_their_zones_each_to_its_category(
    tmp_path: Path, is_postgresql: bool
) -> None:
    async with running_cloud(tmp_path, is_postgresql=is_postgresql) as cloud:
        kept = await filled_with_stays(cloud)
        await go(cloud, downgrade, "0011")
        async with maintenance(cloud.database) as connection:
            bins = text("SELECT type, sum(n) FROM rollup_bins GROUP BY type ORDER BY type")
            rows = [tuple(row) for row in await connection.execute(bins)]
        await go(cloud, upgrade)
        assert rows == [("dwell", 3), ("queue_wait", 1), ("shelf_interaction", 3)]
        assert await stays_of(cloud) == kept
        async with maintenance(cloud.database) as connection:
            assert await rollup_differences(connection) == []


@pytest.mark.parametrize("is_postgresql", [False, True], ids=["sqlite", "postgresql"])
async def test_stays_move_also_where_the_events_are_gone(tmp_path: Path, is_postgresql: bool) -> None:
    async with running_cloud(tmp_path, is_postgresql=is_postgresql) as cloud:
        kept = await filled_with_stays(cloud)
        await go(cloud, downgrade, "0011")
        async with maintenance(cloud.database) as connection:
            await connection.execute(text("DELETE FROM events"))
        await go(cloud, upgrade)
        found = await stays_of(cloud)
    shelf = {key for key in kept if key[0] == "shelf_interaction"}
    assert {key: found[key] for key in kept.keys() - shelf} == {key: kept[key] for key in kept.keys() - shelf}
    # Nobody can tell any more which stay was at which category; each has as many as it had.
    assert {key: len(found[key]) for key in shelf} == {key: len(kept[key]) for key in shelf}
    assert sorted(step for key in shelf for step in found[key]) == sorted(step for key in shelf for step in kept[key])
