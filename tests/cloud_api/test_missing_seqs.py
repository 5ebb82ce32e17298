"""Which numbers of a laptop are missing: kept beside it, always what its events tell, and the receipt says how far."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlmodel import col

from cloud_api.ingest.seqs import among, spans_between, taken_out, walked
from cloud_api.migrations import downgrade, upgrade
from cloud_api.models import EdgeDevice, MissingSeqs
from cloud_api.rollups.proof import rollup_differences
from cloud_api.stores.administration import Administration
from cloud_api.tenancy.transactions import maintenance
from tests.cloud_api.test_recounts import again, recount
from tests.helpers.cloud import CloudUnderTest, crossing, running_cloud

BOTH = pytest.mark.parametrize("is_postgresql", [False, True], ids=["sqlite", "postgresql"])


async def missing(cloud: CloudUnderTest, *, device_id: UUID | None = None) -> list[tuple[int, int]]:
    """Spans, in order; of all laptops, or of one."""
    query = select(col(MissingSeqs.first_seq), col(MissingSeqs.last_seq)).order_by(col(MissingSeqs.first_seq))
    if device_id is not None:
        query = query.where(col(MissingSeqs.device_id) == device_id)
    async with maintenance(cloud.database) as connection:
        return [(first, last) for first, last in await connection.execute(query)]


def complement(seqs: set[int]) -> list[tuple[int, int]]:
    return spans_between(0, sorted(seqs))


async def differences(cloud: CloudUnderTest) -> list[str]:
    async with maintenance(cloud.database) as connection:
        return await rollup_differences(connection)


async def no_careful_way(*_: object, **__: object) -> None:
    raise AssertionError("looked at closely")


@given(st.sets(st.integers(1, 60)), st.sets(st.integers(1, 60)), st.sets(st.integers(1, 60)), st.integers(0, 60))
def test_spans_are_what_sets_of_numbers_say(here: set[int], more: set[int], given_up: set[int], start: int) -> None:
    spans = spans_between(0, [*sorted(here), 61])
    absent = set(range(1, 61)) - here
    assert {n for first, last in spans for n in range(first, last + 1)} == absent
    assert among(spans, more) == absent & more
    gone, left = taken_out(spans, more)
    kept = sorted([s for s in spans if s not in gone] + left)
    assert kept == spans_between(0, [*sorted(here | more), 61])
    reached, is_held = walked(start, [s for s in spans if s[1] > start], given_up=given_up)
    stops = [n for n in range(start + 1, 61) if n in absent - given_up]
    assert is_held == bool(stops)
    assert reached == stops[0] - 1 if stops else reached >= max([start, *(n for n in absent if n > start)])


Upload = tuple[str, int, int, bool]
"""How it is chosen (a slice in order, or anything), where it begins, how many, and whether one of it is bad."""
drawn_uploads = st.lists(
    st.tuples(st.sampled_from(["slice", "slice", "any", "stranger"]), st.integers(0, 39), st.integers(1, 15), st.booleans()),
    min_size=2, max_size=9,
)  # fmt: skip


@BOTH
def test_the_receipt_is_the_highest_number_without_a_hole_whatever_comes_in_whatever_order(
    tmp_path: Path, is_postgresql: bool
) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(drawn_uploads, st.randoms(use_true_random=False), st.booleans())
    def check(uploads: list[Upload], source: random.Random, has_recount: bool) -> None:
        asyncio.run(run(uploads, source, has_recount))

    async def run(uploads: list[Upload], source: random.Random, has_recount: bool) -> None:
        async with running_cloud(tmp_path / str(source.random()), is_postgresql=is_postgresql) as cloud:
            events = [crossing(n, minutes=n) for n in range(1, 41)]
            if has_recount:
                events[24] = recount(25, start_min=5, end_min=15, events=1)
                events[25] = again(26, minutes=8)
            stored: set[int] = set()
            reached = 0
            for how, start, n, is_bad in [*uploads, ("slice", 0, 40, False)]:
                batch = [dict(e) for e in (events[start : start + n] if how != "any" else source.sample(events, n))]
                if how == "any":
                    batch += source.sample(batch, len(batch) // 2)
                if how == "stranger":  # an older backup of its outbox: numbers again, for other events
                    batch = [crossing(e["seq"], minutes=100) for e in batch if e["seq"] in stored]
                if is_bad and batch:
                    batch[-1] = {**batch[-1], "camera_id": ""}
                dead = source.sample(range(1, 45), 3) if source.random() < 0.3 else []
                answer = (await cloud.send(batch, dead_letter_seqs=dead)).json()
                given_up = set(dead)
                for event, result in zip(batch, answer["results"], strict=True):
                    seq = event["seq"]
                    if result["status"] == "accepted":
                        assert seq not in stored
                        stored.add(seq)
                    elif result["status"] == "rejected":
                        assert event["camera_id"] == "" or how == "stranger"
                        given_up.add(seq)
                    else:
                        assert seq in stored or has_recount
                        given_up.add(seq)  # it is void, where it was not stored
                while reached + 1 in stored | given_up:
                    reached += 1
                assert answer["contiguous_seq"] == reached
                assert await missing(cloud) == complement(stored)
            assert reached >= 40
            assert await differences(cloud) == []

    check()


async def test_backlog_goes_the_hot_path_into_the_span_that_it_fills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud_api.ingest.endpoints.ingest", no_careful_way)
    async with running_cloud(tmp_path, is_postgresql=True) as cloud:
        events = [crossing(n, minutes=n) for n in range(1, 101)]
        steps = [  # live first; then the backlog from its beginning, its end, and its middle
            (events[80:90], 0, [(1, 80)]),
            (events[:20], 20, [(21, 80)]),
            (events[90:], 20, [(21, 80)]),
            (events[70:80], 20, [(21, 70)]),
            (events[40:50], 20, [(21, 40), (51, 70)]),
            (events[20:40], 50, [(51, 70)]),
            (events[50:70], 100, []),
        ]
        for batch, reached, left in steps:
            answer = await cloud.send(batch)
            assert answer.json()["contiguous_seq"] == reached
            assert await missing(cloud) == left
        assert await differences(cloud) == []


async def test_backlog_that_a_recount_may_have_made_void_does_not_go_the_hot_path(tmp_path: Path) -> None:
    async with running_cloud(tmp_path, is_postgresql=True) as cloud:
        await cloud.send([recount(10, start_min=0, end_min=60, events=0)])
        answer = (await cloud.send([crossing(n, minutes=n) for n in range(1, 10)])).json()
        assert [r["status"] for r in answer["results"]] == ["duplicate"] * 9
        assert answer["contiguous_seq"] == 10
        assert await differences(cloud) == []


@BOTH
async def test_what_a_recount_took_away_is_a_duplicate_and_its_number_no_hole(
    tmp_path: Path, is_postgresql: bool
) -> None:
    async with running_cloud(tmp_path, is_postgresql=is_postgresql) as cloud:
        events = [crossing(n, minutes=n) for n in range(2, 6)]
        await cloud.send(events)
        await cloud.send([recount(6, start_min=0, end_min=60, events=0)])
        answer = (await cloud.send([*events, crossing(1, minutes=90)])).json()
        assert [r["status"] for r in answer["results"]] == ["duplicate"] * 4 + ["accepted"]
        assert answer["contiguous_seq"] == 6


@BOTH
async def test_a_number_whose_event_is_no_longer_kept_is_not_counted_again(tmp_path: Path, is_postgresql: bool) -> None:
    """Events are dropped after some months; an outbox restored from a backup sends them again."""
    async with running_cloud(tmp_path, is_postgresql=is_postgresql) as cloud:
        events = [crossing(n, minutes=n) for n in range(1, 4)]
        await cloud.send(events)
        async with maintenance(cloud.database) as connection:
            await connection.execute(text("DELETE FROM events"))
            n_counted = (await connection.execute(text("SELECT sum(n) FROM rollups_fine"))).scalar_one()
        answer = (await cloud.send(events)).json()
        assert {r["status"] for r in answer["results"]} == {"rejected"}
        assert answer["contiguous_seq"] == 3
        async with maintenance(cloud.database) as connection:
            assert (await connection.execute(text("SELECT sum(n) FROM rollups_fine"))).scalar_one() == n_counted == 3


@BOTH
async def test_uploads_of_one_laptop_by_two_keys_at_once_end_without_a_hole(
    tmp_path: Path, is_postgresql: bool
) -> None:
    async with running_cloud(tmp_path, is_postgresql=is_postgresql) as cloud:
        async with maintenance(cloud.database) as connection:
            _store_id, device_id, key = await Administration(connection).create_edge_key("High Street")
            keys = [key, (await Administration(connection).rotate_edge_key(str(device_id)))[2]]
        events = [crossing(n, minutes=n) for n in range(1, 201)]
        source = random.Random(4)

        async def lane(starts: list[int]) -> None:
            for start in starts:
                for _ in range(40):
                    answer = await cloud.send(events[start : start + 10], key=source.choice(keys))
                    if answer.status_code != 429:
                        break
                    await asyncio.sleep(0.05)
                assert answer.status_code == 200, answer.text

        starts = list(range(0, 200, 10)) * 2
        source.shuffle(starts)
        await asyncio.gather(*(lane(starts[n::4]) for n in range(4)))
        assert (await cloud.send([], key=keys[0])).json()["contiguous_seq"] == 200
        assert await missing(cloud, device_id=device_id) == []
        assert await differences(cloud) == []


@pytest.mark.expected_log("the database does not do what it should: the plug is pulled")
async def test_an_upload_that_dies_in_the_middle_leaves_the_missing_numbers_as_they_were(tmp_path: Path) -> None:
    async with running_cloud(tmp_path, is_postgresql=True) as cloud:
        await cloud.send([crossing(50)])
        async with maintenance(cloud.database) as connection:
            for statement in (
                "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the plug is pulled' "
                "USING ERRCODE = '40001'; END $$",
                "CREATE TRIGGER dying BEFORE INSERT ON rollups_day FOR EACH ROW EXECUTE FUNCTION die()",
            ):
                await connection.execute(text(statement))
        for batch in ([crossing(10)], [crossing(60)]):
            assert (await cloud.send(batch)).status_code == 503
            assert await missing(cloud) == [(1, 49)]


async def seqs_of_device(cloud: CloudUnderTest) -> tuple[int, int]:
    async with maintenance(cloud.database) as connection:
        query = select(col(EdgeDevice.contiguous_seq), col(EdgeDevice.highest_seq)).order_by(
            col(EdgeDevice.highest_seq).desc()
        )
        row = (await connection.execute(query)).first()
    assert row is not None
    return row[0], row[1]


@BOTH
async def test_missing_numbers_of_events_that_are_there_are_found_by_the_step_of_the_schema(
    tmp_path: Path, is_postgresql: bool
) -> None:
    async with running_cloud(tmp_path, is_postgresql=is_postgresql) as cloud:
        async with maintenance(cloud.database) as connection:
            _store_id, other, other_key = await Administration(connection).create_edge_key("High Street")
        events = {n: crossing(n, minutes=n) for n in range(1, 31)}
        here = {3, 4, 5, 9, 10, 20}
        await cloud.send([events[n] for n in sorted(here)], dead_letter_seqs=[1, 2])
        await cloud.send([crossing(n, minutes=n) for n in (1, 2, 3)], key=other_key)
        before, told = await missing(cloud), await seqs_of_device(cloud)
        assert before == complement(here)
        assert told == (5, 20)

        async def go(work: Any, *arguments: str) -> None:
            async with cloud.database.begin(is_direct=True) as connection:
                await connection.run_sync(lambda c: work(c, *arguments))

        await go(downgrade, "0012")
        await go(upgrade)
        assert await missing(cloud) == before
        assert await missing(cloud, device_id=other) == []
        # The events with the highest numbers are no longer kept; the numbers were seen all the same.
        await go(downgrade, "0012")
        async with maintenance(cloud.database) as connection:
            await connection.execute(text("DELETE FROM events WHERE seq > 9"))
        await go(upgrade)
        assert await missing(cloud) == [(1, 2), (6, 8), (10, 20)]
        assert await seqs_of_device(cloud) == told
        answer = (await cloud.send([events[n] for n in (2, 6, 7, 8, 9, 10)])).json()
        assert [r["status"] for r in answer["results"]] == ["accepted"] * 4 + ["duplicate", "accepted"]
        assert answer["contiguous_seq"] == 10
