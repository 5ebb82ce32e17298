"""Pairing codes: eight letters on the cloud's page, typed at the laptop, good once and for ten minutes."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import col

from cloud_api.auth.credentials import digest_of
from cloud_api.devices.devices import Devices
from cloud_api.kit.database import Database
from cloud_api.kit.errors import CloudError
from cloud_api.models import PairingCode
from cloud_api.models.base import utc_now
from cloud_api.tenancy.audit import AuditLog
from cloud_api.tenancy.organisations import Organisations
from cloud_api.tenancy.principal import Scope
from cloud_api.tenancy.scoped_repository import ScopedRepository
from cloud_api.tenancy.shown_credential import row_of_credential
from cloud_api.tenancy.transactions import adopt, by_credential
from cloud_api.tenancy.visible_stores import VisibleStores
from shared_models.enrolment import CODE_LENGTH, CODE_LETTERS, EnrolAnswer, EnrolRequest, tidy_code

CODE_LIFE = timedelta(minutes=10)


class CodeError(CloudError):
    """A code that is wrong, used up or too old: all look the same."""

    status = 404


class PairingCodes(ScopedRepository):
    """Codes of stores in scope."""

    async def make(self, store_id: UUID, *, created_by: UUID | None) -> tuple[str, datetime]:
        """A new code, with a dash in its middle, and when it ends. Codes made before for this store end now."""
        now = utc_now()
        older = self._update(PairingCode).where(
            col(PairingCode.store_id) == store_id, col(PairingCode.used_at).is_(None)
        )
        await self._connection.execute(older.values(used_at=now))
        code = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
        await self._add(
            PairingCode(
                org_id=self._scope.org_id, store_id=store_id, digest=digest_of(code), created_by=created_by,
                expires_at=now + CODE_LIFE,
            )
        )  # fmt: skip
        return f"{code[:4]}-{code[4:]}", now + CODE_LIFE

    async def use(self, digest: str, *, now: datetime) -> bool:
        """Use it up; False if it is used up or too old."""
        query = self._update(PairingCode).where(
            col(PairingCode.digest) == digest, col(PairingCode.used_at).is_(None), col(PairingCode.expires_at) > now
        )
        used = query.values(used_at=now).returning(col(PairingCode.id))
        return (await self._connection.execute(used)).first() is not None


async def enrol(database: Database, request: EnrolRequest, *, address: str) -> EnrolAnswer:
    """Exchange a code for an edge key.

    Raises:
        CodeError
    """
    digest = digest_of(tidy_code(request.code))
    async with by_credential(database, digest) as connection:
        row = await row_of_credential(connection, PairingCode, digest, PairingCode.org_id, PairingCode.store_id)
        if row is None:
            raise CodeError("This code is wrong, was used, or is older than ten minutes; ask for a new one.")
        scope = Scope(row.org_id, row.store_id)
        await adopt(connection, scope)
        if not await PairingCodes(connection, scope).use(digest, now=utc_now()):
            raise CodeError("This code is wrong, was used, or is older than ten minutes; ask for a new one.")
        store = await VisibleStores(connection, scope).one(row.store_id)
        device_id, key = await Devices(connection, scope).enrol(
            store, name=request.device_name, version=request.version
        )
        await AuditLog(connection, scope).note(
            actor=f"laptop {request.device_name}", act="laptop enrolled", subject=request.device_name, address=address
        )
        organisation = await Organisations(connection, scope).own()
    return EnrolAnswer(
        edge_key=key, device_id=device_id, store_id=store.id, store_name=store.name,
        organisation_name=organisation.name, timezone=store.timezone, reset_hour=store.reset_hour,
    )  # fmt: skip
