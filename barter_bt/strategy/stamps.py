"""Targets that bear the times at which candles open, before what they were computed from was known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from barter_bt.data import Stream
from barter_bt.data.schema import TIME

_DENSE = 20  # candles from which on targets at every open, and none at the last close, are no chance


def stamped_with_opens(targets: pl.DataFrame, streams: Sequence[Stream]) -> pl.DataFrame:
    """Find targets that bear the time at which a candle opens, and that no candle closes at.

    One that was computed from that candle was not known then. Where each candle opens as the one before it closes,
    both look alike: there it is a target at every open up to the last one, and none at the last close. Targets at the
    first open of an instrument are left out: nothing has been seen then from which they could have been computed.

    Parameters
    ----------
    targets
        ``time`` and ``instrument``.
    streams
        All streams of the run; those of candles are looked at.

    Returns
    -------
    polars.DataFrame
        ``instrument``, ``time_exchange`` (the candle's close) and ``time``, by time.
    """
    stamps = _Stamps(targets)
    lazy = pl.concat([stamps.coded(each.frame()) for each in streams if each.kind == "candles"])
    ends = lazy.group_by("code").agg(
        first=pl.col("time_open").min(),
        last=pl.col("time_exchange").max(),
        opens=(pl.col("time_open") >= pl.col("code").replace_strict(stamps.first, return_dtype=pl.Int64)).sum(),
    )
    whole = pl.DataFrame({"code": range(len(stamps.names))}, schema={"code": pl.UInt32}).join(
        ends.collect(), on="code", how="left", maintain_order="left"
    )
    first, last, opens = (whole[name].fill_null(0).to_numpy() for name in ("first", "last", "opens"))
    known = stamps.times.implode()
    near = pl.col("time_open").is_in(known) | pl.col("time_exchange").is_in(known)
    candles = lazy.filter(near).collect()
    code, opened = candles["code"].to_numpy(), candles["time_open"].to_numpy()
    closes = stamps.keys(candles["time_exchange"].to_numpy(), code)
    keys = stamps.keys(opened, code)
    at_open = np.isin(keys, stamps.all) & (opened > first[code])
    dense = np.bincount(code[at_open], minlength=len(first)) >= np.maximum(opens - 1, _DENSE)
    dense &= ~np.isin(stamps.keys(last, np.arange(len(last))), stamps.all)
    found = candles.filter(at_open & (dense[code] | ~np.isin(keys, closes)))
    names = pl.Series(stamps.names, dtype=pl.String).gather(found["code"])
    return found.select(
        names.alias("instrument"), pl.col("time_exchange").cast(TIME), time=pl.col("time_open").cast(TIME)
    ).sort("time", "instrument")


class _Stamps:
    """Targets' times and instruments as one whole number each."""

    def __init__(self, targets: pl.DataFrame) -> None:
        names, times = targets["instrument"].cast(pl.String), targets["time"].cast(TIME).to_physical()
        self.names = names.unique().sort().to_list()
        code = names.cast(pl.Enum(self.names)).to_physical()
        self.times = times.unique().sort()
        self._times = self.times.to_numpy()
        self.first = dict(pl.DataFrame({"code": code, "time": times}).group_by("code").min().iter_rows())
        self.all = self.keys(times.to_numpy(), code.to_numpy())

    def coded(self, candles: pl.LazyFrame) -> pl.LazyFrame:
        """The candles of instruments that have targets: their code and times, in nanoseconds."""
        code = pl.col("instrument").cast(pl.String).cast(pl.Enum(self.names), strict=False).to_physical()
        times = pl.col("time_open", "time_exchange").to_physical()
        return candles.select(times, code=code.cast(pl.UInt32)).drop_nulls()

    def keys(self, times: Any, code: Any) -> Any:
        """Number of a time and an instrument; -1 if no target bears the time."""
        place = np.minimum(np.searchsorted(self._times, times), len(self._times) - 1)
        return np.where(self._times[place] == times, place * len(self.names) + code, -1)


def warning(targets: pl.DataFrame, streams: Sequence[Stream]) -> str | None:
    """Say so if targets bear the times at which candles open."""
    if targets.is_empty() or not any(stream.kind == "candles" for stream in streams):
        return None
    found = stamped_with_opens(targets, streams)
    if found.is_empty():
        return None
    name, closed, opened = found.row(0)
    return (
        f"look-ahead? {found.height:,} target(s) bear the time at which a candle opens, first {name} at "
        f"{opened:%Y-%m-%d %H:%M:%S} UTC, whose candle closes at {closed:%Y-%m-%d %H:%M:%S}: what is computed from a "
        "candle is known at its close, so stamp it with time_exchange; all is well if it was computed from earlier ones"
    )
