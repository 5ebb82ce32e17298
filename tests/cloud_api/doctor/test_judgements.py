from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from cloud_api.doctor import judgements
from cloud_api.doctor.findings import State
from cloud_api.doctor.judgements import ConnectionLimit
from cloud_api.doctor.machine import examine_machine
from cloud_api.settings import CloudSettings, Mode

OK, WARNING, BROKEN = State.OK, State.WARNING, State.BROKEN
STRONG = "hV2n8Qk1zR5tYw7LpXc3sD9fGbJm4KaE6UoTiNqW0rZy"


@pytest.mark.parametrize(("days", "state"), [(89, OK), (21, OK), (20.9, WARNING), (5, WARNING), (4.9, BROKEN)])
def test_a_certificate_is_judged_by_the_days_that_are_left(days: float, state: State) -> None:
    assert judgements.judge_certificate(days_left=days, issuer="x").state is state


@pytest.mark.parametrize(("off", "state"), [(0, OK), (-5, OK), (5.1, WARNING), (-60, WARNING), (61, BROKEN)])
def test_a_clock_is_judged_by_how_far_it_is_off(off: float, state: State) -> None:
    assert judgements.judge_clock("the database", offset_s=off).state is state


@pytest.mark.parametrize(
    ("key", "is_needed", "state"),
    [
        ("", True, BROKEN), ("", False, OK), ("short", False, BROKEN), ("a" * 64, True, BROKEN),
        ("change-me-" + STRONG, True, BROKEN), (STRONG, True, OK),
    ],
)  # fmt: skip
def test_a_key_is_judged_by_length_and_by_whether_it_can_be_guessed(key: str, is_needed: bool, state: State) -> None:
    found = judgements.judge_secret(key, is_needed=is_needed)
    assert found.state is state
    assert not key or key not in found.words + found.cure


@pytest.mark.parametrize(
    ("mode", "state"), [(0o600, OK), (0o640, OK), (0o660, WARNING), (0o644, BROKEN), (0o601, BROKEN)]
)
def test_a_file_of_secrets_is_judged_by_who_may_read_it(mode: int, state: State) -> None:
    assert judgements.judge_mode("settings file", mode=mode, cure="chmod").state is state


@pytest.mark.parametrize(("age", "state"), [(3, OK), (27, WARNING), (200, BROKEN), (None, BROKEN)])
def test_a_backup_is_judged_by_its_age(age: float | None, state: State) -> None:
    assert judgements.judge_backup(age_h=age, place="/backups").state is state


@pytest.mark.parametrize(
    ("workers", "cores", "is_sqlite", "state"),
    [(1, 2, True, OK), (2, 2, True, BROKEN), (2, 2, False, OK), (5, 2, False, WARNING), (1, 4, False, WARNING)],
)
def test_workers_are_judged_against_cores_and_database(workers: int, cores: int, is_sqlite: bool, state: State) -> None:
    assert judgements.judge_workers(workers=workers, cores=cores, is_sqlite=is_sqlite).state is state


@pytest.mark.parametrize(
    ("total", "of_role", "state"), [(100, -1, OK), (45, -1, WARNING), (25, -1, BROKEN), (100, 20, BROKEN)]
)
def test_connections_are_judged_against_what_the_database_grants(total: int, of_role: int, state: State) -> None:
    limit = ConnectionLimit(total=total, reserved=3, of_role=of_role, used=1)
    assert judgements.judge_connections(limit, workers=2, pool_size=12).state is state


@pytest.mark.parametrize(
    "host", ["", "/run/postgresql", "localhost", "db", "127.0.0.1", "10.0.0.5", "db.internal", "::1"]
)
def test_a_database_next_door_may_be_spoken_to_in_the_clear(host: str) -> None:
    assert judgements.is_near(host)


@pytest.mark.parametrize("host", ["db.example.com", "8.8.8.8", "ep-x.eu-central-1.aws.neon.tech"])
def test_a_database_elsewhere_may_not(host: str) -> None:
    assert not judgements.is_near(host)


def states(settings: CloudSettings, **more: Path | None) -> dict[str, State]:
    given = {"env_file": None, "backups": None, **more}
    return {f.what: f.state for f in examine_machine(settings, **given)}


def test_this_machine_is_looked_at_file_by_file(tmp_path: Path) -> None:
    data, backups, env = tmp_path / "data", tmp_path / "backups", tmp_path / "cloud.env"
    data.mkdir(mode=0o755)
    backups.mkdir()
    env.write_text("x")
    env.chmod(0o644)
    (data / "secret.key").write_text(STRONG)
    (data / "secret.key").chmod(0o600)
    settings = CloudSettings(data_dir=data)
    found = states(settings, env_file=env, backups=backups)
    assert found["data folder"] is BROKEN
    assert found["key file"] is OK
    assert found["settings file"] is BROKEN
    assert found["backup"] is BROKEN
    data.chmod(0o700)
    env.chmod(0o600)
    (backups / "a.dump").write_text("x")
    (backups / "b.part").write_text("x")
    os.utime(backups / "a.dump", (time.time() - 30 * 3600,) * 2)
    found = states(settings, env_file=env, backups=backups)
    assert (found["data folder"], found["settings file"], found["backup"]) == (OK, OK, WARNING)


def test_production_is_held_to_more() -> None:
    url = "postgresql://wink_app@db/wink"
    bare = CloudSettings(mode=Mode.PRODUCTION, database_url=url)
    assert states(bare)["mode"] is BROKEN
    assert states(bare)["secret key"] is BROKEN
    whole = CloudSettings(mode=Mode.PRODUCTION, database_url=url, cookie_secure=True, secret_key=SecretStr(STRONG))
    assert (states(whole)["mode"], states(whole)["secret key"]) == (OK, OK)
    assert states(CloudSettings())["mode"] is WARNING


def test_a_settings_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    assert states(CloudSettings(), env_file=tmp_path / "none")["settings file"] is BROKEN
