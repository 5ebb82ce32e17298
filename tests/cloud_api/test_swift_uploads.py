"""The hot path on PostgreSQL: it takes what is plain and new, writes what the careful path would, and leaves the rest."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from cloud_api.ingest.batch import read_batch
from cloud_api.ingest.clocks import timed
from cloud_api.ingest.columns import Columns, read_columns
from cloud_api.ingest.memory import IngestMemory
from cloud_api.ingest.service import NewReceipt, figures_of, ingest
from cloud_api.ingest.swift import Taken, figures_of_columns, is_swift, take
from cloud_api.kit.database import Database
from cloud_api.rollups.proof import rollup_differences
from cloud_api.rollups.tables import FIGURE_TABLES
from cloud_api.tenancy.principal import EdgePrincipal
from cloud_api.tenancy.transactions import maintenance
from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH, BatchReceipt
from tests.helpers.cloud import START, CloudUnderTest, crossing, running_cloud

ZONE = "Europe/Berlin"
KINDS: dict[str, dict[str, Any]] = {
    "footfall_in": {},
    "footfall_out": {"attributes": {"cut": True, "note": "größer"}},
    "dwell": {"value": 12.5, "track_id": 7, "confidence": 0.5},
    "queue_wait": {"value": 0},
    "shelf_interaction": {"value": 3.25, "attributes": {"shelf_category": "coffee, {tea}"}},
    "occupancy": {"value": 2.5, "attributes": {"peak": 4, "seen_s": 57.5}},
    "camera_gap": {"value": 4000.0, "zone_id": None, "zone_revision": None, "attributes": {"reason": "no route"}},
    "heatmap": {"zone_id": None, "zone_revision": None, "attributes": {"grid": [4, 3], "cells": [[5, 2.5]], "seconds": 60}},
}  # fmt: skip


def batch(
    n: int, *, source: random.Random, first: int = 1, kinds: tuple[str, ...] = tuple(KINDS)
) -> list[dict[str, Any]]:
    made = []
    for seq in range(first, first + n):
        kind = source.choice(kinds)
        place = {"camera_id": f"cam {source.randrange(3)}", "zone_id": source.choice(["door", "Käse, {1}"])}
        fields = {**place, **KINDS[kind]}
        if kind.startswith("footfall") and source.random() < 0.3:
            fields["attributes"] = {**fields.get("attributes", {}), "walkway": True}
        made.append(crossing(seq, kind=kind, minutes=source.uniform(-900, 900), **fields))
    return made


def body(events: list[dict[str, Any]], **more: Any) -> bytes:
    return json.dumps({"events": events, **more}, ensure_ascii=False).encode()


def columns_of(events: list[dict[str, Any]]) -> Columns:
    found = read_columns(body(events))
    assert found is not None
    return found


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[CloudUnderTest]:
    async with running_cloud(tmp_path, is_postgresql=True) as running:
        yield running


async def edge_of(cloud: CloudUnderTest) -> EdgePrincipal:
    return await IngestMemory().device_of(cloud.database, cloud.edge_key)


async def taken(cloud: CloudUnderTest, events: list[dict[str, Any]], **more: Any) -> Taken:
    asked = {"timezone": ZONE, "now": datetime.now(UTC), **more}
    return await take(cloud.database, await edge_of(cloud), columns_of(events), **asked)


async def differences(database: Database) -> list[str]:
    async with maintenance(database) as connection:
        return await rollup_differences(connection)


async def n_events(cloud: CloudUnderTest) -> int:
    async with maintenance(cloud.database) as connection:
        return int((await connection.execute(text("SELECT count(*) FROM events"))).scalar_one())


async def test_what_is_plain_and_new_is_written_in_one_way_and_its_figures_are_those_of_its_events(
    cloud: CloudUnderTest,
) -> None:
    source = random.Random(3)
    assert (await taken(cloud, batch(200, source=source))).reached == 200
    assert (await taken(cloud, batch(100, source=source, first=201))).reached == 300
    assert await n_events(cloud) == 300
    assert await differences(cloud.database) == []


async def test_both_ways_write_the_same_rows_and_answer_alike(cloud: CloudUnderTest, tmp_path: Path) -> None:
    events = batch(150, source=random.Random(9))
    now = datetime.now(UTC)
    swift = await taken(cloud, events, now=now)
    receipt = NewReceipt([e["event_id"] for e in events], swift.reached or 0)
    query = text(
        "SELECT event_id, seq, type, camera_id, zone_id, zone_revision, occurred_at, stamped_at, track_id, value, "
        "confidence, attributes FROM events ORDER BY seq"
    )
    async with running_cloud(tmp_path / "careful", is_postgresql=True) as other:
        careful = await ingest(
            other.database, await edge_of(other), read_batch(body(events)), new_cameras=set(), now=now
        )
        rows = []
        for database in (cloud.database, other.database):
            async with maintenance(database) as connection:
                rows.append([tuple(row) for row in await connection.execute(query)])
    assert BatchReceipt.model_validate_json(receipt.json()) == BatchReceipt.model_validate_json(careful.json())
    assert rows[0] == rows[1]


async def test_what_is_not_all_new_is_left_to_the_careful_way(cloud: CloudUnderTest) -> None:
    events = batch(20, source=random.Random(1))
    assert (await taken(cloud, events[5:10])).reached == 0, "a hole before it"
    for again in (events[5:10], [*events[:2], events[3]], events[3:7], [*events[8:10], *events[10:12]]):
        assert await taken(cloud, again) == Taken(None, ZONE)
    twice = {**events[11], "event_id": events[6]["event_id"]}
    with pytest.raises(asyncpg.UniqueViolationError):
        await taken(cloud, [events[10], twice])
    assert await n_events(cloud) == 5
    answer = await cloud.send(events)
    assert [r["status"] for r in answer.json()["results"]] == ["accepted"] * 5 + ["duplicate"] * 5 + ["accepted"] * 10
    assert answer.json()["contiguous_seq"] == 20
    assert await differences(cloud.database) == []


async def test_a_hole_inside_the_batch_ends_the_sequence_there(cloud: CloudUnderTest) -> None:
    events = batch(10, source=random.Random(2))
    assert (await taken(cloud, [*events[:4], *events[6:]])).reached == 4
    assert (await cloud.send(events[4:6])).json()["contiguous_seq"] == 10


async def test_a_store_that_was_moved_to_another_time_zone_is_counted_in_its_own_days(cloud: CloudUnderTest) -> None:
    events = batch(60, source=random.Random(5))
    await cloud.send(events[:20])
    async with maintenance(cloud.database) as connection:
        await connection.execute(text("UPDATE stores SET timezone = 'Pacific/Auckland'"))
    assert await taken(cloud, events[20:40]) == Taken(None, "Pacific/Auckland")
    assert (await cloud.send(events[20:])).json()["contiguous_seq"] == 60


async def test_an_upload_that_dies_in_the_middle_leaves_nothing_behind(cloud: CloudUnderTest) -> None:
    events = batch(30, source=random.Random(6), kinds=("footfall_in", "dwell", "heatmap", "camera_gap"))
    async with maintenance(cloud.database) as connection:
        for statement in (
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the plug is pulled'; END $$",
            "CREATE TRIGGER dying BEFORE INSERT ON rollups_day FOR EACH ROW EXECUTE FUNCTION die()",
        ):
            await connection.execute(text(statement))
    for some in (events, [e for e in events if e["type"] in ("footfall_in", "dwell")]):
        with pytest.raises(asyncpg.RaiseError):
            await taken(cloud, some)
    assert await n_events(cloud) == 0
    assert await differences(cloud.database) == []
    async with maintenance(cloud.database) as connection:
        await connection.execute(text("DROP TRIGGER dying ON rollups_day"))
    assert (await taken(cloud, events)).reached == 30
    assert await differences(cloud.database) == []


@pytest.mark.expected_log("the database does not do what it should: deadlock detected")
@pytest.mark.parametrize(("state", "n_times", "status"), [("40P01", 3, 200), ("40001", 1, 200), ("40P01", 100, 503)])
async def test_an_upload_that_met_a_deadlock_is_tried_again_and_counted_once(
    cloud: CloudUnderTest, state: str, n_times: int, status: int
) -> None:
    async with maintenance(cloud.database) as connection:
        for statement in (
            # What a sequence has counted, no rollback takes back.
            "CREATE SEQUENCE collisions",
            "GRANT USAGE ON SEQUENCE collisions TO PUBLIC",
            "CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF nextval('collisions') <= {n_times} THEN RAISE 'deadlock detected' USING ERRCODE = '{state}'; END IF; "
            "RETURN NEW; END $$",
            "CREATE TRIGGER colliding BEFORE INSERT ON rollups_day FOR EACH ROW EXECUTE FUNCTION collide()",
        ):
            await connection.execute(text(statement))
    answer = await cloud.send([crossing(1), crossing(2)])
    assert answer.status_code == status
    if status == 200:
        assert [r["status"] for r in answer.json()["results"]] == ["accepted"] * 2
    else:
        assert int(answer.headers["Retry-After"]) > 0
    assert await n_events(cloud) == (2 if status == 200 else 0)
    assert await differences(cloud.database) == []


async def test_it_touches_nothing_of_another_organisation_or_store(cloud: CloudUnderTest) -> None:
    edge, events = await edge_of(cloud), columns_of([crossing(1)])
    now = datetime.now(UTC)
    for forged in (
        replace(edge, org_id=uuid4()),
        replace(edge, store_id=cloud.other_store_id),
        replace(edge, store_id=cloud.foreign_store_id),
        replace(edge, device_id=uuid4()),
    ):
        assert (await take(cloud.database, forged, events, timezone=ZONE, now=now)).reached is None
    assert await n_events(cloud) == 0
    async with cloud.database.begin() as connection:
        # Nothing of the transaction's scope is left on a connection for the next one.
        assert (await connection.execute(text("SELECT count(*) FROM stores"))).scalar_one() == 0
    left = await cloud.database.fetch_row_at_once("SELECT count(*) AS n FROM stores")
    assert left["n"] == 0


async def test_plain_uploads_really_go_this_way(cloud: CloudUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    async def careful(*_: object, **__: object) -> None:
        raise AssertionError("looked at closely")

    monkeypatch.setattr("cloud_api.ingest.endpoints.ingest", careful)
    source = random.Random(8)
    for first in (1, 41, 81):
        plain = body(batch(40, source=source, first=first), sent_at=datetime.now(UTC).isoformat())
        answer = await cloud.client.post(EVENTS_PATH, content=plain, headers={EDGE_KEY_HEADER: cloud.edge_key})
        assert answer.json()["contiguous_seq"] == first + 39
    async with maintenance(cloud.database) as connection:
        cameras = (await connection.execute(text("SELECT camera_id FROM cameras ORDER BY 1"))).scalars().all()
    assert cameras == ["cam 0", "cam 1", "cam 2"]


@pytest.mark.parametrize(
    "odd",
    [
        {"camera_id": " cam"},
        {"zone_id": None},
        {"zone_revision": None},
        {"value": 1.0},
        {"type": "zone_recounted"},
        {"type": "dwell"},
        {"type": "occupancy", "value": 100_001.0},
        {"event_id": "0199A5A8-0000-7000-8000-00000000000A"},
        {"event_id": "0199-a5a8-00007000-8000-00000000000a"},
        {"seq": 0},
        {"seq": "7"},
        {"occurred_at": "2026-03-28T09:00:00"},
        {"attributes": None},
        {"attributes": {"a": "x" * 2000}},
        {"attributes": {"a": "\u0000"}},
        {"attributes": []},
        {"schema_version": 2},
        {"unknown": 1},
    ],
)
def test_what_is_odd_is_left_to_the_careful_way(odd: dict[str, Any]) -> None:
    assert read_columns(body([crossing(1), {**crossing(2), **odd}])) is None


def test_wrong_orders_and_dead_letters_and_emptiness_are_left_to_the_careful_way() -> None:
    one, two = crossing(1), crossing(2)
    for plain in (
        body([two, one]),
        body([one, one]),
        body([]),
        body([one], dead_letter_seqs=[3]),
        b"[]",
        b"{",
        b"\xff",
    ):
        assert read_columns(plain) is None


def test_wrong_clocks_are_left_to_the_careful_way() -> None:
    now = START + timedelta(hours=1)
    for more, is_right in (({}, True), ({"sent_at": now.isoformat()}, True), ({"sent_at": START.isoformat()}, False)):
        columns = read_columns(body([crossing(1)], **more))
        assert columns is not None
        assert is_swift(columns, now=now) is is_right
    assert not is_swift(columns_of([crossing(1, minutes=90)]), now=now)
    assert not is_swift(columns_of([crossing(1, occurred_at="1969-01-01T00:00:00Z")]), now=now)
    assert not is_swift(columns_of([crossing(1, attributes={"recounted": True})]), now=now)


odd_values = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 2**63), st.floats(), st.text(max_size=5), st.just([]), st.just({}),
    st.sampled_from(["2026-03-28T09:00:00.1234567Z", "2026-03-28 09:00:00+02:00", "1e3", " x ", "dwell", "heatmap"]),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(KINDS)), st.dictionaries(st.sampled_from(sorted(crossing(1))), odd_values, max_size=2),
    st.floats(-3e8, 3e7),
)  # fmt: skip
def test_whatever_is_taken_is_read_as_the_careful_way_reads_it(kind: str, odd: dict[str, Any], minutes: float) -> None:
    plain = body([{**crossing(5, kind=kind, minutes=minutes / 60, **KINDS[kind]), **odd}])
    found = read_columns(plain)
    if found is None:
        return
    read = read_batch(plain)
    assert not read.refused
    event = read.events[0]
    told = (event.seq, event.type, event.camera_id, event.zone_id or "", event.zone_revision)
    assert told == (
        found.seqs[0], found.kinds[0], found.cameras[0], found.zones[0], found.revisions[0]
    )  # fmt: skip
    # One rounds what is finer than a microsecond, the other cuts it off; laptops send whole ones.
    assert abs(event.occurred_at - found.moments[0]) <= timedelta(microseconds=1)
    rest = (event.track_id, event.value, event.confidence, event.attributes, str(event.event_id))
    assert rest == tuple(
        c[0]
        for c in (found.tracks, found.values, found.confidences, found.attributes, found.ids)  # type: ignore[attr-defined]
    )


@pytest.mark.parametrize("seed", range(5))
def test_figures_by_the_heap_are_those_of_single_events(seed: int) -> None:
    events = batch(300, source=random.Random(seed))
    zone = ZoneInfo(ZONE)
    plain = body(events)
    columns = columns_of(events)
    one_by_one = figures_of(
        timed(read_batch(plain).events.values(), sent_at=None, now=datetime(2030, 1, 1, tzinfo=UTC)), zone
    )
    heaped = figures_of_columns(columns, zone)
    assert heaped.heard == one_by_one.heard
    for table in FIGURE_TABLES:
        left, right = heaped.rows(table), one_by_one.rows(table)
        assert left.keys() == right.keys(), table.name
        for key, row in left.items():
            assert row == (right[key] if table.steps else pytest.approx(right[key])), (table.name, key)
    assert {k: (h.n, h.seconds, h.cells) for k, h in heaped.heat.items()} == {
        k: (h.n, h.seconds, h.cells) for k, h in one_by_one.heat.items()
    }
