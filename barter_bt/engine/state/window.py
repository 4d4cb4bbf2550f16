"""What is kept for strategies that ask for it: the last candles, and columns of the user's own (rule 21)."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.state.tables import Candles, Columns, EngineState


def keep_candles(s: EngineState, history: int) -> None:
    """Before a run: keep so many candles of each instrument."""
    s.engine.history[0], s.engine.keeping[0] = history, 1
    s.replace("candles", Candles(history * len(s.instruments)))


def keep_columns(s: EngineState, count: int) -> None:
    """Before a run: keep the last values of columns, which are numbered up to ``count``."""
    s.engine.keeping[0] = 1
    columns = Columns(count * len(s.instruments))
    columns.array("value")[:] = float("nan")
    s.replace("columns", columns)


@unit
def keep_candle(
    s: EngineState,
    i: int,
    time_open: int,
    time: int,
    open_: float,
    high: float,
    low: float,
    close: float,
    volume: float,
) -> None:
    """A candle has arrived: it takes the place of the oldest that its instrument has, once the window is full."""
    history, windows, candles = s.engine.history[0], s.windows, s.candles
    row = i * history
    if windows.count[i] > 0:
        following = windows.latest[i] + 1
        row = following if following < row + history else row
    windows.latest[i] = row
    windows.count[i] = min(windows.count[i] + 1, history)
    candles.time_open[row], candles.time[row] = time_open, time
    candles.open[row], candles.high[row], candles.low[row], candles.close[row] = open_, high, low, close
    candles.volume[row] = volume


def candle_row(s: EngineState, i: int, back: int) -> int:
    """Row of the candle ``back`` before the latest of an instrument; -1 if there have not been as many."""
    if back >= s.windows.count[i]:
        return -1
    row = s.windows.latest[i] - back
    return row if row >= i * s.engine.history[0] else row + s.engine.history[0]
