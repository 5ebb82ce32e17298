"""Enrolment over HTTPS: ``POST /api/v1/edge/enrol``."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from desktop_app.adapters.cloud.http_cloud import is_loopback
from desktop_app.services.enrolment import Enrolled, EnrolmentError
from shared_models.enrolment import StoreFacts
from shared_models.store_time import RESET_HOUR

ENROL_PATH = "/api/v1/edge/enrol"
TIMEOUT_S = 15.0


class HttpEnrolment:
    """Asks a cloud by its address. The code and the key travel encrypted, or on this machine only."""

    def __init__(self, *, allow_insecure: bool = False, transport: httpx.BaseTransport | None = None) -> None:
        self._allow_insecure = allow_insecure
        self._transport = transport

    def enrol(self, *, cloud_url: str, code: str, device_name: str, version: str) -> Enrolled:
        if urlsplit(cloud_url).scheme != "https" and not self._allow_insecure and not is_loopback(cloud_url):
            raise EnrolmentError(f"{cloud_url} is not encrypted; write the address with https://.")
        body = {"code": code, "device_name": device_name, "version": version}
        try:
            with httpx.Client(timeout=TIMEOUT_S, transport=self._transport) as client:
                response = client.post(cloud_url + ENROL_PATH, json=body)
        except httpx.TimeoutException:
            raise EnrolmentError("The cloud does not answer in time; try again in a minute.") from None
        except httpx.HTTPError:
            raise EnrolmentError(
                "The cloud cannot be reached; check its address and this computer's network."
            ) from None
        if response.status_code not in (200, 201):
            raise EnrolmentError(_refusal(response))
        return _enrolled(response)


def _enrolled(response: httpx.Response) -> Enrolled:
    try:
        values = response.json()
        key = values["edge_key"]
        if not isinstance(key, str) or not key:
            raise KeyError("edge_key")
        store = values.get("store")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise EnrolmentError("What answers at this address is no Wink cloud; check the address.") from None
    named = store if isinstance(store, Mapping) else values
    name = named.get("name") or named.get("store_name") or (store if isinstance(store, str) else "")
    zone = named.get("time_zone") or named.get("timezone") or ""
    hour = named.get("reset_hour")
    facts = StoreFacts(name=str(name or ""), time_zone=str(zone), reset_hour=hour if hour in range(24) else RESET_HOUR)
    return Enrolled(SecretStr(key), facts)


def _refusal(response: httpx.Response) -> str:
    match response.status_code:
        case 404 if _is_known_path(response):
            return "The cloud does not know this pairing code. Codes hold ten minutes and work once: ask for a new one."
        case 404 | 405:
            return (
                "There is no pairing at this address: check the address, or ask for the cloud to be brought up to date."
            )
        case 400 | 401 | 403 | 409 | 410 | 422:
            return "The cloud does not know this pairing code. Codes hold ten minutes and work once: ask for a new one."
        case 429:
            return "Too many tries; wait some minutes and ask for a new pairing code."
        case status:
            return f"The cloud has a problem of its own ({status}); try again in some minutes."


def _is_known_path(response: httpx.Response) -> bool:
    """Whether a cloud that pairs has answered 404 for a wrong code, and not a server that knows no such page."""
    try:
        words = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return False
    return isinstance(words, str) and "code" in words.lower()
