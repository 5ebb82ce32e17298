"""Who asks, and what they may see."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """The first two see all stores of their organisation, the others one."""

    ORG_ADMIN = "org_admin"
    ANALYST = "analyst"
    STORE_OWNER = "store_owner"
    STAFF = "staff"

    @property
    def sees_organisation(self) -> bool:
        return self in (Role.ORG_ADMIN, Role.ANALYST)


@dataclass(frozen=True, slots=True)
class Principal:
    """A person who is logged in."""

    user_id: UUID
    org_id: UUID
    store_id: UUID | None
    role: Role


@dataclass(frozen=True, slots=True)
class EdgePrincipal:
    """A store laptop."""

    device_id: UUID
    org_id: UUID
    store_id: UUID


@dataclass(frozen=True, slots=True)
class Scope:
    """What a credential may touch: one organisation, or one store of it. There is no wider one."""

    org_id: UUID
    store_id: UUID | None


def scope_of(principal: Principal | EdgePrincipal) -> Scope:
    """The one function from who asks to what they may see."""
    if isinstance(principal, EdgePrincipal):
        return Scope(principal.org_id, principal.store_id)
    if principal.role.sees_organisation:
        return Scope(principal.org_id, None)
    if principal.store_id is None:
        # A store role without a store sees nothing; an id that no store has says so to every query.
        return Scope(principal.org_id, UUID(int=0))
    return Scope(principal.org_id, principal.store_id)
