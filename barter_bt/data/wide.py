"""Wide frames, in which each symbol has columns of its own, made long: a row for each time and symbol."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from barter_bt.data.schema import SCHEMAS
from barter_bt.errors import DataError

_PAIR = re.compile(r"^\(['\"](.*)['\"], ['\"](.*)['\"]\)$")
_FIELDS = {name for schema in SCHEMAS.values() for name in schema.names} | {"adj close", "dividends", "stock splits"}
_PRICES = ("open", "high", "low", "close")


def long_frame(frame: pl.DataFrame, instrument: str | None = None) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Make a frame long whose columns are pairs of a field and a symbol, as downloaders of many symbols give them.

    Parameters
    ----------
    frame
        Any frame; one without such columns stays as it is. Pairs are named as pandas writes columns of two levels:
        ``"('Close', 'AAPL')"``, in either order.
    instrument
        Name of the only instrument: with one symbol there is then no column of it.

    Returns
    -------
    tuple
        The rows by time, in which a symbol has none where all of its fields are null or NaN; and what was done.

    Examples
    --------
    >>> wide = pl.DataFrame({"Date": [1], "('Close', 'B')": [2.0], "('Close', 'A')": [3.0]})
    >>> long_frame(wide)[0].rows()
    [(1, 'B', 2.0), (1, 'A', 3.0)]
    """
    pairs = {name: found.groups() for name in frame.columns if (found := _PAIR.match(name))}
    pairs = {name: pair for name, pair in pairs.items() if any(pair)}
    keys = {name: next(filter(None, pair)) for name, pair in pairs.items() if not all(pair)}  # ('Date', '')
    pairs = {name: pair for name, pair in pairs.items() if all(pair)}
    if not pairs:
        return frame, ()
    fields = [sum(pair[level].lower() in _FIELDS for pair in pairs.values()) for level in (0, 1)]
    if fields[0] == fields[1]:
        raise DataError(
            f"<frame>: of columns such as {next(iter(pairs))!r} neither part names a field, or both do",
            "one part is a field (Open, High, Low, Close, Volume, ...), the other a symbol",
        )
    at = int(fields[1] > fields[0])
    symbols: dict[str, dict[str, str]] = {}
    for name, pair in pairs.items():
        symbols.setdefault(pair[1 - at], {})[pair[at]] = name
    common = [pl.col(name).alias(keys.get(name, name)) for name in frame.columns if name not in pairs]
    return _stacked(frame, symbols, common, instrument)


def from_wide(frames: pl.DataFrame | Mapping[str, Any], *, time: str) -> pl.DataFrame:
    """Make one long frame of wide ones, each of which has a time and a column for each symbol.

    Parameters
    ----------
    frames
        Field to frame: ``{"open": ..., "high": ..., "low": ..., "close": ..., "volume": ...}`` for candles. A single
        frame holds one price per time: each candle then has it as open, high, low and close, which knows nothing of
        what happened within: limits and stops meet no other price.
    time
        Name of the column of times in all of them.

    Returns
    -------
    polars.DataFrame
        ``time``, ``instrument`` and a column for each field, by time; no row where all fields are null or NaN.

    Raises
    ------
    DataError
        Frames that differ in times or symbols, or have none.

    Examples
    --------
    >>> closes = pl.DataFrame({"Date": [1, 2], "a_usd": [10.0, 11.0], "b_usd": [None, 5.0]})
    >>> from_wide(closes, time="Date").select("Date", "instrument", "close").rows()
    [(1, 'a_usd', 10.0), (2, 'a_usd', 11.0), (2, 'b_usd', 5.0)]
    """
    given = dict(frames) if isinstance(frames, Mapping) else dict.fromkeys(_PRICES, frames)
    first = next(iter(given.values()), pl.DataFrame())
    if time not in first.columns or first.width < 2:
        raise DataError(f"a wide frame has a column {time!r} and one for each symbol; there are {first.columns}")
    for name, frame in given.items():
        if set(frame.columns) != set(first.columns) or not frame[time].equals(first[time]):
            raise DataError(f"the frame of {name!r} has other times or symbols than the first", "align them first")
    symbols = {one: {name: f"{name}\0{one}" for name in given} for one in first.columns if one != time}
    parts = [frame.select(pl.exclude(time).name.prefix(f"{name}\0")) for name, frame in given.items()]
    return _stacked(pl.concat([first.select(time), *parts], how="horizontal"), symbols, [pl.col(time)], None)[0]


def _stacked(
    frame: pl.DataFrame, symbols: Mapping[str, Mapping[str, str]], common: list[pl.Expr], instrument: str | None
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Rows of each symbol below those of the other, then by time (of equal ones in the order of the columns)."""
    alone = instrument is not None and len(symbols) == 1
    names = [] if alone else ["instrument"]
    parts, left_out = [], 0
    for symbol, columns in symbols.items():
        rows = frame.with_row_index("\0row").select(
            "\0row", *common, *([] if alone else [pl.lit(symbol).alias("instrument")]),
            *(pl.col(column).alias(field) for field, column in columns.items()),
        )  # fmt: skip
        number = [name for name in columns if rows.schema[name].is_float()]
        empty = pl.all_horizontal(
            pl.col(name).is_null() | (pl.col(name).is_nan() if name in number else pl.lit(False)) for name in columns
        )
        kept = rows.filter(~empty)
        left_out += rows.height - kept.height
        parts.append(kept)
    long = pl.concat(parts, how="diagonal_relaxed").sort("\0row", maintain_order=True).drop("\0row")
    note = f"its {len(symbols)} symbol(s) have a row each for each time, but for {left_out} without a value"
    assert set(names) <= set(long.columns), "unless it is alone, a symbol is told"
    return long, (note,)
