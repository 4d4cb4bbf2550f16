"""Returns by the calendar: of each day, month and year, and of the hours of a day and the days of a week."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.statistic.calendar import moment, wall_clock, zone_of
from barter_bt.statistic.curve import changes
from barter_bt.statistic.tables import Tables, net_of

Season = Literal["year", "month", "week", "day", "weekday", "hour"]
_PERIODS: Final = {"year": "1y", "month": "1mo", "week": "1w", "day": "1d"}
_CYCLES: Final = {"weekday": ("1d", pl.col("start").dt.weekday()), "hour": ("1h", pl.col("start").dt.hour())}


def returns_by(run: Tables, season: Season, time_zone: str | None = None) -> pl.DataFrame:
    """Returns of the equity curve by a period of the calendar, or by the hour or weekday in which they were made.

    Parameters
    ----------
    run
        The run.
    season
        "year", "month", "week" (from Monday), "day": one row for each that has a mark. "weekday" (1 is Monday),
        "hour" (0 to 23): one row for each, over all days or hours that have a mark. A mark exactly at midnight is the
        end of the day before, as a candle's close; one at a full hour the end of the hour before.
    time_zone
        Whose calendar, such as "America/New_York"; by default that of the data if all of it declares the same, else
        UTC.

    Returns
    -------
    polars.DataFrame
        ``start``, in the zone, and ``return`` (last mark of the period over the last mark before, less 1); or
        ``weekday`` or ``hour``, ``mean`` and ``total`` (compounded) of its returns that are defined, and how many these
        are, ``samples``. A return from an equity that is not above 0 is null.

    Examples
    --------
    >>> import barter_bt as bt
    >>> prices = bt.data.candles(bt.data.generate.candles(3000, instrument="btc_usd"))
    >>> btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    >>> run = bt.backtest(prices, btc, bt.strategy.builtin.SmaCross(5, 20), balances={"usd": 1_000}, interpret=True)
    >>> returns_by(run, "day").columns, returns_by(run, "hour").height
    (['start', 'return'], 24)
    """
    if season not in _PERIODS and season not in _CYCLES:
        raise ConfigError(f"season is {season!r}; allowed: {', '.join([*_PERIODS, *_CYCLES])}")
    zone = zone_of(run, time_zone)
    every = _PERIODS.get(season) or _CYCLES[season][0]
    marks = net_of(run.equity).drop_nulls("equity").sort("time", maintain_order=True)
    first, later = marks["equity"][:1], marks[1:]
    wall = wall_clock(pl.col("time"), zone)
    key = {"start": wall.dt.truncate(every)}
    if season == "hour":  # the one that is shown twice, when clocks are put back, is two
        key["offset"] = wall - pl.col("time").dt.replace_time_zone(None)
    ends = later.group_by(**key, maintain_order=True).agg(pl.col("equity").last())
    change = changes(pl.concat([first, ends["equity"]]).to_numpy()) if ends.height else np.empty(0)
    periods = ends.select("start").with_columns(pl.Series("return", change, pl.Float64).fill_nan(None))
    if season in _PERIODS:
        return periods.with_columns(moment(pl.col("start"), zone))
    made = pl.col("return")
    return (
        periods.group_by(_CYCLES[season][1].cast(pl.Int64).alias(season))
        .agg(mean=made.mean(), total=(made + 1).product() - 1, samples=made.count())
        .sort(season)
    )
