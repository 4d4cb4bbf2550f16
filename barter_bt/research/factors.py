"""Factor reports: what a number by which instruments are ranked says about what they do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from barter_bt.errors import ConfigError, DataError
from barter_bt.report.canvas import Look, legend, panel, percent_axis
from barter_bt.report.style import SERIES, title
from barter_bt.research import factor_figures as figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class FactorReport:
    """Result of :func:`factor_report`; every table has the column ``horizon``.

    Attributes
    ----------
    data
        What all is computed from: ``time``, ``instrument``, ``factor``, ``quantile`` (1 has the lowest values), and a
        column of returns for each horizon, named after it; null where there is no price so much later.
    horizons
        In steps of the prices' times.
    quantiles
        How many.
    rows
        Rows of the factor that were given; those left out had no value, no price at that time, or fewer instruments
        beside them than there are quantiles.
    """

    data: pl.DataFrame
    horizons: tuple[int, ...]
    quantiles: int
    rows: int

    @cached_property
    def information_coefficient(self) -> pl.DataFrame:
        """Spearman's correlation of factor and return at each time: ``time``, ``horizon``, ``ic``, ``instruments``."""
        return figures.information_coefficients(self.data, self.horizons)

    @cached_property
    def summary(self) -> pl.DataFrame:
        """A row for each horizon; read downwards, it is the decay of what the factor knows.

        ``ic`` (mean), ``ic_deviation``, ``ic_ratio`` (mean / deviation), ``t`` (ratio times the root of times /
        horizon, since returns overlap), ``spread`` (mean return of the highest quantile less that of the lowest),
        ``rank_autocorrelation``, ``times``.
        """
        mean, deviation = pl.col("ic").mean(), pl.col("ic").std()
        known = self.information_coefficient.drop_nulls("ic")
        by_horizon = known.group_by("horizon").agg(
            ic=mean,
            ic_deviation=deviation,
            ic_ratio=pl.when(deviation > 0).then(mean / deviation),
            t=pl.when(deviation > 0).then(mean / deviation * (pl.len() / pl.col("horizon").first()).sqrt()),
            times=pl.len(),
        )
        top = pl.col("mean").filter(pl.col("quantile") == self.quantiles).first()
        low = pl.col("mean").filter(pl.col("quantile") == 1).first()
        spread = self.quantile_returns.group_by("horizon").agg(spread=top - low)
        same = figures.rank_autocorrelation(self.data, self.horizons)
        table = pl.DataFrame({"horizon": self.horizons}, schema={"horizon": pl.Int64})
        for other in (by_horizon, spread, same):
            table = table.join(other, on="horizon", how="left")
        order = ("ic", "ic_deviation", "ic_ratio", "t", "spread", "rank_autocorrelation", "times")
        return table.sort("horizon").select("horizon", *order)

    @cached_property
    def quantile_returns(self) -> pl.DataFrame:
        """Returns by quantile: ``horizon``, ``quantile``, ``mean``, ``excess``, ``error``, ``times``.

        Excess is the return beyond the mean of all instruments of the time, and the error its standard error.
        """
        return figures.quantile_returns(self.data, self.horizons)

    @cached_property
    def turnover(self) -> pl.DataFrame:
        """Part of each quantile that was not in it so many of the factor's times before: ``turnover``, ``times``."""
        return figures.turnover(self.data, self.horizons)

    def plot(self, ax: Axes | None = None, *, style: Look = "light") -> Axes:
        """Draw the mean excess return of each quantile, beside each other for the horizons.

        Parameters
        ----------
        ax
            Where to draw; by default a new figure.
        style
            "light" or "dark".
        """
        axes, look = panel(ax, style)
        width = 0.8 / len(self.horizons)
        for k, h in enumerate(self.horizons):
            part = self.quantile_returns.filter(horizon=h)
            place = part["quantile"].to_numpy() + (k - (len(self.horizons) - 1) / 2) * width
            colour = SERIES[k % len(SERIES)]
            axes.bar(place, part["excess"].to_numpy(), width, color=colour, label=f"{h} ahead")
        axes.axhline(0.0, color=look.muted, linewidth=0.8)
        axes.set_xticks(np.arange(1, self.quantiles + 1))
        axes.set_xlabel("quantile of the factor", color=look.muted)
        percent_axis(axes)
        title(axes, look, "Return beyond that of all instruments")
        legend(axes, look, inside=True)
        return axes

    def __repr__(self) -> str:
        return f"FactorReport({self.data.height:,} of {self.rows:,} rows, {self.quantiles} quantiles)\n{self.summary}"


def factor_report(
    factor: pl.DataFrame, prices: pl.DataFrame, *, horizons: Sequence[int] = (1, 5, 10), quantiles: int = 5
) -> FactorReport:
    """Report what a factor says about returns: information coefficient, returns by quantile, turnover, decay.

    Parameters
    ----------
    factor
        Columns ``time``, ``instrument``, ``factor``: what was known of each instrument at that time, not later.
    prices
        Columns ``time`` or ``time_exchange``, ``instrument`` and ``close`` (candles) or ``price``.
    horizons
        How many of the prices' times ahead returns go: from the price at the factor's time to that. Times are those at
        which any instrument has a price.
    quantiles
        Groups of instruments of (almost) equal size, by the factor's rank at each time; equal values share a group.

    Returns
    -------
    FactorReport
        Tables, each computed when it is first asked for.

    Raises
    ------
    ConfigError
        A column is missing or a number out of range.
    DataError
        A value is not finite or there twice, a price is not above 0, times are of different types, or no row has a
        price.

    Notes
    -----
    Returns are those of prices, at which nobody may have traded, without costs: a backtest says what is left. Returns
    over several steps overlap, which ``t`` allows for roughly.

    Source: R. Grinold, R. Kahn, "Active Portfolio Management", 2nd ed. (1999), ch. 6 and 12.

    Examples
    --------
    >>> days = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 5), "1d", time_zone="UTC", eager=True)
    >>> rows = [(day, f"s{k}", 100.0 * (1 + 0.01 * k) ** n) for n, day in enumerate(days) for k in range(4)]
    >>> prices = pl.DataFrame(rows, schema=["time", "instrument", "close"], orient="row")
    >>> factor = prices.select("time", "instrument", factor=pl.col("instrument").str.slice(1).cast(pl.Float64))
    >>> report = factor_report(factor, prices, horizons=[1, 2], quantiles=2)
    >>> report.summary.select("horizon", "ic", pl.col("spread").round(4)).rows()
    [(1, 1.0, 0.02), (2, 1.0, 0.0406)]
    """
    chosen = tuple(sorted(set(horizons)))
    if not chosen or chosen[0] < 1 or quantiles < 2:
        raise ConfigError(
            f"horizons is {list(horizons)} and quantiles {quantiles}; allowed: whole numbers from 1, and at least 2"
        )
    table = figures.joined(factor, prices, chosen, quantiles)
    if not table.height:
        raise DataError(
            f"none of the factor's {factor.height:,} rows has a price at its time, and {quantiles} instruments in all",
            "times of both frames must be the same moments",
        )
    return FactorReport(table.drop("step"), chosen, quantiles, factor.height)
