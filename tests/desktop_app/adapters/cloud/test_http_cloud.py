"""The way to the cloud, against a real HTTP server that answers as a script says."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from desktop_app.adapters.cloud import http_cloud
from desktop_app.adapters.cloud.http_cloud import HttpCloud
from desktop_app.services.ports import CloudAnswer
from shared_models.ids import uuid7
from shared_models.sync import EVENTS_PATH, BatchReceipt, EventReceipt, ReceiptStatus

KEY = "edge_high_street_" + "s3cret" * 6
PAYLOAD = json.dumps({"events": [{"note": "a text that repeats itself " * 40}]}).encode()
RECEIPT = BatchReceipt(
    results=(EventReceipt(index=0, event_id=uuid7(), status=ReceiptStatus.ACCEPTED),), contiguous_seq=1
)


@dataclass
class Reply:
    status: int = 200
    body: bytes = RECEIPT.model_dump_json().encode()
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    url: str
    asked: list[Asked]


Act = Reply | Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def server_that(*acts: Act) -> Iterator[Server]:
    """Answers each request by the next act, the last one for ever."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            act = acts[min(len(asked), len(acts)) - 1]
            if not isinstance(act, Reply):
                act(self)
                return
            self.send_response(act.status)
            for name, value in act.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(act.body)))
            self.end_headers()
            self.wfile.write(act.body)

        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="cloud-server", kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield Server(f"http://127.0.0.1:{server.server_port}", asked)
        finally:
            server.shutdown()
            thread.join()


def answer_of(*acts: Act, answer_timeout_s: float = 5.0) -> tuple[CloudAnswer, Server]:
    with server_that(*acts) as server:
        cloud = HttpCloud(server.url, SecretStr(KEY), answer_timeout_s=answer_timeout_s)
        answer = cloud.send(PAYLOAD)
        cloud.close()
    return answer, server


def test_a_batch_travels_packed_with_its_key_in_the_header_and_brings_its_receipt() -> None:
    answer, server = answer_of(Reply())
    assert answer == CloudAnswer(200, RECEIPT)
    (asked,) = server.asked
    assert asked.path == EVENTS_PATH
    assert asked.headers["x-edge-key"] == KEY
    assert asked.headers["content-encoding"] == "gzip"
    assert asked.headers["content-type"] == "application/json"
    assert gzip.decompress(asked.body) == PAYLOAD
    assert len(asked.body) < len(PAYLOAD) / 5


def test_one_connection_serves_many_batches() -> None:
    clients: set[object] = set()

    def note(handler: BaseHTTPRequestHandler) -> None:
        clients.add(handler.client_address)
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(Reply().body)))
        handler.end_headers()
        handler.wfile.write(Reply().body)

    with server_that(note) as server:
        cloud = HttpCloud(server.url, SecretStr(KEY))
        assert [cloud.send(PAYLOAD).status for _ in range(5)] == [200] * 5
        cloud.close()
    assert len(clients) == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "refuses the upload"),
        (401, "edge key"),
        (403, "edge key"),
        (404, "no Wink cloud at this address"),
        (413, "too large"),
        (422, "refuses the upload"),
        (429, "busy"),
        (500, "a problem of its own"),
        (502, "a problem of its own"),
        (503, "busy"),
    ],
)
def test_each_status_is_told_with_its_words(status: int, words: str) -> None:
    answer, _ = answer_of(Reply(status, b"{}"))
    assert (answer.status, answer.receipt, answer.retry_after_s) == (status, None, None)
    assert words in answer.words


@pytest.mark.parametrize(
    ("said", "understood_s"),
    [("17", 17.0), ("2.5", 2.5), ("-3", 0.0), ("soon", None), ("nan", None), ("inf", None), ("", None)],
)
def test_how_long_the_cloud_wants_to_be_left_alone(said: str, understood_s: float | None) -> None:
    answer, _ = answer_of(Reply(429, b"{}", {"Retry-After": said}))
    assert (answer.status, answer.retry_after_s) == (429, understood_s)


@pytest.mark.parametrize(("ahead_s", "understood_s"), [(600, 600.0), (-600, 0.0)])
def test_until_when_the_cloud_wants_to_be_left_alone(ahead_s: int, understood_s: float) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead_s), usegmt=True)
    answer, _ = answer_of(Reply(429, b"{}", {"Retry-After": until}))
    assert answer.retry_after_s == pytest.approx(understood_s, abs=30)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirection_is_not_followed_so_that_the_key_goes_nowhere_else(status: int) -> None:
    with server_that(Reply()) as elsewhere:
        answer, _ = answer_of(Reply(status, b"", {"Location": elsewhere.url + EVENTS_PATH}))
        assert elsewhere.asked == []
    assert answer.status == status
    assert "in the cloud's place" in answer.words


@pytest.mark.parametrize("body", [b"<html>Please log in to the guest network</html>", b"", b"[]", b'{"ok": true}'])
def test_an_ok_that_is_no_receipt_is_not_the_cloud(body: bytes) -> None:
    answer, _ = answer_of(Reply(200, body))
    assert answer == CloudAnswer(0, words="Something answers in the cloud's place (a log-in page of the network?).")


def test_an_answer_without_end_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_cloud, "MAX_ANSWER_BYTES", 100_000)
    sent = 0

    def flood(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        try:
            for _ in range(10_000):
                handler.wfile.write(b" " * 10_000)
                sent += 10_000
        except OSError:
            return

    answer, _ = answer_of(flood)
    assert answer.status == 0
    assert sent < 50_000_000


# -- networks that fail


def silence(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(1.5)
    handler.close_connection = True


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def hang_up_in_the_middle(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"results": [')
    handler.close_connection = True


def test_a_cloud_that_does_not_answer_is_given_up_in_time() -> None:
    began_s = time.monotonic()
    answer, _ = answer_of(silence, answer_timeout_s=0.3)
    assert answer == CloudAnswer(0, words="The cloud does not answer in time.")
    assert time.monotonic() - began_s < 15


@pytest.mark.parametrize("act", [hang_up, hang_up_in_the_middle])
def test_a_cut_connection_is_told_and_the_next_batch_goes_through(act: Act) -> None:
    with server_that(act, Reply()) as server:
        cloud = HttpCloud(server.url, SecretStr(KEY))
        broken = cloud.send(PAYLOAD)
        assert broken.status == 0
        assert "The connection to the cloud broke" in broken.words
        assert cloud.send(PAYLOAD).status == 200
        cloud.close()


def test_nobody_at_the_address_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for host in ("127.0.0.1", "no-such-host.invalid"):
        cloud = HttpCloud(f"http://{host}:{port}", SecretStr(KEY), allow_insecure=True)
        assert cloud.send(PAYLOAD) == CloudAnswer(0, words="The cloud cannot be reached; is this machine online?")
        cloud.close()


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem.write_bytes(private + certificate.public_bytes(encoding))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


@contextmanager
def tls_server_that_is_silent(context: ssl.SSLContext, asked: threading.Event) -> Iterator[str]:
    """Takes one connection, and a request if it comes to that; never answers."""

    def serve() -> None:
        plain, _ = server.accept()
        plain.settimeout(5)
        with suppress(OSError), context.wrap_socket(plain, server_side=True) as secure:
            secure.recv(100_000)
            asked.set()
            while secure.recv(100_000):
                pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, name="tls-server")
        thread.start()
        yield f"https://localhost:{server.getsockname()[1]}"
        thread.join(5)


def test_a_certificate_that_nobody_vouches_for_is_told(tmp_path: Path) -> None:
    asked = threading.Event()
    with tls_server_that_is_silent(self_signed(tmp_path), asked) as url:
        cloud = HttpCloud(url, SecretStr(KEY))
        words = "The cloud's certificate is not trusted; check the address, and this machine's clock."
        assert cloud.send(PAYLOAD) == CloudAnswer(0, words=words)
        cloud.close()
    assert not asked.is_set(), "the key went to a stranger"


def test_closing_ends_an_encrypted_request_that_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, asked = self_signed(tmp_path), threading.Event()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))  # here somebody vouches for it
    with tls_server_that_is_silent(context, asked) as url:
        cloud = HttpCloud(url, SecretStr(KEY))
        answers: list[CloudAnswer] = []
        thread = threading.Thread(target=lambda: answers.append(cloud.send(PAYLOAD)), name="sender")
        thread.start()
        assert asked.wait(30)
        began_s = time.monotonic()
        cloud.close()
        thread.join(5)
        assert time.monotonic() - began_s < 4.0
    assert answers[0].status == 0


def test_closing_ends_a_request_that_waits() -> None:
    with server_that(silence) as server:
        cloud = HttpCloud(server.url, SecretStr(KEY))
        answers: list[CloudAnswer] = []
        thread = threading.Thread(target=lambda: answers.append(cloud.send(PAYLOAD)), name="sender")
        thread.start()
        while not server.asked:
            time.sleep(0.01)
        began_s = time.monotonic()
        cloud.close()
        thread.join(5)
        assert time.monotonic() - began_s < 4.0
    assert answers[0].status == 0
    assert cloud.send(PAYLOAD).status == 0, "closed is closed"


# -- the key


def test_the_key_is_in_no_answer_log_or_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for act in (Reply(401), Reply(500), hang_up, Reply(302, b"", {"Location": "http://127.0.0.1:1/"})):
        answer, server = answer_of(act)
        assert KEY not in repr(answer)
        assert KEY not in repr(HttpCloud(server.url, SecretStr(KEY)))
    assert KEY not in caplog.text


@pytest.mark.parametrize("key", ["edge_\u00fcber", "edge_x\r\nX-Evil: 1"])
def test_a_key_that_cannot_be_one_is_refused_without_telling_it(key: str) -> None:
    with pytest.raises(ValueError, match="copy it once more") as caught:
        HttpCloud("https://cloud.example.com", SecretStr(key))
    assert key not in str(caught.value)


def test_a_line_that_anybody_can_read_is_refused_unless_allowed() -> None:
    with pytest.raises(ValueError, match="not encrypted") as caught:
        HttpCloud("http://user:hunter2@cloud.example.com", SecretStr(KEY))
    assert "hunter2" not in str(caught.value)
    for url in ("http://cloud.example.com", "https://cloud.example.com", "http://localhost:1", "http://[::1]:1"):
        HttpCloud(url, SecretStr(KEY), allow_insecure=url == "http://cloud.example.com").close()
