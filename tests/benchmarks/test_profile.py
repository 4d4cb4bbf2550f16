"""What a profile tells: phases that add up, and instructions where they can be counted."""

import platform

import pytest

from benchmarks import bars, counting, lines, profile
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


def test_costs_of_calls_are_not_counted_twice():
    dump = "fn=(1)\n0x10 5 3\n+4 5 2\ncalls=1 0x99\n* 6 1000\n* 6 7\n-0x4 5 1\n\ntotals: 13\n"
    assert counting._by_address(dump) == {0x10: 4, 0x14: 9}


def test_an_instruction_is_named_after_the_function_that_its_line_stands_in():
    source = (lines.PACKAGE / "engine/step.py").read_text(encoding="utf-8").splitlines()
    approve, refuse = (
        next(k for k, text in enumerate(source, 1) if f"def {name}(" in text) for name in ("approve", "refuse")
    )
    symbol = "_ZN9barter_bt6engine4step12approve_3a7cB3v77"
    table = (
        f"CU: ./step.py:\nFile name\nstep.py  {approve + 1}  0x10  x\n\n"
        f"{lines.PACKAGE}/errors.py:\nerrors.py  1  0x18  x\n\n"
        f"./step.py:[++]\nstep.py  0  0x1c\nstep.py  {refuse}  0x20  x\n\n/usr/numba/exact.py:\nexact.py  3  0x28\n"
    )
    assert list(lines._lines(table, [(0x8, symbol)])) == [
        (0x10, "engine/step.py:approve"),
        (0x18, "errors.py:top"),
        (0x20, "engine/step.py:refuse"),
        (0x28, "Numba's own"),
    ]
