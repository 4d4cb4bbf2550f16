"""What is asked of the sources of a stream as a whole: instruments, ranges of time and price, latency."""

from __future__ import annotations

import numpy as np
import polars as pl

from barter_bt.data.canonical import Canon
from barter_bt.data.history import period_of
from barter_bt.data.schema import SCHEMAS
from barter_bt.data.sound import BLOCK_ROWS, in_order
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
            names |= _distinct(piece[column], names)
    return tuple(sorted(names))


def _distinct(names: pl.Series, known: set[str]) -> set[str]:
    """Names in a column; the first rows tell where they hold every category that there can be, if not all are known."""
    first, dtype = names.head(_FIRST_ROWS), names.dtype
    if isinstance(dtype, pl.Enum):
        categories = dtype.categories.to_list()
        is_full = len(first) > 0 and not first.null_count()
        if is_full and len(categories) > 1:
            is_full = bool(np.bincount(first.to_physical().to_numpy(), minlength=len(categories)).all())
        if is_full or known.issuperset(categories):
            return set(categories)
    return set(map(str, names.unique().drop_nulls().to_list()))


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


def longest_candle_ns(parts: list[tuple[Source, Canon]]) -> int:
    """Length in ns of the longest candle."""
    longest = 0
    for source, canon in parts:
        times = canon.only(["time_open", "time_exchange"])
        for _, raw in source.pieces(times.needed):
            candles = times.apply(raw)
            candles = candles.drop_nulls() if any(column.null_count() for column in candles) else candles
            opened, closed = (candles[name].cast(pl.Int64).to_numpy() for name in ("time_open", "time_exchange"))
            longest = max(longest, int((closed - opened).max(initial=0)))
    return longest


def opens_in_order(parts: list[tuple[Source, Canon]]) -> bool:
    """Whether candles open in the order of the rows, from their opens alone."""
    before = np.iinfo(np.int64).min
    for source, canon in parts:
        times = canon.only(["time_open"])
        for _, raw in source.pieces(times.needed):
            opened = times.apply(raw)["time_open"].drop_nulls().cast(pl.Int64).to_numpy()
            if not in_order(opened, before):
                return False
            before = int(opened[-1]) if len(opened) else before
    return True


def are_gapless(parts: list[tuple[Source, Canon]]) -> bool:
    """Whether each candle certainly opens as the one before it of its instrument closes.

    Rows are of one instrument, or of several in a panel; of other rows nothing is said.
    """
    before: tuple[np.ndarray, np.ndarray] | None = None  # instruments of the last period, and when they have closed
    kinds = set()
    for source, canon in parts:
        wanted = canon.only(["time_open", "time_exchange", "instrument"])
        for _, raw in source.pieces(wanted.needed):
            candles = wanted.apply(raw)
            if any(column.null_count() for column in candles):
                return False
            opened, closed = (candles[name].cast(pl.Int64).to_numpy() for name in ("time_open", "time_exchange"))
            code, period = np.zeros(1, np.int8), 1
            if canon.instrument is None:
                kinds.add(candles.schema["instrument"])
                if len(kinds) > 1 or not isinstance(candles.schema["instrument"], pl.Enum):  # else numbers differ
                    return False
                code = candles["instrument"].to_physical().to_numpy()
                period = period_of(code)
            if not period or not (before is None or _follows(before, code[:period], opened[:period])):
                return False
            for start in range(period, len(opened), BLOCK_ROWS):
                end = min(start + BLOCK_ROWS, len(opened))
                if not (opened[start:end] == closed[start - period : end - period]).all():
                    return False
            before = code[-period:], closed[-period:]
    return True


def _follows(before: tuple[np.ndarray, np.ndarray], code: np.ndarray, opened: np.ndarray) -> bool:
    """Whether a period comes behind another one, and opens as that has closed."""
    return np.array_equal(before[0], code) and np.array_equal(before[1], opened)


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
