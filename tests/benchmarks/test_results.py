"""What is made of the figures: numbers, tables, targets and the page."""

import math
import platform
from pathlib import Path

import pytest

from benchmarks.machine import machine
from benchmarks.results import render
from benchmarks.tables import HEADER, markdown, number, row, text
from benchmarks.targets import TARGETS, compare

OURS = {
    "case": "sma_cross",
    "n": 1_000_000,
    "seconds": 0.025,
    "rate": 4e7,
    "peak_mb": 80.0,
    "orders": 22_529,
    "final_equity": 998_451.2118,
    "parts": {"run": 0.02, "tables": 0.005, "summary": 0.0},
    "load_seconds": 0.1,
    "same_work": True,
    "same_work_reason": "",
    "note": "",
}
PEER = {**OURS, "tool": "other", "version": "1.2", "variant": "", "seconds": 0.05, "rate": 2e7}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0, "0"),
        (0.01234, "0.0123"),
        (12.345, "12.3"),
        (99.96, "100.0"),
        (1234.5, "1,230"),
    ],
)
def test_numbers_have_three_digits(value, told):
    assert number(value) == told


def test_text_keeps_columns_in_line_beside_long_words():
    table = text(HEADER, [row(OURS), row({"case": "gemini", "skipped": "x" * 80})]).splitlines()
    assert table[1].index("yes") + 3 == table[0].index("same work") + len("same work")
    assert table[2].startswith("gemini")
    assert table[2].endswith("x" * 80)


def test_markdown_escapes_what_would_end_a_cell():
    assert markdown(["a"], [["x|y\nz"]]).splitlines() == ["| a |", "| --- |", "| x\\|y z |"]


def test_targets_say_how_far_off_a_figure_is():
    entries = {
        "start_compile": {**OURS, "seconds": 12.5},
        "replay_compiled_latency": {"case": "replay_compiled_latency", "rate": 9e7},
    }
    reached = {(one.target.case, one.target.what): one for one in compare(entries)}
    assert len(reached) == len(TARGETS)
    missed = reached["start_compile", "everything compiled"]
    assert not missed.reached
    assert missed.told.startswith("25% above the target; of it run 20.0 ms, tables 5.0 ms; some 700 functions")
    assert reached["replay_compiled_latency", "events a second"].reached
    assert reached["start_help", "barter-bt --help"].measured is None
    nothing = compare({"memory": {**OURS, "peak_mb": math.nan}})
    assert not any(one.reached for one in nothing)


def test_page_compares_the_tools_by_event():
    failed = {"tool": "broken", "case": "sma_cross", "variant": "", "error": "not installed"}
    wrong = {**PEER, "tool": "wrong", "same_work": False, "same_work_reason": "9 orders of 10"}
    page = render([OURS, {"case": "start_help", "seconds": 0.2, "note": "barter-bt --help"}], [PEER, failed, wrong])
    lines = page.splitlines()
    assert "| other | 1.2 | 1,000,000 | 0.0500 | 20.0 | 2.00 | 80.0 | yes |  |" in lines
    assert "| broken |  | – | – | – | – | – | – | failed: not installed |" in lines
    assert any(line.startswith("| wrong") and "no: 9 orders of 10" in line for line in lines)
    assert "| start_help | 0.200 | barter-bt --help |" in lines
    assert next(k for k, line in enumerate(lines) if line.startswith("| **barter_bt**")) < lines.index(
        "| other | 1.2 | 1,000,000 | 0.0500 | 20.0 | 2.00 | 80.0 | yes |  |"
    )


def test_goals_are_ratios_of_one_run():
    slower = {**PEER, "tool": "vectorbt", "variant": "signals", "rate": 1e7}
    signals = {**OURS, "case": "sma_cross_signals", "rate": 1.1e7, "seconds": 0.02}
    signals |= {"parts": {"tables": 0.003, "summary": 0.001}}
    page = render([{**OURS, "parts": {}}, signals], [slower, {**slower, "variant": ""}])
    assert "| sma_cross | vectorbt | 2.00 | 4.00 | yes | – |" in page
    assert "| sma_cross_signals | vectorbt (signals) | 1.20 | 1.10 | no | 1.38 |" in page
    assert "## Beside other tools" not in render([OURS], [PEER])


def test_machine_names_versions_and_not_the_place():
    names = machine([PEER])
    assert {"CPU", "cores", "memory", "system", "python", "numpy", "polars", "numba", "pyarrow", "other"} <= set(names)
    assert list(names)[-1] == "other"
    assert not any(str(Path.home()) in value or platform.node() in value for value in names.values())
