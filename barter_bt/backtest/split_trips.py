"""Round trips over a split: fills and prices of before it in the units that the position ended with (rule 45)."""

from __future__ import annotations

import numpy as np
import polars as pl

from barter_bt.backtest.excursions import Ranges, Spans, market_ranges
from barter_bt.backtest.prices import MarketPrices
from barter_bt.statistic.tables import Floats, Integers, nanoseconds


def splits_of_positions(splits: pl.DataFrame) -> pl.DataFrame:
    """The splits that positions went through, none of those that ended one: it stays in the units before."""
    return splits.filter((pl.col("quantity_before") != 0) & (pl.col("quantity_after") != 0))


def in_last_units(fills: pl.DataFrame, splits: pl.DataFrame) -> pl.DataFrame:
    """Prices and quantities of fills, each of its position, as they are after all of that position's splits."""
    columns = "position_id", "trade_id_next", "ratio"
    for position, first, ratio in splits.select(columns).iter_rows():
        old = (pl.col("position_id") == position) & (pl.col("trade_id") < first)
        grown = pl.when(old).then(pl.lit(ratio)).otherwise(pl.lit(1.0))
        fills = fills.with_columns(price=pl.col("price") / grown, quantity=pl.col("quantity") * grown)
    return fills


def ranges_over_splits(
    market: MarketPrices, spans: Spans, positions: pl.Series, splits: pl.DataFrame, end_ns: int
) -> Ranges:
    """What the market showed from one split to the next, together.

    Parameters
    ----------
    market
        The market's prices, in the units of their time.
    spans, positions
        When each of these positions was open.
    splits
        What :func:`splits_of_positions` gives.
    end_ns
        When the run ended.
    """
    if not splits.height:
        return market_ranges(market, spans, end_ns)
    of, begins, ends, ratios = _parts(spans, positions, splits)
    last = np.append(of[1:] != of[:-1], True)
    cut = Spans(spans.instrument[of], begins, ends, spans.inside[of] & last)
    found, count = market_ranges(market, cut, end_ns), len(spans.enter)
    low, high = np.full(count, np.nan), np.full(count, np.nan)
    np.fmin.at(low, of, found.low / ratios)
    np.fmax.at(high, of, found.high / ratios)
    bars = np.bincount(of, np.maximum(found.bars, 0), count).astype(np.int64)
    bars[of[found.bars < 0]] = -1
    return Ranges(low, high, bars)


def _parts(spans: Spans, positions: pl.Series, splits: pl.DataFrame) -> tuple[Integers, Integers, Integers, Floats]:
    """Of each part of a span its row, begin, end, and new units at the position's end for one of its own."""
    times: dict[int, list[tuple[int, float]]] = {}
    for position, time, ratio in zip(
        splits["position_id"], nanoseconds(splits["time_exchange"]), splits["ratio"], strict=True
    ):
        times.setdefault(position, []).append((int(time), ratio))
    rows: list[tuple[int, int, int, float]] = []
    for row, position in enumerate(positions):
        begin, mine = int(spans.enter[row]), times.get(position, [])
        for number, (time, _) in enumerate(mine):
            rows.append((row, begin, time, float(np.prod([ratio for _, ratio in mine[number:]]))))
            begin = time
        rows.append((row, begin, int(spans.leave[row]), 1.0))
    of, begins, ends, ratios = zip(*rows, strict=True) if rows else ((), (), (), ())
    return np.array(of, np.int64), np.array(begins, np.int64), np.array(ends, np.int64), np.array(ratios, np.float64)
