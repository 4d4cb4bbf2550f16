"""Candles of trades, of quotes and of shorter candles, each known when its window is over and not before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from barter_bt.data.canonical import Options
from barter_bt.data.source import FrameSource
from barter_bt.data.stream import Stream

if TYPE_CHECKING:
    from barter_bt.data.aggregator import Aggregator, Made


def aggregate(
    stream: Stream,
    *,
    every: str | None = None,
    ticks: int | None = None,
    volume: float | None = None,
    value: float | None = None,
    price_range: float | None = None,
    renko: float | None = None,
    tick_imbalance: float | None = None,
    volume_imbalance: float | None = None,
    span: int | None = None,
    time_zone: str | None = None,
) -> Stream:
    """Make candles of trades, of quotes (their mid prices), or longer candles of shorter ones.

    A candle is stamped with the end of its window: it is known then, or when the last of its rows has arrived, if that
    is later. A row at the very end of a window belongs to the next. Windows without a row have no candle.
    Bars by another measure than time end with the last row of the time at which the size is reached, and open with
    their first row. What has not reached its size at the end of the data is no bar, nor what does so with the last time
    of all, of which more may come; the last window of time is.

    Parameters
    ----------
    stream
        Trades, quotes or candles. It is read piece by piece, and checked.
    every
        Length of the windows, such as ``"5m"``, counted from 1970 UTC; days by the clocks of ``time_zone``; weeks begin
        on Mondays.
    ticks
        Number of rows of a bar.
    volume, value
        Sum of amounts, or of prices times amounts, that ends a bar; a trade is never split.
    price_range
        Distance of the highest and the lowest price that ends a bar.
    renko
        Height of a brick. Bricks lie side by side: the next ends one height above the top of the last, or one below its
        bottom, at the first time whose last price is there; through several at once, it is one bar of as many heights.
    tick_imbalance, volume_imbalance
        Rows of the first bar, such as 1000. The next end where the sum of signs (tick rule) of their rows, or of signed
        amounts, is as large as expected of so many rows: E[T] |E[b]|, averages over the bars before.
    span
        Bars over which these averages go, 20 by default; they move by 2 / (span + 1) with each.
    time_zone
        Where days begin, UTC by default.

    Returns
    -------
    Stream
        Candles, in memory.

    Raises
    ------
    ConfigError
        Not one rule, or one that the kind of data does not allow.
    DataError
        A candle lies in two windows; rows that a run would refuse.

    Notes
    -----
    Known limits: rows of quotes with an empty side are left out. Bars by range are not bricks: a jump makes one bar
    that is larger than the range, not several. Prices of Renko bars are edges of bricks, at which nothing need have
    been traded: take them for signals, and trade on the rows that they are made of. Imbalance bars follow López de
    Prado, Advances in Financial Machine Learning (2018), 2.3.2; E[T] stays between a tenth and ten times the rows of
    the first bar, and a balance of 0 ends none.

    Examples
    --------
    >>> import polars as pl
    >>> from barter_bt.data import generate, trades
    >>> hourly = aggregate(trades(generate.trades(2000, instruments=1)), every="1s")
    >>> hourly.kind, hourly.frame().select((pl.col("time_exchange") - pl.col("time_open")).unique()).collect().item()
    ('candles', datetime.timedelta(seconds=1))
    """
    from barter_bt.data.aggregator import Aggregator, frame_of

    made = Aggregator(
        stream.kind, every=every, ticks=ticks, volume=volume, value=value, price_range=price_range, renko=renko,
        tick_imbalance=tick_imbalance, volume_imbalance=volume_imbalance, span=span, time_zone=time_zone,
    )  # fmt: skip
    ordered = frame_of(list(_pushed(made, stream))).sort("time_exchange", "instrument")
    if not stream.has_received:
        ordered = ordered.drop("time_received")
    return Stream([FrameSource(ordered, f"{stream.name} aggregated")], Options("candles", adjusted=stream.adjusted))


def _pushed(made: Aggregator, stream: Stream) -> Iterator[Made]:
    names = stream.instruments
    for chunk in stream.chunks({name: code for code, name in enumerate(names)}):
        yield from made.push_columns(names, chunk.columns, checked=stream.validate)
    yield from made.finish_columns()
