"""TWAP: equal parts in equal times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import StrategyError
from barter_bt.strategy.api.market import now
from barter_bt.strategy.driver import Driver, Market
from barter_bt.strategy.execution.child import FIRST, has_market, note_fills, stop, work
from barter_bt.strategy.execution.terms import length_ns, start_ns
from barter_bt.strategy.making import Wake, prepare_one, require


@dataclass(frozen=True)
class Twap:
    """Buy or sell ``quantity`` in ``slices`` equal parts, one in each equal part of ``duration``.

    At the begin of slice k of n, (k + 1)/n of the quantity are due. A child rests for what is due and not done; in the
    last part of each slice, from ``patience`` of its length on, it takes. What could not be had until the end is left.

    Parameters
    ----------
    quantity
        To buy, or if negative to sell.
    duration
        Of the whole, such as ``"30m"``, or nanoseconds.
    slices
        How many parts.
    patience
        From 0 (always take) to 1 (never): the part of a slice in which a child only makes.
    limit
        Worst price; None: any. What it forbids is left.
    start
        A datetime with a zone; None: when the instrument's best prices are first known.
    instrument, name
        As for :class:`~barter_bt.strategy.makers.grid.GridMaker`.
    wake
        When the child is looked at; its answer to a change of the schedule is no quicker.

    Examples
    --------
    >>> import barter_bt as bt
    >>> quotes = bt.data.quotes(bt.data.generate.quotes(9_000, instruments=1))
    >>> walk = bt.Instrument("x", "walk0_usd", price_increment="0.01", quantity_increment="0.001")
    >>> result = bt.backtest(
    ...     quotes, walk, bt.strategy.execution.Twap(5, "1m", slices=6), balances={"usd": 1_000}, interpret=True
    ... )
    >>> round(result.trades["quantity"].sum(), 9), result.own["twap"]["variables"]["left"].to_list()
    (5.0, [0.0])
    """

    quantity: float
    duration: str | int
    slices: int = 10
    patience: float = 0.8
    limit: float | None = None
    start: Any = None
    instrument: str | None = None
    wake: Wake = "timer:1s"
    name: str = "twap"

    def __post_init__(self) -> None:
        require("quantity", self.quantity)
        require("slices", self.slices, least=1)
        require("patience", self.patience, least=0)
        if self.quantity == 0 or self.patience > 1:
            raise StrategyError(
                f"quantity is {self.quantity}, patience is {self.patience}; allowed: a quantity that is not 0, "
                "a patience from 0 to 1"
            )
        if self.limit is not None:
            require("limit", self.limit, above=0)
        length_ns(self.duration, "duration")
        start_ns(self.start)

    def prepare(self, market: Market) -> Driver:
        """The driver of one run."""
        parameters: dict[str, float] = {
            "quantity": float(self.quantity), "duration": length_ns(self.duration, "duration"),
            "slices": int(self.slices), "patience": float(self.patience), "limit": float(self.limit or 0.0),
            "start": start_ns(self.start),
        }  # fmt: skip
        return prepare_one(market, follow_clock, self.instrument, parameters, FIRST, self.wake, self.name)


def follow_clock(s: EngineState, my: Any) -> None:
    """Work off what the clock says is due."""
    p, v = my.parameters, my.variables
    i, time = int(p.instrument[0]), now(s)
    note_fills(s, my)
    if v.began[0] == 0 and has_market(s, i) and time >= p.start[0]:
        v.began[0] = p.start[0] if p.start[0] > 0 else time
    if v.began[0] == 0:
        return
    passed = time - v.began[0]
    if passed >= p.duration[0]:
        stop(s, my)
    elif has_market(s, i):
        part = passed * p.slices[0] / p.duration[0]
        due = abs(p.quantity[0]) * (int(part) + 1) / p.slices[0]
        work(s, my, i, due, part - int(part) >= p.patience[0])
