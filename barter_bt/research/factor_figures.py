"""Figures of a factor: rank correlation with what comes next, returns by quantile, turnover."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from barter_bt.errors import DataError
from barter_bt.research.panel import prices_of, rows_of

_RANK = pl.col("factor").rank("average")


def joined(factor: pl.DataFrame, prices: pl.DataFrame, horizons: Sequence[int], quantiles: int) -> pl.DataFrame:
    """``step``, ``time``, ``instrument``, ``factor``, ``quantile``, and a column of returns for each horizon."""
    known, priced = rows_of(factor, "factor", "factor"), prices_of(prices, "prices")
    steps = priced.select(pl.col("time").unique().sort()).with_row_index("step").cast({"step": pl.Int64})
    priced = priced.join(steps, on="time")
    if known.schema["time"] != priced.schema["time"]:
        raise DataError(f"times of factor are {known.schema['time']}, those of prices {priced.schema['time']}")
    table = known.join(priced, on=["time", "instrument"], how="inner")
    number = pl.len().over("time")
    table = table.with_columns(quantile=(_RANK.over("time") * quantiles / number).ceil().cast(pl.Int64))
    table = table.filter(number >= quantiles)
    for h in horizons:
        later = priced.select("instrument", step=pl.col("step") - h, later="price")
        table = table.join(later, on=["instrument", "step"], how="left")
        table = table.with_columns((pl.col("later") / pl.col("price") - 1.0).alias(str(h))).drop("later")
    return table.drop("price").sort("time", "instrument")


def information_coefficients(table: pl.DataFrame, horizons: Sequence[int]) -> pl.DataFrame:
    """Spearman's correlation of factor and return across instruments, at each time over each horizon."""
    parts = []
    for h in horizons:
        known = table.drop_nulls(str(h))
        pair = known.select("time", x=_RANK.over("time"), y=pl.col(str(h)).rank("average").over("time"))
        part = pair.group_by("time", maintain_order=True).agg(
            ic=pl.when(pl.len() > 1).then(pl.corr("x", "y")).fill_nan(None), instruments=pl.len()
        )
        parts.append(part.with_columns(horizon=pl.lit(h, pl.Int64)).select("time", "horizon", "ic", "instruments"))
    return pl.concat(parts)


def quantile_returns(table: pl.DataFrame, horizons: Sequence[int]) -> pl.DataFrame:
    """Mean return of each quantile over each horizon: first across instruments, then over times, each time alike."""
    parts = []
    for h in horizons:
        known = table.drop_nulls(str(h)).with_columns(change=pl.col(str(h)))
        known = known.with_columns(excess=pl.col("change") - pl.col("change").mean().over("time"))
        by_time = known.group_by("time", "quantile").agg(pl.col("change", "excess").mean())
        part = by_time.group_by("quantile").agg(
            mean=pl.col("change").mean(),
            excess=pl.col("excess").mean(),
            error=pl.col("excess").std() / pl.len().sqrt(),
            times=pl.len(),
        )
        parts.append(part.sort("quantile").with_columns(horizon=pl.lit(h, pl.Int64)))
    return pl.concat(parts).select("horizon", "quantile", "mean", "excess", "error", "times")


def turnover(table: pl.DataFrame, horizons: Sequence[int]) -> pl.DataFrame:
    """Part of each quantile that was not in it so many of the factor's times before."""
    place = table.select(pl.col("time").unique().sort()).with_row_index("place").cast({"place": pl.Int64})
    now = table.select("time", "instrument", "quantile").join(place, on="time")
    parts = []
    for h in horizons:
        before = now.select("instrument", "quantile", place=pl.col("place") + h, stayed=pl.lit(True))
        both = now.filter(pl.col("place") >= h).join(before, on=["instrument", "quantile", "place"], how="left")
        by_time = both.group_by("place", "quantile").agg(new=pl.col("stayed").is_null().mean())
        part = by_time.group_by("quantile").agg(turnover=pl.col("new").mean(), times=pl.len()).sort("quantile")
        parts.append(part.with_columns(horizon=pl.lit(h, pl.Int64)))
    return pl.concat(parts).select("horizon", "quantile", "turnover", "times")


def rank_autocorrelation(table: pl.DataFrame, horizons: Sequence[int]) -> pl.DataFrame:
    """Correlation of an instrument's rank with that so many of the factor's times before, mean over times."""
    place = table.select(pl.col("time").unique().sort()).with_row_index("place").cast({"place": pl.Int64})
    now = table.select("time", "instrument", rank=_RANK.over("time")).join(place, on="time")
    parts = []
    for h in horizons:
        before = now.select("instrument", place=pl.col("place") + h, before="rank")
        both = now.join(before, on=["instrument", "place"])
        by_time = both.group_by("place").agg(same=pl.when(pl.len() > 1).then(pl.corr("rank", "before")).fill_nan(None))
        parts.append(by_time.select(horizon=pl.lit(h, pl.Int64), rank_autocorrelation=pl.col("same").mean()))
    return pl.concat([part.head(1) for part in parts])
