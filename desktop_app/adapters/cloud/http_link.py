"""Heartbeats and zones over HTTPS, beside the events."""

from __future__ import annotations

from contextlib import suppress
from typing import TypeVar

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from desktop_app.adapters.cloud.http_cloud import (
    ANSWER_TIMEOUT_S,
    CONNECT_TIMEOUT_S,
    STRANGER_WORDS,
    Wire,
    edge_client,
    limited_body,
    network_words,
    retry_after,
    status_words,
)
from desktop_app.services.edge_link import LinkError
from shared_models.heartbeat import HEARTBEAT_PATH, Heartbeat, HeartbeatAnswer
from shared_models.stills import STILL_PATH, STILL_TYPE
from shared_models.zone_sets import EDGE_ZONES_PATH, ZoneEdit, ZoneEditAnswer, ZoneSets

T = TypeVar("T", bound=BaseModel)


class HttpLink:
    """Implements ``EdgeLink``.

    Raises:
        ValueError: as ``HttpCloud``.
    """

    def __init__(
        self,
        api_url: str,
        edge_key: SecretStr,
        *,
        allow_insecure: bool = False,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        timeout = httpx.Timeout(answer_timeout_s, connect=connect_timeout_s)
        self._client = edge_client(api_url, edge_key, allow_insecure=allow_insecure, timeout=timeout)
        self._wire = Wire()

    def beat(self, told: Heartbeat) -> HeartbeatAnswer:
        return self._ask("POST", HEARTBEAT_PATH, HeartbeatAnswer, told)

    def zone_sets(self) -> ZoneSets:
        return self._ask("GET", EDGE_ZONES_PATH, ZoneSets)

    def edit(self, edit: ZoneEdit) -> ZoneEditAnswer:
        return self._ask("PUT", EDGE_ZONES_PATH, ZoneEditAnswer, edit)

    def still(self, camera_id: str, jpeg: bytes) -> None:
        try:
            with self._client.stream(
                "PUT",
                STILL_PATH,
                params={"camera_id": camera_id},
                content=jpeg,
                headers={"Content-Type": STILL_TYPE},
                extensions={"trace": self._wire.follow},
            ) as response:
                limited_body(response)
                if response.status_code != 204:
                    raise _refusal(response)
        except (httpx.HTTPError, httpx.StreamError, RuntimeError) as error:
            raise LinkError(network_words(error)) from error

    def close(self) -> None:
        self._wire.cut()
        self._client.close()

    def _ask(self, method: str, path: str, kind: type[T], body: BaseModel | None = None) -> T:
        content = body.model_dump_json() if body is not None else None
        try:
            with self._client.stream(
                method,
                path,
                content=content,
                headers={"Content-Type": "application/json"} if content else None,
                extensions={"trace": self._wire.follow},
            ) as response:
                return _understood(response, limited_body(response), kind)
        except (httpx.HTTPError, httpx.StreamError, RuntimeError) as error:
            raise LinkError(network_words(error)) from error


def _understood(response: httpx.Response, body: bytes, kind: type[T]) -> T:
    if response.status_code == 200:
        with suppress(ValidationError):
            return kind.model_validate_json(body)
        raise LinkError(STRANGER_WORDS)
    raise _refusal(response)


def _refusal(response: httpx.Response) -> LinkError:
    return LinkError(
        status_words(response),
        status=response.status_code,
        retry_after_s=retry_after(response.headers.get("Retry-After")),
    )
