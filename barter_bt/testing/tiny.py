"""Tiny runs: interpreted, so that they start at once, and with everything given that a backtest wants to know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from barter_bt.backtest import Result, backtest
from barter_bt.data import MarketData, Stream
from barter_bt.errors import ConfigError
from barter_bt.instrument import Instrument
from barter_bt.testing.market import NAME, bars

EXCHANGE = "x"
CASH = 10_000


def run(
    data: Stream | MarketData | Sequence[Stream],
    strategy: Any,
    instruments: Instrument | Sequence[Instrument] | None = None,
    **settings: Any,
) -> Result:
    """Backtest a strategy in plain Python, with 10,000 of every money.

    Parameters
    ----------
    data, strategy
        As for :func:`barter_bt.backtest`; :mod:`barter_bt.testing` makes streams of literal rows.
    instruments
        By default spot instruments of an exchange ``"x"``, one for each name in the data, at any price and quantity.
    settings
        Other arguments of :func:`barter_bt.backtest`. By default ``balances`` has 10,000 of each quote (or settlement)
        asset, there are no fees and no latency, and ``interpret`` is True.

    Examples
    --------
    >>> from barter_bt.testing import schedule, table, trades
    >>> market = trades((1, 100, 5), (2, 101, 5), (3, 102, 5))
    >>> table(run(market, schedule({"at": 1, "buy": 2})).trades, "time_exchange", "price", "quantity")
    [(2.0, 101.0, 2.0)]
    """
    listed = _known(data) if instruments is None else instruments
    given: dict[str, Any] = {"balances": cash(listed), "interpret": True} | settings
    return backtest(data, listed, strategy, **given)


def run_prices(
    prices: Iterable[Any] | Mapping[str, Any],
    strategy: Any,
    instruments: Instrument | Sequence[Instrument] | None = None,
    *,
    step: float = 60,
    **settings: Any,
) -> Result:
    """Backtest a strategy on a handful of prices, as :func:`run` does.

    Each price is a candle of a minute that stands at it, the first from 0 to 60 seconds after 1970. So what a strategy
    decides at one price is filled at the next, unless it waits longer.

    Parameters
    ----------
    prices
        Of one instrument, or by name of the instrument: a price, ``(open, high, low, close)``, or None for a gap.
    strategy, instruments, settings
        As for :func:`run`; without ``instruments`` a single one is ``"a_usd"``.
    step
        Length of a candle in seconds.

    Examples
    --------
    >>> import polars as pl
    >>> import barter_bt as bt
    >>> from barter_bt.testing import table
    >>> rising = bt.Signals((pl.col("close") > pl.col("close").shift(1)) * 1.0)
    >>> result = run_prices([100, 101, 99, 98], rising)
    >>> table(result.trades, "time_exchange", "side", "price")
    [(120.0, 'buy', 99.0), (180.0, 'sell', 98.0)]
    >>> run_prices({"a_usd": [1, 2], "b_eur": [(5, 6, 4, 5), None]}, rising).trades.height
    0
    """
    given = prices if isinstance(prices, Mapping) else {_only_name(instruments): prices}
    if not given:
        raise ConfigError("no prices are given", 'write [100, 101, 99] or {"a_usd": [100, 101, 99]}')
    streams = []
    for name, each in given.items():
        if isinstance(each, str) or not isinstance(each, Iterable) or all(price is None for price in each):
            raise ConfigError(f"prices of {name!r} are {each!r:.60}; a list with a price is needed", "[100, 101, 99]")
        streams.append(bars(*each, instrument=name, step=step))
    return run(streams, strategy, instruments, **settings)


def cash(instruments: Any) -> dict[str, int]:
    """10,000 of everything that instruments are paid with; what is none, the backtest will tell of.

    Examples
    --------
    >>> import barter_bt as bt
    >>> cash([bt.Instrument("x", "a_usd"), bt.Instrument("y", "b_eur")])
    {'x.usd': 10000, 'y.eur': 10000}
    """
    each = [instruments] if isinstance(instruments, Instrument) else list(instruments)
    return {f"{one.exchange}.{one.settlement or one.quote}": CASH for one in each if isinstance(one, Instrument)}


def _known(data: Stream | MarketData | Sequence[Stream]) -> list[Instrument]:
    streams = data.streams if isinstance(data, MarketData) else [data] if isinstance(data, Stream) else data
    names = sorted({name for stream in streams for name in stream.instruments})
    return [Instrument(EXCHANGE, name) for name in names]


def _only_name(instruments: Instrument | Sequence[Instrument] | None) -> str:
    if instruments is None:
        return NAME
    each = [instruments] if isinstance(instruments, Instrument) else list(instruments)
    if len(each) != 1:
        raise ConfigError(f"prices are one list, and there are {len(each)} instruments", 'write {"a_usd": [100, 101]}')
    return each[0].name
