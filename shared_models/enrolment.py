"""How a new laptop gets its edge key: by a pairing code that a person reads from the cloud's page."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared_models.store_time import RESET_HOUR

ENROL_PATH = "/api/v1/edge/enrol"
CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without I, L and O, which people read as 1 and 0 (and as each other)."""
CODE_LENGTH = 8


def tidy_code(typed: str) -> str:
    """A code as it was made: people type small letters, spaces and dashes."""
    return "".join(c for c in typed.upper() if c.isalnum())


class StoreFacts(BaseModel):
    """A store as head office has set it: its name, its IANA time zone, and the hour at which its level begins anew."""

    model_config = ConfigDict(frozen=True)

    name: str = ""
    time_zone: str = ""
    reset_hour: int = Field(default=RESET_HOUR, ge=0, le=23)


class EnrolRequest(BaseModel):
    """``code``: eight letters, in any case, with or without dashes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(min_length=1, max_length=40, examples=["ABCD-EFGH"])
    device_name: str = Field(default="", max_length=200, examples=["Back office laptop"])
    version: str = Field(default="", max_length=100)


class EnrolAnswer(BaseModel):
    """The key, told this once, and where it belongs."""

    model_config = ConfigDict(frozen=True)

    edge_key: str
    device_id: UUID
    store_id: UUID
    store_name: str
    organisation_name: str
    timezone: str
    reset_hour: int = RESET_HOUR
