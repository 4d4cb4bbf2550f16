"""Market items of a live session in compiled code: the same session; where that cannot be, it says why."""

from __future__ import annotations

from typing import Any

import pytest

from barter_bt.live import InterpretedWarning, LiveRun, paper
from barter_bt.system import Engine
from tests.live.market import Crosses, Quotes, simulation


def traded(strategy: Any, *, compiled: bool) -> LiveRun:
    with paper(simulation(300), strategy, compiled=compiled).running() as handle:
        return handle.shutdown_after_backtest()


@pytest.mark.parametrize("strategy", [Crosses, Quotes])
def test_it_is_the_same_session(strategy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Candles that are kept for the strategy included, and tables that grow on the way."""
    monkeypatch.setenv("BARTER_BT_INTERPRET", "0")
    calls, compile_ = [], Engine.compile
    monkeypatch.setattr(Engine, "compile", lambda engine: calls.append(engine) or compile_(engine))
    plain, compiled = traded(strategy(), compiled=False), traded(strategy(), compiled=True)
    assert len(calls) == 1
    assert compiled.digest == plain.digest
    assert compiled.equity.equals(plain.equity)
    assert plain.trades.height > 10


def test_plain_python_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BARTER_BT_INTERPRET", "1")
    with pytest.warns(InterpretedWarning, match="BARTER_BT_INTERPRET"):
        run = traded(Crosses(), compiled=True)
    assert run.digest == traded(Crosses(), compiled=False).digest


def test_what_cannot_be_compiled_is_told_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(engine: Engine) -> None:
        raise ImportError("no numba here")

    monkeypatch.setenv("BARTER_BT_INTERPRET", "0")
    monkeypatch.setattr(Engine, "compile", fails)
    with pytest.warns(InterpretedWarning, match="no numba here"):
        run = traded(Crosses(), compiled=True)
    assert run.trades.height > 10
