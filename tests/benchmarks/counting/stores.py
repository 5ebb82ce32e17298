"""The virtual store with real detection: the section of the table."""

from __future__ import annotations

from tests.benchmarks.counting.asking import HELD_OUT, Asked
from tests.benchmarks.counting.virtual_store import dwell_limits, judged


def stores(asked: Asked) -> list[str]:
    """Rendered shops, real detection."""
    rows = []
    found = judged(range(HELD_OUT, HELD_OUT + asked.store_seeds), minutes=asked.store_minutes, cache=asked.cache)
    for scene, by_rate in found.items():
        for fps, one in by_rate.items():
            share = f"{100 * one.right_dwells / one.dwells:.0f} %" if one.dwells else "-"
            rows.append(f"| {scene} | {fps:.1f} | {one.wrong} of {one.crossings} | {share} of {one.dwells} |")
    dwells = [one for by_rate in found.values() for fps, one in by_rate.items() if fps == 5.0]
    share = sum(d.right_dwells for d in dwells) / max(1, sum(d.dwells for d in dwells))
    seeds = range(HELD_OUT, HELD_OUT + asked.store_seeds)
    limits = dwell_limits(seeds, minutes=asked.store_minutes, cache=asked.cache)
    rules, ids = (found.right_dwells / max(1, found.dwells) for found in (limits.true_boxes, limits.true_ids))
    return [
        "## The virtual store, real detection",
        "",
        f"{asked.store_seeds} films of {asked.store_minutes:g} minutes per scene, busier than the demo. Dwells: share of the "
        "true stays that were found and are right within 1 s.",
        "",
        "| scene | looks/s | crossings wrong | dwells right |",
        "|---|---|---|---|",
        *rows,
        "",
        f"Dwell within 1 s at 5 looks: {100 * share:.0f} % (bar 95): {'met' if share >= 0.95 else '**missed**'}.",
        "",
        f"The same stays by the rules alone (everybody's true box and number): {100 * rules:.0f} %. By the detector's",
        f"boxes with each person's true number, which no tracker could better: {100 * ids:.0f} %. What lies between is",
        "people hidden behind others as they come, stand or go; what lies below is the tracker's.",
        "",
    ]
