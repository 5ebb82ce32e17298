"""All tables."""

from cloud_api.models.audit_entry import AuditEntry
from cloud_api.models.edge_device import EdgeDevice, EdgeKey, PairingCode
from cloud_api.models.event import Event
from cloud_api.models.insight_note import InsightNote
from cloud_api.models.missing_seqs import MissingSeqs
from cloud_api.models.organisation import Organisation
from cloud_api.models.rollup import (
    CoverageCamera,
    CoverageDay,
    CoverageQuarter,
    HeatDay,
    RollupCoarse,
    RollupDay,
    RollupDaySteps,
    RollupFine,
    RollupHour,
)
from cloud_api.models.saved_report import SavedReport
from cloud_api.models.server_state import ServerState, Tries
from cloud_api.models.session import ApiKey, OneTimeLink, RefreshToken, Session
from cloud_api.models.store import Camera, OpeningException, OpeningHours, Store, ZoneRevision
from cloud_api.models.user import User
from cloud_api.models.zone_recount import ZoneRecount

__all__ = [
    "ApiKey",
    "AuditEntry",
    "Camera",
    "CoverageCamera",
    "CoverageDay",
    "CoverageQuarter",
    "EdgeDevice",
    "EdgeKey",
    "Event",
    "HeatDay",
    "InsightNote",
    "MissingSeqs",
    "OneTimeLink",
    "OpeningException",
    "OpeningHours",
    "Organisation",
    "PairingCode",
    "RefreshToken",
    "RollupCoarse",
    "RollupDay",
    "RollupDaySteps",
    "RollupFine",
    "RollupHour",
    "SavedReport",
    "ServerState",
    "Session",
    "Store",
    "Tries",
    "User",
    "ZoneRecount",
    "ZoneRevision",
]
