"""``wink-edge recount``: a line drawn today counts last month."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from desktop_app.cli.failure import explained, fail
from desktop_app.settings import EdgeSettings

if TYPE_CHECKING:
    from desktop_app.bootstrap.past import RecountPlan


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(recount)


def recount(
    zone: Annotated[str, typer.Option("--zone", help="The zone's id.")],
    start: Annotated[
        str, typer.Option("--from", help="Beginning, e.g. 2026-03-01 or 2026-03-01T09:00; the store's time.")
    ],
    end: Annotated[str, typer.Option("--to", help="End; what happens at this moment is not touched.")],
    camera: Annotated[str | None, typer.Option("--camera", help="Where several cameras have such a zone.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="Take the zone as drawn here; else as it was drawn last.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="Where outbox and history are.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Count a zone anew over the foot paths that are kept; its earlier crossings and stays are replaced everywhere."""
    from desktop_app.bootstrap.past import apply_recount, plan_recount
    from desktop_app.bootstrap.store_of_files import stores_zone
    from desktop_app.services.moments import parse_moment
    from desktop_app.services.trajectories import Span
    from shared_models.clock import SystemClock

    settings = EdgeSettings() if data_dir is None else EdgeSettings(data_dir=data_dir)
    with explained():
        now = SystemClock().utc_now()
        zone_there = stores_zone(settings, config=config)
        span = Span(parse_moment(start, now=now, zone=zone_there), parse_moment(end, now=now, zone=zone_there))
        if span.seconds <= 0:
            fail("--from must lie before --to.")
        plan = plan_recount(zone, span, settings=settings, camera_id=camera, config=config)
        is_written = plan.changes_anything and not dry_run
        void = apply_recount(plan, settings=settings) if is_written else 0
    if as_json:
        typer.echo(json.dumps(_value(plan, is_written=is_written, void=void)))
    else:
        _print(plan, is_written=is_written, void=void, is_dry=dry_run)


def _value(plan: RecountPlan, *, is_written: bool, void: int) -> dict[str, object]:
    from desktop_app.services.recount import Figures, by_day, figures

    recount = plan.recount
    before, after = by_day(plan.before, time=plan.time), by_day(recount.drafts, time=plan.time)
    nothing = Figures()
    return {
        "zone_id": recount.zone.zone_id,
        "camera_id": recount.camera_id,
        "spans": [[part.from_at.isoformat(), part.to_at.isoformat()] for part in recount.spans],
        "missing_s": round(recount.missing_s, 3),
        "before": figures(plan.before).as_json(),
        "after": figures(recount.drafts).as_json(),
        "days": [
            {"day": day, "before": before.get(day, nothing).as_json(), "after": after.get(day, nothing).as_json()}
            for day in sorted({*before, *after})
        ],
        "changes_anything": plan.changes_anything,
        "is_written": is_written,
        "void": void,
    }


def _print(plan: RecountPlan, *, is_written: bool, void: int, is_dry: bool) -> None:
    from desktop_app.services.recount import Figures, by_day

    before, after = by_day(plan.before, time=plan.time), by_day(plan.recount.drafts, time=plan.time)
    typer.echo(f"{plan.recount.zone.label}, camera {plan.recount.camera_id}")
    typer.echo(f"{'day':<12}{'in':>16}{'out':>16}{'stays':>16}")
    for day in sorted({*before, *after}):
        old, new = before.get(day, Figures()), after.get(day, Figures())
        cells = ((old.went_in, new.went_in), (old.went_out, new.went_out), (old.stays, new.stays))
        typer.echo(f"{day:<12}" + "".join(f"{f'{a} -> {b}':>16}" for a, b in cells))
    if plan.recount.missing_s >= 1:
        hours = plan.recount.missing_s / 3600
        typer.echo(
            f"Of {hours:.1f} hours no foot paths are kept (the camera was off, or it is too long ago): not touched."
        )
    if not plan.changes_anything:
        typer.echo("Exactly this was counted already; nothing to change.")
    elif is_dry:
        typer.echo("Nothing was changed; leave out --dry-run to do it.")
    elif is_written:
        typer.echo(f"Done: {void} earlier events are void, {len(plan.recount.drafts)} are in their stead.")
