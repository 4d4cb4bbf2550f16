"""The grid maker: orders at fixed distances on both sides of the middle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from barter_bt.engine.state.tables import EngineState
from barter_bt.strategy.api.positions import position
from barter_bt.strategy.driver import Driver, Market
from barter_bt.strategy.makers.ladder import middle, quote_ladder
from barter_bt.strategy.making import Wake, prepare_one, require


@dataclass(frozen=True)
class GridMaker:
    """Quote ``levels`` orders of ``quantity`` on each side of the middle, on multiples of ``interval``.

    The first bid is at most mid - ``half_spread`` - ``skew`` · position, the first ask at least mid + ``half_spread`` -
    ``skew`` · position; the others follow an interval apart. Prices on a fixed grid let orders keep their places in
    queues while the middle moves within an interval.

    Parameters
    ----------
    quantity
        Of each order.
    half_spread
        Least distance of an order from the middle, in price.
    interval
        Of the grid, in price; at least a tick.
    levels
        Orders of a side.
    most
        Position, long or short, and orders with it, that is never exceeded; by default all levels of a side.
    skew
        How far both sides move against each unit that is held, in price.
    instrument
        Its name; by default the only one of the run.
    wake
        When orders are looked at, as for :class:`~barter_bt.strategy.compiled.Compiled`.
    name
        Its strategy id in the tables.

    Examples
    --------
    >>> import barter_bt as bt
    >>> quotes = bt.data.quotes(bt.data.generate.quotes(2_000, instruments=1))
    >>> walk = bt.Instrument("x", "walk0_usd", price_increment="0.01", quantity_increment="0.001")
    >>> maker = bt.strategy.makers.GridMaker(quantity=0.5, half_spread=0.01, interval=0.01)
    >>> options = {"balances": {"usd": 1_000}, "venues": bt.Venue(account="margin"), "interpret": True}
    >>> bt.backtest(quotes, walk, maker, **options).trades["liquidity"].unique().to_list()
    ['maker']
    """

    quantity: float
    half_spread: float
    interval: float
    levels: int = 1
    most: float | None = None
    skew: float = 0.0
    instrument: str | None = None
    wake: Wake = "timer:1s"
    name: str = "grid_maker"

    def __post_init__(self) -> None:
        require("quantity", self.quantity, above=0)
        require("half_spread", self.half_spread, least=0)
        require("interval", self.interval, above=0)
        require("levels", self.levels, least=1)
        require("skew", self.skew, least=0)
        if self.most is not None:
            require("most", self.most, least=self.quantity)

    def prepare(self, market: Market) -> Driver:
        """The driver of one run."""
        most = self.quantity * self.levels if self.most is None else self.most
        parameters = {
            "quantity": self.quantity, "half_spread": self.half_spread, "interval": self.interval,
            "levels": int(self.levels), "most": most, "skew": self.skew,
        }  # fmt: skip
        return prepare_one(market, quote_grid, self.instrument, parameters, {}, self.wake, self.name)


def quote_grid(s: EngineState, my: Any) -> None:
    """Quote both sides of the middle, moved against what is held."""
    p = my.parameters
    i = int(p.instrument[0])
    fair = middle(s, i) - p.skew[0] * position(s, i)
    bid, ask = fair - p.half_spread[0], fair + p.half_spread[0]
    quote_ladder(s, i, bid, ask, p.interval[0], p.levels[0], p.quantity[0], p.most[0])
