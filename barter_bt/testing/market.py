"""Market data from a few literal rows. Times are seconds after 1970-01-01 00:00 UTC, in which ``table`` gives them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from barter_bt import data
from barter_bt.data import Stream
from barter_bt.data.schema import TIME
from barter_bt.errors import ConfigError

NAME = "a_usd"
SECOND_NS = 1_000_000_000


def stamps(seconds: Iterable[float]) -> pl.Series:
    """Times of so many seconds after 1970.

    Examples
    --------
    >>> stamps([1.5]).to_list()
    [datetime.datetime(1970, 1, 1, 0, 0, 1, 500000, tzinfo=zoneinfo.ZoneInfo(key='UTC'))]
    """
    return pl.Series([round(each * SECOND_NS) for each in seconds], dtype=pl.Int64).cast(TIME)


def trades(*rows: Sequence[Any], instrument: str = NAME, **options: Any) -> Stream:
    """A stream of trades.

    Parameters
    ----------
    rows
        Time in seconds, price, amount; then the name of the instrument where it is another one.
    instrument
        Name of the others.
    options
        As for :func:`barter_bt.data.trades`.

    Examples
    --------
    >>> trades((1, 100, 5), (2, 101, 5), (2, 30, 1, "b_usd")).instruments
    ('a_usd', 'b_usd')
    """
    return data.trades(_frame(rows, ("time_exchange", "price", "amount"), instrument), **options)


def quotes(*rows: Sequence[Any], instrument: str = NAME, **options: Any) -> Stream:
    """A stream of quotes: rows of time, bid, its amount, ask, its amount; otherwise as :func:`trades`.

    Examples
    --------
    >>> quotes((1, 99, 5, 101, 5)).rows
    1
    """
    names = ("time_exchange", "bid_price", "bid_amount", "ask_price", "ask_amount")
    return data.quotes(_frame(rows, names, instrument), **options)


def candles(*rows: Sequence[Any], instrument: str = NAME, **options: Any) -> Stream:
    """A stream of candles: rows of time of open, time of close, open, high, low, close; otherwise as :func:`trades`.

    Examples
    --------
    >>> candles((0, 60, 100, 103, 99, 101), (120, 180, 101, 101, 98, 98)).rows
    2
    """
    names = ("time_open", "time_exchange", "open", "high", "low", "close")
    return data.candles(_frame(rows, names, instrument), **options)


def bars(*prices: Any, instrument: str = NAME, step: float = 60, **options: Any) -> Stream:
    """Candles one after another, the first opening at 0.

    Parameters
    ----------
    prices
        Each ``(open, high, low, close)``, or one price at which the candle stands, or None for a gap.
    instrument
        Whose they are.
    step
        Length of a candle in seconds.
    options
        As for :func:`barter_bt.data.candles`.

    Examples
    --------
    >>> bars(100, (100, 103, 99, 101), None, 102).frame().collect()["close"].to_list()
    [100.0, 101.0, 102.0]
    """
    rows = [
        (step * k, step * (k + 1), *(each if isinstance(each, Sequence) else (each,) * 4))
        for k, each in enumerate(prices)
        if each is not None
    ]
    return candles(*rows, instrument=instrument, **options)


def table(frame: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of a frame, all if none is named, as rows: times in seconds, names as text.

    Examples
    --------
    >>> table(trades((1, 100, 5)).frame().collect(), "time_exchange", "price")
    [(1.0, 100.0)]
    """
    plain = []
    for name in columns or frame.columns:
        column = frame[name]
        if isinstance(column.dtype, pl.Datetime):
            plain.append([None if ns is None else ns / SECOND_NS for ns in column.cast(TIME).to_physical().to_list()])
        else:
            is_name = isinstance(column.dtype, pl.Enum | pl.Categorical)
            plain.append((column.cast(pl.String) if is_name else column).to_list())
    return list(zip(*plain, strict=True))


def _frame(rows: Sequence[Any], names: tuple[str, ...], instrument: str) -> pl.DataFrame:
    for row in rows:
        if not isinstance(row, Sequence) or not len(names) <= len(row) <= len(names) + 1:
            raise ConfigError(f"a row is {row!r}; it must be {', '.join(names)}, and perhaps an instrument")
    full = [tuple(row) if len(row) > len(names) else (*row, instrument) for row in rows]
    columns: dict[str, Any] = dict(zip((*names, "instrument"), zip(*full, strict=True), strict=True)) if rows else {}
    for name in names:
        values = columns.get(name, ())
        columns[name] = stamps(values) if name.startswith("time") else pl.Series(values, dtype=pl.Float64)
    return pl.DataFrame({**columns, "instrument": pl.Series(columns.get("instrument", ()), dtype=pl.String)})
