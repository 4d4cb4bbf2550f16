"""What a profile tells: phases that add up, and instructions where they can be counted."""

import platform

import pytest

from benchmarks import bars, counting, profile
from benchmarks.phases import KERNEL, PHASES, REST, seconds_of_phases
from benchmarks.results import render

MINE = platform.machine() in ("x86_64", "AMD64") and platform.system() == "Linux"


def test_every_phase_is_timed_once_and_all_add_up():
    job = bars.rebalance_job(42, 2)
    seconds = seconds_of_phases(job.run, runs=1)
    assert set(seconds) == {*PHASES, REST, "whole"}
    assert seconds["whole"] == pytest.approx(sum(seconds[phase] for phase in (*PHASES, REST)))
    assert all(seconds[phase] > 0 for phase in (KERNEL, "data: checks of every row", "schedule of targets", REST))


def test_a_profile_is_a_section_of_the_results_and_says_what_is_not_counted(monkeypatch):
    monkeypatch.setattr(counting.shutil, "which", lambda name: None)
    text = "\n\n".join(profile.section(["sma_cross"], scale=0.0003))
    assert text.startswith(profile.TITLE)
    assert "| instructions | not counted: " in text
    assert render([], [], text).endswith(text + "\n")
    assert profile.TITLE not in render([], [])


@pytest.mark.skipif(not MINE, reason="a request is code of x86-64")
def test_a_request_does_nothing_without_valgrind():
    with counting.counted():
        found = sum(range(10))
    assert found == 45


def test_the_total_of_a_dump_is_read():
    assert counting._total("version: 1\nevents: Ir\nfn=(1)\n1 20\n\ntotals: 1640698\n") == 1_640_698
