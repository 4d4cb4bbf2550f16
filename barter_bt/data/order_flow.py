"""A market of orders, one event after another: the book by order from which all kinds of market data are told.

The model is that of a market without intelligence: limit orders, market orders and cancels arrive at random, and price
and spread follow from how they meet (Smith, Farmer, Gillemot and Krishnamurthy 2003). Assumptions: sizes and sides are
independent of the past; limit orders lie behind the opposite best by a power law (Bouchaud, Mezard and Potters 2002)
and so never cross it; an order that is to be cancelled is any of those that rest, all equally likely; a market order
takes at most what stands at the best price, in the order in which it arrived there; the last order of a side stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

Action = Literal["add", "cancel", "execute"]
BID, ASK = 1, -1
START_NS = 1_577_836_800_000_000_000  # 2020-01-01 UTC
_RESTING = 80  # orders around which their number stays
_DRAWS = 5
_FIRST_LEVELS, _FIRST_LOTS = 10, 20
_FARTHEST = 60  # ticks behind the opposite best
_MOST_LOTS = 40
_STEP_NS = 1_000  # times are whole microseconds


class Change(NamedTuple):
    """What happened to one order.

    Attributes
    ----------
    time_ns
        When; no two events have the same time, but the executions by one market order do.
    action
        ``"add"``, ``"cancel"`` or ``"execute"``.
    order_id
        Of the resting order, from 1 in order of arrival.
    side
        Of the resting order, +1 for a bid.
    price, lots
        Its price in ticks, and how many lots came, went or were executed.
    """

    time_ns: int
    action: Action
    order_id: int
    side: int
    price: int
    lots: int


class OrderFlow:
    """The state of such a market; :meth:`next` makes the next events.

    Parameters
    ----------
    seed
        Of the random numbers.
    price
        Around which price it starts, ticks; at least 2.
    mean_step_ns
        Mean time between events.
    market_orders
        Share of the events that are market orders, below 1: the more, the fewer rest at the best prices, and the wider
        the spread.

    Examples
    --------
    >>> whole, pieces = OrderFlow(seed=1), OrderFlow(seed=1)
    >>> list(whole.next(50)) == [*pieces.next(20), *pieces.next(30)]
    True
    """

    def __init__(
        self, seed: int = 17, price: int = 10_000, mean_step_ns: int = 10_000_000, market_orders: float = 0.12
    ) -> None:
        self._rng, self._market_orders = np.random.default_rng(seed), market_orders
        self._most_steps = max(1, 2 * mean_step_ns // _STEP_NS)
        self.time_ns = START_NS
        self.levels: dict[int, dict[int, dict[int, int]]] = {BID: {}, ASK: {}}
        self._resting: list[tuple[int, int, int]] = []  # id, side, price
        self._place: dict[int, int] = {}  # of an id among them
        self._count = {BID: 0, ASK: 0}
        self._last_id = 0
        self.best = {BID: price - 1, ASK: price + 1}
        self.opening = [
            self._add(side, self.best[side] - side * behind, _FIRST_LOTS)
            for side in (BID, ASK)
            for behind in range(_FIRST_LEVELS if side == ASK else min(_FIRST_LEVELS, price - 1))
        ]
        """The orders that rest at the start."""

    def next(self, events: int) -> Iterator[list[Change]]:
        """What each of the next events changes: one order, or several that one market order meets."""
        draws = self._rng.random((events, _DRAWS))  # row by row, so that events do not depend on how many are asked for
        for step, what, side, size, place in draws.tolist():
            self.time_ns += _STEP_NS * (1 + int(step * self._most_steps))
            yield self._event(what, BID if side < 0.5 else ASK, size, place)  # half of them

    def _event(self, what: float, side: int, size: float, place: float) -> list[Change]:
        market = self._market_orders
        if what < market and self._count[-side] > 1:
            return self._execute(-side, 1 + int(_MOST_LOTS * size * size * size))
        resting = len(self._resting)
        if what < market + (1 - market) * resting / (resting + _RESTING):
            order_id, own, price = self._resting[int(place * resting)]
            if self._count[own] > 1:
                return [self._take("cancel", order_id, own, price, self.levels[own][price][order_id])]
        behind = min(_FARTHEST, int(2 * place / (1 - place)))
        price = max(1, self.best[-side] - side * (1 + behind))
        return [self._add(side, price, 1 + int(_MOST_LOTS * size * size))]

    def _add(self, side: int, price: int, lots: int) -> Change:
        self._last_id += 1
        self._place[self._last_id] = len(self._resting)
        self._resting.append((self._last_id, side, price))
        self.levels[side].setdefault(price, {})[self._last_id] = lots
        self._count[side] += 1
        if side * (price - self.best[side]) > 0:
            self.best[side] = price
        return Change(self.time_ns, "add", self._last_id, side, price, lots)

    def _execute(self, side: int, lots: int) -> list[Change]:
        """A market order against the best price of a side: first come, first served."""
        price, done = self.best[side], list[Change]()
        for order_id, rest in list(self.levels[side][price].items()):
            if not lots or (rest <= lots and self._count[side] == 1):
                break
            done.append(self._take("execute", order_id, side, price, min(lots, rest)))
            lots -= done[-1].lots
        return done

    def _take(self, action: Action, order_id: int, side: int, price: int, lots: int) -> Change:
        level = self.levels[side][price]
        level[order_id] -= lots
        if not level[order_id]:
            del level[order_id]
            place, last = self._place.pop(order_id), self._resting.pop()
            if last[0] != order_id:
                self._resting[place], self._place[last[0]] = last, place
            self._count[side] -= 1
            if not level:
                del self.levels[side][price]
                if price == self.best[side]:
                    self.best[side] = max(self.levels[side]) if side == BID else min(self.levels[side])
        return Change(self.time_ns, action, order_id, side, price, lots)
