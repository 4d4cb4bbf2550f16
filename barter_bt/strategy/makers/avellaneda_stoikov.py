"""The maker of Avellaneda and Stoikov, and its closed form for a horizon without end.

M. Avellaneda and S. Stoikov, High-frequency trading in a limit order book, Quantitative Finance 8(3), 2008.
O. Guéant, C.-A. Lehalle and J. Fernandez-Tapia, Dealing with the inventory risk, Mathematics and Financial Economics
7(4), 2013; with orders of a size as in O. Guéant, Optimal market making, Applied Mathematical Finance 24(2), 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt
from typing import Any

from barter_bt.data.duration import duration_ns
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import StrategyError
from barter_bt.strategy.api.market import now
from barter_bt.strategy.api.positions import position
from barter_bt.strategy.driver import Driver, Market
from barter_bt.strategy.makers.ladder import middle, quote_ladder
from barter_bt.strategy.making import Wake, prepare_one, require


@dataclass(frozen=True)
class AvellanedaStoikov:
    """Quote around a price that moves against the inventory, as far apart as risk and the flow of orders make best.

    The mid is taken to be a Brownian motion of ``volatility`` σ, and an order at a distance δ from it to be filled at
    the rate A·exp(-kδ). With risk aversion γ, orders of Δ = ``quantity``, and q held:

    - with a ``horizon`` T (Avellaneda and Stoikov): the reservation price is
      mid - q·γσ²·(T - t), and the two quotes lie γΔσ²·(T - t) + 2/(γΔ)·log(1 + γΔ/k) apart around it. T - t is what is
      left of the horizon, which begins anew when it is over.
    - without one (Guéant and others): each quote lies 1/(γΔ)·log(1 + γΔ/k) + (Δ/2)·c from the reservation price
      mid - q·c, where c = √(γσ² / (2kAΔ) · (1 + γΔ/k)^(1 + k/(γΔ))).

    Parameters
    ----------
    quantity
        Of each order, Δ.
    risk_aversion
        γ, per unit of money.
    volatility
        σ of the mid, in price per √second.
    decay
        k, per unit of price: how fast fills become rarer with distance.
    arrival
        A, orders per second that would fill at the mid; used without a horizon.
    horizon
        Such as ``"1h"``, or nanoseconds; None: without end, which needs ``arrival``.
    most
        Position, long or short, and orders with it, that is never exceeded; by default ten orders.
    interval
        Grid of the quotes, in price; by default a tick.
    instrument, wake, name
        As for :class:`~barter_bt.strategy.makers.grid.GridMaker`.

    Examples
    --------
    >>> import barter_bt as bt
    >>> quotes = bt.data.quotes(bt.data.generate.quotes(2_000, instruments=1))
    >>> walk = bt.Instrument("x", "walk0_usd", price_increment="0.01", quantity_increment="0.001")
    >>> maker = bt.strategy.makers.AvellanedaStoikov(0.5, risk_aversion=0.1, volatility=0.01, decay=100, horizon="10m")
    >>> options = {"balances": {"usd": 1_000}, "venues": bt.Venue(account="margin"), "interpret": True}
    >>> bt.backtest(quotes, walk, maker, **options).trades["liquidity"].unique().to_list()
    ['maker']
    """

    quantity: float
    risk_aversion: float
    volatility: float
    decay: float
    arrival: float | None = None
    horizon: str | int | None = None
    most: float | None = None
    interval: float = 0.0
    instrument: str | None = None
    wake: Wake = "timer:1s"
    name: str = "avellaneda_stoikov"

    def __post_init__(self) -> None:
        for each in ("quantity", "risk_aversion", "volatility", "decay"):
            require(each, getattr(self, each), above=0)
        require("interval", self.interval, least=0)
        if self.most is not None:
            require("most", self.most, least=self.quantity)
        if (self.horizon is None) == (self.arrival is None):
            raise StrategyError(
                f"horizon is {self.horizon!r} and arrival is {self.arrival!r}; exactly one of them must be given",
                "a horizon uses the formulas of 2008, arrival those without an end",
            )
        if self.arrival is not None:
            require("arrival", self.arrival, above=0)
        elif duration_ns(self.horizon or 0, "horizon") <= 0:
            raise StrategyError(f"horizon is {self.horizon!r}; it must be above 0")

    @property
    def half_spread(self) -> float:
        """What each quote lies from the reservation price, but for the part that shrinks with the time left."""
        size = self.risk_aversion * self.quantity
        return log(1 + size / self.decay) / size

    @property
    def pull(self) -> float:
        """c, by which the reservation price moves for each unit held, without a horizon; else 0."""
        if self.arrival is None:
            return 0.0
        size = self.risk_aversion * self.quantity
        risk = self.risk_aversion * self.volatility**2 / (2 * self.decay * self.arrival * self.quantity)
        return sqrt(risk * (1 + size / self.decay) ** (1 + self.decay / size))

    def prepare(self, market: Market) -> Driver:
        """The driver of one run."""
        parameters: dict[str, float] = {
            "quantity": self.quantity, "half_spread": self.half_spread, "interval": self.interval,
            "most": 10 * self.quantity if self.most is None else self.most, "pull": self.pull,
            "risk": self.risk_aversion * self.volatility**2,
            "horizon": 0 if self.horizon is None else duration_ns(self.horizon, "horizon"),
        }  # fmt: skip
        first = {"began": 0}
        return prepare_one(market, quote_optimal, self.instrument, parameters, first, self.wake, self.name)


def quote_optimal(s: EngineState, my: Any) -> None:
    """Quote as far from the reservation price as the time that is left and the inventory say."""
    p = my.parameters
    i = int(p.instrument[0])
    pull = p.pull[0]
    if p.horizon[0] > 0:
        if my.variables.began[0] == 0:
            my.variables.began[0] = now(s)
        left = p.horizon[0] - (now(s) - my.variables.began[0]) % p.horizon[0]
        pull = p.risk[0] * left / 1e9
    reservation = middle(s, i) - pull * position(s, i)
    half = p.half_spread[0] + pull * p.quantity[0] / 2
    quote_ladder(s, i, reservation - half, reservation + half, p.interval[0], 1, p.quantity[0], p.most[0])
