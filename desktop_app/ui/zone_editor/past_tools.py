"""The Zones screen and the past: trying what is drawn on it, and counting it anew after a save."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from PySide6.QtCore import QObject

from desktop_app.services.past_desk import Cancelled, PastCount, worth_recounting
from desktop_app.services.recent_tracks import TryOut
from desktop_app.services.trajectories import Span
from desktop_app.ui.pieces import Banner, Page
from desktop_app.ui.zone_editor.inspector import Inspector, TrySpan
from desktop_app.ui.zone_editor.recount_dialog import RecountDialog
from desktop_app.workers.background_op import BackgroundOp
from shared_models.zones import Zone

WORTH_ASKING = timedelta(minutes=1)
"""Less than this of kept ways is no past to speak of."""
TRY_DAYS = {TrySpan.TODAY: 1, TrySpan.WEEK: 7, TrySpan.ALL: 0}


class PastTools(QObject):
    """Belongs to one page and uses its slow work.

    Args:
        offer: where a recount is offered.
    """

    def __init__(self, page: Page, inspector: Inspector, offer: Banner) -> None:
        super().__init__(page)
        self._page, self._inspector, self._offer = page, inspector, offer
        self._trying: BackgroundOp | None = None
        self.dialog: RecountDialog | None = None

    def forget(self) -> None:
        """Another camera is shown: what is tried or offered belongs to the old one."""
        self.stop_trying()
        self._offer.say("")

    def close(self) -> None:
        """The window goes."""
        self.stop_trying()
        if self.dialog is not None:
            self.dialog.close()

    # -- trying

    def try_it(self, camera_id: str, zones: tuple[Zone, ...]) -> None:
        """Count by what is drawn now, over the span that the inspector names; a second press stops it."""
        if self._trying is not None:
            self.stop_trying()
            return
        span = self._inspector.try_span
        work = (
            partial(self._over_days, camera_id, zones, span)
            if span in TRY_DAYS
            else self._over_minutes(camera_id, zones)
        )
        self._inspector.show_trying(0.0)
        op = self._page.ops.start(
            "try-zones",
            work,
            done=self._tried,
            failed=self._inspector.show_try_failed,
            finished=lambda: self._tried_once(op),
        )
        self._trying = op
        if op is not None:
            op.progressed.connect(self._inspector.show_trying)

    def stop_trying(self) -> None:
        """Nobody waits for it any more."""
        op, self._trying = self._trying, None
        if op is not None:
            op.cancel()
            self._inspector.show_trying(None)

    def _over_minutes(self, camera_id: str, zones: tuple[Zone, ...]) -> Callable[[BackgroundOp], TryOut | None]:
        recent = self._page.desk.ports.host.recent
        return lambda _: recent.try_zones(camera_id, zones)

    def _over_days(self, camera_id: str, zones: tuple[Zone, ...], span: TrySpan, op: BackgroundOp) -> PastCount | None:
        desk = self._page.desk
        now = desk.ports.clock.utc_now()
        since = desk.past.known_since(camera_id) or now
        if TRY_DAYS[span]:
            first = desk.today() - timedelta(days=TRY_DAYS[span] - 1)
            since = max(since, desk.time.day_bounds(first)[0])

        def go_on(share: float) -> bool:
            op.progressed.emit(share)
            return not op.is_cancelled

        try:
            return desk.past.count(camera_id, zones, span=Span(since, max(now, since)), progress=go_on)
        except Cancelled:
            return None

    def _tried(self, found: TryOut | PastCount | None) -> None:
        if isinstance(found, PastCount):
            self._inspector.show_tried_past(found)
        else:
            self._inspector.show_tried(found)

    def _tried_once(self, op: BackgroundOp | None) -> None:
        if self._trying is op:
            self._trying = None
            self._inspector.show_trying(None)

    # -- counting anew

    def offer_recount(
        self, camera_id: str, *, before: tuple[Zone, ...], saved: tuple[Zone, ...], since: datetime | None
    ) -> None:
        """Zones were saved: ask whether past days shall be counted by them, where there are any."""
        zone_ids = worth_recounting(before, saved)
        now = self._page.desk.ports.clock.utc_now()
        if not zone_ids or since is None or now - since < WORTH_ASKING:
            self._offer.say("")
            return
        when = f"{since.astimezone(self._page.desk.zone):%Y-%m-%d %H:%M}"
        self._offer.say(
            self.tr("Saved. Count past days by it too? People's ways are kept since {when}.").format(when=when),
            buttons=(
                (self.tr("Count past days..."), lambda: self.open_recount(camera_id, saved, zone_ids, since)),
                (self.tr("Only from now on"), lambda: self._offer.say("")),
            ),
        )

    def open_recount(self, camera_id: str, zones: tuple[Zone, ...], zone_ids: frozenset[str], since: datetime) -> None:
        """Show what the past would be."""
        self._offer.say("")
        self.dialog = RecountDialog(
            self._page.around, camera_id, zones, zone_ids=zone_ids, known_since=since, parent=self._page
        )
        self.dialog.recounted.connect(self._recounted)
        self.dialog.finished.connect(self._dialog_closed)
        self.dialog.open()

    def _recounted(self, void: int) -> None:
        words = self.tr("Past days are counted by the new zones now; {n} earlier events were replaced.")
        self._offer.say(words.format(n=void), button=self.tr("Good"), done=lambda: self._offer.say(""))

    def _dialog_closed(self) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.deleteLater()
