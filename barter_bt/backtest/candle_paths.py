"""One strategy on every way that candles may have gone through their prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from barter_bt.backtest.backtest import backtest
from barter_bt.backtest.compare import Comparison, compare
from barter_bt.errors import ConfigError
from barter_bt.venue.build import CANDLE_PATHS
from barter_bt.venue.terms import Venue


def compare_candle_paths(
    data: Any,
    instruments: Any,
    strategy: Any,
    *,
    venues: Venue | Mapping[str, Venue] | None = None,
    paths: Sequence[str] = CANDLE_PATHS,
    **options: Any,
) -> Comparison:
    """Run a strategy with each ``candle_path`` (rules 59 and 105): how much its figures depend on what candles hide.

    Parameters
    ----------
    data, instruments, strategy, venues, options
        As for :func:`~barter_bt.backtest.backtest.backtest`; a ``candle_path`` of ``venues`` is replaced. Each run has
        a copy of the strategy.
    paths
        Which; by default all five. ``("pessimistic", "optimistic")`` are the two that assume no way.

    Returns
    -------
    Comparison
        Of a run for each path, by its name. Its ``ranges`` say between what each figure lies. Where it makes no
        difference candles are enough; where it does, finer data decides.

    Raises
    ------
    ConfigError
        There are no paths, one is unknown, or the strategy cannot be copied.

    Notes
    -----
    The range is that of these runs, and no bound on what finer data would give. Of one bracket of fixed prices that was
    there when the candle opened, pessimistic and optimistic are the worst and the best outcome. But a stop may spare a
    larger loss, what a strategy does next turns on it, and a trailing stop sees four prices of a candle at most.

    Examples
    --------
    >>> import barter_bt as bt
    >>> candles = bt.testing.bars(100, 100, (100, 110, 90, 100))
    >>> both_ends = bt.testing.schedule({"at": 60, "buy": 1, "stop_loss": 95, "take_profit": 108})
    >>> a = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
    >>> paths = compare_candle_paths(candles, a, both_ends, balances={"usd": 1000}, interpret=True)
    >>> {name: run.positions["pnl_realised"].sum() for name, run in paths.runs.items()}
    {'pessimistic': -5.0, 'optimistic': 8.0, 'open_high_low_close': 8.0, 'open_low_high_close': -5.0, 'adaptive': 8.0}
    >>> paths.ranges.filter(figure="win_rate").row(0)
    ('win_rate', 0.0, 'pessimistic', 1.0, 'optimistic', 5)
    """

    def on(path: Any) -> Any:
        if isinstance(venues, Mapping):
            return {name: replace(venue, candle_path=path) for name, venue in venues.items()}
        return replace(venues or Venue(), candle_path=path)

    if isinstance(paths, str) or not paths:
        raise ConfigError(
            f"paths is {paths!r}; it must be a list of candle paths", f"some of {', '.join(CANDLE_PATHS)}"
        )
    try:
        copies = {path: deepcopy(strategy) for path in paths}
    except TypeError as error:
        hint = "open what it holds, such as files and sockets, when it is asked first"
        raise ConfigError(f"the strategy cannot be copied for each run: {error}", hint) from error
    return compare({path: backtest(data, instruments, copies[path], venues=on(path), **options) for path in copies})
