"""How far the market's prices went while positions were open, and how many candles they lasted.

Only what is certain counts: a price of the time after the entry and before the exit. Of a candle that lies wholly
between them that is its range; of one in which the position was opened its close; of one in which it was closed its
open. A fill inside a candle (of a maker, or of a triggered order) is stamped at its close. So of a candle that closes
at such an exit only the open counts, and of one that closes at the entry nothing: it may have been over before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from barter_bt.backtest.prices import EVER, Array, MarketPrices, price_of
from barter_bt.statistic.extremes import extremes
from barter_bt.statistic.tables import Floats, Integers


class Ranges(NamedTuple):
    """What the market showed while each position was open.

    Attributes
    ----------
    low, high
        Lowest and highest price; NaN where it showed none.
    bars
        Candles that closed after the entry and not after the exit; -1 for instruments without candles.
    """

    low: Floats
    high: Floats
    bars: Integers


@dataclass(frozen=True)
class Spans:
    """When positions were open. Those of one instrument follow each other, in the order of their rows.

    Parameters
    ----------
    instrument
        Number of each position's instrument.
    enter, leave
        Nanoseconds; of a position that is still open, ``leave`` is the run's end.
    inside
        Whether it was closed inside the candle that closes then.
    """

    instrument: Integers
    enter: Integers
    leave: Integers
    inside: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def market_ranges(market: MarketPrices, spans: Spans, end_ns: int = EVER[1]) -> Ranges:
    """Go through the market once, piece by piece, until the end of the run."""
    count = len(spans.enter)
    low, high = np.full(count, np.nan), np.full(count, np.nan)
    with_candles = _with_candles(market)
    bars = np.where(np.isin(spans.instrument, list(with_candles)), 0, -1)
    of = {market.names[i]: np.flatnonzero(spans.instrument == i) for i in np.unique(spans.instrument)}
    if not count:
        return Ranges(low, high, bars)
    span_ns = int(spans.enter.min()), end_ns
    for name, kind, columns in market.pieces(list(of), span_ns, _shown):
        first, last = columns[0], columns[1]
        rows = of[name]
        rows = rows[(spans.enter[rows] <= last[-1]) & (spans.leave[rows] >= first[0])]
        enter, leave = spans.enter[rows], spans.leave[rows]
        for start, end, seen in _certain(kind, columns, enter, leave, spans.inside[rows]):
            below, above = extremes(*seen, start, end)
            low[rows], high[rows] = np.fmin(low[rows], below), np.fmax(high[rows], above)
        if kind == "candles":
            closed = np.searchsorted(last, np.concatenate((enter, leave)), side="right")
            bars[rows] += closed[len(rows) :] - closed[: len(rows)]
    return Ranges(low, high, bars)


def _with_candles(market: MarketPrices) -> set[int]:
    return {market.codes[name] for stream in market.market if stream.kind == "candles" for name in stream.instruments}


def _shown(kind: str, columns: Mapping[str, Any]) -> tuple[Array, ...]:
    """First and last moment of each row; of candles open, low, high and close, else the price."""
    times = columns["time_exchange"]
    if kind == "candles":
        return columns["time_open"], times, *(columns[name] for name in ("open", "low", "high", "close"))
    return times, times, price_of(kind, columns)


def _certain(
    kind: str, columns: tuple[Array, ...], enter: Integers, leave: Integers, inside: Array
) -> Iterator[tuple[Integers, Integers, tuple[Array, Array, Array, Array]]]:
    """From when to when which prices are certain to have been met: spans, and times and ranges of the prices."""
    if kind != "candles":
        times, _, price = columns
        yield enter + 1, leave - 1, (times, times, price, price)
        return
    opens, closes, first, low, high, last = columns
    until = leave - inside
    yield enter, until, (opens, closes, low, high)
    yield enter, leave - 1, (opens, opens, first, first)
    yield enter + 1, until, (closes, closes, last, last)
