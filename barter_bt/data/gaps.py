"""Candles that are missing, in data of markets that never close."""

from __future__ import annotations

import polars as pl

from barter_bt.data.report import Finding
from barter_bt.data.rows import Part, Rows

_WEEK = set(range(1, 8))
_NAMES = ["time_open", "time_exchange", "instrument"]


def gaps(stream: Rows) -> tuple[Finding, ...]:
    """Warn of times without a candle, where there are candles on all days of the week: that market never closes.

    Others have nights, weekends and holidays between their candles; which those are, a calendar would have to say.

    Examples
    --------
    >>> from barter_bt.data import candles, generate
    >>> week = generate.candles(7 * 24 * 60, instrument="btc_usd")
    >>> gaps(candles(week))
    ()
    >>> print(gaps(candles(pl.concat([week.head(100), week.tail(-160)])))[0].message)
    <frame>: 1 gap(s) between candles, the longest of 1h at 2020-01-01 01:40:00+00:00 (btc_usd)
    """
    if stream.kind != "candles":
        return ()
    rows = pl.concat([_times(part) for part in stream.parts]).drop_nulls()
    if set(rows["time_open"].dt.weekday().unique()) != _WEEK:
        return ()
    before = pl.col("time_exchange").shift(1).over("instrument")
    found = rows.with_columns(since=before).filter(pl.col("time_open") > pl.col("since"))
    if not found.height:
        return ()
    longest = found.with_columns(length=pl.col("time_open") - pl.col("since")).sort("length").row(-1, named=True)
    length = pl.select(pl.lit(longest["length"]).dt.to_string("polars")).item()
    message = (
        f"{stream.name}: {found.height} gap(s) between candles, the longest of {length} at {longest['since']} "
        f"({longest['instrument']})"
    )
    hint = (
        "rows are missing, or nothing was traded; nothing is filled in, and a strategy that counts rows skips the time"
    )
    return (Finding("gap", "time_open", found.height, (), message, hint, stream.name),)


def _times(part: Part) -> pl.DataFrame:
    """When the candles of a source open and close, and whose they are."""
    source, canon = part
    frames = canon.only(_NAMES).lazy(source.lazy())
    return frames.select(pl.col("time_open", "time_exchange"), pl.col("instrument").cast(pl.String)).collect()
