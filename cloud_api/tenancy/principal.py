"""Who asks, and what they may see and do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from cloud_api.kit.errors import CloudError


class ForbiddenError(CloudError):
    """The asker is known, the thing is in sight, and the role does not reach."""

    status = 403


class Role(StrEnum):
    """The first two see all stores of their organisation, the others one."""

    ORG_ADMIN = "org_admin"
    ANALYST = "analyst"
    STORE_OWNER = "store_owner"
    STAFF = "staff"

    @property
    def sees_organisation(self) -> bool:
        return self in (Role.ORG_ADMIN, Role.ANALYST)


class Act(StrEnum):
    """What a role may do beyond looking at figures."""

    RUN_ORGANISATION = "run the organisation"
    RUN_STORE = "change a store"
    READ_SETTINGS = "read the settings"


_ALLOWED = {
    Act.RUN_ORGANISATION: {Role.ORG_ADMIN},
    Act.RUN_STORE: {Role.ORG_ADMIN, Role.STORE_OWNER},
    Act.READ_SETTINGS: {Role.ORG_ADMIN, Role.ANALYST, Role.STORE_OWNER},
}


@dataclass(frozen=True, slots=True)
class Principal:
    """A person who is logged in; ``session_id`` is the log-in."""

    user_id: UUID
    org_id: UUID
    store_id: UUID | None
    role: Role
    session_id: UUID | None = None
    email: str = ""


@dataclass(frozen=True, slots=True)
class EdgePrincipal:
    """A store laptop."""

    device_id: UUID
    org_id: UUID
    store_id: UUID


@dataclass(frozen=True, slots=True)
class ApiPrincipal:
    """A third party's program: it reads figures and nothing else."""

    key_id: UUID
    org_id: UUID
    store_id: UUID | None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a credential may touch: one organisation, or one store of it. There is no wider one."""

    org_id: UUID
    store_id: UUID | None


def scope_of(principal: Principal | EdgePrincipal | ApiPrincipal) -> Scope:
    """The one function from who asks to what they may see."""
    if not isinstance(principal, Principal):
        return Scope(principal.org_id, principal.store_id)
    if principal.role.sees_organisation:
        return Scope(principal.org_id, None)
    if principal.store_id is None:
        # A store role without a store sees nothing; an id that no store has says so to every query.
        return Scope(principal.org_id, UUID(int=0))
    return Scope(principal.org_id, principal.store_id)


def may(principal: Principal, act: Act) -> bool:
    """Whether the role reaches."""
    return principal.role in _ALLOWED[act]


def require(principal: Principal, act: Act) -> None:
    """Refuse what the role does not reach.

    Raises:
        ForbiddenError
    """
    if not may(principal, act):
        allowed = " or ".join(sorted(_ALLOWED[act]))
        raise ForbiddenError(f"Your role ({principal.role}) may not {act}; ask a {allowed}.")
