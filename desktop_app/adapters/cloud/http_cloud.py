"""The way to the cloud: gzip JSON over HTTPS, with the edge key in a header and nowhere else."""

from __future__ import annotations

import gzip
import ipaddress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr, ValidationError

from desktop_app.services.ports import CloudAnswer
from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH, BatchReceipt

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 30.0
MAX_ANSWER_BYTES = 4_000_000


class HttpCloud:
    """One store's connection.

    Raises:
        ValueError: the address is not https, and is neither this machine nor allowed to be insecure.
    """

    def __init__(
        self,
        api_url: str,
        edge_key: SecretStr,
        *,
        allow_insecure: bool = False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if urlsplit(api_url).scheme != "https" and not allow_insecure and not is_loopback(api_url):
            raise ValueError(
                f"{api_url} is not encrypted: anyone on the way could read the edge key. Use https://, or set "
                "WINK_ALLOW_INSECURE_CLOUD=1 on a network you trust."
            )
        self._client = httpx.Client(
            base_url=api_url,
            headers={EDGE_KEY_HEADER: edge_key.get_secret_value(), "Content-Encoding": "gzip"},
            timeout=httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            follow_redirects=False,
            transport=transport,
        )

    def send(self, payload: bytes) -> CloudAnswer:
        try:
            response = self._client.post(
                EVENTS_PATH, content=gzip.compress(payload, 5), headers={"Content-Type": "application/json"}
            )
        except (httpx.HTTPError, RuntimeError) as error:
            return CloudAnswer(0, words=_network_words(error))
        return _understood(response)

    def close(self) -> None:
        self._client.close()


def is_loopback(url: str) -> bool:
    """Whether the address is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _understood(response: httpx.Response) -> CloudAnswer:
    retry_after_s = _retry_after(response.headers.get("Retry-After"))
    if response.status_code != 200:
        return CloudAnswer(response.status_code, retry_after_s=retry_after_s, words=_status_words(response))
    try:
        return CloudAnswer(200, BatchReceipt.model_validate_json(response.content[:MAX_ANSWER_BYTES]))
    except ValidationError:
        return CloudAnswer(0, words="Something answers in the cloud's place (a log-in page of the network?).")


def _retry_after(value: str | None) -> float | None:
    """Seconds, from either form of the header."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _status_words(response: httpx.Response) -> str:
    match response.status_code:
        case 401 | 403:
            return "The cloud does not accept this store's edge key; enter a new one."
        case 413:
            return "The cloud finds the upload too large."
        case 429 | 503:
            return "The cloud is busy."
        case status if status >= 500:
            return f"The cloud has a problem of its own ({status})."
        case 404:
            return "There is no Wink cloud at this address."
        case status:
            return f"The cloud refuses the upload ({status})."


def _network_words(error: Exception) -> str:
    match error:
        case httpx.ConnectTimeout() | httpx.ReadTimeout() | httpx.WriteTimeout() | httpx.PoolTimeout():
            return "The cloud does not answer in time."
        case httpx.ConnectError():
            return "The cloud cannot be reached; is this machine online?"
        case _:
            return f"The connection to the cloud broke ({type(error).__name__})."
