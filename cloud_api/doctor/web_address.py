"""The public address, asked as a browser asks: certificate, plain HTTP, and whether the program is behind it."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from cloud_api.doctor import judgements
from cloud_api.doctor.findings import Finding, broken, fine, has_broken, warned

TIMEOUT_S = 10.0
_DATE_IS_COARSE_S = 2.0
"""The Date header has whole seconds, and the way back takes its time."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def examine_address(url: str, *, ca: Path | None = None, http_port: int = 80) -> list[Finding]:
    """All that can be seen from outside. ``ca``: a file with the certificates of an authority of your own."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if not parts.hostname or parts.scheme not in ("http", "https"):
        return [broken("address", f"'{url}' is no web address.", "Write it as https://counts.example.com.")]
    if parts.scheme == "http":
        return _examine_plain(parts, port=port or 80)
    try:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
    except (OSError, ssl.SSLError) as error:
        return [broken("authority", f"{ca} cannot be read ({error}).", "Name a file of certificates in PEM form.")]
    findings = _examine_certificate(parts.hostname, port or 443, context=context)
    if not has_broken(findings):
        findings += _examine_program(_connection(parts, port=port or 443, context=context))
    return [*findings, _examine_redirect(parts.hostname, http_port)]


def _examine_plain(parts: SplitResult, *, port: int) -> list[Finding]:
    if not judgements.is_near(parts.hostname or ""):
        cure = "Put a proxy with a certificate in front (installer/server), and name the address as https://."
        return [broken("address", "passwords and figures travel unprotected over plain HTTP.", cure)]
    findings = [warned("address", "is plain HTTP; nobody outside this network may use it.", "Use https:// for others.")]
    return [*findings, *_examine_program(_connection(parts, port=port, context=None), is_https=False)]


def _examine_certificate(host: str, port: int, *, context: ssl.SSLContext) -> list[Finding]:
    try:
        with (
            socket.create_connection((host, port), timeout=TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as guarded,
        ):
            certificate, version = guarded.getpeercert() or {}, guarded.version()
    except ssl.SSLCertVerificationError as error:
        return [judgements.judge_untrusted(error.verify_message)]
    except ssl.SSLError as error:
        cure = "See that the proxy speaks TLS 1.2 or 1.3 on this port."
        return [broken("certificate", f"{host}:{port} does not speak TLS ({error.reason or error}).", cure)]
    except OSError as error:
        cure = "Check the name's DNS entry, the firewall (ports 80 and 443), and that the proxy runs."
        return [broken("address", f"{host}:{port} cannot be reached ({error.strerror or error}).", cure)]
    days_left = (ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()) / 86400
    found = judgements.judge_certificate(days_left=days_left, issuer=_issuer(certificate))
    return [found, fine("TLS", f"{version}.")]


def _issuer(certificate: object) -> str:
    names = certificate.get("issuer", ()) if isinstance(certificate, dict) else ()
    found = {key: value for part in names for key, value in part}
    return str(found.get("organizationName") or found.get("commonName") or "somebody")


def _connection(parts: SplitResult, *, port: int, context: ssl.SSLContext | None) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if context is None:
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)


def _ask(connection: http.client.HTTPConnection, path: str) -> _Answer:
    try:
        connection.request("GET", path, headers={"Accept": "*/*"})
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return _Answer(answer.status, headers, answer.read(1_000_000))
    finally:
        connection.close()


def _examine_program(connection: http.client.HTTPConnection, *, is_https: bool = True) -> list[Finding]:
    try:
        alive, asked_s = _ask(connection, "/healthz"), time.time()
        ready = _ask(connection, "/readyz")
    except (OSError, http.client.HTTPException) as error:
        cure = "Start the proxy and the program; their logs say more."
        return [broken("program", f"gives no answer ({type(error).__name__}).", cure)]
    if not _says_ok(alive):
        cure = "See that the program runs (systemctl status wink-cloud) and that the proxy points at its port."
        return [broken("program", f"/healthz answers {alive.status}, and not as Wink does.", cure)]
    findings = [fine("program", "answers.")]
    if not _says_ok(ready):
        cure = "Look at the database, below, and at the program's log."
        findings.append(broken("program", f"its database does not answer (/readyz: {ready.status}).", cure))
    if is_https:
        findings.append(judgements.judge_hsts(alive.headers.get("strict-transport-security", "")))
    if date := alive.headers.get("date"):
        offset_s = parsedate_to_datetime(date).timestamp() + 0.5 - asked_s
        slack_s = judgements.CLOCK_SLACK_S + _DATE_IS_COARSE_S
        findings.append(judgements.judge_clock("the web server", offset_s=offset_s, slack_s=slack_s))
    return findings


def _says_ok(answer: _Answer) -> bool:
    try:
        return answer.status == 200 and json.loads(answer.body) == {"status": "ok"}
    except ValueError:
        return False


def _examine_redirect(host: str, port: int) -> Finding:
    try:
        answer = _ask(http.client.HTTPConnection(host, port, timeout=TIMEOUT_S), "/")
    except (OSError, http.client.HTTPException):
        return fine("plain HTTP", f"nothing answers on port {port}.")
    return judgements.judge_redirect(status=answer.status, location=answer.headers.get("location", ""), port=port)
