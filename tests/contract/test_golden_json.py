"""What travels between store and cloud, byte by byte.

A file under ``golden/`` is a promise to every laptop in the field. It is never edited; a new form is a new version.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from shared_models.events import EVENT_ADAPTER, EventDraft, EventType
from shared_models.sync import BatchReceipt, EventBatch

GOLDEN = Path(__file__).parent / "golden" / "v1"
ENVELOPES: dict[str, type[BaseModel]] = {
    "batch": EventBatch,
    "batch_dead_letters": EventBatch,
    "receipt": BatchReceipt,
}


def golden(name: str) -> dict[str, Any]:
    value = json.loads((GOLDEN / f"{name}.json").read_text())
    assert isinstance(value, dict)
    return value


def test_every_event_type_has_its_golden_file_and_no_file_is_left_over() -> None:
    names = {path.stem for path in GOLDEN.glob("*.json")}
    assert names == {str(t) for t in EventType} | set(ENVELOPES)


@pytest.mark.parametrize("event_type", EventType)
def test_an_event_is_read_and_written_as_it_was_promised(event_type: EventType) -> None:
    promised = golden(event_type)
    event = EVENT_ADAPTER.validate_json(json.dumps(promised))
    assert event.type is event_type
    assert json.loads(event.model_dump_json()) == promised


@pytest.mark.parametrize("name", ENVELOPES)
def test_an_envelope_is_read_and_written_as_it_was_promised(name: str) -> None:
    promised = golden(name)
    assert json.loads(ENVELOPES[name].model_validate_json(json.dumps(promised)).model_dump_json()) == promised


@pytest.mark.parametrize("event_type", EventType)
def test_a_draft_stamped_is_the_event(event_type: EventType) -> None:
    event = EVENT_ADAPTER.validate_python(golden(event_type))
    draft = EventDraft.model_validate(event.model_dump(exclude={"event_id", "seq", "schema_version"}))
    assert draft.stamped(event_id=event.event_id, seq=event.seq) == event


@pytest.mark.parametrize(
    ("event_type", "change"),
    [
        ("dwell", {"value": -1}),
        ("dwell", {"value": None}),
        ("dwell", {"value": "NaN"}),
        ("dwell", {"zone_id": None}),
        ("footfall_in", {"value": 1}),
        ("footfall_in", {"seq": 0}),
        ("footfall_in", {"zone_revision": None}),
        ("footfall_in", {"occurred_at": "2026-03-29T00:59:59"}),
        ("footfall_in", {"confidence": 1.5}),
        ("footfall_in", {"type": "footfall_up"}),
        ("footfall_in", {"schema_version": 2}),
        ("footfall_in", {"store_id": "s1"}),
        ("camera_gap", {"zone_id": "entrance_in"}),
        ("heatmap", {"attributes": {"cells": "x" * 20_000}}),
        ("occupancy", {"camera_id": " "}),
    ],
)
def test_an_event_that_breaks_the_promise_is_refused(event_type: str, change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EVENT_ADAPTER.validate_python({**golden(event_type), **change})


def test_moments_are_kept_in_utc_whatever_the_sender_wrote() -> None:
    event = EVENT_ADAPTER.validate_python({**golden("footfall_in"), "occurred_at": "2026-03-29T02:59:59.250+02:00"})
    assert json.loads(event.model_dump_json())["occurred_at"] == "2026-03-29T00:59:59.250000Z"


def test_an_event_cannot_be_changed() -> None:
    event = EVENT_ADAPTER.validate_python(golden("footfall_in"))
    with pytest.raises(ValidationError):
        event.seq = 9
