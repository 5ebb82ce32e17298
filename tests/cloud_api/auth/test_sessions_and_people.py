from __future__ import annotations

import asyncio
import socketserver
import threading
from collections.abc import Iterator
from email import message_from_string, policy
from pathlib import Path
from typing import Any

import pytest

from cloud_api.auth.signing_key import SigningKeyError
from cloud_api.kit.mail import MailServer
from tests.helpers.cloud import PASSWORD, CloudUnderTest, running_cloud

NEW_PASSWORD = "a new and long password"


async def log_in(cloud: CloudUnderTest, email: str, password: str = PASSWORD) -> dict[str, Any]:
    answer = await cloud.client.post("/api/v1/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    return answer.json()


def bearer(answer: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer['access_token']}"}


async def me(cloud: CloudUnderTest, answer: dict[str, Any]) -> int:
    return (await cloud.client.get("/api/v1/auth/me", headers=bearer(answer))).status_code


async def renew(cloud: CloudUnderTest, token: str) -> Any:
    return await cloud.client.post("/api/v1/auth/refresh", json={"refresh_token": token})


async def acts(cloud: CloudUnderTest) -> list[str]:
    answer = await cloud.client.get("/api/v1/audit", headers=await cloud.token("admin@acme.example"))
    return [entry["act"] for entry in answer.json()["entries"]]


async def test_a_log_in_is_renewed_and_a_stolen_refresh_token_ends_it(cloud: CloudUnderTest) -> None:
    first = await log_in(cloud, "admin@acme.example")
    second = (await renew(cloud, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert await me(cloud, second) == 200
    assert (await renew(cloud, first["refresh_token"])).status_code == 401
    assert await me(cloud, second) == 401
    assert (await renew(cloud, second["refresh_token"])).status_code == 401
    assert "log-in ended" in await acts(cloud)


async def test_of_two_renewals_at_once_one_is_a_thief(cloud: CloudUnderTest) -> None:
    first = await log_in(cloud, "admin@acme.example")
    answers = await asyncio.gather(*(renew(cloud, first["refresh_token"]) for _ in range(4)))
    assert sorted(a.status_code for a in answers) == [200, 401, 401, 401]
    assert await me(cloud, first) == 401


@pytest.mark.parametrize("token", ["", "wink_refresh_nonsense", "x" * 900])
async def test_a_made_up_refresh_token_is_nobodys(cloud: CloudUnderTest, token: str) -> None:
    assert (await renew(cloud, token)).status_code in (401, 422)


async def test_log_ins_are_listed_and_revoked_one_by_one(cloud: CloudUnderTest) -> None:
    here, there = await log_in(cloud, "owner@acme.example"), await log_in(cloud, "owner@acme.example")
    stranger = await log_in(cloud, "admin@acme.example")
    listed = (await cloud.client.get("/api/v1/auth/sessions", headers=bearer(here))).json()["sessions"]
    assert [s["is_this"] for s in listed] == [False, True]
    address = f"/api/v1/auth/sessions/{listed[0]['session_id']}"
    assert (await cloud.client.delete(address, headers=bearer(stranger))).status_code == 404
    assert (await cloud.client.delete(address, headers=bearer(here))).status_code == 200
    assert [await me(cloud, a) for a in (here, there)] == [200, 401]
    assert (await renew(cloud, there["refresh_token"])).status_code == 401
    assert (await cloud.client.post("/api/v1/auth/logout", headers=bearer(here))).status_code == 200
    assert await me(cloud, here) == 401


async def test_a_page_stays_shut_after_log_out_even_with_the_old_cookie(cloud: CloudUnderTest) -> None:
    await cloud.client.post("/login", data={"email": "owner@acme.example", "password": PASSWORD})
    cookie = cloud.client.cookies["wink_session"]
    assert (await cloud.client.get("/dashboard")).status_code == 200
    await cloud.client.post("/logout")
    answer = await cloud.client.get("/dashboard", headers={"Cookie": f"wink_session={cookie}"})
    assert answer.headers["Location"] == "/login"


async def test_a_cookie_does_nothing_for_another_site(cloud: CloudUnderTest) -> None:
    await cloud.client.post("/login", data={"email": "owner@acme.example", "password": PASSWORD})
    form = {"old": PASSWORD, "new": NEW_PASSWORD}
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert (await cloud.client.post("/api/v1/auth/password", json=form, headers=foreign)).status_code == 403
    own = {"Sec-Fetch-Site": "same-origin"}
    assert (await cloud.client.post("/api/v1/auth/password", json=form, headers=own)).status_code == 200


async def test_a_changed_password_ends_all_other_log_ins(cloud: CloudUnderTest) -> None:
    here, there = await log_in(cloud, "owner@acme.example"), await log_in(cloud, "owner@acme.example")
    wrong = {"old": "not the password", "new": NEW_PASSWORD}
    answer = await cloud.client.post("/api/v1/auth/password", json=wrong, headers=bearer(here))
    assert answer.status_code == 403
    short = {"old": PASSWORD, "new": "short"}
    assert (await cloud.client.post("/api/v1/auth/password", json=short, headers=bearer(here))).status_code == 422
    right = {"old": PASSWORD, "new": NEW_PASSWORD}
    assert (await cloud.client.post("/api/v1/auth/password", json=right, headers=bearer(here))).status_code == 200
    assert [await me(cloud, a) for a in (here, there)] == [200, 401]
    await log_in(cloud, "owner@acme.example", NEW_PASSWORD)
    assert "password changed" in await acts(cloud)


async def test_somebody_is_invited_sets_a_password_and_logs_in(cloud: CloudUnderTest) -> None:
    admin = await cloud.token("admin@acme.example")
    form = {"email": "New@Acme.example", "role": "staff", "store_id": str(cloud.store_id)}
    made = await cloud.client.post("/api/v1/users", json=form, headers=admin)
    assert made.status_code == 201, made.text
    assert made.json()["is_mailed"] is False
    secret = made.json()["link"].partition("#")[2]
    nobody_yet = {"email": "new@acme.example", "password": ""}
    assert (await cloud.client.post("/api/v1/auth/login", json=nobody_yet)).status_code == 401
    short = {"token": secret, "password": "short"}
    assert (await cloud.client.post("/api/v1/auth/redeem", json=short)).status_code == 422
    right = {"token": secret, "password": NEW_PASSWORD}
    assert (await cloud.client.post("/api/v1/auth/redeem", json=right)).status_code == 200
    assert (await cloud.client.post("/api/v1/auth/redeem", json=right)).status_code == 410
    answer = await log_in(cloud, "new@acme.example", NEW_PASSWORD)
    assert answer["role"] == "staff"
    again = await cloud.client.post("/api/v1/users", json=form, headers=admin)
    assert again.status_code == 409
    assert {"user invited", "password set"} <= set(await acts(cloud))


async def test_a_link_leads_to_a_page_that_sets_the_password(cloud: CloudUnderTest) -> None:
    admin = await cloud.token("admin@acme.example")
    form = {"email": "new@acme.example", "role": "analyst"}
    link = (await cloud.client.post("/api/v1/users", json=form, headers=admin)).json()["link"]
    address, _, secret = link.partition("#")
    page = await cloud.client.get(address)
    assert "Choose a password" in page.text
    assert secret not in page.text
    short = await cloud.client.post(address, data={"token": secret, "password": "short"})
    assert (short.status_code, "too short" in short.text) == (422, True)
    foreign = {"Origin": "https://evil.example"}
    own = {"token": secret, "password": NEW_PASSWORD}
    assert (await cloud.client.post(address, data=own, headers=foreign)).status_code == 403
    assert (await cloud.client.post(address, data=own)).headers["Location"] == "/login"
    used = await cloud.client.post(address, data=own)
    assert (used.status_code, "used before" in used.text) == (410, True)
    await log_in(cloud, "new@acme.example", NEW_PASSWORD)


async def test_an_older_link_no_longer_works_when_a_newer_one_is_made(cloud: CloudUnderTest) -> None:
    admin = await cloud.token("admin@acme.example")
    users = (await cloud.client.get("/api/v1/users", headers=admin)).json()["users"]
    owner = next(u for u in users if u["role"] == "store_owner")
    links = [
        (await cloud.client.post(f"/api/v1/users/{owner['user_id']}/reset-link", headers=admin)).json()["link"]
        for _ in range(2)
    ]
    answers = [
        (
            await cloud.client.post(
                "/api/v1/auth/redeem", json={"token": link.partition("#")[2], "password": NEW_PASSWORD}
            )
        )
        for link in links
    ]
    assert [a.status_code for a in answers] == [410, 200]


async def test_another_role_ends_the_log_ins_and_somebody_must_be_left_to_run_it(cloud: CloudUnderTest) -> None:
    admin = await cloud.token("admin@acme.example")
    users = {u["email"]: u for u in (await cloud.client.get("/api/v1/users", headers=admin)).json()["users"]}
    owner, own = users["owner@acme.example"], users["admin@acme.example"]
    theirs = await log_in(cloud, "owner@acme.example")
    form = {"role": "staff", "store_id": str(cloud.store_id), "is_active": False}
    changed = await cloud.client.put(f"/api/v1/users/{owner['user_id']}", json=form, headers=admin)
    assert changed.json()["is_active"] is False
    assert await me(cloud, theirs) == 401
    shut = {"email": "owner@acme.example", "password": PASSWORD}
    assert (await cloud.client.post("/api/v1/auth/login", json=shut)).status_code == 401
    last = await cloud.client.put(f"/api/v1/users/{own['user_id']}", json={"role": "analyst"}, headers=admin)
    assert last.status_code == 409
    nowhere = {"role": "staff", "store_id": str(cloud.foreign_store_id)}
    answer = await cloud.client.put(f"/api/v1/users/{owner['user_id']}", json=nowhere, headers=admin)
    assert answer.status_code == 404


async def test_an_api_key_reads_figures_and_nothing_else(cloud: CloudUnderTest) -> None:
    admin = await cloud.token("admin@acme.example")
    form = {"name": "Till system", "store_id": str(cloud.store_id)}
    made = (await cloud.client.post("/api/v1/api-keys", json=form, headers=admin)).json()
    key = {"X-API-KEY": made["api_key"]}
    path = "/api/v1/analytics/footfall?from=2026-03-28&to=2026-03-29&store_id="
    assert (await cloud.client.get(f"{path}{cloud.store_id}", headers=key)).status_code == 200
    assert (await cloud.client.get(f"{path}{cloud.other_store_id}", headers=key)).status_code == 404
    assert (await cloud.client.get("/api/v1/users", headers=key)).status_code == 401
    assert (await cloud.client.get("/api/v1/audit", headers=key)).status_code == 401
    (listed,) = (await cloud.client.get("/api/v1/api-keys", headers=admin)).json()["api_keys"]
    assert made["api_key"] not in str(listed)
    rest = await cloud.client.delete(f"/api/v1/api-keys/{made['key_id']}", headers=admin)
    assert rest.json() == {"api_keys": []}
    assert (await cloud.client.get(f"{path}{cloud.store_id}", headers=key)).status_code == 401
    assert (await cloud.client.get(f"{path}{cloud.store_id}", headers={"X-API-KEY": "x"})).status_code == 401


async def test_forgetting_a_password_tells_nothing_about_who_has_an_account(cloud: CloudUnderTest) -> None:
    answers = [
        await cloud.client.post("/api/v1/auth/forgot", json={"email": email})
        for email in ("admin@acme.example", "nobody@acme.example")
    ]
    assert [a.status_code for a in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()


class _Mailbox(socketserver.ThreadingTCPServer):
    """The smallest SMTP server that smtplib talks to."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.letters: list[str] = []


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline().decode().strip():
            word = line.split(" ")[0].upper()
            if word == "DATA":
                self.wfile.write(b"354 go on\r\n")
                letter = []
                while (text := self.rfile.readline().decode()) != ".\r\n":
                    letter.append(text)
                self.server.letters.append("".join(letter))  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if word == "QUIT" else b"250 yes\r\n")
            if word == "QUIT":
                return


@pytest.fixture
def mailbox() -> Iterator[_Mailbox]:
    with _Mailbox() as server:
        thread = threading.Thread(target=server.serve_forever, name="mailbox")
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def test_a_forgotten_password_is_mailed_a_link_that_works(tmp_path: Path, mailbox: _Mailbox) -> None:
    port = mailbox.server_address[1]
    settings = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_from": "wink@example.com", "smtp_starttls": False}
    async with running_cloud(tmp_path, public_url="https://wink.example", **settings) as cloud:
        for email in ("nobody@acme.example", "Owner@acme.example"):
            assert (await cloud.client.post("/api/v1/auth/forgot", json={"email": email})).status_code == 202
        (letter,) = mailbox.letters
        mail = message_from_string(letter, policy=policy.default)
        assert mail["To"] == "owner@acme.example"
        secret = mail.get_content().partition("https://wink.example/welcome#")[2].split()[0]
        form = {"token": secret, "password": NEW_PASSWORD}
        assert (await cloud.client.post("/api/v1/auth/redeem", json=form)).status_code == 200
        await log_in(cloud, "owner@acme.example", NEW_PASSWORD)
        assert (await acts(cloud)).count("reset link mailed") == 1


@pytest.mark.expected_log("a mail could not be sent")
async def test_a_mail_server_that_is_not_there_is_told_and_harms_nothing() -> None:
    mail = MailServer("127.0.0.1", 9, "", "", "wink@example.com", uses_starttls=False)
    assert await mail.send("a@b.example", subject="x", words="y") is False


async def test_workers_on_postgresql_share_the_signing_key_and_production_demands_one(tmp_path: Path) -> None:
    async with running_cloud(tmp_path, is_postgresql=True) as one:
        answer = await log_in(one, "admin@acme.example")
        async with running_cloud_beside(one) as other:
            assert other.app.state.signing_key == one.app.state.signing_key
            assert await me(other, answer) == 200
    assert not (tmp_path / "secret.key").exists()
    with pytest.raises(SigningKeyError, match="WINK_SECRET_KEY is not set"):
        async with running_cloud(tmp_path, is_postgresql=True, mode="production"):
            pass
    with pytest.raises(SigningKeyError, match="too short"):
        async with running_cloud(tmp_path, is_postgresql=True, secret_key="short"):
            pass


def running_cloud_beside(one: CloudUnderTest) -> Any:
    settings = one.app.state.settings
    urls = {"database_url": settings.database_url, "database_direct_url": settings.database_direct_url}
    return running_cloud(settings.data_dir, is_postgresql=True, **urls)
