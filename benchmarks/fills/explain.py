"""Why one engine fills an order and the other does not: each order followed by hand, with the habits of either.

A habit is something that the two engines do differently. With none of them a replay by hand gives our fills, with all
of them hftbacktest's; where the fills of an order differ, the habits that make the one into the other are the reason.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isnan, log, nan

import polars as pl

from barter_bt import data
from benchmarks.fills.feed import LOT, TICK, Feed

HABITS = {
    "side": "a trade beyond the price fills there only if it took the order's side, here in any case",
    "round": "what a trade leaves for the order is rounded to lots there, here down",
    "behind": "what trades have taken since the last change counts as standing behind there, here not",
    "forget": "trades explain the first change of depth there, here all changes of their time",
    "coins": "the logarithm is of coins there, here of lots",
    "below": "what is ahead can be below 0 there, and its logarithm no number: then all that is shown is ahead",
}
"""What hftbacktest does otherwise, in words."""
Habits = frozenset[str]
OURS: Habits = frozenset()
THEIRS: Habits = frozenset(HABITS)
Fill = tuple[int, str]
"""When, and which event of the market it was."""


@dataclass(frozen=True)
class Order:
    """A limit order of one lot: side, ticks, when it arrives and when its cancel does."""

    side: int
    ticks: int
    arrives: int
    leaves: int


class Market:
    """A feed in ticks and lots, by time."""

    def __init__(self, feed: Feed) -> None:
        self.trades = [(t, round(p / TICK), round(a / LOT), s) for t, p, a, s in feed.trades.rows()]
        self._trade_times = [one[0] for one in self.trades]
        books = data.rebuild_books(feed.streams()[1], price_increment=TICK, quantity_increment=LOT)
        best = [pl.col(name).fill_null(0.0) for name in ("bid_price_1", "ask_price_1")]
        self.times: list[int] = books["time_exchange"].cast(pl.Int64).to_list()
        self.bests: list[tuple[int, int]] = [(round(b / TICK), round(a / TICK)) for b, a in books.select(best).rows()]
        self._levels: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        message = feed.book.select(pl.struct("sequence").rle_id()).to_series().to_list()
        for at, (_, side, price, amount, *_) in zip(message, feed.book.rows(), strict=True):
            self._levels[side, round(price / TICK)].append((at, round(amount / LOT)))

    def shown(self, side: int, ticks: int, message: int) -> int:
        """What stands at a level behind a message."""
        rows = self._levels.get((side, ticks), [])
        k: int = bisect_right(rows, message, key=lambda row: row[0])
        return rows[k - 1][1] if k else 0

    def events(self, order: Order) -> Iterator[tuple[int, int | None]]:
        """Trades and messages from an order's arrival until its end: index of the trade, or of the message."""
        trade, message = bisect_right(self._trade_times, order.arrives), bisect_right(self.times, order.arrives)
        while True:
            at_trade = self._trade_times[trade] if trade < len(self.trades) else order.leaves
            at_message = self.times[message] if message < len(self.times) else order.leaves
            if min(at_trade, at_message) >= order.leaves:
                return
            if at_trade <= at_message:
                yield trade, None
                trade += 1
            else:
                yield -1, message
                message += 1


def follow(market: Market, order: Order, model: str, habits: Habits) -> Fill | None:
    """When an order is filled, and why; None if it is not."""
    before = bisect_right(market.times, order.arrives) - 1
    if _reached(market, order, before):
        return None  # post-only
    shown = market.shown(order.side, order.ticks, before)
    ahead, traded, last_trade = float(shown), 0, 0
    for trade, message in market.events(order):
        if message is None:
            last_trade, ticks, lots, side = market.trades[trade]
            beyond, hits = order.side * (order.ticks - ticks), side != order.side
            if beyond > 0 and (hits or "side" not in habits):
                return last_trade, "traded_through"
            if beyond == 0 and hits:
                if _passes(ahead - lots, habits):
                    return last_trade, "queue"
                ahead = ahead - lots if "below" in habits else max(ahead - lots, 0.0)
                traded += lots
            continue
        now = market.shown(order.side, order.ticks, message)
        if now != shown:
            left = shown - now - traded
            if left > 0:
                behind = shown - ahead - (0 if "behind" in habits else traded)
                ahead -= _from_ahead(model, left, ahead, max(behind, 0.0), habits)
            ahead = float(now) if isnan(ahead) else min(ahead, float(now))
            ahead = ahead if "below" in habits else max(ahead, 0.0)
            kept = "forget" not in habits and last_trade == market.times[message]
            traded = max(traded - max(shown - now, 0), 0) if kept else 0
            shown = now
        if _reached(market, order, message):
            return market.times[message], "crossed"
    return None


def _reached(market: Market, order: Order, message: int) -> bool:
    bid, ask = market.bests[message]
    best = ask if order.side > 0 else bid
    return best > 0 and order.side * (order.ticks - best) >= 0


def _passes(ahead: float, habits: Habits) -> bool:
    """Whether a trade reaches the order, of which so much stands ahead behind it."""
    return ahead <= -0.5 if "round" in habits else ahead <= -1.0


def _from_ahead(model: str, left: float, ahead: float, behind: float, habits: Habits) -> float:
    if model == "conservative":
        return 0.0
    unit = LOT if "coins" in habits else 1.0
    family, _, power = model.rpartition(" ")
    n = int(power) if family else 0
    front, back = (z**n if n else log(1 + z * unit) if z * unit > -1 else nan for z in (ahead, behind))
    if family == "relative power":
        back = (ahead + behind) ** n - front
    return 0.0 if front + back == 0 else left - min(left * back / (front + back), behind)


def reason(market: Market, order: Order, model: str, theirs: int | None) -> tuple[str, ...] | None:
    """The fewest habits with which an order is filled when they fill it; None: no habits do."""
    for n in range(len(HABITS) + 1):
        for some in combinations(HABITS, n):
            found = follow(market, order, model, frozenset(some))
            if (found and found[0]) == theirs:
                return some
    return None


def orders_of(grid: pl.DataFrame, latency_ns: int) -> Sequence[Order]:
    """The orders of a grid as the exchange gets them."""
    rows = grid.select("side", "price", "time", "cancel").rows()
    return [Order(side, round(p / TICK), t + latency_ns, c + latency_ns) for side, p, t, c in rows]
