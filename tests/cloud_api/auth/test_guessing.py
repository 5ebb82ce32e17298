"""Guessing gives nothing away: unknown accounts cost the same work, forged tokens and codes are not worth a try."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from sqlalchemy import event, text

from cloud_api.auth import passwords, tokens
from cloud_api.auth.throttle import FREE_TRIES, WINDOW, network_of
from cloud_api.devices.pairing import CODE_LIFE
from cloud_api.stores.administration import Administration
from cloud_api.tenancy.principal import Principal, Role
from cloud_api.tenancy.transactions import maintenance
from shared_models.enrolment import CODE_LENGTH, CODE_LETTERS
from tests.helpers.cloud import PASSWORD, CloudUnderTest

KEY = "k" * 48


class CountingHashes:
    """The real password hashes, with the algorithm of each verification written down."""

    def __init__(self) -> None:
        self.real, self.checked = passwords._CONTEXT, list[str]()

    def verify_and_update(self, password: str, stored: str) -> Any:
        self.checked.append(str(self.real.identify(stored)))
        return self.real.verify_and_update(password, stored)


@contextmanager
def statements_of(cloud: CloudUnderTest) -> Iterator[list[str]]:
    """The first words of every statement that goes to the database meanwhile."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(" ".join(statement.split()[:3]))

    engine = cloud.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def test_whoever_does_not_exist_costs_the_same_hashes_and_the_same_statements(
    cloud: CloudUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with maintenance(cloud.database) as connection:
        office = Administration(connection)
        await office.create_organisation("Show", is_demo=True)
        await office.create_user("demo@show.example", "demo123", role="org_admin", store=None, org="Show", is_demo=True)
        await connection.execute(text("UPDATE users SET is_active = false WHERE email = 'staff@acme.example'"))
        await connection.execute(text("UPDATE users SET password_hash = '' WHERE email = 'analyst@acme.example'"))
    hashes = CountingHashes()
    monkeypatch.setattr("cloud_api.auth.passwords._CONTEXT", hashes)
    costs = {}
    for email in ("nobody", "admin@acme", "staff@acme", "analyst@acme", "demo@show"):
        hashes.checked.clear()
        with statements_of(cloud) as statements:
            body = {"email": f"{email}.example", "password": "a wrong password"}
            answer = await cloud.client.post("/api/v1/auth/login", json=body)
        assert (answer.status_code, answer.json()["detail"]) == (401, "E-mail or password is wrong.")
        costs[email] = (list(hashes.checked), statements)
    expected = costs["nobody"]
    assert expected[0] == ["argon2"]
    for email, cost in costs.items():
        assert cost == expected, email


async def test_a_locked_account_and_one_that_never_was_are_locked_alike(
    cloud: CloudUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = CountingHashes()
    monkeypatch.setattr("cloud_api.auth.passwords._CONTEXT", hashes)
    for email in ("admin@acme.example", "nobody@acme.example"):
        hashes.checked.clear()
        answers = [
            await cloud.client.post("/api/v1/auth/login", json={"email": email, "password": "wrong password"})
            for _ in range(FREE_TRIES["account"] + 2)
        ]
        assert [a.status_code for a in answers] == [401] * FREE_TRIES["account"] + [429] * 2
        assert len(hashes.checked) == FREE_TRIES["account"], "a locked account costs no hash"


def test_a_pairing_code_is_not_worth_guessing() -> None:
    """Ten thousand codes alive at once, and guesses from one place for as long as they live."""
    codes = len(CODE_LETTERS) ** CODE_LENGTH
    tries = FREE_TRIES["pairing"] * (CODE_LIFE / WINDOW)
    assert 10_000 * tries / codes < 1e-5
    assert 100_000 * tries / codes < 1e-4, "a hundred thousand places against one code"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("unknown", "unknown", True),
    ],
)
def test_a_place_is_an_address_or_the_network_of_one_customer(one: str, other: str, is_same: bool) -> None:
    assert (network_of(one) == network_of(other)) is is_same


@pytest.mark.parametrize(
    ("path", "form", "free"),
    [
        ("/api/v1/auth/refresh", {"refresh_token": "wink_refresh_guess{n}"}, FREE_TRIES["renew"]),
        ("/api/v1/auth/forgot", {"email": "guess{n}@acme.example"}, FREE_TRIES["forgot"]),
        ("/api/v1/auth/redeem", {"token": "wink_link_guess{n}", "password": "short"}, FREE_TRIES["address"]),
        ("/welcome", {"token": "wink_link_guess{n}", "password": "short"}, FREE_TRIES["address"]),
        ("/api/v1/edge/enrol", {"code": "AAAA-AAAA"}, FREE_TRIES["pairing"]),
    ],
)
async def test_whoever_has_a_whole_network_of_addresses_has_the_tries_of_one(
    cloud: CloudUnderTest, path: str, form: dict[str, str], free: int
) -> None:
    statuses = []
    for n in range(free + 3):
        transport = httpx.ASGITransport(app=cloud.app, client=(f"2001:db8:1:2::{n:x}", 5000))
        sent = {name: value.format(n=n) for name, value in form.items()}
        async with httpx.AsyncClient(transport=transport, base_url="http://cloud.test") as client:
            given: dict[str, Any] = {"data": sent} if path == "/welcome" else {"json": sent}
            statuses.append((await client.post(path, **given)).status_code)
    assert statuses[free:] == [429] * 3
    assert 429 not in statuses[:free]


def signed(header: dict[str, Any], claims: dict[str, Any], key: bytes) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value, default=str).encode()).rstrip(b"=").decode()

    head = f"{part(header)}.{part(claims)}"
    digest = hmac.new(key, head.encode(), hashlib.sha256).digest()
    return f"{head}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


async def test_forged_tokens_open_nothing(cloud: CloudUnderTest) -> None:
    """With the cloud's own key where the attack allows it: then only the claims are wrong."""
    key = cloud.app.state.signing_key
    honest = (await cloud.token("admin@acme.example"))["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(honest, options={"verify_signature": False})
    rival = jwt.decode(
        (await cloud.token("admin@rival.example"))["Authorization"].removeprefix("Bearer "),
        options={"verify_signature": False},
    )
    hour = timedelta(hours=1)
    forged = {
        "no algorithm": signed({"alg": "none", "typ": "JWT"}, claims, b""),
        "no signature": honest.rpartition(".")[0] + ".",
        "another algorithm": jwt.encode(claims, key, algorithm="HS512"),
        "an algorithm with public keys": signed({"alg": "RS256", "typ": "JWT"}, claims, key.encode()),
        "a foreign key": jwt.encode(claims, KEY, algorithm="HS256"),
        "a key of its own in the header": signed({"alg": "HS256", "jwk": {"kty": "oct", "k": "a2V5"}}, claims, b"key"),
        "a key id that is a path": signed({"alg": "HS256", "kid": "/dev/null"}, claims, b""),
        "the audience of pages": jwt.encode({**claims, "aud": tokens.PAGE_AUDIENCE}, key, algorithm="HS256"),
        "no audience": jwt.encode({k: v for k, v in claims.items() if k != "aud"}, key, algorithm="HS256"),
        "another issuer": jwt.encode({**claims, "iss": "else"}, key, algorithm="HS256"),
        "expired": jwt.encode({**claims, "exp": datetime.now(UTC) - hour}, key, algorithm="HS256"),
        "from the future": jwt.encode({**claims, "iat": datetime.now(UTC) + hour}, key, algorithm="HS256"),
        "another organisation": jwt.encode({**claims, "org_id": rival["org_id"]}, key, algorithm="HS256"),
        "somebody else": jwt.encode({**claims, "sub": str(uuid4())}, key, algorithm="HS256"),
        "a session that never was": jwt.encode({**claims, "sid": str(uuid4())}, key, algorithm="HS256"),
        "claims of wrong types": jwt.encode({**claims, "sid": [1]}, key, algorithm="HS256"),
    }
    assert (await cloud.client.get("/api/v1/stores", headers=bearer(honest))).status_code == 200
    for attack, token in forged.items():
        answer = await cloud.client.get("/api/v1/stores", headers=bearer(token))
        assert answer.status_code == 401, attack


async def test_a_token_with_a_higher_role_than_its_log_in_reaches_no_further(cloud: CloudUnderTest) -> None:
    """Signed with the right key, as by somebody who has stolen it: the session still says who it is of."""
    honest = (await cloud.token("staff@acme.example"))["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(honest, options={"verify_signature": False})
    raised = {**claims, "role": "org_admin", "store_id": None}
    token = jwt.encode(raised, cloud.app.state.signing_key, algorithm="HS256")
    answer = await cloud.client.get("/api/v1/users", headers=bearer(token))
    assert answer.status_code in (401, 403)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_of_a_principal_comes_back_as_it_was() -> None:
    who = Principal(uuid4(), uuid4(), uuid4(), Role.STAFF, uuid4())
    token, _ = tokens.issue(who, key=KEY, audience=tokens.API_AUDIENCE)
    assert tokens.read(token, key=KEY, audience=tokens.API_AUDIENCE) == who
    assert PASSWORD not in token
