"""Relations of order: of what is given side by side, none comes first."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import polars as pl

from barter_bt.backtest import backtest
from barter_bt.backtest.truncated import Truncated
from barter_bt.data import Stream
from barter_bt.instrument import Instrument
from barter_bt.testing.invariants import assert_same_run
from barter_bt.testing.relations.common import Data, Instruments, made, settings_of, streams_of

T = TypeVar("T")


def assert_order_of_rows_changes_nothing(
    data: Data, instruments: Instruments, strategy: Any, *, seed: int = 0, **settings: Any
) -> None:
    """Rows of one stream with one stamp may stand in any order of their instruments (rule 17).

    Parameters
    ----------
    data, instruments, strategy, settings
        As for :func:`barter_bt.backtest`; or a function that makes the strategy from the data.
    seed
        Of the order.

    Raises
    ------
    AssertionError
        With the first row that changed.

    Examples
    --------
    >>> import polars as pl
    >>> import barter_bt as bt
    >>> start = [("a_usd", 9), ("b_usd", 5)]
    >>> rows = [(60 * k, 60 * k + 60, *[price + k] * 4, name) for k in range(5) for name, price in start]
    >>> prices, both = bt.testing.candles(*rows), [bt.Instrument("x", name) for name in ("a_usd", "b_usd")]
    >>> half = bt.Signals(pl.lit(0.5), size="equity")
    >>> assert_order_of_rows_changes_nothing(prices, both, half)
    """
    streams, settings = streams_of(data), settings_of(instruments, settings)
    order = random.Random(seed)
    ranks = {name: order.random() for name in sorted({name for stream in streams for name in stream.instruments})}
    other: list[Stream] = [Truncated(stream, _permuted(stream, ranks)) for stream in streams]
    one, two = (backtest(each, instruments, made(strategy, data, each), **settings) for each in (streams, other))
    assert_same_run(one, two, ("rows as given", "rows of one stamp in another order"))


def assert_order_of_declaration_changes_nothing(
    data: Data, instruments: Sequence[Instrument], strategy: Any, *, seed: int = 0, **settings: Any
) -> None:
    """Instruments, and balances and venues, may be given in any order.

    Parameters
    ----------
    data, instruments, strategy, settings
        As for :func:`barter_bt.backtest`; or a function that makes the strategy from the data.
    seed
        Of the order.

    Raises
    ------
    AssertionError
        With the first row that changed.

    Examples
    --------
    >>> import polars as pl
    >>> import barter_bt as bt
    >>> prices = [bt.testing.bars(1, 2, 3, instrument=name) for name in ("a_usd", "b_usd")]
    >>> both = [bt.Instrument("x", name) for name in ("a_usd", "b_usd")]
    >>> assert_order_of_declaration_changes_nothing(prices, both, bt.Signals(pl.lit(1.0)))
    """
    streams, settings = streams_of(data), settings_of(instruments, settings)
    order = random.Random(seed)
    names = [name for name in ("balances", "units", "venues") if isinstance(settings.get(name), Mapping)]
    other = settings | {name: dict(_shuffled(list(settings[name].items()), order)) for name in names}
    one = backtest(streams, instruments, made(strategy, data, streams), **settings)
    two = backtest(streams, _shuffled(list(instruments), order), made(strategy, data, streams), **other)
    assert_same_run(one, two, ("the order given", "another order of declaration"))


def _permuted(stream: Stream, ranks: Mapping[str, float]) -> pl.DataFrame:
    times = ["time_exchange", *(["time_received"] if stream.has_received else [])]
    rank = pl.col("instrument").cast(pl.String).replace_strict(ranks, return_dtype=pl.Float64)
    return stream.frame(stream.extra).sort(*times, rank, maintain_order=True).collect()


def _shuffled(given: list[T], order: random.Random) -> list[T]:
    return order.sample(given, len(given))
