"""One strategy on every way that candles may have gone through their prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from barter_bt.backtest.backtest import backtest
from barter_bt.backtest.compare import Comparison, compare
from barter_bt.venue.build import CANDLE_PATHS
from barter_bt.venue.terms import Venue


def compare_candle_paths(
    data: Any, instruments: Any, strategy: Any, *, venues: Venue | Mapping[str, Venue] | None = None, **options: Any
) -> Comparison:
    """Run a strategy with each ``candle_path`` (rule 59): how much its figures depend on what candles do not tell.

    Parameters
    ----------
    data, instruments, strategy, venues, options
        As for :func:`~barter_bt.backtest.backtest.backtest`; a ``candle_path`` of ``venues`` is replaced.

    Returns
    -------
    Comparison
        Of four runs by the name of their path, ``pessimistic`` first. Where it makes no difference candles are enough;
        where it does, finer data decides.

    Examples
    --------
    >>> import barter_bt as bt
    >>> candles = bt.testing.bars(100, 100, (100, 110, 90, 100))
    >>> both_ends = bt.testing.schedule({"at": 60, "buy": 1, "stop_loss": 95, "take_profit": 108})
    >>> a = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
    >>> paths = compare_candle_paths(candles, a, both_ends, balances={"usd": 1000}, interpret=True)
    >>> {name: run.positions["pnl_realised"].sum() for name, run in paths.runs.items()}
    {'pessimistic': -5.0, 'open_high_low_close': 8.0, 'open_low_high_close': -5.0, 'adaptive': 8.0}
    """

    def on(path: Any) -> Any:
        if isinstance(venues, Mapping):
            return {name: replace(venue, candle_path=path) for name, venue in venues.items()}
        return replace(venues or Venue(), candle_path=path)

    return compare({path: backtest(data, instruments, strategy, venues=on(path), **options) for path in CANDLE_PATHS})
