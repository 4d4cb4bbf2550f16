"""Candles as a Python strategy sees them: the last one, and a window over the last ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.data.moment import moment
from barter_bt.engine.order import NO_TIME
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import StrategyError

_PRICES = ("open", "high", "low", "close", "volume")


class Candle(NamedTuple):
    """Prices and volume as the data has them; all 0.0 before the first candle has closed."""

    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True, eq=False)
class Candles:
    """Candles of one instrument in order of arrival, the oldest first; its length is how many there are.

    Copies: they stay what they are when the run goes on.

    Parameters
    ----------
    time_open, time
        When they opened and closed, ns since 1970 UTC.
    open, high, low, close, volume
        Prices and volume as the data has them.

    Examples
    --------
    >>> from barter_bt.testing import bars, run
    >>> class Watch:
    ...     wake, candle_history, seen = "bar_close", 3, []
    ...     def generate_algo_orders(self, state):
    ...         self.seen.append(state.candles("a_usd").close.tolist())
    >>> watch = Watch()
    >>> _ = run(bars(100, 101, 99, 98), watch)
    >>> watch.seen
    [[100.0], [100.0, 101.0], [100.0, 101.0, 99.0], [101.0, 99.0, 98.0]]
    """

    time_open: npt.NDArray[np.int64]
    time: npt.NDArray[np.int64]
    open: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    close: npt.NDArray[np.float64]
    volume: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.time)

    def frame(self) -> pl.DataFrame:
        """The same as a Polars frame, times in UTC; an open that is not known is null.

        Examples
        --------
        >>> one, none = np.array([60_000_000_000]), np.array([NO_TIME])
        >>> Candles(none, one, *[np.array([1.5])] * 5).frame().row(0)[:3]
        (None, datetime.datetime(1970, 1, 1, 0, 1, tzinfo=zoneinfo.ZoneInfo(key='UTC')), 1.5)
        """
        whole = pl.DataFrame({name: getattr(self, name) for name in ("time_open", "time", *_PRICES)})
        known = pl.when(pl.col("time_open") != NO_TIME).then("time_open")
        return whole.with_columns(time_open=known).with_columns(
            pl.col("time_open", "time").cast(pl.Datetime("ns", "UTC"))
        )


def last_candles(s: EngineState, i: int, n: int | None) -> Candles:
    """The last ``n`` candles of an instrument, or as many as there are.

    Raises
    ------
    StrategyError
        More are asked for than are kept.
    """
    kept = s.engine.history[0]
    asked: object = n
    if asked is not None and (not isinstance(asked, int | np.integer) or isinstance(asked, bool)):
        raise StrategyError(f"the strategy asked for {n!r:.60} candles; it must be a whole number of them")
    if not kept or not 0 <= (kept if n is None else n) <= kept:
        what = "candles" if n is None else f"{n} candles"
        raise StrategyError(
            f"the strategy asked for {what} at {moment(s.engine.time[0])}; {kept} are kept",
            f"say how far it looks back: candle_history = {max(n or 0, 1)}",
        )
    return _copied(s, i, kept if n is None else n)


def _copied(s: EngineState, i: int, n: int) -> Candles:
    history, count = s.engine.history[0], min(n, s.windows.count[i])
    end = s.windows.latest[i] + 1 if count else i * history
    first = i * history
    wrapped = count - (end - first)  # so many stand at the end of the ring

    def column(name: str) -> Any:
        values = s.candles.array(name)
        if wrapped <= 0:
            return values[end - count : end].copy()
        return np.concatenate((values[first + history - wrapped : first + history], values[first:end]))

    return Candles(*(column(name) for name in ("time_open", "time", *_PRICES)))
