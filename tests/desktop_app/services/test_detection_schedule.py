from __future__ import annotations

import pytest

from desktop_app.services.detection_schedule import DetectionSchedule


def run(schedule: DetectionSchedule, *, seconds: float, look_s: float) -> dict[str, int]:
    """How often each camera was looked at by one worker that needs ``look_s`` for a look."""
    done = dict.fromkeys(schedule.cameras(), 0)
    now_s = 0.0
    while now_s < seconds:
        due = schedule.due(now_s=now_s)
        if due:
            schedule.looked_at(due[0], now_s=now_s)
            done[due[0]] += 1
            now_s += look_s
        else:
            now_s += 0.005
    return done


def test_cameras_that_fit_are_all_looked_at_at_their_own_rate() -> None:
    done = run(DetectionSchedule({"a": 5.0, "b": 2.0}), seconds=20, look_s=0.02)
    assert abs(done["a"] - 100) <= 2
    assert abs(done["b"] - 40) <= 2


def test_a_camera_with_people_at_a_line_comes_first_when_there_is_too_much_to_do_and_none_is_starved() -> None:
    schedule = DetectionSchedule(dict.fromkeys("abcd", 5.0))
    schedule.prefer("c", is_urgent=True)
    schedule.prefer("unknown", is_urgent=True)
    done = run(schedule, seconds=60, look_s=0.1)
    others = [count for camera, count in done.items() if camera != "c"]
    assert done["c"] > 1.2 * max(others)
    assert min(others) > 0.6 * max(others)
    assert min(others) > 60
    schedule.prefer("c", is_urgent=False)
    even = run(schedule, seconds=60, look_s=0.1)
    assert max(even.values()) - min(even.values()) <= 2


def test_another_rate_holds_from_the_next_look_on() -> None:
    schedule = DetectionSchedule({"a": 5.0})
    before = run(schedule, seconds=10, look_s=0.001)["a"]
    schedule.set_rate("a", fps=10.0)
    schedule.set_rate("unknown", fps=10.0)
    assert list(schedule.cameras()) == ["a"]
    schedule._turns["a"].due_s = 0.0
    after = run(schedule, seconds=10, look_s=0.001)["a"]
    assert (before, after) == (pytest.approx(50, abs=1), pytest.approx(100, abs=1))
