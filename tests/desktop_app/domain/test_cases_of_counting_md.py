"""Every case of docs/counting.md section 7 has a test by name: who adds a case there must add its test here."""

from __future__ import annotations

import re

import pytest

from tests.desktop_app.domain.test_line_cases import CASES
from tests.helpers.weights import PROJECT_DIR

HERE = "tests/desktop_app/domain"
TESTS: dict[str, tuple[str, ...]] = {
    "passing parallel to the line or at a grazing angle": (
        f"{HERE}/test_line_rules.py::test_passing_parallel_to_the_line_counts_nothing",
        f"{HERE}/test_line_rules.py::test_a_grazing_angle_is_counted_once",
    ),
    "a sample exactly on the line": (f"{HERE}/test_line_rules.py::test_a_sample_exactly_on_the_line_changes_nothing",),
    "conga line": (f"{HERE}/test_line_rules.py::test_a_conga_line_is_counted_one_by_one",),
    "one hidden behind another": (
        f"{HERE}/test_line_rules.py::test_one_hidden_behind_another_while_both_cross_is_two",
    ),
    "a track born beyond the line (door leaf)": (
        f"{HERE}/test_line_rules.py::test_a_track_born_beyond_the_line_in_the_door_leaf_counts_nothing",
    ),
    "sitting down and standing up on the line": (
        f"{HERE}/test_zone_engine.py::test_sitting_down_and_standing_up_on_the_line_counts_nothing",
    ),
    "height flicker from a bag or a raised arm": (
        f"{HERE}/test_line_rules.py::test_height_flicker_from_a_bag_or_a_raised_arm_moves_no_feet",
    ),
    "trolley, pram, child": (
        f"{HERE}/test_line_rules.py::test_a_trolley_or_pram_that_hides_the_legs_half_the_way_changes_nothing",
        f"{HERE}/test_line_rules.py::test_a_child_beside_an_adult_is_one_more_person",
    ),
    "staff standing at the door": (
        f"{HERE}/test_line_rules.py::test_staff_standing_at_the_door_for_ten_minutes_count_nothing",
    ),
    "a person who leaves and returns within seconds": (
        f"{HERE}/test_line_rules.py::test_a_person_who_leaves_and_returns_within_seconds_is_out_and_in",
    ),
    "id reuse after restart": (
        f"{HERE}/test_line_rules.py::test_ids_that_begin_anew_after_a_restart_meet_nobody_of_before",
    ),
    "zone edited while occupied": (
        f"{HERE}/test_zone_engine.py::test_editing_zones_closes_what_is_open_under_the_old_revision",
    ),
    "zero-length line": (f"{HERE}/test_line_rules.py::test_a_zero_length_line_is_refused",),
    "line that touches the frame edge": (
        f"{HERE}/test_line_rules.py::test_a_line_that_touches_the_frame_edge_counts_up_to_the_edge",
    ),
    "1 px polygon": (f"{HERE}/test_line_rules.py::test_a_one_pixel_polygon_is_refused_or_holds_nobody",),
    "frame rate falling from 10 to 2 and back": (
        f"{HERE}/test_line_rules.py::test_a_frame_rate_that_falls_from_ten_to_two_and_back_loses_nobody",
    ),
    "timestamps that jump, repeat or run backwards": (
        f"{HERE}/test_line_rules.py::test_timestamps_that_jump_repeat_or_run_backwards_count_once",
    ),
    "a burst of old frames after a reconnect (must count in *their* minute)": (
        f"{HERE}/test_line_rules.py::test_a_burst_of_old_frames_after_a_reconnect_counts_in_their_minute",
    ),
    "laptop asleep for an hour": (
        f"{HERE}/test_line_rules.py::test_a_laptop_asleep_for_an_hour_stitches_nobody_and_stretches_no_stay",
    ),
    "clock set back across midnight": (
        f"{HERE}/test_zone_engine.py::test_a_clock_set_back_across_midnight_loses_no_stay_and_no_minute",
    ),
    "DST": (f"{HERE}/test_line_rules.py::test_the_hour_that_a_day_repeats_is_told_apart_by_utc",),
}
FURNITURE = f"{HERE}/test_furniture.py::test_a_mannequin_is_found_after_its_watch_where_it_stands"
PROPERTIES = {
    "mirrored motion swaps in and out": f"{HERE}/test_line_cases.py::test_case_walked_the_other_way_swaps_in_and_out",
    "splitting a step in two": (
        f"{HERE}/test_line_cases.py::test_splitting_every_step_in_two_changes_nothing_but_where_it_turns_in_the_band"
    ),
    "moving and scaling picture and line together": (
        f"{HERE}/test_line_cases.py::test_scaling_picture_and_line_together_changes_nothing"
    ),
    "reversing a line swaps in and out": f"{HERE}/test_line_cases.py::test_reversing_a_line_swaps_in_and_out",
    "jitter inside the band counts nothing": f"{HERE}/test_line_cases.py::test_jitter_inside_the_band_counts_nothing",
}


def section_7() -> str:
    text = (PROJECT_DIR / "docs" / "counting.md").read_text(encoding="utf-8")
    return " ".join(text.split("\n## 7. ")[1].split("\n## ")[0].split())


def test_every_further_case_of_the_specification_is_mapped_to_a_test() -> None:
    listed = section_7().split("Then: ")[1].split(". Mannequins")[0]
    assert [case.strip() for case in listed.split(";")] == list(TESTS)


def test_the_fourteen_cases_are_those_of_the_specification() -> None:
    fourteen = section_7().split("Plus, as properties")[0].split("unless stated")[1]
    numbers = re.findall(r"(?:\): |· )(\d+[bc]?) ", fourteen)
    assert sorted(numbers) == sorted([*(name.split()[0] for name in CASES), "11"])
    assert len(numbers) == 14


def test_the_properties_of_the_specification_are_named_there() -> None:
    assert all(words in section_7() for words in PROPERTIES)


@pytest.mark.parametrize("test", [*(t for listed in TESTS.values() for t in listed), *PROPERTIES.values(), FURNITURE])
def test_the_test_of_a_case_exists(test: str) -> None:
    path, name = test.split("::")
    assert f"\ndef {name}(" in (PROJECT_DIR / path).read_text(encoding="utf-8")
