from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import jwt
import pytest

from cloud_api.auth import tokens
from cloud_api.auth.throttle import Throttle, ThrottledError
from cloud_api.kit.database import normalise_url
from cloud_api.stores.administration import Administration
from cloud_api.tenancy.principal import Principal, Role, scope_of
from cloud_api.tenancy.transactions import maintenance
from tests.helpers.cloud import PASSWORD, CloudUnderTest, crossing

KEY = "k" * 48
WHO = Principal(uuid4(), uuid4(), None, Role.ORG_ADMIN, uuid4())


def test_a_token_speaks_for_whom_it_was_issued() -> None:
    token, life_s = tokens.issue(WHO, key=KEY, audience=tokens.API_AUDIENCE)
    assert tokens.read(token, key=KEY, audience=tokens.API_AUDIENCE) == WHO
    assert life_s == 900


def test_forged_tokens_are_not_believed() -> None:
    token, _ = tokens.issue(WHO, key=KEY, audience=tokens.API_AUDIENCE)
    claims = jwt.decode(token, options={"verify_signature": False})
    forged = [
        token[:-3] + "abc",
        jwt.encode(claims, "", algorithm="none"),
        jwt.encode(claims, "x" * 48, algorithm="HS256"),
        jwt.encode(claims, KEY, algorithm="HS384"),
        jwt.encode({**claims, "exp": datetime.now(UTC) - timedelta(seconds=1)}, KEY, algorithm="HS256"),
        jwt.encode({**claims, "iss": "somebody"}, KEY, algorithm="HS256"),
        jwt.encode({**claims, "role": "god"}, KEY, algorithm="HS256"),
        jwt.encode({k: v for k, v in claims.items() if k != "exp"}, KEY, algorithm="HS256"),
        "",
        "a.b.c",
    ]
    assert [tokens.read(t, key=KEY, audience=tokens.API_AUDIENCE) for t in forged] == [None] * len(forged)
    assert tokens.read(token, key=KEY, audience=tokens.PAGE_AUDIENCE) is None


def test_a_store_role_without_a_store_sees_nothing() -> None:
    scope = scope_of(Principal(uuid4(), uuid4(), None, Role.STAFF))
    assert scope.store_id is not None
    assert scope.store_id.int == 0


async def test_wrong_passwords_are_slowed_down_and_forgotten_with_time(cloud: CloudUnderTest) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    one, other = (Throttle(cloud.database, now=lambda: now[0]) for _ in range(2))  # two workers count together
    for n in range(5):
        await (one, other)[n % 2].spend("account:a")
    with pytest.raises(ThrottledError) as told:
        await other.spend("account:a", "address:b")
    assert told.value.retry_after_s == pytest.approx(300)
    await one.spend("address:b")
    now[0] += timedelta(seconds=301)
    await one.spend("account:a")


async def test_an_unknown_account_and_a_wrong_password_look_the_same(cloud: CloudUnderTest) -> None:
    answers = [
        await cloud.client.post("/api/v1/auth/login", json={"email": email, "password": "wrong password"})
        for email in ("admin@acme.example", "nobody@acme.example")
    ]
    assert [a.status_code for a in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


async def test_too_many_wrong_passwords_are_answered_with_retry_after(cloud: CloudUnderTest) -> None:
    for _ in range(5):
        await cloud.client.post("/api/v1/auth/login", json={"email": "admin@acme.example", "password": "wrong"})
    answer = await cloud.client.post("/api/v1/auth/login", json={"email": "admin@acme.example", "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


async def test_a_person_logs_in_and_sees_todays_figures(cloud: CloudUnderTest) -> None:
    assert (await cloud.client.get("/dashboard")).headers["Location"] == "/login"
    wrong = await cloud.client.post("/login", data={"email": "owner@acme.example", "password": "no"})
    assert wrong.status_code == 401
    assert "E-mail or password is wrong" in wrong.text
    answer = await cloud.client.post("/login", data={"email": "owner@acme.example", "password": PASSWORD})
    assert answer.headers["Location"] == "/dashboard"
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    empty = await cloud.client.get("/dashboard")
    assert "No laptop has reported yet" in empty.text
    assert "script-src 'self'" in empty.headers["Content-Security-Policy"]
    now = datetime.now(UTC).isoformat()
    await cloud.send([crossing(1, occurred_at=now), crossing(2, occurred_at=now)])
    figures = await cloud.client.get("/dashboard/figures")
    assert '<p class="value">2</p>' in figures.text
    assert "Low Street" not in figures.text
    assert (await cloud.client.get(f"/dashboard?store={cloud.other_store_id}")).status_code == 404
    out = await cloud.client.post("/logout")
    assert out.headers["Location"] == "/login"
    assert (await cloud.client.get("/dashboard")).headers["Location"] == "/login"


async def test_a_form_from_another_site_is_refused(cloud: CloudUnderTest) -> None:
    form = {"email": "owner@acme.example", "password": PASSWORD}
    answer = await cloud.client.post("/login", data=form, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


async def test_health(cloud: CloudUnderTest) -> None:
    assert (await cloud.client.get("/healthz")).json() == {"status": "ok"}
    assert (await cloud.client.get("/readyz")).json() == {"status": "ok"}


NEON = "postgresql://u:p@ep-x.neon.tech/db?sslmode=require&channel_binding=require"


@pytest.mark.parametrize(
    ("url", "clean", "ssl"),
    [
        (NEON, "postgresql+asyncpg://u:p@ep-x.neon.tech/db", "require"),
        ("postgres://u:p@db.supabase.co:6543/postgres", "postgresql+asyncpg://u:p@db.supabase.co:6543/postgres", None),
        ("postgresql+asyncpg://u@/db?host=/tmp/x", "postgresql+asyncpg://u@/db?host=%2Ftmp%2Fx", None),
    ],
)
def test_addresses_work_as_hosting_services_print_them(url: str, clean: str, ssl: str | None) -> None:
    found, arguments = normalise_url(url, data_dir=Path("/data"))
    assert found == clean
    assert arguments.get("ssl") == ssl
    assert arguments["statement_cache_size"] == 0


@pytest.mark.parametrize("url", ["mysql://x", "postgresql://x/y?sslmode=perhaps"])
def test_an_address_of_no_known_database_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="use"):
        normalise_url(url, data_dir=Path("/data"))


async def test_many_wrong_passwords_at_once_do_not_slip_past_the_throttle(cloud: CloudUnderTest) -> None:
    form = {"email": "admin@acme.example", "password": "wrong password"}
    answers = await asyncio.gather(*(cloud.client.post("/api/v1/auth/login", json=form) for _ in range(12)))
    assert sorted(a.status_code for a in answers) == [401] * 5 + [429] * 7


async def test_the_demo_password_opens_nothing_outside_the_demo(cloud: CloudUnderTest) -> None:
    async with maintenance(cloud.database) as connection:
        office = Administration(connection)
        await office.create_organisation("Demo", is_demo=True)
        await office.create_user("demo@example.com", "demo123", role="org_admin", store=None, org="Demo", is_demo=True)
    form = {"email": "demo@example.com", "password": "demo123"}
    assert (await cloud.client.post("/api/v1/auth/login", json=form)).status_code == 401
    cloud.app.state.settings.demo = True
    assert (await cloud.client.post("/api/v1/auth/login", json=form)).status_code == 200


async def test_one_stores_drift_takes_nobody_out_of_another_and_silence_is_no_zero(cloud: CloudUnderTest) -> None:
    async with maintenance(cloud.database) as connection:
        _, _, other_key = await Administration(connection).create_edge_key("Low Street")
        await Administration(connection).create_store("Acme", "Silent Street", timezone="Europe/Berlin")
    now = datetime.now(UTC).isoformat()
    await cloud.send([crossing(n, occurred_at=now, kind="footfall_out") for n in range(1, 6)])
    await cloud.send([crossing(n, occurred_at=now) for n in range(1, 4)], key=other_key)
    await cloud.client.post("/login", data={"email": "admin@acme.example", "password": PASSWORD})
    page = " ".join((await cloud.client.get("/dashboard?store=")).text.split())
    tile = page.partition('data-metric="occupancy"')[2].partition("</article>")[0]
    assert '<p class="value">3</p>' in tile
    silent = page.rpartition("Silent Street")[2].partition("</tr>")[0]
    assert silent.count('<td class="n">–</td>') == 3
