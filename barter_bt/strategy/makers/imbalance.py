"""The imbalance maker: it leans the way the book and the flow of orders lean.

R. Cont, A. Kukanov and S. Stoikov, The price impact of order book events, Journal of Financial Econometrics 12(1),
2014.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, isnan
from typing import Any

from barter_bt.data.duration import duration_ns
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import StrategyError
from barter_bt.strategy.api.books import book_imbalance, book_levels
from barter_bt.strategy.api.market import ask_amount, ask_price, bid_amount, bid_price, now
from barter_bt.strategy.api.positions import position
from barter_bt.strategy.driver import Driver, Market
from barter_bt.strategy.makers.ladder import middle, quote_ladder
from barter_bt.strategy.making import Wake, prepare_one, require


@dataclass(frozen=True)
class ImbalanceMaker:
    """Quote one order on each side of a fair price that leans with the imbalance of the book and the flow of orders.

    The fair price is mid + ``lean``·I + ``flow``·F - ``skew``·position. I is the imbalance (B - A) / (B + A) of the
    best ``depth`` levels of the book; of quotes, of the amounts at the best prices. F is the order-flow imbalance of
    Cont, Kukanov and Stoikov, in units of quantity: at each change of the best prices or their amounts it grows by what
    came to the bid or left the ask, and shrinks by what left the bid or came to the ask; what it was decays by half
    each ``half_life``. It needs to see each change, so that ``wake`` must be ``"quote"`` or contain it.

    Parameters
    ----------
    quantity
        Of each order.
    half_spread
        Distance of the orders from the fair price, in price.
    lean
        How far a book with amounts on one side only moves the fair price, in price.
    depth
        Levels of the book that count.
    flow
        How far each unit of flow moves the fair price, in price.
    half_life
        Of the flow, such as ``"5s"``, or nanoseconds.
    interval
        Grid of the quotes, in price; by default a tick.
    most
        Position, long or short, and orders with it, that is never exceeded; by default one order.
    skew
        How far the fair price moves against each unit that is held, in price.
    instrument, wake, name
        As for :class:`~barter_bt.strategy.makers.grid.GridMaker`.

    Examples
    --------
    >>> import barter_bt as bt
    >>> quotes = bt.data.quotes(bt.data.generate.quotes(2_000, instruments=1))
    >>> walk = bt.Instrument("x", "walk0_usd", price_increment="0.01", quantity_increment="0.001")
    >>> maker = bt.strategy.makers.ImbalanceMaker(0.5, half_spread=0.01, lean=0.01, flow=0.001, most=1)
    >>> options = {"balances": {"usd": 1_000}, "venues": bt.Venue(account="margin"), "interpret": True}
    >>> bt.backtest(quotes, walk, maker, **options).trades["liquidity"].unique().to_list()
    ['maker']
    """

    quantity: float
    half_spread: float
    lean: float
    depth: int = 1
    flow: float = 0.0
    half_life: str | int = "5s"
    interval: float = 0.0
    most: float | None = None
    skew: float = 0.0
    instrument: str | None = None
    wake: Wake = "quote"
    name: str = "imbalance_maker"

    def __post_init__(self) -> None:
        require("quantity", self.quantity, above=0)
        require("half_spread", self.half_spread, least=0)
        require("lean", self.lean)
        require("flow", self.flow)
        require("depth", self.depth, least=1)
        require("interval", self.interval, least=0)
        require("skew", self.skew, least=0)
        if self.most is not None:
            require("most", self.most, least=self.quantity)
        if duration_ns(self.half_life, "half_life") <= 0:
            raise StrategyError(f"half_life is {self.half_life!r}; it must be above 0")
        if self.flow and "quote" not in ((self.wake,) if isinstance(self.wake, str) else self.wake):
            raise StrategyError(
                f"wake is {self.wake!r}, but the flow of orders is known only to who sees each quote",
                'wake="quote", or flow=0',
            )

    def prepare(self, market: Market) -> Driver:
        """The driver of one run."""
        parameters: dict[str, float] = {
            "quantity": self.quantity, "half_spread": self.half_spread, "lean": self.lean, "depth": int(self.depth),
            "flow": self.flow, "half_life": duration_ns(self.half_life, "half_life"), "interval": self.interval,
            "most": self.quantity if self.most is None else self.most, "skew": self.skew,
        }  # fmt: skip
        first = {"flow": 0.0, "time": 0, "bid": 0.0, "bid_amount": 0.0, "ask": 0.0, "ask_amount": 0.0}
        return prepare_one(market, quote_leaning, self.instrument, parameters, first, self.wake, self.name)


def quote_leaning(s: EngineState, my: Any) -> None:
    """Quote both sides of the middle, moved by imbalance, flow and inventory."""
    p = my.parameters
    i = int(p.instrument[0])
    if p.flow[0] != 0.0:
        follow_flow(s, my, i)
    fair = middle(s, i) + p.lean[0] * imbalance(s, i, p.depth[0]) + p.flow[0] * my.variables.flow[0]
    fair -= p.skew[0] * position(s, i)
    bid, ask = fair - p.half_spread[0], fair + p.half_spread[0]
    quote_ladder(s, i, bid, ask, p.interval[0], 1, p.quantity[0], p.most[0])


def imbalance(s: EngineState, i: int, levels: int) -> float:
    """Of the best levels of a book, else of the amounts at the best prices; 0.0 where neither side has any."""
    if book_levels(s, i, 1) > 0:
        found = book_imbalance(s, i, levels)
        return 0.0 if isnan(found) else found
    both = bid_amount(s, i) + ask_amount(s, i)
    return 0.0 if both == 0.0 else (bid_amount(s, i) - ask_amount(s, i)) / both


def follow_flow(s: EngineState, my: Any, i: int) -> None:
    """Let the flow decay until now, and add what has come to the best prices and left them since it was looked at."""
    v, bid, ask = my.variables, bid_price(s, i), ask_price(s, i)
    if isnan(middle(s, i)):
        v.time[0] = 0
        return
    if v.time[0] > 0:
        v.flow[0] *= exp(-0.6931471805599453 * (now(s) - v.time[0]) / my.parameters.half_life[0])
        v.flow[0] += (bid_amount(s, i) if bid >= v.bid[0] else 0.0) - (v.bid_amount[0] if bid <= v.bid[0] else 0.0)
        v.flow[0] -= (ask_amount(s, i) if ask <= v.ask[0] else 0.0) - (v.ask_amount[0] if ask >= v.ask[0] else 0.0)
    v.time[0] = now(s)
    v.bid[0], v.bid_amount[0] = bid, bid_amount(s, i)
    v.ask[0], v.ask_amount[0] = ask, ask_amount(s, i)
