"""Who speaks with an edge key."""

from __future__ import annotations

from cloud_api.auth.credentials import MAX_LENGTH, digest_of
from cloud_api.kit.database import Database
from cloud_api.kit.errors import CloudError
from cloud_api.models import EdgeKey
from cloud_api.tenancy.principal import EdgePrincipal
from cloud_api.tenancy.shown_credential import row_of_credential
from cloud_api.tenancy.transactions import by_credential


class UnknownKeyError(CloudError):
    """No device speaks with this key."""

    status = 401


async def device_of(database: Database, key: str) -> EdgePrincipal:
    """The device that speaks with ``key``.

    Raises:
        UnknownKeyError: there is none, or the key was revoked.
    """
    if 20 <= len(key) <= MAX_LENGTH:
        digest = digest_of(key)
        async with by_credential(database, digest) as connection:
            row = await row_of_credential(
                connection, EdgeKey, digest, EdgeKey.device_id, EdgeKey.org_id, EdgeKey.store_id, EdgeKey.revoked_at
            )
        if row is not None and row.revoked_at is None:
            return EdgePrincipal(row.device_id, row.org_id, row.store_id)
    raise UnknownKeyError("This edge key is not known, or was revoked; make a new one for the store.")
