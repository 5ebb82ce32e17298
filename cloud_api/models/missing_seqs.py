"""Numbers of a laptop that no event has come for yet."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class MissingSeqs(SQLModel, table=True):
    """From ``first_seq`` to ``last_seq``: below the laptop's highest number, and no event is here that has one of them.

    Spans of one laptop neither touch nor overlap. A number that was given up (its event was refused) is among them too:
    a person may send that event again.
    """

    __tablename__ = "missing_seqs"

    store_id: UUID = Field(primary_key=True)
    device_id: UUID = Field(primary_key=True)
    last_seq: int = Field(primary_key=True, sa_type=BigInteger)
    org_id: UUID
    first_seq: int = Field(sa_type=BigInteger)
