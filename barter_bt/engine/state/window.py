"""Windows over the last candles of each instrument, for strategies that ask for them (rule 21)."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.state.tables import EngineState


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
