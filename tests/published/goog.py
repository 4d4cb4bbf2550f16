"""The bars that backtesting.py carries, and strategies that decide and size orders as those that are published for it.

Three things of that tool are said to this one in the following way.

- It works out a size at the price of the fill, an open that a strategy cannot know. Here a column of the data,
  ``next_open``, is read for sizes alone, never for a decision.
- Its ``spread`` moves the price of an entry and not that of an exit. Here that is slippage, and a limit at the open, by
  which an exit fills, is never moved beyond its price (rule 39).
- A bar has one stamp, its day. Here it opens at 9:30 and closes at 16:00, so that what fills at the open and what fills
  later in the day are told apart; a run starts at the first close, where its curve of equity starts.
"""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

import barter_bt as bt

GOOG = bt.Instrument("xnas", "goog_usd", price_increment="0.00001", quantity_increment=1)
CASH = 10_000
CLOSE, NEXT_OPEN = pl.col("close"), pl.col("open").shift(-1)
START = datetime(2004, 8, 19, 16, tzinfo=UTC)


def bars(name: str = "GOOG") -> pl.DataFrame:
    """The bars; their index has neither hours nor a zone."""
    package = pytest.importorskip("backtesting.test", reason="backtesting, which carries the bars, is not installed")
    data = getattr(package, name)
    prices = {column.lower(): data[column].to_numpy() for column in data.columns}
    frame = pl.DataFrame({"time_open": data.index.to_numpy(), **prices})
    return frame.with_columns(pl.col("time_open").dt.offset_by("9h30m"), next_open=NEXT_OPEN)


def run(strategy: object, frame: pl.DataFrame, venue: bt.Venue | None = None) -> bt.Result:
    """An interpreted run of one strategy on GOOG, with 10,000; without a venue nothing costs anything."""
    market = bt.data.candles(frame, instrument="goog_usd", interval="390m", time_zone="UTC")
    venue = venue or bt.Venue()
    return bt.backtest(market, GOOG, strategy, balances={"usd": CASH}, venues=venue, start=START, interpret=True)


def gap(fast: int, slow: int) -> pl.Expr:
    """What the fast average of closes lies above the slow one, exact, in units of its own."""
    cents = (CLOSE * 100).round().cast(pl.Int64)
    return cents.rolling_sum(fast) * slow - cents.rolling_sum(slow) * fast


def crossing(fast: int, slow: int) -> pl.Expr:
    """1 where the fast average comes to stand above the slow one, -1 where below, else 0."""
    now, before = gap(fast, slow), gap(fast, slow).shift()
    return pl.when((now > 0) & (before < 0)).then(1).when((now < 0) & (before > 0)).then(-1).otherwise(0)


def true_range(n: int) -> pl.Expr:
    """The mean true range of n days; before there are as many, that of the first n. The first day has none."""
    high, low, before = pl.col("high"), pl.col("low"), CLOSE.shift()
    widest = pl.max_horizontal(high - low, (before - high).abs(), (before - low).abs())
    return pl.when(before.is_not_null()).then(widest).rolling_mean(n).backward_fill()


class Averages:
    """Always in the market with all its money, on the side of the last cross; out where it is the last open."""

    wake = "bar_close"
    data_columns = ("cross", "last", "next_open")

    def __init__(self, spread: float = 0.0, lot: float = 1) -> None:
        self.spread, self.lot = spread, lot

    def generate_algo_orders(self, state):
        side, price = state.column(0, "cross"), state.column(0, "next_open")
        last, held = state.column(0, "last"), state.position(0)
        if not side and not last:
            return [], []
        orders = [bt.OrderRequest(0, -held, price=price)] if held else []
        if not last:
            worth, cost = state.balance("usd") + held * price, price * (1 + side * self.spread) * self.lot
            orders.append(bt.OrderRequest(0, side * (worth // cost) * self.lot))
        return [], orders


class Trailing:
    """Enters where its column says so, and lets a stop for each entry follow the close at so many true ranges."""

    wake = "bar_close"
    data_columns = ("enter", "range", "last", "next_open")

    def __init__(self, ranges: float, fraction: float = 1.0, fee: float = 0.0, again: bool = False) -> None:
        self.ranges, self.fraction, self.fee, self.again = ranges, fraction, fee, again
        self.stops: list[tuple[int, float, float]] = []  # the stop's number, its trigger, its quantity
        self.entered = 0.0

    def generate_algo_orders(self, state):
        if state.column(0, "last"):
            return state.cancel_all(0), state.close(0)
        alive = set(state.open_orders(0))
        held = [each for each in self.stops if each[0] in alive]
        if self.entered:
            held.append((-1, 0.0, self.entered))
        self.entered, self.stops = 0.0, []
        close, distance = state.candle(0).close, self.ranges * state.column(0, "range")
        cancels, orders = [], []
        for number, trigger, quantity in held:
            follows = state.round_price(0, close - distance)
            if follows <= trigger:
                self.stops.append((number, trigger, quantity))
                continue
            cancels += [number] if number >= 0 else []
            self.stops.append((state.next_order + len(orders), follows, quantity))
            orders.append(bt.OrderRequest(0, -quantity, stop=follows, reduce_only=True))
        if state.column(0, "enter") and (self.again or not state.position(0)):
            price = state.column(0, "next_open") * (1 + self.fee)
            self.entered = state.balance("usd") * self.fraction // price
            orders.append(bt.OrderRequest(0, self.entered))
        return cancels, orders


class Protected:
    """Enters with all its money and a stop at a part of the close, leaves at the open after a close that says so."""

    wake = "bar_close"
    data_columns = ("enter", "leave", "next_open")

    def __init__(self, part: float, spread: float = 0.0) -> None:
        self.part, self.spread = part, spread

    def generate_algo_orders(self, state):
        price, held = state.column(0, "next_open"), state.position(0)
        if state.column(0, "enter") and not held:
            stop = state.round_price(0, self.part * state.candle(0).close)
            quantity = state.balance("usd") // (price * (1 + self.spread))
            return [], [bt.OrderRequest(0, quantity, stop_loss=stop)]
        if state.column(0, "leave") and held:
            return [], [bt.OrderRequest(0, -held, price=price)]
        return [], []
