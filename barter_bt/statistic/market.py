"""Figures that need the market's prices: holding its instruments, and how far prices went during round trips."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.statistic.figure import figure
from barter_bt.statistic.tables import Floats, Tables, floats, total


@dataclass(frozen=True)
class Market:
    """What a run knows of its market, which is read when a figure is asked for."""

    run: Tables

    @cached_property
    def held(self) -> Floats:
        """Last price over first price, less 1, of each instrument whose first price while the run lasted is above 0."""
        own: Any = getattr(self.run, "prices_to_draw", None) or getattr(self.run, "prices", None)
        if own is None:
            return np.empty(0)
        ends = (
            own()
            .group_by("instrument", maintain_order=True)
            .agg(first=pl.col("price").sort_by("time").first(), last=pl.col("price").sort_by("time").last())
        )
        first = floats(ends["first"])
        found: Floats = floats(ends["last"]) / np.where(first > 0, first, np.nan) - 1.0
        return found[np.isfinite(found)]

    @cached_property
    def trips(self) -> pl.DataFrame | None:
        """Closed round trips with their excursions."""
        return closed_trips(self.run)


def closed_trips(run: Tables) -> pl.DataFrame | None:
    """The closed rows of a run's round trips, in the order of `positions`; None if excursions are not known."""
    try:
        trips: pl.DataFrame | None = getattr(run, "round_trips", None)
    except ConfigError:  # it was saved without them
        return None
    closed = None if trips is None else trips.filter(pl.col("time_exit").is_not_null())
    return closed if closed is not None and closed["mae"].count() else None


@figure("Buy and hold", "fraction", "Market", needs="market", sample="instruments")
def buy_and_hold(market: Market) -> float | None:
    """Mean over the run's instruments of (last price / first price - 1) while the run lasted: all bought in equal parts
    at their first price and held, without fees; prices are closes of candles, else trades, else mids of quotes,
    else of its book. An instrument whose first price is not above 0 is left out.
    """
    return total(market.held) / len(market.held) if len(market.held) else None


@figure("Maximum adverse excursion", "fraction", "Market", needs="market", sample="positions", source="Sweeney (1996)")
def max_adverse_excursion(market: Market) -> float | None:
    """Lowest `mae` of the closed rows of `round_trips`: how far the price once went against a position, as a part of
    its average entry price, at most 0.
    """
    return None if market.trips is None else float(floats(market.trips["mae"].drop_nulls()).min())


@figure(
    "Maximum favourable excursion", "fraction", "Market", needs="market", sample="positions", source="Sweeney (1996)"
)
def max_favourable_excursion(market: Market) -> float | None:
    """Highest `mfe` of the closed rows of `round_trips`: how far the price once went for a position, as a part of its
    average entry price, at least 0.
    """
    return None if market.trips is None else float(floats(market.trips["mfe"].drop_nulls()).max())
