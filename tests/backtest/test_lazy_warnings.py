"""Warnings are found when they are first asked for, and are those that the end of the run would have told."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.backtest.run_directory import read
from tests.backtest.runs import arguments
from tests.engine.tiny import Watch


def simulation() -> bt.Simulation:
    """Candles of one instrument."""
    return bt.Simulation(**arguments())


def costly(quantity: float = 1e6) -> bt.Signals:
    """Targets that nobody can pay, with a look ahead."""
    return bt.Signals((pl.col("close").shift(-1) > pl.col("close")) * quantity)


def test_warnings_are_the_same_whenever_they_are_read(tmp_path: Path) -> None:
    """Right behind the run, after a later run of the simulation, and after pickling and saving, which read them."""
    made = simulation()
    early, late, sent, saved = (made.run(costly()) for _ in range(4))
    expected = list(early.warnings)
    assert any("cut to what could be paid" in one for one in expected)
    assert any("looks ahead" in one for one in expected)
    made.run(bt.Signals(pl.lit(0.0)))
    assert "warnings" not in vars(late)
    assert late.warnings == expected
    assert late.warnings is late.warnings
    assert pickle.loads(pickle.dumps(sent)).warnings == expected
    assert read(saved.save(tmp_path / "run")).warnings == expected


def test_what_has_travelled_travels_again() -> None:
    """The second time without what makes the warnings."""
    result = simulation().run(costly())
    again = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(result))))
    assert again.warnings == result.warnings != []


def test_the_result_of_an_error_says_which_one_ended_it() -> None:
    """Also where its warnings are read long after it was raised."""

    def ask(state: Any, seen: int) -> Any:
        raise RuntimeError("out of ideas")

    with pytest.raises(bt.errors.StrategyError) as caught:
        simulation().run(Watch(lambda state: None, ask))
    (told,) = [one for one in caught.value.result.warnings if "ended with an error" in one]
    assert "out of ideas" in told
