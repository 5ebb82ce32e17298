"""All tables."""

from cloud_api.models.edge_device import EdgeDevice, EdgeKey
from cloud_api.models.event import Event
from cloud_api.models.organisation import Organisation
from cloud_api.models.rollup import RollupCoarse, RollupFine
from cloud_api.models.store import Store
from cloud_api.models.user import User
from cloud_api.models.zone_recount import ZoneRecount

__all__ = [
    "EdgeDevice",
    "EdgeKey",
    "Event",
    "Organisation",
    "RollupCoarse",
    "RollupFine",
    "Store",
    "User",
    "ZoneRecount",
]
