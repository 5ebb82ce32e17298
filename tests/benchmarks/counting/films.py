"""People on film, ours beside the peers: the section of the table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from desktop_app.services.mot_format import MotFile
from tests.benchmarks.counting.asking import Asked, Counts
from tests.benchmarks.counting.mot import FILMS, Film, from_frame, joined
from tests.benchmarks.counting.mot import boxes as boxes_of
from tests.benchmarks.counting.mot import counted as mot_counted
from tests.benchmarks.counting.mot import truth_of as mot_truth


def films(asked: Asked) -> list[str]:
    """MOT sequences: exact boxes with ids, without ids at five looks a second, and a detector's boxes."""
    rows, blind = [], []
    for film in FILMS:
        row, is_blind = asked.saved(f"film-{film.name}-{len(asked.peer_names)}", partial(_film, asked, film))
        (blind if is_blind else rows).append(row)
    with_ids = [name for name, (_, tracker) in asked.peer_table.items() if tracker != "ocsort"]
    heads = [f"{n}: exact, ids" for n in with_ids]
    heads += [f"{n}: detected, {rate}" for n in asked.peer_names for rate in ("full", "5/s")]
    ours_heads = [
        "exact, ids, full rate",
        "exact, no ids, 5/s",
        "exact, no ids, full rate",
        "exact, ids, 5/s, all starts",
        "exact, no ids, 5/s, all starts",
        "detected, full",
        "detected, 5/s",
    ]
    return [
        "## People on film (MOTChallenge)",
        "",
        "Six lines in each picture. Crossings counted wrongly (sum of |counted - true| per line and direction) of the true;",
        "in brackets the lines of six that are exact. The truth is that of the ground truth's paths; who was given a new",
        "number there after being hidden is one person (docs/adr/0021). The peers' figures are of the five straight lines.",
        "*All starts*: five looks a second can begin at any of five or six frames; the mean of all. With the right ids it is",
        "what no tracker could better: people who come or go between two looks, or stay just short of a line in all of them.",
        "",
        f"| film | true | {' | '.join('ours: ' + h for h in ours_heads)} | {' | '.join(heads)} |",
        "|---|---|" + "---|" * (len(ours_heads) + len(heads)),
        *rows,
        "",
        "Films without ground truth: all crossings found, at full rate and at five looks a second (the nearer the better).",
        "",
        f"| film | ours, full | ours, 5/s | {' | '.join(f'{n}, {r}' for n in asked.peer_names for r in ('full', '5/s'))} |",
        "|---|---|---|" + "---|" * (2 * len(asked.peer_names)),
        *blind,
        "",
    ]


def _film(asked: Asked, film: Film) -> tuple[str, bool]:
    """The row of one film, and whether it is one without truth."""
    found = boxes_of(film, film.found)
    jobs = [_film_job(film, found, every=1), _film_job(film, found, every=film.every)]
    ours = [mot_counted(film, found, associate=True, every=n) for n in (1, film.every)]
    theirs = {
        name: ask([{**job, "tracker": tracker} for job in jobs])["counts"]
        for name, (ask, tracker) in asked.peer_table.items()
    }
    if film.truth is None:
        cells = [f"{sum(map(sum, c.values()))}" for c in ours]
        cells += [f"{sum(sum(c[n]) for n in film.straight())}" for listed in theirs.values() for c in listed]
        return f"| {film.name} | {' | '.join(cells)} |", True
    truth, exact = mot_truth(film), boxes_of(film, film.truth)
    given = mot_counted(film, exact, associate=False, every=1)
    five = mot_counted(film, exact, associate=True, every=film.every)
    full = mot_counted(film, exact, associate=True, every=1)
    whole = [truth], list(truth)
    ids_job = _film_job(film, exact, every=1, with_ids=True)
    peer_ids = {name: peers([{**ids_job, "tracker": None}])["counts"][0]
                for name, (peers, tracker) in asked.peer_table.items() if tracker != "ocsort"}  # fmt: skip
    starts = [from_frame(exact, k) for k in range(film.every)]
    known = [mot_counted(film, joined(film, m), associate=False, every=film.every) for m in starts]
    found_all = [mot_counted(film, m, associate=True, every=film.every) for m in starts]
    cells = [_wrong(truth, c, whole[1]) for c in (given, five, full)]
    cells += [_mean_wrong(truth, listed) for listed in (known, found_all)]
    cells += [_wrong(truth, c, whole[1]) for c in ours]
    cells += [_wrong(truth, c, film.straight()) for c in peer_ids.values()]
    cells += [_wrong(truth, c, film.straight()) for listed in theirs.values() for c in listed]
    return f"| {film.name} | {sum(map(sum, truth.values()))} | {' | '.join(cells)} |", False


def _mean_wrong(truth: Counts, counted: Sequence[Counts]) -> str:
    """Crossings counted wrongly at five looks a second, over every frame at which the looks can begin: the mean."""
    off = [sum(abs(a - b) for n in truth for a, b in zip(truth[n], c[n], strict=True)) for c in counted]
    return f"{sum(off) / len(off):.1f}"


def _film_job(film: Film, listed: MotFile, *, every: int, with_ids: bool = False) -> dict[str, Any]:
    frames = [listed.frames.get(n, []) for n in range(1, listed.last_frame + 1, every)]
    return {
        "frames": [
            {
                "boxes": [[b.x, b.y, b.x + b.width, b.y + b.height] for b in people],
                "scores": [b.score for b in people],
                "ids": [b.track_id for b in people] if with_ids else None,
            }
            for people in frames
        ],
        "lines": {name: film.lines()[name] for name in film.straight()},
        "anchor": "feet",
        "fps": film.fps / every,
    }


def _wrong(truth: Counts, counted: dict[str, Any], names: Iterable[str]) -> str:
    off = {n: sum(abs(a - b) for a, b in zip(truth[n], counted[n], strict=True)) for n in names}
    return f"{sum(off.values())} ({sum(not v for v in off.values())})"
