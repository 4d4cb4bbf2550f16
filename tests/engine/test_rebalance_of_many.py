"""Rule 17: a rebalance in a cash account is one step, of 2 and of 500 instruments, on every kind of market.

Names, rows and declarations are permuted; mapped back, every table is the same, and nothing lacks cash.
"""

from __future__ import annotations

import random
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from tests.draws import draws
from tests.engine.tiny import candles, quotes, run, stamps, trades

FEES = bt.Venue(bt.Fees(taker=0.003, maker=0.001))
PRICES = (71, 100, 130, 200, 400)
CASH = 10_000_000
SPENT = 0.95  # of the equity, each time: so much that fees and half spreads fit


class World:
    """So many instruments with prices and weights drawn; a permutation says what each is called and where it stands."""

    def __init__(self, count: int, seed: int) -> None:
        dice = random.Random(seed)
        self.count = count
        drawn = [[dice.choice(PRICES) for _ in range(count)] for _ in range(3)]
        self.price = [drawn[step // 2] for step in range(6)]  # what is decided fills at the price that was seen
        self.weights = [self._weights(dice) for _ in range(3)]

    def _weights(self, dice: random.Random) -> list[float]:
        """Of half of the instruments; all others are left."""
        held = set(dice.sample(range(self.count), max(1, self.count // 2)))
        raw = [dice.randint(1, 9) * (k in held) for k in range(self.count)]
        return [SPENT * each / sum(raw) for each in raw]

    def market(self, kind: str, names: list[str], order: list[int]) -> bt.data.Stream:
        """All instruments at each time, in this order."""
        steps = [(step, k, self.price[step][k]) for step in range(6) for k in order]
        if kind == "trades":
            return trades(*((10 * step, price, 10**7, names[k]) for step, k, price in steps))
        if kind == "quotes":
            return quotes(*((10 * step, price, 10**7, price + 1, 10**7, names[k]) for step, k, price in steps))
        return candles(*((10 * step, 10 * step + 10, *(price,) * 4, names[k]) for step, k, price in steps))

    def signals(self, kind: str, names: list[str], order: list[int]) -> bt.Signals:
        """At the close of each other candle, or at each other tick."""
        seen = 10 if kind == "candles" else 0
        rows = [(20 * n + seen, names[k], self.weights[n][k]) for n in range(3) for k in order]
        frame = pl.DataFrame(rows, schema=["time", "instrument", "target"], orient="row")
        return bt.Signals(frame.with_columns(time=stamps(frame["time"])), size="equity", with_fee=True)


def rebalanced(world: World, kind: str, seed: int, candle_fill: Any) -> tuple[bt.Result, dict[str, int]]:
    """The run of one permutation, and which instrument each name stands for; seed 0: as they are."""
    dice = random.Random(seed)

    def shuffled() -> list[int]:
        order = list(range(world.count))
        if seed:
            dice.shuffle(order)
        return order

    called, rows, targets, declared = (shuffled() for _ in range(4))
    names = [f"n{number:03}_usd" for number in called]
    instruments = [bt.Instrument("x", names[k], price_increment=1, quantity_increment=1) for k in declared]
    venue = bt.Venue(FEES.fees, candle_fill=candle_fill)
    signals = world.signals(kind, names, targets)
    result = run(world.market(kind, names, rows), signals, instruments, balances={"usd": CASH}, venues=venue)
    return result, {name: k for k, name in enumerate(names)}


def tables_of(result: bt.Result, numbers: dict[str, int]) -> dict[str, list[tuple[Any, ...]]]:
    """What happened to each instrument and to the cash, whatever things are called and whatever number they have."""

    def rows(frame: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
        own = frame["instrument"].cast(pl.String).replace_strict(numbers, return_dtype=pl.Int64)
        return sorted(frame.with_columns(instrument=own).select("instrument", *columns).rows())

    orders, total = result.orders, result.balances.filter(asset="usd").group_by("time_exchange").last()
    held = result.balances.filter(pl.col("asset").cast(pl.String) != "usd")
    coins = held["asset"].cast(pl.String) + "_usd"
    return {
        "orders": rows(orders, "time_sent", "side", "quantity_requested", "quantity", "filled", "status", "fees"),
        "trades": rows(result.trades, "time_exchange", "side", "price", "quantity", "fees", "liquidity"),
        "positions": rows(
            result.positions, "time_enter", "time_exit", "quantity_abs_max", "pnl_realised", "fees_enter"
        ),
        "coins": rows(held.with_columns(instrument=coins), "time_exchange", "total", "free"),
        "cash": total.sort("time_exchange").select("time_exchange", "total", "free").rows(),
        "equity": result.equity.rows(),
    }


@pytest.mark.parametrize(
    ("kind", "candle_fill"),
    [
        ("candles", "next_open"),
        ("candles", "next_close"),
        ("candles", "this_close"),
        ("quotes", "next_open"),
        ("trades", "next_open"),
    ],
)
@pytest.mark.parametrize(("count", "worlds"), [(2, draws(8)), (500, 1)])
def test_a_rebalance_is_one_step_whatever_names_rows_and_declarations(
    kind: str, candle_fill: str, count: int, worlds: int
) -> None:
    for number in range(worlds):
        world = World(count, number)
        plain, numbers = rebalanced(world, kind, 0, candle_fill)
        assert plain.trades.height > count, "it rotates"
        assert set(plain.orders["status"]) == {"filled"}, "nothing is refused for lack of cash"
        assert (plain.orders["filled"] == plain.orders["quantity_requested"]).all(), "nor cut"
        first = tables_of(plain, numbers)
        for seed in (1, 2) if count == 2 else (1,):
            other, called = rebalanced(world, kind, seed, candle_fill)
            assert tables_of(other, called) == first
