"""Processes that help to compile."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from barter_bt.columns import helper, workers
from barter_bt.columns.kernel import Compiler
from barter_bt.engine.latency import delay_ns
from barter_bt.engine.messages import dequeue
from barter_bt.simulation.loop import run
from barter_bt.venue.report import report


class Started:
    """Stands in for a process; remembers what was started."""

    commands: list[tuple[list[str], dict[str, str]]]

    def __init__(self, command: list[str], *, env: dict[str, str], **_: Any) -> None:
        self.commands.append((command, env))


@pytest.fixture
def started(monkeypatch) -> list[tuple[list[str], dict[str, str]]]:
    """The commands that were started, instead of starting them."""
    Started.commands = []
    monkeypatch.setattr(workers, "_running", [])
    monkeypatch.setattr(subprocess, "Popen", Started)
    return Started.commands


def units() -> list:
    compiler = Compiler()
    compiler.root = run
    return [one for one in compiler.reached() if hasattr(one, "is_unit")]


def test_each_unit_is_given_to_one_process_and_helpers_have_no_helpers(started, monkeypatch):
    """Without the second, each would start more, without end."""
    monkeypatch.setenv("BARTER_BT_COMPILE_JOBS", "3")
    workers.start(units())
    workers.start(units())
    assert len(started) == 3
    given = [name for command, _ in started for name in command[3:]]
    assert sorted(given) == sorted(f"{one.__module__}:{one.__name__}" for one in units())
    assert "barter_bt.venue.report:report" in given
    assert {env["BARTER_BT_COMPILE_JOBS"] for _, env in started} == {"0"}


@pytest.mark.parametrize(("given", "number"), [("0", 0), ("2", 2), ("many", 3), ("", 3)])
def test_the_number_of_processes(monkeypatch, given, number):
    """The environment says it, else up to three, and one processor is left."""
    monkeypatch.setattr("os.cpu_count", lambda: 16)
    monkeypatch.setenv("BARTER_BT_COMPILE_JOBS", given)
    assert workers.jobs() == number
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert workers.jobs() == (number if given in ("0", "2") else 0)


def test_what_they_compile_is_found_in_the_cache(tmp_path, monkeypatch):
    """A unit compiled from its name, and none that it calls: its file has the name that the other process looks for."""
    monkeypatch.setenv("BARTER_BT_CACHE", str(tmp_path))
    monkeypatch.setattr("barter_bt.columns.kernel._units", {})
    helper.work([f"{report.__module__}:{report.__name__}"])
    saved = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert {name.split("-")[0] for name in saved} == {"report"}
    monkeypatch.setattr("barter_bt.columns.kernel._units", {})
    Compiler({dequeue: dequeue}).function(report)
    found = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert saved.items() <= found.items()
    assert {name.split("-")[0] for name in found} == {"report", "delay_ns", "added_ns"}


def test_a_helper_compiles_each_unit_that_it_is_given_though_another_calls_it(tmp_path, monkeypatch):
    """In whichever order they come."""
    monkeypatch.setenv("BARTER_BT_CACHE", str(tmp_path))
    monkeypatch.setattr("barter_bt.columns.kernel._units", {})
    helper.work([f"{one.__module__}:{one.__name__}" for one in (report, delay_ns, report)])
    assert sorted(path.name.split("-")[0] for path in tmp_path.iterdir()) == ["delay_ns", "report"]
