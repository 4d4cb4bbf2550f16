"""Strategies by name, for configuration files and first steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from barter_bt.errors import StrategyError
from barter_bt.strategy import written
from barter_bt.strategy.computed import crossed
from barter_bt.strategy.continuing import ContinuousSignals
from barter_bt.strategy.driver import Driver, Market
from barter_bt.strategy.execution import Pov, Twap
from barter_bt.strategy.indicators import cross
from barter_bt.strategy.makers import AvellanedaStoikov, GridMaker, ImbalanceMaker
from barter_bt.strategy.signals import Signals

__all__ = ["BUILTIN", "BuyAndHold", "ContinuousSignals", "SmaCross"]


@dataclass(frozen=True)
class SmaCross:
    """Long ``quantity`` of each instrument while its fast average stands above its slow one, else flat.

    A cross is a change from "not above" to "above", or from "not below" to "below", between two bars at which both
    averages are known. Averages are compared as exact sums of ticks (see :mod:`barter_bt.strategy.indicators`).
    """

    fast: int = 20
    slow: int = 50
    quantity: float = 1.0
    name: str = "sma_cross"

    def __post_init__(self) -> None:
        if not 0 < self.fast < self.slow:
            raise StrategyError(f"fast is {self.fast}, slow is {self.slow}; allowed: 0 < fast < slow")

    def prepare(self, market: Market) -> Driver:
        """The driver of one run: both averages look back, so that need not be tried out."""
        signals = Signals((cross(self.fast, self.slow) > 0).cast(pl.Float64) * self.quantity, name=self.name)
        rows = crossed(market, self.fast, self.slow, self.quantity)
        return signals.driver(market, signals.rows(market) if rows is None else rows)


@dataclass(frozen=True)
class BuyAndHold:
    """Buy at the first candle and hold: ``quantity`` of each instrument, or equal shares of the equity.

    Parameters
    ----------
    quantity
        Of each instrument; None: the ``fraction`` of equity is divided equally.
    fraction
        Of the equity at the first candle of each instrument.
    """

    quantity: float | None = None
    fraction: float = 1.0
    name: str = "buy_and_hold"

    def prepare(self, market: Market) -> Driver:
        """The driver of one run."""
        first = pl.int_range(pl.len()) == 0
        if self.quantity is not None:
            return Signals(pl.when(first).then(self.quantity), name=self.name).prepare(market)
        share = self.fraction / len(market.index)
        return Signals(pl.when(first).then(share), size="equity", name=self.name).prepare(market)


BUILTIN: dict[str, Callable[..., Any]] = {
    "sma_cross": SmaCross,
    "buy_and_hold": BuyAndHold,
    "grid_maker": GridMaker,
    "avellaneda_stoikov": AvellanedaStoikov,
    "imbalance_maker": ImbalanceMaker,
    "twap": Twap,
    "pov": Pov,
    **written.BUILTIN,
}
