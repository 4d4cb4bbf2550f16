"""The relation of an instrument that nobody trades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from barter_bt import data as market_data
from barter_bt.backtest import backtest
from barter_bt.backtest.difference import COMPARED
from barter_bt.backtest.divergence import first_divergence
from barter_bt.data import Stream
from barter_bt.data.schema import SCHEMAS
from barter_bt.errors import ConfigError
from barter_bt.instrument import Instrument
from barter_bt.strategy.driver import Driver, Market
from barter_bt.strategy.group import StrategyGroup
from barter_bt.testing.relations.common import Data, Instruments, made, settings_of, streams_of


def assert_idle_instrument_changes_nothing(
    data: Data, instruments: Instruments, strategy: Any, *, name: str = "0_idle", **settings: Any
) -> None:
    """One more instrument, with market data at times at which something happens anyway, changes no row of the others.

    The strategy is prepared (signals are computed) with the data as it was; one in Python sees the other instrument and
    must leave it alone.

    Parameters
    ----------
    data, instruments, strategy, settings
        As for :func:`barter_bt.backtest`; or a function that makes the strategy from the data.
    name
        What to call it. The default sorts before most others, so that it moves the index of every instrument; another
        one, such as ``"zzz_idle"``, suits a strategy that counts on these.

    Raises
    ------
    AssertionError
        With the first row that changed, or the order that was sent for it.

    Examples
    --------
    >>> import polars as pl
    >>> import barter_bt as bt
    >>> prices, one = bt.testing.bars(5, 6, 7, instrument="b_usd"), bt.Instrument("x", "b_usd")
    >>> assert_idle_instrument_changes_nothing(prices, one, bt.Signals(pl.lit(1.0)))
    """
    each = [instruments] if isinstance(instruments, Instrument) else list(instruments)
    streams, settings = streams_of(data), settings_of(each, settings)
    if any(one.name == name for one in each):
        raise ConfigError(f"name is {name!r}, which is one of the instruments", "give the idle one another name")
    idle, extra = _idle(streams, each, name)
    alone = backtest(streams, each, made(strategy, data, streams), **settings)
    own = _unaware(made(strategy, data, streams), len(streams))
    beside = backtest([*streams, *extra], [*each, idle], own, **settings | {"reporting": alone.reporting})
    tables = [{table: getattr(run, table) for table in (*COMPARED, "equity")} for run in (alone, beside)]
    sent = tables[1]["orders"].filter(pl.col("instrument").cast(pl.String) == name)
    if sent.height:
        raise AssertionError(
            f"the strategy sent {sent.height} order(s) for {name}, the first: {sent.row(0, named=True)}"
        )
    tables[1]["balances"] = tables[1]["balances"].filter(pl.col("asset").cast(pl.String) != idle.base)
    first = first_divergence(*tables)
    if first is not None:
        raise AssertionError(first.told(f"{{}} without {name}, {{}} with it"))


class _Unaware:
    """A strategy that is prepared with the first streams alone."""

    def __init__(self, strategy: Any, count: int) -> None:
        self.name: str = strategy.name
        self._strategy, self._count = strategy, count

    def prepare(self, market: Market) -> Driver:
        """The driver of one run."""
        known = replace(market, streams=market.streams[: self._count], feed_ns=market.feed_ns[: self._count])
        driver: Driver = self._strategy.prepare(known)
        return driver


def _unaware(strategy: Any, count: int) -> Any:
    """Let a strategy, or each of several, be prepared without the idle instrument; one in Python is not prepared."""
    if isinstance(strategy, list | tuple):
        return [_unaware(one, count) for one in strategy]
    if isinstance(strategy, StrategyGroup):
        return StrategyGroup([_unaware(one, count) for one in strategy.strategies])
    return _Unaware(strategy, count) if hasattr(strategy, "prepare") else strategy


def _idle(streams: Sequence[Stream], instruments: Sequence[Instrument], name: str) -> tuple[Instrument, list[Stream]]:
    """An instrument beside the first of the data, and streams of its own at the same times, at 100, or 101 to buy."""
    known = {key: one for one in instruments for key in (one.name, one.key)}
    twin = known[streams[0].instruments[0]]
    readers: dict[str, Any] = {
        "trades": market_data.trades,
        "quotes": market_data.quotes,
        "candles": market_data.candles,
        "book": market_data.book,
    }
    found = []
    for stream in streams:
        frame = stream.frame().filter(pl.col("instrument").cast(pl.String).is_in([twin.name, twin.key])).collect()
        if frame.height and stream.kind == "book_orders":
            found.append(market_data.book_orders(_resting(frame, name)))
        elif frame.height:
            schema = SCHEMAS[stream.kind]
            flat = {column: pl.lit(101.0 if column == "ask_price" else 100.0) for column in schema.prices}
            if stream.kind == "book":
                flat["price"] = pl.when(pl.col("side") < 0).then(101.0).otherwise(100.0)
            amounts = {column: pl.lit(7.0) for column in schema.amounts if column in frame.columns}
            found.append(readers[stream.kind](frame.with_columns(instrument=pl.lit(name), **flat, **amounts)))
    base, _, _ = name.rpartition("_")
    one = Instrument(twin.exchange, name, base or name, twin.quote, price_increment=1)  # some venues need a tick
    return (one if twin.expiry is None else replace(one, kind="future", expiry=twin.expiry)), found


def _resting(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """A book of two orders, which is there from the first row of another on."""
    times = [column for column in ("time_exchange", "time_received") if column in frame.columns]
    orders = pl.DataFrame({"order_id": [1, 2], "side": [1, -1], "price": [100.0, 101.0]})
    told = {"action": pl.lit("add"), "amount": pl.lit(7.0), "snapshot": pl.lit(value=True), "instrument": pl.lit(name)}
    return frame.head(1).select(times).join(orders, how="cross").with_columns(**told)
