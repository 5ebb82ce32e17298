"""Cameras and the addresses they are reached at. An address keeps its password to itself."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, StringConstraints, model_validator
from pydantic_core import CoreSchema, core_schema

from shared_models.zones import Zone

Rotation = Literal[0, 90, 180, 270]
"""Degrees clockwise by which a camera's picture is turned to stand upright."""
CameraId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]

_SECRET_QUERY = re.compile(r"(?i)\b(pass(?:word|wd)?|pwd|secret|token|key|auth|user(?:name)?|usr|login)=[^&#\s]*")
# Greedy up to the last @ before the path: passwords with an unescaped @ or / must not leak their tail.
_USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s'\"<>]*@")


def redact(text: str) -> str:
    """Strip user names, passwords and secret query values from every address found in ``text``."""
    return _SECRET_QUERY.sub(lambda m: f"{m[1]}=***", _USERINFO.sub(r"\1***@", text))


class SourceKind(StrEnum):
    """How a source is opened."""

    RTSP = "rtsp"
    HTTP = "http"
    USB = "usb"
    FILE = "file"
    VIRTUAL_STORE = "virtual-store"


class SourceAddress:
    """Where a camera's pictures come from. ``str`` and ``repr`` are redacted; ``reveal`` is not.

    Accepted: ``rtsp(s)://...``, ``http(s)://...`` (MJPEG), ``usb://0`` or a bare index, ``virtual-store://scene?...``,
    ``file:///path`` or a path.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = str(text).strip()
        if not self._text:
            raise ValueError("The camera's address is empty; write e.g. rtsp://192.168.1.101:554/stream.")
        if "://" in self._text and self.kind is SourceKind.FILE and not self._text.lower().startswith("file://"):
            scheme = self._text.split("://", 1)[0]
            raise ValueError(
                f"Addresses of the kind {scheme}:// are not known; use rtsp://, rtsps://, http://, https://, "
                "usb://, file:// or virtual-store://."
            )

    @property
    def kind(self) -> SourceKind:
        scheme = self._text.split("://", 1)[0].lower() if "://" in self._text else ""
        if scheme in ("rtsp", "rtsps"):
            return SourceKind.RTSP
        if scheme in ("http", "https"):
            return SourceKind.HTTP
        if scheme == "virtual-store":
            return SourceKind.VIRTUAL_STORE
        if scheme == "usb" or self._text.isdigit():
            return SourceKind.USB
        return SourceKind.FILE

    def reveal(self) -> str:
        """The full address with its password: for the code that opens the source, and nobody else."""
        return self._text

    def with_credentials(self, *, user: str, password: str) -> SourceAddress:
        """The same address with these credentials, quoted."""
        parts = urlsplit(self._text)
        host = parts.netloc.rpartition("@")[2]
        netloc = f"{quote(user, safe='')}:{quote(password, safe='')}@{host}"
        return SourceAddress(urlunsplit(SplitResult(parts.scheme, netloc, parts.path, parts.query, parts.fragment)))

    @property
    def host(self) -> str:
        """Host (and port) without credentials; empty for files, USB and the virtual store."""
        if self.kind not in (SourceKind.RTSP, SourceKind.HTTP):
            return ""
        return unquote(urlsplit(self._text).netloc.rpartition("@")[2])

    def __str__(self) -> str:
        return redact(self._text)

    def __repr__(self) -> str:
        return f"SourceAddress({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SourceAddress) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def parse(value: object) -> SourceAddress:
            if isinstance(value, cls):
                return value
            if isinstance(value, (str, int)) and not isinstance(value, bool):
                return cls(str(value))
            raise ValueError("The camera's address must be text, e.g. rtsp://192.168.1.101:554/stream.")

        return core_schema.no_info_plain_validator_function(
            parse, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )


class Camera(BaseModel):
    """One camera of a store with the zones drawn on it. Dumping it to JSON redacts the address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    camera_id: CameraId
    name: str = ""
    source: SourceAddress
    substream: SourceAddress | None = None
    """A smaller stream of the same camera; used for analysis when given."""
    target_fps: float = Field(default=5.0, ge=1.0, le=15.0)
    is_enabled: bool = True
    loop: bool = False
    """Files only: begin again at the end."""
    zones: tuple[Zone, ...] = ()

    @property
    def label(self) -> str:
        """What people call it: its name, or its id as a fallback."""
        return self.name or self.camera_id

    @model_validator(mode="after")
    def _zone_ids_differ(self) -> Camera:
        ids = [zone.zone_id for zone in self.zones]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"Zone ids must differ within a camera; {', '.join(twice)} is used more than once.")
        return self
