"""Small books and the trades beside them, for tests of the rules of books."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

import barter_bt as bt

ABC = bt.Instrument("x", "abc_usd", price_increment=1, quantity_increment=1)
BOOK = {
    "time_exchange": pl.Int64,
    "side": pl.Int8,
    "price": pl.Float64,
    "amount": pl.Float64,
    "snapshot": pl.Boolean,
    "sequence": pl.Int64,
    "previous_sequence": pl.Int64,
}
TRADES = {"time_exchange": pl.Int64, "price": pl.Float64, "amount": pl.Float64, "side": pl.Int8}
Levels = Sequence[tuple[int, int]]
DAY = 86_400


def message(
    second: int, bids: Levels = (), asks: Levels = (), snapshot: bool = False, number: int | None = None, after: int = 0
) -> list[tuple[Any, ...]]:
    """Rows of one message; its number is its second unless given."""
    sequence = second if number is None else number
    levels = [(1, *one) for one in bids] + [(-1, *one) for one in asks]
    return [
        (DAY + second, side, float(price), float(amount), snapshot, sequence, after)
        for side, price, amount in levels or [(0, 0, 0)]
    ]


def snapshot(second: int, bids: Levels, asks: Levels) -> list[tuple[Any, ...]]:
    """Rows of a snapshot."""
    return message(second, bids, asks, snapshot=True)


def trade(second: int, price: int, amount: int, side: int = 0) -> tuple[Any, ...]:
    """A public trade; side 1 bought, -1 sold."""
    return DAY + second, float(price), float(amount), side


def streams(messages: Sequence[list[tuple[Any, ...]]], trades: Sequence[tuple[Any, ...]] = ()) -> list[bt.data.Stream]:
    """Trades, if there are any, before the book."""
    rows = [row for one in messages for row in one]
    book = bt.data.book(pl.DataFrame(rows, BOOK, orient="row"), instrument="abc_usd", time_unit="s")
    public = pl.DataFrame(list(trades), TRADES, orient="row")
    return [*([bt.data.trades(public, instrument="abc_usd", time_unit="s")] if trades else []), book]


class At:
    """A strategy that asks for orders, or cancels, at the first event of certain seconds."""

    wake = "every_event"

    def __init__(self, asked: dict[int, list[bt.OrderRequest]], cancels: dict[int, int] | None = None) -> None:
        self.asked, self.cancels, self.done = asked, cancels or {}, set[int]()

    def generate_algo_orders(self, state: Any) -> tuple[list[int], list[bt.OrderRequest]]:
        second = state.time // 10**9 - DAY
        if second in self.done:
            return [], []
        self.done.add(second)
        return [self.cancels[second]] if second in self.cancels else [], self.asked.get(second, [])


def fills(result: bt.Result) -> list[tuple[Any, ...]]:
    """Second, price, quantity and reason of each fill."""
    second = pl.col("time_exchange").to_physical() // 10**9 - DAY
    reason = "fill_reason" if "fill_reason" in result.trades.columns else pl.lit(None)
    return result.trades.select(second, "price", "quantity", reason).rows()


def run(data: Sequence[bt.data.Stream], strategy: Any, **given: Any) -> bt.Result:
    """A run with much of everything."""
    arguments: dict[str, Any] = {"balances": {"usd": 1_000_000, "abc": 10_000}, "interpret": True}
    venue = bt.Venue(**{name: given.pop(name) for name in list(given) if name not in arguments and name != "audit"})
    return bt.backtest(list(data), ABC, strategy, venues=venue, **arguments | given)
