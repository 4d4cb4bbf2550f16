"""The walk of an order, as ARCHITECTURE.md tells it, is the one that it takes."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import polars as pl

import barter_bt as bt
from barter_bt.testing import bars

ROOT = Path(__file__).parent.parent
PACKAGE = f"{ROOT / 'barter_bt'}/"
HOST = "simulation"


def told() -> list[str]:
    """The functions that ARCHITECTURE.md names, in its order."""
    walk = (ROOT / "ARCHITECTURE.md").read_text().split("## The walk of an order")[1].split("\n## ")[0]
    return re.findall(r"^\d+\. `(\w+/[\w/]+\.py:\w+)`", walk, re.MULTILINE)


def place(frame: FrameType | None) -> str:
    """A function of the package by its file, as ``engine/step.py:approve``; empty for any other."""
    if frame is None or not frame.f_code.co_filename.startswith(PACKAGE):
        return ""
    return f"{frame.f_code.co_filename.removeprefix(PACKAGE)}:{frame.f_code.co_name}"


def room(called: str) -> str:
    return called.split("/", maxsplit=1)[0]


def walked() -> list[tuple[str, str]]:
    """Every call of the package in a run with one order, and who called, until the trade is in its table.

    It waits for its fill: the next candle does not open when the one before it closes.
    """
    close = bars(100, None, 101, 102, 103, 104)
    one = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
    simulation = bt.Simulation(close, [one], balances={"usd": 1000}, interpret=True)
    found: list[tuple[str, str]] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and (called := place(frame)):
            found.append((place(frame.f_back), called))

    sys.setprofile(note)
    try:
        result = simulation.run(bt.Signals(target=pl.lit(1.0)))
    finally:
        sys.setprofile(None)
    assert result.trades.height == 1
    return found


def test_an_order_goes_through_each_room_once_on_its_way_out_and_back() -> None:
    calls = walked()
    steps = told()
    assert len(steps) > 10
    first = [next((at for at, (_, called) in enumerate(calls) if called == step), -1) for step in steps]
    assert -1 not in first, [step for step, at in zip(steps, first, strict=True) if at < 0]
    assert first == sorted(first), list(zip(steps, first, strict=True))
    rooms = [room(step) for step in steps if room(step) != HOST]
    entered = [one for k, one in enumerate(rooms) if k == 0 or one != rooms[k - 1]]
    assert entered == ["strategy", "engine", "venue", "engine"]


def test_engine_and_venue_never_call_each_other() -> None:
    """Only their host calls both; of the engine the venue has the arithmetic of money, orders and messages."""
    for caller, called in walked():
        assert not (room(caller) == "engine" and room(called) == "venue"), (caller, called)
        if room(caller) == "venue":
            assert not called.startswith(("engine/state/", "engine/action/")), (caller, called)
