"""Zones between a store and its cloud: one side's change travels, both sides' changes are kept until a person chooses."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from desktop_app.services.edge_link import LinkError, camera_health
from desktop_app.services.engine_view import CameraCondition, CameraStatus
from desktop_app.services.zone_store import ZoneStore
from desktop_app.services.zone_sync import Choice, Ledger, LocalZones, ZoneSync, fingerprint
from shared_models.heartbeat import CameraHealth, CameraState, Heartbeat
from shared_models.zones import LineZone, Zone
from tests.helpers.edge_links import InMemoryLink

DOOR = LineZone(zone_id="door", points=((0.1, 0.5), (0.9, 0.5)))
LOWER = LineZone(zone_id="door", points=((0.1, 0.6), (0.9, 0.6)))
HIGHER = LineZone(zone_id="door", points=((0.1, 0.4), (0.9, 0.4)))


class Store:
    """A store with one camera, ``cam``, and its side of the link."""

    def __init__(self, folder: Path, link: InMemoryLink, *, partner: str = "cloud") -> None:
        self.zones = ZoneStore(folder)
        self.link = link
        self.counted_by: list[tuple[Zone, ...]] = []
        local = LocalZones(
            lambda: {"cam": self.zones.zones_of("cam") or ()},
            lambda camera_id: self.zones.draft_of(camera_id) is not None,
            self.take,
        )
        self.sync = ZoneSync(link, Ledger(folder / "zone-sync.json", partner=partner), local)

    @property
    def drawn(self) -> tuple[Zone, ...]:
        return self.zones.zones_of("cam") or ()

    def draw(self, *zones: Zone) -> None:
        self.zones.save("cam", zones, before=self.drawn)

    def take(self, camera_id: str, zones: tuple[Zone, ...]) -> None:
        self.counted_by.append(self.zones.save(camera_id, zones, before=self.drawn))

    def beat(self) -> None:
        health = CameraHealth(
            camera_id="cam", state=CameraState.SEEING, zone_revision=self.sync.revisions.get("cam", 0)
        )
        self.sync.reconcile(self.link.beat(Heartbeat(sent_at=datetime.now(UTC), cameras=(health,))))


@pytest.fixture
def link() -> InMemoryLink:
    return InMemoryLink()


@pytest.fixture
def store(tmp_path: Path, link: InMemoryLink) -> Store:
    return Store(tmp_path, link)


def in_cloud(link: InMemoryLink) -> str:
    return fingerprint(link.in_force["cam"].zones)


def test_zones_drawn_in_the_cloud_are_taken_once(store: Store, link: InMemoryLink) -> None:
    link.draw("cam", DOOR)
    store.beat()
    assert store.drawn == (DOOR,)
    store.beat()
    assert len(store.counted_by) == 1
    assert link.edits == []


def test_zones_drawn_here_are_brought_once(store: Store, link: InMemoryLink) -> None:
    store.draw(DOOR)
    store.beat()
    store.beat()
    assert in_cloud(link) == fingerprint((DOOR,))
    assert len(link.edits) == 1
    store.draw(LOWER)
    store.beat()
    assert in_cloud(link) == fingerprint((LOWER,))
    assert store.sync.news() == ()


def test_nothing_is_told_of_a_store_without_zones(store: Store, link: InMemoryLink) -> None:
    store.beat()
    assert link.edits == []
    assert link.in_force == {}


def test_an_emptied_camera_is_emptied_in_the_cloud_too(store: Store, link: InMemoryLink) -> None:
    store.draw(DOOR)
    store.beat()
    store.draw()
    store.beat()
    assert link.in_force["cam"].zones == ()


def test_both_changed_is_a_dispute_and_both_are_kept(store: Store, link: InMemoryLink) -> None:
    store.draw(DOOR)
    store.beat()
    store.draw(LOWER)
    link.draw("cam", HIGHER)
    store.beat()
    (news,) = store.sync.news()
    assert (news.camera_id, news.is_dispute, news.theirs) == ("cam", True, (HIGHER,))
    assert fingerprint(store.drawn) == fingerprint((LOWER,)), "ours goes on counting"
    store.beat()
    assert len(link.edits) == 2, "it is told once"


@pytest.mark.parametrize(("choice", "chosen"), [(Choice.THEIRS, HIGHER), (Choice.OURS, LOWER)])
def test_a_choice_made_here_holds_on_both_sides(
    store: Store, link: InMemoryLink, choice: Choice, chosen: LineZone
) -> None:
    store.draw(DOOR)
    store.beat()
    store.draw(LOWER)
    link.draw("cam", HIGHER)
    store.beat()
    store.sync.decide("cam", choice)
    assert store.sync.news() == ()
    assert fingerprint(store.drawn) == in_cloud(link) == fingerprint((chosen,))
    store.beat()
    assert link.waiting == {}
    assert fingerprint(store.drawn) == in_cloud(link) == fingerprint((chosen,))
    store.sync.decide("cam", choice)
    assert len(link.edits) == 3, "there is nothing left to decide"


def test_a_choice_made_in_the_cloud_is_followed(store: Store, link: InMemoryLink) -> None:
    store.draw(DOOR)
    store.beat()
    store.draw(LOWER)
    link.draw("cam", HIGHER)
    store.beat()
    link.choose("cam", HIGHER)
    store.beat()
    assert store.sync.news() == ()
    assert fingerprint(store.drawn) == fingerprint((HIGHER,))


def test_a_choice_for_ours_made_in_the_cloud_changes_nothing_here(store: Store, link: InMemoryLink) -> None:
    store.draw(DOOR)
    store.beat()
    store.draw(LOWER)
    link.draw("cam", HIGHER)
    store.beat()
    link.choose("cam", LOWER)
    store.beat()
    assert (store.sync.news(), store.counted_by) == ((), [])
    assert fingerprint(store.drawn) == fingerprint((LOWER,))


def test_the_cloud_that_moved_on_while_somebody_chose_is_looked_at_again(store: Store, link: InMemoryLink) -> None:
    store.draw(DOOR)
    store.beat()
    store.draw(LOWER)
    link.draw("cam", HIGHER)
    store.beat()
    newest = LineZone(zone_id="door", points=((0.1, 0.3), (0.9, 0.3)))
    link.draw("cam", newest)
    with pytest.raises(LinkError, match="once more"):
        store.sync.decide("cam", Choice.OURS)
    (news,) = store.sync.news()
    assert news.theirs == (newest,)
    store.sync.decide("cam", Choice.OURS)
    assert in_cloud(link) == fingerprint((LOWER,))


def test_what_is_edited_during_a_dispute_is_kept_in_the_cloud_too(store: Store, link: InMemoryLink) -> None:
    store.draw(DOOR)
    store.beat()
    store.draw(LOWER)
    link.draw("cam", HIGHER)
    store.beat()
    moved = LineZone(zone_id="door", points=((0.2, 0.7), (0.9, 0.7)))
    store.draw(moved)
    store.beat()
    store.beat()
    assert [fingerprint(e.zones) for e in link.edits[-2:]] == [fingerprint((LOWER,)), fingerprint((moved,))]
    store.sync.decide("cam", Choice.OURS)
    assert in_cloud(link) == fingerprint((moved,))


def test_a_draft_is_not_drawn_over_theirs_wait_for_it(store: Store, link: InMemoryLink) -> None:
    store.draw(DOOR)
    store.beat()
    store.zones.keep_draft("cam", (LOWER,))
    link.draw("cam", HIGHER)
    store.beat()
    (news,) = store.sync.news()
    assert (news.is_dispute, news.theirs) == (False, (HIGHER,))
    assert store.drawn == (DOOR,)
    assert store.zones.draft_of("cam") == (LOWER,)
    store.zones.drop_draft("cam")
    store.beat()
    assert fingerprint(store.drawn) == fingerprint((HIGHER,))
    assert store.sync.news() == ()


def test_a_draft_that_is_saved_over_theirs_is_a_dispute(store: Store, link: InMemoryLink) -> None:
    store.draw(DOOR)
    store.beat()
    store.zones.keep_draft("cam", (LOWER,))
    link.draw("cam", HIGHER)
    store.beat()
    store.draw(LOWER)
    store.beat()
    assert [n.is_dispute for n in store.sync.news()] == [True]


def test_agreements_outlive_the_program_and_another_cloud_begins_anew(tmp_path: Path, link: InMemoryLink) -> None:
    first = Store(tmp_path, link)
    first.draw(DOOR)
    first.beat()
    link.draw("cam", LOWER)
    again = Store(tmp_path, link)
    again.beat()
    assert fingerprint(again.drawn) == fingerprint((LOWER,))
    other_cloud = InMemoryLink()
    other_cloud.draw("cam", LOWER)
    moved = Store(tmp_path, other_cloud, partner="another cloud")
    moved.beat()
    assert moved.sync.revisions == {"cam": 1}, "equal zones agree"
    assert moved.sync.news() == ()


@pytest.mark.expected_log("was damaged")
def test_a_damaged_ledger_is_kept_aside_and_equal_zones_agree_again(tmp_path: Path, link: InMemoryLink) -> None:
    first = Store(tmp_path, link)
    first.draw(DOOR)
    first.beat()
    (tmp_path / "zone-sync.json").write_text("[]x")
    again = Store(tmp_path, link)
    again.beat()
    assert again.sync.news() == ()
    assert again.sync.revisions == {"cam": 1}
    assert (tmp_path / "zone-sync.json.damaged-1").is_file()


def test_what_the_cloud_missed_is_brought_when_it_is_back(store: Store, link: InMemoryLink) -> None:
    store.draw(DOOR)
    link.is_up = False
    with pytest.raises(LinkError):
        store.beat()
    link.is_up = True
    store.beat()
    assert in_cloud(link) == fingerprint((DOOR,))


def test_a_zone_that_comes_back_from_the_cloud_never_shares_a_number_with_another_shape(
    store: Store, link: InMemoryLink
) -> None:
    store.draw(DOOR)
    store.beat()
    link.draw("cam", LOWER.model_copy(update={"revision": 7}))
    store.beat()
    assert store.drawn[0].revision == 7
    link.draw("cam", HIGHER)
    store.beat()
    assert store.drawn[0].revision == 8


@pytest.mark.parametrize(
    ("condition", "reason", "state"),
    [
        (CameraCondition.LIVE, "", CameraState.SEEING),
        (CameraCondition.STARTING, "", CameraState.CONNECTING),
        (CameraCondition.STOPPED, "", CameraState.OFF),
        (CameraCondition.TROUBLE, "frozen", CameraState.FROZEN),
        (CameraCondition.TROUBLE, "SourceAuthError", CameraState.REFUSED),
        (CameraCondition.TROUBLE, "SourceTimeout", CameraState.STALE),
    ],
)
def test_each_condition_has_its_word_in_the_cloud(condition: CameraCondition, reason: str, state: CameraState) -> None:
    status = CameraStatus("cam", "x" * 300, condition, "w" * 400, datetime.now(UTC), 4.987, (), reason=reason)
    (health,) = camera_health([status], revisions={"cam": 3})
    assert (health.state, health.fps, health.zone_revision) == (state, 4.99, 3)
    assert (len(health.name), len(health.words)) == (200, 300)
