"""Definitions of reports that can be made again: what to report on, not the figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from cloud_api.kit.errors import ConflictError, NotFoundError
from cloud_api.kit.language import gettext as _
from cloud_api.models import SavedReport
from cloud_api.reports.report import Part
from cloud_api.tenancy.principal import Principal
from cloud_api.tenancy.scoped_repository import ScopedRepository

MOST = 200


@dataclass(frozen=True, slots=True)
class ReportDefinition:
    """``period``: the words that a query carries ("last-month"), so that it moves on. ``stores`` empty: all in sight."""

    title: str
    period: str
    parts: tuple[Part, ...]
    stores: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedView:
    """A definition and who made it."""

    id: UUID
    name: str
    definition: ReportDefinition
    made_by: str
    made_at: datetime


class SavedReports(ScopedRepository):
    """Those of a store for whoever sees that store alone, those of the organisation for the others."""

    async def all(self) -> list[SavedView]:
        """By name."""
        query = self._select(
            SavedReport, col(SavedReport.id), col(SavedReport.name), col(SavedReport.document),
            col(SavedReport.made_by), col(SavedReport.made_at),
        )  # fmt: skip
        rows = await self._connection.execute(query.order_by(col(SavedReport.name)).limit(MOST))
        return [SavedView(row[0], row[1], _definition(row[2]), row[3], row[4]) for row in rows]

    async def save(self, name: str, definition: ReportDefinition, *, by: Principal) -> None:
        """Keep it under a new name.

        Raises:
            ConflictError: the name is taken, or there are too many.
        """
        there = await self.all()
        if any(s.name == name for s in there):
            raise ConflictError(_("There is a saved report '%(name)s' already; choose another name.", name=name))
        if len(there) >= MOST:
            raise ConflictError(_("At most %(n)s reports are kept; delete one first.", n=MOST))
        row = SavedReport(
            org_id=self._scope.org_id, store_id=self._scope.store_id, name=name, document=_document(definition),
            made_by=by.email,
        )  # fmt: skip
        try:
            async with self._connection.begin_nested():
                await self._add(row)
        except IntegrityError:
            raise ConflictError(
                _("There is a saved report '%(name)s' already; choose another name.", name=name)
            ) from None

    async def delete(self, report_id: UUID) -> str:
        """Its name, for the log.

        Raises:
            NotFoundError
        """
        query = self._delete(SavedReport).where(col(SavedReport.id) == report_id).returning(col(SavedReport.name))
        name = (await self._connection.execute(query)).scalar_one_or_none()
        if name is None:
            raise NotFoundError(_("There is no such report."))
        return str(name)


def _document(definition: ReportDefinition) -> dict[str, Any]:
    return {
        "title": definition.title, "period": definition.period, "parts": [str(p) for p in definition.parts],
        "stores": [str(s) for s in definition.stores],
    }  # fmt: skip


def _definition(document: dict[str, Any]) -> ReportDefinition:
    return ReportDefinition(
        str(document["title"]), str(document["period"]), tuple(Part(p) for p in document["parts"] if p in tuple(Part)),
        _ids(document["stores"]),
    )  # fmt: skip


def _ids(texts: Sequence[str]) -> tuple[UUID, ...]:
    return tuple(UUID(t) for t in texts)
