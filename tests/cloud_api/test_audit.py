"""Every administrative act stands in the audit log, whichever door it came by: new operations must say so here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from cloud_api.tenancy.transactions import maintenance
from tests.cloud_api.test_isolation import call, operations, things
from tests.helpers.cloud import PASSWORD, CloudUnderTest

# What changes nothing that anybody administers, and why.
NO_ACTS = {
    ("post", "/api/v1/auth/login"): "stands in the list of log-ins",
    ("post", "/api/v1/auth/refresh"): "the same log-in goes on",
    ("post", "/api/v1/auth/logout"): "stands in the list of log-ins",
    ("post", "/api/v1/auth/redeem"): "noted as 'password set': test_sessions_and_people",
    ("post", "/api/v1/auth/forgot"): "noted where the account exists: test_sessions_and_people",
    ("post", "/api/v1/edge/events"): "figures",
    ("post", "/api/v1/edge/heartbeat"): "a sign of life",
    ("post", "/api/v1/edge/enrol"): "noted as 'laptop enrolled': test_edge_api",
    ("put", "/api/v1/edge/zones"): "noted as 'zones edited' by the laptop: test_edge_api",
    ("put", "/api/v1/edge/still"): "who looks is noted: test_stills",
}
LAST = ("/api/v1/auth/sessions/{session_id}", "/api/v1/users/{user_id}")


async def entries(cloud: CloudUnderTest) -> list[Any]:
    """All lines, oldest first."""
    async with maintenance(cloud.database) as connection:
        query = text("SELECT act, actor, address, store_id, details FROM audit_entries ORDER BY at, id")
        return list((await connection.execute(query)).all())


async def test_every_operation_that_changes_something_is_noted(cloud: CloudUnderTest) -> None:
    ids = await things(cloud)
    changing = [o for o in operations(cloud) if o[0] != "get"]
    assert set(NO_ACTS) <= {(method, path) for method, path, _ in changing}, "an operation is gone"
    headers = await cloud.token("admin@acme.example")
    for method, path, operation in sorted(changing, key=lambda o: (o[1] in LAST, o[0] == "delete", -len(o[1]))):
        if (method, path) in NO_ACTS:
            continue
        if "{session_id}" in path:  # a newer one: the change of the password has ended those before
            newer = await cloud.token("admin@acme.example")
            listed = (await cloud.client.get("/api/v1/auth/sessions", headers=newer)).json()["sessions"]
            ids["session_id"] = next(s["session_id"] for s in listed if s["is_this"])
        before = await entries(cloud)
        answer = await call(cloud, method, path, operation, ids, headers)
        assert answer.status_code in (200, 201), (method, path, answer.text)
        (new,) = (await entries(cloud))[len(before) :]
        assert (new.actor, bool(new.address)) == ("admin@acme.example", True), (method, path)
        if "store_id" in path or "device" in path:
            assert str(new.store_id).replace("-", "") == str(cloud.store_id).replace("-", ""), (method, path)
        assert PASSWORD not in str(new), (method, path)


async def test_what_is_refused_leaves_no_line(cloud: CloudUnderTest) -> None:
    ids = await things(cloud)
    headers = await cloud.token("staff@acme.example")
    before = await entries(cloud)
    for method, path, operation in operations(cloud):
        if method != "get" and (method, path) not in NO_ACTS and "auth" not in path:
            assert (await call(cloud, method, path, operation, ids, headers)).status_code == 403, (method, path)
    assert await entries(cloud) == before
