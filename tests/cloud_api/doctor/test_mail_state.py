from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from pydantic import SecretStr

from cloud_api.doctor.findings import Finding, State
from cloud_api.doctor.mail_state import examine_mail
from cloud_api.settings import CloudSettings
from tests.helpers.authority import Authority
from tests.helpers.rtsp_server import free_port


class Letterbox:
    """A handler that must never be handed a mail."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        self.mails.append(envelope)
        return "250 OK"


def _knows(_server: Any, _session: Any, _envelope: Any, _mechanism: str, auth: Any) -> AuthResult:
    is_right = isinstance(auth, LoginPassword) and (auth.login, auth.password) == (b"wink", b"right")
    return AuthResult(success=is_right, handled=False)


def _started(box: Letterbox, context: ssl.SSLContext | None, options: dict[str, Any]) -> Controller:
    for tries_left in reversed(range(5)):
        controller = Controller(
            box, hostname="127.0.0.1", port=free_port(), tls_context=context, authenticator=_knows, ready_timeout=120,
            **options,
        )  # fmt: skip
        try:
            controller.start()
        except OSError:  # somebody else was faster at this port
            controller.stop(no_assert=True)
            if not tries_left:
                raise
        else:
            return controller
    raise AssertionError


@contextmanager
def mail_server(box: Letterbox, context: ssl.SSLContext | None = None, **options: Any) -> Iterator[int]:
    controller = _started(box, context, options)
    try:
        yield int(controller.port)
    finally:
        controller.stop()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def guarded(authority: Authority) -> ssl.SSLContext:
    issued = authority.issue("mail")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.chain, issued.key)
    return context


def look(port: int, trusted: Authority | None = None, **settings: Any) -> list[Finding]:
    given = {"smtp_host": "localhost", "smtp_from": "wink@example.com", **settings}
    context = ssl.create_default_context(cafile=str(trusted.file) if trusted else None)
    return examine_mail(CloudSettings(smtp_port=port, **given), context=context)


@pytest.mark.expected_log("Session.login_data is deprecated")
@pytest.mark.parametrize(("password", "state"), [("right", State.OK), ("wrong", State.BROKEN)])
def test_the_user_is_tried_under_tls_and_no_mail_is_sent(
    authority: Authority, guarded: ssl.SSLContext, password: str, state: State
) -> None:
    box = Letterbox()
    with mail_server(box, guarded) as port:
        (found,) = look(port, authority, smtp_user="wink", smtp_password=SecretStr(password))
    assert found.state is state, found
    assert password not in found.words + found.cure.replace("password", "")
    assert box.mails == []


def test_a_mail_server_on_this_machine_needs_no_user() -> None:
    with mail_server(Letterbox()) as port:
        (found,) = look(port, smtp_starttls=False)
    assert found.state is State.OK


def test_a_mail_server_without_starttls_is_told() -> None:
    with mail_server(Letterbox()) as port:
        (found,) = look(port)
    assert "offers no STARTTLS" in found.words


@pytest.mark.expected_log("SMTP session exception")
def test_a_mail_server_whose_certificate_nobody_knows_is_refused(guarded: ssl.SSLContext) -> None:
    with mail_server(Letterbox(), guarded) as port:
        (found,) = look(port)
    assert found.state is State.BROKEN
    assert "certificate" in found.words


def test_a_password_is_never_sent_unprotected() -> None:
    with mail_server(Letterbox(), auth_require_tls=False) as port:
        (found,) = look(port, smtp_starttls=False, smtp_user="wink", smtp_password=SecretStr("right"))
    assert found.state is State.BROKEN
    assert "unprotected" in found.words


def test_nobody_at_the_port_is_told_with_the_ports_that_hosters_block() -> None:
    (found,) = look(free_port())
    assert found.state is State.BROKEN
    assert "587" in found.cure


def test_the_port_of_implicit_tls_is_refused_before_it_hangs() -> None:
    (found,) = look(465)
    assert found.state is State.BROKEN


def test_a_missing_sender_is_warned_of() -> None:
    with mail_server(Letterbox()) as port:
        found = look(port, smtp_starttls=False, smtp_from="")
    assert [f.state for f in found] == [State.OK, State.WARNING]


def test_no_mail_server_is_no_defect() -> None:
    (found,) = examine_mail(CloudSettings())
    assert found.state is State.OK
