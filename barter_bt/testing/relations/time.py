"""Relations in time: what came later changes nothing before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from barter_bt.backtest import backtest, check_causality
from barter_bt.backtest import cut as cuts
from barter_bt.backtest.divergence import first_divergence
from barter_bt.backtest.truncated import FullData, last_arrival_ns, with_data
from barter_bt.data.moment import moment
from barter_bt.testing.relations.common import Data, Instruments, made, settings_of, streams_of


def assert_no_lookahead(
    data: Data,
    instruments: Instruments,
    strategy: Any,
    *,
    at: Sequence[datetime] | None = None,
    n: int = 5,
    **settings: Any,
) -> None:
    """What was decided by a time is the same without what came later: see :func:`barter_bt.check_causality`.

    Parameters
    ----------
    data, instruments, strategy, settings
        As for :func:`barter_bt.backtest`; or a function that makes the strategy from the data.
    at, n
        Where to end the data, or at how many chosen times.

    Raises
    ------
    AssertionError
        With the first row that changed, and the part of a signal's expression that looked ahead.

    Examples
    --------
    >>> import polars as pl
    >>> import barter_bt as bt
    >>> prices, one = bt.testing.bars(*range(100, 120)), bt.Instrument("x", "a_usd")
    >>> assert_no_lookahead(prices, one, bt.Signals((pl.col("close") > pl.col("open")) * 1.0))
    >>> assert_no_lookahead(prices, one, bt.Signals((pl.col("close").shift(-1) > pl.col("close")) * 1.0))
    Traceback (most recent call last):
    AssertionError: Causality: not ok, ...
    """
    report = check_causality(data, instruments, strategy, at=at, n=n, **settings_of(instruments, settings))
    if not report.ok:
        raise AssertionError(repr(report))


def assert_truncation_changes_nothing(
    data: Data,
    instruments: Instruments,
    strategy: Any,
    *,
    at: Sequence[datetime] | None = None,
    n: int = 4,
    **settings: Any,
) -> None:
    """A run whose data ends earlier is, until then, row by row what the whole run is.

    The plain form of :func:`assert_no_lookahead`: the shorter run goes on with what is in flight until nothing comes
    any more. Of a candle that is open where the data ends, the venue knows the open.

    Parameters
    ----------
    data, instruments, strategy, settings
        As for :func:`barter_bt.backtest`; or a function that makes the strategy from the data.
    at, n
        Where to end the data, or at how many chosen times.

    Raises
    ------
    AssertionError
        With the first row that changed.

    Examples
    --------
    >>> import barter_bt as bt
    >>> prices, one = bt.testing.bars(*range(100, 120)), bt.Instrument("x", "a_usd")
    >>> assert_truncation_changes_nothing(prices, one, bt.strategy.builtin.SmaCross(2, 4))
    """
    streams, settings = streams_of(data), settings_of(instruments, settings)
    whole = FullData(streams)
    result = backtest(streams, instruments, made(strategy, data, streams), **settings)
    for time_ns in cuts.choose(at, n, whole.span_ns(cuts.start_ns(settings)), result, settings):
        known, dealt = whole.known(time_ns), whole.dealt(time_ns)
        part = backtest(dealt, instruments, with_data(made(strategy, data, known), known), **settings)
        limit = min(time_ns, last_arrival_ns(dealt))
        first = first_divergence(cuts.until(result, limit), cuts.until(part, limit))
        if first is not None:
            told = first.told("{} with the whole data, {} with data that ends earlier")
            raise AssertionError(f"data until {moment(time_ns)}: {told}")
