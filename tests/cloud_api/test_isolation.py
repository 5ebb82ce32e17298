"""Every operation of the OpenAPI document, called by those whom it is none of the business of."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from sqlalchemy import select
from sqlmodel import SQLModel, col

from cloud_api.auth import tokens
from cloud_api.auth.access import API_KEY_HEADER
from cloud_api.models import Organisation, Store
from cloud_api.stores.administration import Administration
from cloud_api.tenancy.transactions import maintenance
from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH
from tests.helpers.cloud import PASSWORD, CloudUnderTest, crossing

LINE = {"kind": "line", "zone_id": "door", "points": [[0.1, 0.5], [0.9, 0.5]]}
PUBLIC = {
    ("get", "/healthz"), ("get", "/readyz"), ("get", "/metrics"), ("post", "/api/v1/auth/login"),
    ("post", "/api/v1/auth/refresh"), ("post", "/api/v1/auth/redeem"), ("post", "/api/v1/auth/forgot"),
    ("post", "/api/v1/edge/enrol"),
}  # fmt: skip
FOR_LAPTOPS = "/api/v1/edge/"
EVERYBODY = {"admin", "analyst", "owner", "staff"}
SETTINGS = {"admin", "analyst", "owner"}
RUN_STORE = {"admin", "owner"}
RUN_ORGANISATION = {"admin"}
# Who may, for each operation on Acme's High Street; everybody else of Acme in sight gets 403, all others 404.
MAY: dict[tuple[str, str], set[str]] = {
    ("post", "/api/v1/auth/logout"): EVERYBODY,
    ("get", "/api/v1/auth/me"): EVERYBODY,
    ("get", "/api/v1/auth/sessions"): EVERYBODY,
    ("delete", "/api/v1/auth/sessions/{session_id}"): {"admin"},
    ("post", "/api/v1/auth/password"): EVERYBODY,
    ("get", "/api/v1/users"): RUN_ORGANISATION,
    ("post", "/api/v1/users"): RUN_ORGANISATION,
    ("put", "/api/v1/users/{user_id}"): RUN_ORGANISATION,
    ("post", "/api/v1/users/{user_id}/reset-link"): RUN_ORGANISATION,
    ("get", "/api/v1/api-keys"): RUN_ORGANISATION,
    ("post", "/api/v1/api-keys"): RUN_ORGANISATION,
    ("delete", "/api/v1/api-keys/{key_id}"): RUN_ORGANISATION,
    ("get", "/api/v1/audit"): RUN_ORGANISATION,
    ("get", "/api/v1/organisation"): EVERYBODY,
    ("put", "/api/v1/organisation"): RUN_ORGANISATION,
    ("post", "/api/v1/stores"): RUN_ORGANISATION,
    ("get", "/api/v1/stores"): EVERYBODY,
    ("get", "/api/v1/stores/{store_id}"): EVERYBODY,
    ("put", "/api/v1/stores/{store_id}"): RUN_STORE,
    ("get", "/api/v1/stores/{store_id}/opening-hours"): EVERYBODY,
    ("put", "/api/v1/stores/{store_id}/opening-hours"): RUN_STORE,
    ("get", "/api/v1/stores/{store_id}/cameras"): EVERYBODY,
    ("post", "/api/v1/stores/{store_id}/cameras"): RUN_STORE,
    ("put", "/api/v1/stores/{store_id}/cameras/{camera_id}"): RUN_STORE,
    ("get", "/api/v1/stores/{store_id}/cameras/{camera_id}/zones"): EVERYBODY,
    ("put", "/api/v1/stores/{store_id}/cameras/{camera_id}/zones"): RUN_STORE,
    ("post", "/api/v1/stores/{store_id}/cameras/{camera_id}/zones/{revision}/choose"): RUN_STORE,
    ("get", "/api/v1/stores/{store_id}/zone-conflicts"): SETTINGS,
    ("post", "/api/v1/stores/{store_id}/pairing-codes"): RUN_STORE,
    ("get", "/api/v1/devices"): SETTINGS,
    ("put", "/api/v1/devices/{device_id}"): RUN_STORE,
    ("delete", "/api/v1/devices/{device_id}"): RUN_STORE,
    ("post", "/api/v1/devices/{device_id}/keys"): RUN_STORE,
    ("delete", "/api/v1/devices/{device_id}/keys/{key_id}"): RUN_STORE,
    **{
        ("get", f"/api/v1/analytics/{figure}"): EVERYBODY
        for figure in (
            "footfall", "occupancy", "dwell", "queue", "shelves", "heatmap", "coverage", "comparison", "ranking", "zones"
        )
    },
}  # fmt: skip
FOR_PROGRAMS = {o for o in MAY if o[1].startswith("/api/v1/analytics/")} | {("get", "/api/v1/stores")}
"""What a third party's key opens, and no other operation: figures, and of which stores there are some."""
STREAM = ("get", "/live/events")
BODIES: dict[str, Any] = {
    "/api/v1/auth/password": {"old": PASSWORD, "new": PASSWORD},
    "/api/v1/users": {"email": "new@acme.example", "role": "analyst"},
    "/api/v1/users/{user_id}": {"role": "analyst"},
    "/api/v1/api-keys": {"name": "Till"},
    "/api/v1/organisation": {"name": "Acme"},
    "/api/v1/stores": {"name": "Third Street", "timezone": "UTC"},
    "/api/v1/stores/{store_id}": {"name": "High Street", "timezone": "Europe/Berlin"},
    "/api/v1/stores/{store_id}/opening-hours": {},
    "/api/v1/stores/{store_id}/cameras": {"camera_id": "new"},
    "/api/v1/stores/{store_id}/cameras/{camera_id}": {"name": "Door"},
    "/api/v1/stores/{store_id}/cameras/{camera_id}/zones": {"based_on": 1, "zones": []},
    "/api/v1/devices/{device_id}": {"name": "Laptop"},
    "/api/v1/edge/events": {"events": []},
    "/api/v1/edge/heartbeat": {"sent_at": "2026-03-28T09:00:00Z"},
    "/api/v1/edge/zones": {"camera_id": "cam_entrance", "based_on": 0, "zones": []},
    "/api/v1/edge/still": {},
}
QUERY = {
    "from": "2026-03-28", "to": "2026-03-29", "day": "2026-03-28", "first": "2026-03-28", "last": "2026-03-28",
    "camera_id": "cam_entrance",
}  # fmt: skip
SECRETS = ("High Street", "acme.example", "Till laptop", "cam_entrance")


def operations(cloud: CloudUnderTest) -> list[tuple[str, str, dict[str, Any]]]:
    paths = cloud.app.openapi()["paths"]
    return [(method, path, o) for path, methods in paths.items() for method, o in methods.items()]


async def things(cloud: CloudUnderTest) -> dict[str, str]:
    """Ids of Acme's things, for the holes in paths."""
    await cloud.send([crossing(1), crossing(2, kind="dwell", value=4.0)])
    admin = await cloud.token("admin@acme.example")
    path = f"/api/v1/stores/{cloud.store_id}/cameras/cam_entrance/zones"
    await cloud.client.put(path, json={"based_on": 0, "zones": [LINE]}, headers=admin)
    users = (await cloud.client.get("/api/v1/users", headers=admin)).json()["users"]
    devices = (await cloud.client.get("/api/v1/devices", headers=admin)).json()["devices"]
    api_key = (await cloud.client.post("/api/v1/api-keys", json={"name": "Till"}, headers=admin)).json()
    sessions = (await cloud.client.get("/api/v1/auth/sessions", headers=admin)).json()["sessions"]
    return {
        "store_id": str(cloud.store_id),
        "camera_id": "cam_entrance",
        "revision": "1",
        "user_id": next(u["user_id"] for u in users if u["role"] == "analyst"),
        "device_id": devices[0]["device_id"],
        "edge key_id": devices[0]["keys"][0]["key_id"],
        "key_id": api_key["key_id"],
        "session_id": sessions[0]["session_id"],
    }


async def call(
    cloud: CloudUnderTest, method: str, path: str, operation: dict[str, Any], ids: dict[str, str],
    headers: dict[str, str],
) -> Any:  # fmt: skip
    own = dict(ids)
    if path.startswith("/api/v1/devices"):
        own["key_id"] = ids["edge key_id"]
    query = {
        p["name"]: own.get(p["name"]) or QUERY[p["name"]]
        for p in operation.get("parameters", [])
        if p["in"] == "query" and (p["name"] in QUERY or p["name"] in own)
    }
    body = BODIES[path] if operation.get("requestBody") else None
    return await cloud.client.request(method, path.format(**own), params=query, json=body, headers=headers)


async def test_nobody_gets_anything(cloud: CloudUnderTest) -> None:
    ids = await things(cloud)
    seen = set()
    for method, path, operation in operations(cloud):
        seen.add((method, path))
        if (method, path) in PUBLIC:
            continue
        for headers in ({}, {"Authorization": "Bearer x.y.z"}, {"X-API-KEY": "x" * 40}, {EDGE_KEY_HEADER: "x" * 40}):
            answer = await call(cloud, method, path, operation, ids, headers)
            assert answer.status_code == 401, (method, path, headers, answer.text)
            assert not any(secret in answer.text for secret in SECRETS)
    known = PUBLIC | set(MAY) | {STREAM} | {(m, p) for m, p in seen if p.startswith(FOR_LAPTOPS)}
    assert seen == known, "an operation was added or removed: say above who may"


async def strangers(cloud: CloudUnderTest) -> dict[str, dict[str, str]]:
    """Another organisation, and people of another store of the same one."""
    async with maintenance(cloud.database) as connection:
        office = Administration(connection)
        for role in ("store_owner", "staff"):
            email = f"{role}@low.example"
            await office.create_user(email, PASSWORD, role=role, store="Low Street", org=None)
        await office.create_user("staff@rival.example", PASSWORD, role="staff", store="Elsewhere", org=None)
    emails = ["admin@rival.example", "staff@rival.example", "store_owner@low.example", "staff@low.example"]
    return {email: await cloud.token(email) for email in emails}


async def rows_of_acme(cloud: CloudUnderTest) -> dict[str, list[Any]]:
    """All that the database holds of Acme, table by table."""
    async with maintenance(cloud.database) as connection:
        of_store = select(col(Store.org_id)).where(col(Store.id) == cloud.store_id)
        org_id = (await connection.execute(of_store)).scalar_one()
        rows = {}
        for name, table in SQLModel.metadata.tables.items():
            if "org_id" in table.columns:
                found = await connection.execute(select(table).where(table.c.org_id == org_id))
                rows[name] = sorted(map(str, found.all()))
        found = await connection.execute(select(Organisation).where(col(Organisation.id) == org_id))
        return {**rows, "organisations": [str(row) for row in found.all()]}


async def test_another_organisation_and_another_store_see_nothing(cloud: CloudUnderTest) -> None:
    ids = await things(cloud)
    everybody = await strangers(cloud)
    held = await rows_of_acme(cloud)
    for email, headers in everybody.items():
        is_rival = "rival" in email
        for method, path, operation in operations(cloud):
            if (method, path) not in MAY or path in ("/api/v1/auth/logout", "/api/v1/auth/password"):
                continue
            answer = await call(cloud, method, path, operation, ids, headers)
            names_something = "{" in path or "store_id" in {p["name"] for p in operation.get("parameters", [])}
            if names_something:
                expected = (404,) if email == "admin@rival.example" else (403, 404)
                assert answer.status_code in expected, (email, method, path, answer.text)
            told = answer.text.replace(email, "")
            if is_rival:
                told = told.replace("new@acme.example", "")  # an address that the rival has typed
                assert not any(secret in told for secret in SECRETS), (email, method, path, told)
            else:
                hidden = ("High Street", "Till laptop", "cam_entrance", "owner@acme.example", ids["device_id"])
                assert not any(secret in told for secret in hidden), (email, method, path, told)
        if is_rival:
            assert await rows_of_acme(cloud) == held, email


async def api_key_of(cloud: CloudUnderTest, who: str, store_id: UUID | None) -> dict[str, str]:
    form = {"name": "Third party", "store_id": str(store_id) if store_id else None}
    made = await cloud.client.post("/api/v1/api-keys", json=form, headers=await cloud.token(who))
    assert made.status_code == 201, made.text
    return {API_KEY_HEADER: made.json()["api_key"]}


async def test_a_key_of_a_third_party_reads_figures_of_its_own_stores_by_no_other_operation(
    cloud: CloudUnderTest,
) -> None:
    ids = await things(cloud)
    keys = {
        "own": await api_key_of(cloud, "admin@acme.example", None),
        "own store": await api_key_of(cloud, "admin@acme.example", cloud.store_id),
        "other store": await api_key_of(cloud, "admin@acme.example", cloud.other_store_id),
        "rival": await api_key_of(cloud, "admin@rival.example", None),
    }
    for whose, headers in keys.items():
        for method, path, operation in operations(cloud):
            if (method, path) not in MAY:
                continue
            answer = await call(cloud, method, path, operation, ids, headers)
            names_store = "store_id" in {p["name"] for p in operation.get("parameters", [])}
            if (method, path) not in FOR_PROGRAMS:
                assert answer.status_code == 401, (whose, method, path, answer.text)
            elif whose.startswith("own"):
                assert answer.status_code == 200, (whose, path, answer.text)
            else:
                assert answer.status_code == (404 if names_store else 200), (whose, path, answer.text)
                hidden = SECRETS if whose == "rival" else ("High Street", "cam_entrance")
                assert not any(secret in answer.text for secret in hidden), (whose, path)


@pytest.mark.parametrize("who", sorted(EVERYBODY))
async def test_each_role_reaches_as_far_as_it_should(cloud: CloudUnderTest, who: str) -> None:
    ids = await things(cloud)
    headers = await cloud.token(f"{who}@acme.example")
    last = {"/api/v1/auth/logout", "/api/v1/auth/sessions/{session_id}", "/api/v1/users/{user_id}"}
    for method, path, operation in sorted(
        operations(cloud), key=lambda o: (o[1] in last, o[0] == "delete", -len(o[1]))
    ):
        if (method, path) not in MAY or (who == "admin" and path in last):
            continue
        answer = await call(cloud, method, path, operation, ids, headers)
        if who in MAY[method, path]:
            assert answer.status_code in (200, 201), (who, method, path, answer.text)
        else:
            expected = 404 if "session_id" in path else 403
            assert answer.status_code in (expected, 401), (who, method, path, answer.text)
        if path == "/api/v1/auth/logout":
            headers = await cloud.token(f"{who}@acme.example")


async def test_a_laptop_reads_and_writes_its_own_store_only(cloud: CloudUnderTest) -> None:
    await things(cloud)
    foreign = {EDGE_KEY_HEADER: cloud.foreign_edge_key}
    told = (await cloud.client.get("/api/v1/edge/zones", headers=foreign)).json()
    assert told["sets"] == []
    edit = {"camera_id": "cam_entrance", "based_on": 0, "zones": []}
    await cloud.client.put("/api/v1/edge/zones", json=edit, headers=foreign)
    own = (await cloud.client.get("/api/v1/edge/zones", headers={EDGE_KEY_HEADER: cloud.edge_key})).json()
    assert [s["zones"][0]["zone_id"] for s in own["sets"]] == ["door"]
    for path in ("/api/v1/stores", "/api/v1/users", "/api/v1/analytics/ranking?first=2026-01-01&last=2026-01-01"):
        assert (await cloud.client.get(path, headers=foreign)).status_code == 401


async def test_a_person_of_no_other_store_hears_of_it_live(cloud: CloudUnderTest) -> None:
    listeners = cloud.app.state.broadcaster
    with listeners.listen() as listener:
        listeners.publish(cloud.foreign_store_id)
        listeners.publish(cloud.store_id)
        heard = await anext(listener.changes(heartbeat_s=1, visible={cloud.store_id}))
        assert heard == {cloud.store_id}
        listeners.everything_may_have_changed()
        assert await anext(listener.changes(heartbeat_s=1, visible={cloud.store_id})) == {cloud.store_id}


async def claims_of(cloud: CloudUnderTest) -> dict[str, Any]:
    token = (await cloud.token("staff@acme.example"))["Authorization"].removeprefix("Bearer ")
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


async def test_tokens_that_are_forged_bent_or_of_another_kind_are_nobodys(cloud: CloudUnderTest) -> None:
    claims, key = await claims_of(cloud), cloud.app.state.signing_key
    past, future = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)
    forged = {
        "unsigned": jwt.encode(claims, "", algorithm="none"),
        "another key": jwt.encode(claims, "x" * 48, algorithm="HS256"),
        "another algorithm": jwt.encode(claims, key, algorithm="HS512"),
        "another audience": jwt.encode({**claims, "aud": "somebody"}, key, algorithm="HS256"),
        "of pages": jwt.encode({**claims, "aud": tokens.PAGE_AUDIENCE}, key, algorithm="HS256"),
        "another issuer": jwt.encode({**claims, "iss": "somebody"}, key, algorithm="HS256"),
        "expired": jwt.encode({**claims, "exp": past}, key, algorithm="HS256"),
        "from the future": jwt.encode({**claims, "iat": future}, key, algorithm="HS256"),
        "of no session": jwt.encode({**claims, "sid": str(uuid4())}, key, algorithm="HS256"),
        "without session": jwt.encode({k: v for k, v in claims.items() if k != "sid"}, key, algorithm="HS256"),
        "of another organisation": jwt.encode({**claims, "org_id": str(uuid4())}, key, algorithm="HS256"),
        "a number for a person": jwt.encode({**claims, "sub": 7, "sid": 7}, key, algorithm="HS256"),
        "a key that is told by the token": jwt.encode(
            claims, "x" * 48, algorithm="HS256", headers={"jwk": {"kty": "oct", "k": "eHg"}, "kid": "../../dev/null"}
        ),
    }
    for name, token in forged.items():
        answer = await cloud.client.get("/api/v1/stores", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, name


async def test_a_signed_token_that_claims_a_higher_role_has_the_role_of_the_database(cloud: CloudUnderTest) -> None:
    claims, key = await claims_of(cloud), cloud.app.state.signing_key
    raised = jwt.encode({**claims, "role": "org_admin", "store_id": None}, key, algorithm="HS256")
    headers = {"Authorization": f"Bearer {raised}"}
    assert (await cloud.client.get("/api/v1/users", headers=headers)).status_code == 403
    assert [s["name"] for s in (await cloud.client.get("/api/v1/stores", headers=headers)).json()["stores"]] == [
        "High Street"
    ]


async def test_the_openapi_document_has_an_example_for_every_figure(cloud: CloudUnderTest) -> None:
    for _, path, operation in operations(cloud):
        if path.startswith("/api/v1/analytics/"):
            content = operation["responses"]["200"]["content"]["application/json"]
            assert content["example"], path
            assert operation["description"], path
    assert json.dumps(cloud.app.openapi())
    assert UUID(str(cloud.store_id))


async def test_the_openapi_document_says_by_which_key_a_laptop_uploads(cloud: CloudUnderTest) -> None:
    # The endpoint reads the key itself: FastAPI does not know of it.
    document = cloud.app.openapi()
    (way,) = document["paths"][EVENTS_PATH]["post"]["security"]
    (scheme,) = way
    assert document["components"]["securitySchemes"][scheme]["name"] == EDGE_KEY_HEADER
