"""What a compiled strategy reads of the market: time, prices, candles, columns of its own, sessions."""

from __future__ import annotations

from barter_bt.engine.agenda import NEVER
from barter_bt.engine.fault import BAD_COLUMN, BAD_HISTORY, fail
from barter_bt.engine.order import NO_TIME
from barter_bt.engine.session import NO_SESSION
from barter_bt.engine.state.market import price_ticks
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.window import candle_row
from barter_bt.strategy.api.amounts import NOT_KNOWN, price_of
from barter_bt.strategy.asking import is_unknown
from barter_bt.strategy.asking_times import find_session


def now(s: EngineState) -> int:
    """The engine's clock, ns since 1970 UTC."""
    return s.engine.time[0]


def price(s: EngineState, i: int) -> float:
    """Price of an instrument as the market shows it: weighted mid, else last trade or close (rule 6); 0.0 if unknown.

    Where prices can be 0 and below (rule 76), it is NaN if unknown, and so are a bid and an ask that are not there.

    An own fill is no price of the market: when a fill wakes the strategy, this is what the engine saw before it.
    What counts an own fill is :func:`mark`.
    """
    return 0.0 if is_unknown(s.whole, i) else price_of(s.whole, i, price_ticks(s.whole, i))


def bid_price(s: EngineState, i: int) -> float:
    """Best bid; if there is none 0.0, or NaN where a price can be negative (rule 76)."""
    return 0.0 if is_unknown(s.whole, i) else price_of(s.whole, i, s.whole.instruments.bid[i])


def ask_price(s: EngineState, i: int) -> float:
    """Best ask; if there is none 0.0, or NaN where a price can be negative (rule 76)."""
    return 0.0 if is_unknown(s.whole, i) else price_of(s.whole, i, s.whole.instruments.ask[i])


def bid_amount(s: EngineState, i: int) -> float:
    """Amount at the best bid; 0.0 if there is none."""
    return 0.0 if is_unknown(s.whole, i) else s.whole.instruments.bid_amount[i]


def ask_amount(s: EngineState, i: int) -> float:
    """Amount at the best ask; 0.0 if there is none."""
    return 0.0 if is_unknown(s.whole, i) else s.whole.instruments.ask_amount[i]


def candle_count(s: EngineState, i: int) -> int:
    """How many candles of an instrument can be looked back at now: at most ``candle_history``."""
    return 0 if is_unknown(s.whole, i) else s.whole.windows.count[i]


def candle_time(s: EngineState, i: int, back: int = 0) -> int:
    """When a candle closed, ns since 1970 UTC; ``NO_TIME`` if there have not been as many."""
    row = _candle(s.whole, i, back)
    return NO_TIME if row < 0 else s.whole.candles.time[row]


def candle_time_open(s: EngineState, i: int, back: int = 0) -> int:
    """When a candle opened, ns since 1970 UTC; ``NO_TIME`` if there have not been as many."""
    row = _candle(s.whole, i, back)
    return NO_TIME if row < 0 else s.whole.candles.time_open[row]


def candle_open(s: EngineState, i: int, back: int = 0) -> float:
    """Opening price of a candle; NaN if there have not been as many."""
    row = _candle(s.whole, i, back)
    return NOT_KNOWN if row < 0 else s.whole.candles.open[row]


def candle_high(s: EngineState, i: int, back: int = 0) -> float:
    """Highest price of a candle; NaN if there have not been as many."""
    row = _candle(s.whole, i, back)
    return NOT_KNOWN if row < 0 else s.whole.candles.high[row]


def candle_low(s: EngineState, i: int, back: int = 0) -> float:
    """Lowest price of a candle; NaN if there have not been as many."""
    row = _candle(s.whole, i, back)
    return NOT_KNOWN if row < 0 else s.whole.candles.low[row]


def candle_close(s: EngineState, i: int, back: int = 0) -> float:
    """Closing price of a candle; NaN if there have not been as many."""
    row = _candle(s.whole, i, back)
    return NOT_KNOWN if row < 0 else s.whole.candles.close[row]


def candle_volume(s: EngineState, i: int, back: int = 0) -> float:
    """Volume of a candle; NaN if there have not been as many."""
    row = _candle(s.whole, i, back)
    return NOT_KNOWN if row < 0 else s.whole.candles.volume[row]


def column(s: EngineState, i: int, number: int) -> float:
    """The value of a column of one's own in the last row of an instrument that had one; NaN before the first.

    A strategy says with ``data_columns`` which columns it reads; ``my.columns.sentiment[0]`` is the number of one.
    """
    if is_unknown(s.whole, i):
        return NOT_KNOWN
    count = len(s.whole.instruments)
    if not 0 <= number < len(s.whole.columns) // count:
        fail(s.whole.fault, BAD_COLUMN, number)
        return NOT_KNOWN
    return s.whole.columns.value[number * count + i]


def session_open(s: EngineState, i: int) -> int:
    """When the present session opened, else when the next opens, in ns since 1970; NEVER where none follows."""
    row = find_session(s.whole, i)
    return NEVER if row == NO_SESSION else s.whole.sessions.open[row]


def session_close(s: EngineState, i: int) -> int:
    """When the present session closes, else the next, in ns since 1970; NEVER where none follows."""
    row = find_session(s.whole, i)
    return NEVER if row == NO_SESSION else s.whole.sessions.close[row]


def is_open(s: EngineState, i: int) -> int:
    """1 within a session: from its open until before its close; otherwise 0."""
    return int(session_open(s, i) <= s.whole.engine.time[0])


def _candle(s: EngineState, i: int, back: int) -> int:
    """Row of a candle, -1 if there have not been as many; further back than are kept ends the run."""
    if is_unknown(s, i):
        return -1
    if not 0 <= back < s.engine.history[0]:
        fail(s.fault, BAD_HISTORY, back)
        return -1
    return candle_row(s, i, back)
