"""Frames of instruments by time, checked: what factor reports and optimisers read."""

from __future__ import annotations

import polars as pl

from barter_bt.errors import ConfigError, DataError


def rows_of(frame: pl.DataFrame, what: str, value: str) -> pl.DataFrame:
    """``time``, ``instrument`` and a column of numbers: each instrument once at a time, rows without a number left out.

    Raises
    ------
    ConfigError
        A column is missing.
    DataError
        A number is not finite, or an instrument has two at one time.
    """
    if "time" not in frame.columns:
        frame = frame.rename({"time_exchange": "time"}, strict=False)
    missing = [name for name in ("time", "instrument", value) if name not in frame.columns]
    if missing:
        raise ConfigError(f"{what} has no column {missing[0]!r}; it has {', '.join(frame.columns)}")
    time, dtype = pl.col("time"), frame.schema["time"]
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        time = time.cast(pl.Datetime("ns", "UTC"))
    kept = frame.select(time, pl.col("instrument").cast(pl.String), pl.col(value).cast(pl.Float64)).drop_nulls()
    odd = kept.filter(~pl.col(value).is_finite())
    if odd.height:
        raise DataError(
            f"{what}: {odd['instrument'][0]} at {odd['time'][0]} is {odd[value][0]}; allowed: finite numbers"
        )
    twice = kept.filter(pl.struct("time", "instrument").is_duplicated())
    if twice.height:
        raise DataError(f"{what}: {twice['instrument'][0]} at {twice['time'][0]} is there twice", "one value at a time")
    return kept


def prices_of(frame: pl.DataFrame, what: str) -> pl.DataFrame:
    """``time``, ``instrument``, ``price``, from candles (``close``) or a column ``price``, each above 0."""
    column = next((name for name in ("close", "price") if name in frame.columns), "close")
    found = rows_of(frame, what, column).rename({column: "price"})
    odd = found.filter(pl.col("price") <= 0)
    if odd.height:
        raise DataError(f"{what}: {odd['instrument'][0]} at {odd['time'][0]} is {odd['price'][0]}; allowed: above 0")
    return found


def panel_of(frame: pl.DataFrame, what: str) -> pl.DataFrame:
    """Prices in wide form: ``time``, ascending, and a column for each instrument in the order of their names."""
    found = prices_of(frame, what).sort("instrument", "time")
    return found.pivot("instrument", index="time", values="price").sort("time")
