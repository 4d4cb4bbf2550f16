"""What is asked of the sources of a stream as a whole: instruments, ranges of time and price, latency."""

from __future__ import annotations

import numpy as np
import polars as pl

from barter_bt.data.canonical import Canon
from barter_bt.data.schema import SCHEMAS
from barter_bt.data.sound import BLOCK_ROWS
from barter_bt.data.source import Source
from barter_bt.errors import DataError

_FIRST_ROWS = 1 << 14
_RANGE = {
    "trades": ("price", "price"),
    "quotes": ("bid_price", "ask_price"),
    "candles": ("low", "high"),
    "book": ("price", "price"),
    "book_orders": ("price", "price"),
}


def instruments(parts: list[tuple[Source, Canon]]) -> tuple[str, ...]:
    """Distinct instrument names of sources with an instrument column, sorted."""
    names: set[str] = set()
    for source, canon in parts:
        column = canon.columns["instrument"]
        for _, piece in source.pieces([column]):
            names.update(_distinct(piece[column]))
    return tuple(sorted(names))


def _distinct(names: pl.Series) -> set[str]:
    """Names in a column; the first rows tell where they hold every category that there can be."""
    found = set(map(str, names.head(_FIRST_ROWS).unique().drop_nulls().to_list()))
    if isinstance(names.dtype, pl.Enum) and len(found) == len(names.dtype.categories):
        return found
    return found | set(map(str, names.slice(_FIRST_ROWS).unique().drop_nulls().to_list()))


def latency_min_ns(parts: list[tuple[Source, Canon]]) -> int:
    """Smallest ``time_received - time_exchange``; 0 where no row has both."""
    smallest: list[int] = []
    for source, canon in parts:
        times = canon.only(["time_received", "time_exchange"])
        latency = pl.col("time_received").to_physical() - pl.col("time_exchange").to_physical()
        for _, raw in source.pieces(times.needed):
            value = times.apply(raw).select(latency.min()).item()
            smallest += [] if value is None else [int(value)]
    return min(smallest, default=0)


def openings(parts: list[tuple[Source, Canon]]) -> tuple[int, bool]:
    """Length in ns of the longest candle, and whether candles open in the order of the rows."""
    longest, in_order, before = 0, True, np.iinfo(np.int64).min
    for source, canon in parts:
        times = canon.only(["time_open", "time_exchange"])
        for _, raw in source.pieces(times.needed):
            candles = times.apply(raw)
            candles = candles.drop_nulls() if any(column.null_count() for column in candles) else candles
            opened, closed = (candles[name].cast(pl.Int64).to_numpy() for name in ("time_open", "time_exchange"))
            for start in range(0, len(opened), BLOCK_ROWS):
                opens, closes = opened[start : start + BLOCK_ROWS], closed[start : start + BLOCK_ROWS]
                in_order = in_order and before <= opens[0] and bool((opens[:-1] <= opens[1:]).all())
                longest, before = max(longest, int((closes - opens).max())), opens[-1]
    return longest, in_order


def price_range(parts: list[tuple[Source, Canon]], kind: str) -> dict[str, tuple[float, float]]:
    """Smallest and largest price of each instrument, of finite positive prices (and sides that are not empty)."""
    ranges: dict[str, tuple[float, float]] = {}
    wanted = _bounds(kind)
    for source, canon in parts:
        names = [*{*_RANGE[kind], *(SCHEMAS[kind].amounts if kind == "quotes" else ())}, "instrument"]
        part = canon.only(names)
        key = "instrument" if canon.instrument is None else pl.lit(canon.instrument).alias("instrument")
        for _, raw in source.pieces(part.needed):
            for name, *values in part.apply(raw).group_by(key).agg(wanted).iter_rows():
                known = [value for value in (*values, *ranges.get(name, ())) if value is not None]
                if name is not None and known:
                    ranges[name] = (min(known), max(known))
    return dict(sorted(ranges.items()))


def _bounds(kind: str) -> list[pl.Expr]:
    bounds = []
    for name in dict.fromkeys(_RANGE[kind]):
        sane = pl.col(name).is_finite() & (pl.col(name) > 0)
        if kind == "quotes":
            sane &= pl.col(name.replace("price", "amount")) > 0
        price = pl.col(name).filter(sane)
        bounds += [price.min().alias(f"{name}_min"), price.max().alias(f"{name}_max")]
    return bounds


def time_range(parts: list[tuple[Source, Canon]], name: str) -> tuple[int, int]:
    """``time_exchange`` of the first and of the last row, nanoseconds."""
    filled = [part for part in parts if part[0].rows]
    if not filled:
        raise DataError(f"{name}: there are no rows")
    ends = []
    for (source, canon), end in ((filled[0], 0), (filled[-1], 1)):
        time = canon.expressions["time_exchange"]
        value = source.edges(sorted(set(time.meta.root_names())))[end].select(time.to_physical()).item()
        if value is None:
            raise DataError(f"{source.label}: row {(source.rows - 1) * end} has no valid time_exchange")
        ends.append(int(value))
    return ends[0], ends[1]
