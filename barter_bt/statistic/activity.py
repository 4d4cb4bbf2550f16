"""Figures of what was done: orders, fills, closed positions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from barter_bt.statistic.curve import Curve, ratio
from barter_bt.statistic.figure import figure
from barter_bt.statistic.performance import length
from barter_bt.statistic.tables import Floats, Tables, codes, floats, nanoseconds, total


@dataclass(frozen=True)
class Activity:
    """A run's orders, fills and closed positions, beside its curve where it has one."""

    run: Tables
    curve: Curve | None = None

    @cached_property
    def quote(self) -> str | None:
        """The one asset that the money of all instruments traded is in; None if there are several or none.

        It is the quote asset, of derivatives the settlement asset.

        The instruments' specifications are taken from the run's configuration, else the quote asset is what
        follows the last underscore of the instrument's name.
        """
        traded = self.run.trades.select("exchange", "instrument").unique().cast(pl.String).rows()
        known = {key: str(one.get("settlement") or one["quote"]) for key, one in self._declared if one.get("quote")}
        quotes = {known.get(key, plain(key[1]).rpartition("_")[2]) for key in traded}
        return quotes.pop() if len(quotes) == 1 else None

    @property
    def _declared(self) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
        """Declared instruments, by exchange and each of the names that tables may call them by."""
        for one in self.run.config.get("instruments", ()):
            if isinstance(one, Mapping) and one.get("name"):
                exchange, name = str(one.get("exchange")), str(one["name"])
                yield (exchange, name), one
                yield (exchange, f"{exchange}.{name}"), one

    def inverse(self, rows: pl.DataFrame) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Which rows are of inverse contracts, by the run's configuration."""
        known = [
            "|".join(key)
            for key, one in self._declared
            if one.get("settlement") and one["settlement"] == one.get("base")
        ]
        return _are_of(rows, known)

    def signed(self, rows: pl.DataFrame) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Which rows are of instruments whose price can be negative, by the run's configuration."""
        return _are_of(rows, ["|".join(key) for key, one in self._declared if one.get("price_can_be_negative")])

    def sizes(self, rows: pl.DataFrame) -> Floats:
        """Contract size of each row's instrument, by the run's configuration; 1 where it says none."""
        known = {"|".join(key): float(one.get("contract_size") or 1) for key, one in self._declared}
        if set(known.values()) <= {1.0}:
            return np.ones(rows.height)
        key = pl.concat_str(pl.col("exchange").cast(pl.String), pl.col("instrument").cast(pl.String), separator="|")
        found = rows.select(size=key.replace_strict(known, default=1.0, return_dtype=pl.Float64))
        return floats(found["size"])

    @cached_property
    def realised(self) -> Floats:
        """Realised PnL of each closed position, net of fees."""
        return floats(self.run.positions["pnl_realised"])

    @cached_property
    def money(self) -> Floats | None:
        """Realised PnL where it is of one asset."""
        return None if self.quote is None else self.realised


def plain(name: str) -> str:
    """An asset's or instrument's name without its exchange, which tables put before names that several have.

    Examples
    --------
    >>> plain("kraken.usd"), plain("usd")
    ('usd', 'usd')
    """
    return name.rpartition(".")[2]


def count_status(orders: pl.DataFrame, status: str) -> int:
    """Count the orders that ended with ``status``.

    Examples
    --------
    >>> count_status(pl.DataFrame({"status": ["filled", "rejected", "filled"]}), "filled")
    2
    """
    values, names = codes(orders["status"])
    return int((values == names.index(status)).sum()) if status in names else 0


@figure("Orders", "count", "Activity", needs="activity", sample="orders", key=True)
def orders(activity: Activity) -> int:
    """Orders that the strategy sent."""
    return activity.run.orders.height


@figure("Orders filled", "count", "Activity", needs="activity", sample="orders", key=True)
def orders_filled(activity: Activity) -> int:
    """Orders whose last status is filled (in full)."""
    return count_status(activity.run.orders, "filled")


@figure("Orders rejected", "count", "Activity", needs="activity", sample="orders", key=True)
def orders_rejected(activity: Activity) -> int:
    """Orders whose last status is rejected."""
    return count_status(activity.run.orders, "rejected")


@figure("Trades (fills)", "count", "Activity", needs="activity", sample="trades", key=True)
def trades(activity: Activity) -> int:
    """Own fills, the rows of `trades`: an order that is filled in parts has several. From the opening of a position to
    its closing, what some call a trade, is a closed position.
    """
    return activity.run.trades.height


@figure("Closed positions", "count", "Activity", needs="activity", sample="positions", key=True)
def positions(activity: Activity) -> int:
    """Positions opened and closed; a flip closes one and opens another."""
    return activity.run.positions.height


@figure("Win rate", "fraction", "Activity", needs="activity", sample="positions", key=True)
def win_rate(activity: Activity) -> float | None:
    """Closed positions with realised PnL above 0 / closed positions."""
    return ratio(float((activity.realised > 0).sum()), len(activity.realised))


@figure("Profit factor", "ratio", "Activity", needs="activity", sample="positions", key=True)
def profit_factor(activity: Activity) -> float | None:
    """Sum of positive realised PnL / -(sum of negative realised PnL), net of fees; one quote asset only."""
    pnl = activity.money
    return None if pnl is None else ratio(total(np.maximum(pnl, 0.0)), -total(np.minimum(pnl, 0.0)))


@figure("Payoff ratio", "ratio", "Activity", needs="activity", sample="positions")
def payoff(activity: Activity) -> float | None:
    """Mean of positive realised PnL / -(mean of negative realised PnL), net of fees; one quote asset only."""
    pnl = activity.money
    if pnl is None or not (pnl > 0).any() or not (pnl < 0).any():
        return None
    gains, losses = pnl[pnl > 0], pnl[pnl < 0]
    return ratio(total(gains) / len(gains), -total(losses) / len(losses))


@figure("Expectancy", "money", "Activity", needs="activity", sample="positions", key=True)
def expectancy(activity: Activity) -> float | None:
    """Mean realised PnL of a closed position, net of fees, in the one quote asset traded."""
    pnl = activity.money
    return None if pnl is None else ratio(total(pnl), len(pnl))


@figure("System quality number", "ratio", "Activity", needs="activity", sample="positions", source="Tharp (2008)")
def sqn(activity: Activity) -> float | None:
    """sqrt(n) times mean / standard deviation of the realised PnL of the n closed positions, net of fees, with n - 1 in
    the deviation's divisor; n is not cut at 100, as some do.
    """
    pnl = activity.money
    if pnl is None or len(pnl) < 2:
        return None
    mean = total(pnl) / len(pnl)
    return ratio(mean * math.sqrt(len(pnl)), math.sqrt(total((pnl - mean) ** 2) / (len(pnl) - 1)))


@figure("Best position", "money", "Activity", needs="activity", sample="positions")
def best_position(activity: Activity) -> float | None:
    """Highest realised PnL of a closed position, in the one quote asset traded."""
    return float(activity.money.max()) if activity.money is not None and len(activity.money) else None


@figure("Worst position", "money", "Activity", needs="activity", sample="positions")
def worst_position(activity: Activity) -> float | None:
    """Lowest realised PnL of a closed position, in the one quote asset traded."""
    return float(activity.money.min()) if activity.money is not None and len(activity.money) else None


@figure("Mean holding time", "duration", "Activity", needs="activity", sample="positions")
def holding_time(activity: Activity) -> timedelta | None:
    """Mean time from the opening of a closed position to its closing."""
    closed = activity.run.positions
    if not closed.height:
        return None
    held = nanoseconds(closed["time_exit"]) - nanoseconds(closed["time_enter"])
    return length(int(held.sum()) // closed.height)


def _are_of(rows: pl.DataFrame, known: list[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which rows are of these instruments, each written ``exchange|name``."""
    if not known:
        return np.zeros(rows.height, bool)
    key = pl.concat_str(pl.col("exchange").cast(pl.String), pl.col("instrument").cast(pl.String), separator="|")
    return rows.select(key.is_in(known)).to_series().to_numpy()
