"""Books that nobody trades on: what a row of depth costs, by price and by order."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt import Instrument, Schedule, Simulation, data
from barter_bt.backtest import Result
from barter_bt.data import Stream
from benchmarks.measure import Entry, Job, measure
from benchmarks.peers import _answers as answers

ROWS = 10_000_000
PER_MESSAGE = 5
BALANCES = {"usd": int(answers.CASH)}
ITEM = Instrument("x", "book_usd", price_increment="0.01", quantity_increment="1")
_MS = 1_000_000
Arrays: TypeAlias = dict[str, npt.NDArray[Any]]
_START = 1_700_000_000_000 * _MS


def depth_arrays(rows: int) -> Arrays:
    """Messages of five levels, most of them near the best prices, which a seventh of the rows takes away."""
    dice, messages = np.random.default_rng(1), rows // PER_MESSAGE
    count = messages * PER_MESSAGE
    side = dice.choice(np.array([1, -1], np.int8), count)
    away = np.minimum(dice.geometric(0.15, count), 60)
    amount = np.where(dice.random(count) < 0.15, 0.0, dice.integers(1, 50, count).astype(np.float64))
    time = np.repeat(_START + np.arange(messages) * _MS, PER_MESSAGE)
    return {"time_exchange": time, "side": side, "price": (10_000 - side * away) / 100, "amount": amount}


def order_arrays(rows: int) -> Arrays:
    """Orders that come, one a row, and leave a thousand rows later, the one by a cancellation, the next executed."""
    dice = np.random.default_rng(2)
    row = np.arange(rows)
    number = np.where(row % 2 == 0, row // 2, np.maximum(row // 2 - 500, 0))
    side, away = dice.choice(np.array([1, -1], np.int8), rows), np.minimum(dice.geometric(0.15, rows), 60)
    amount = dice.integers(1, 50, rows).astype(np.float64)
    adds = row % 2 == 0
    action = np.where(adds, 1, np.where(number % 2 == 0, 3, 4)).astype(np.int8)
    keeps = adds | (row // 2 >= 500)
    columns = {
        "time_exchange": _START + row * _MS,
        "action": action,
        "order_id": number,
        "side": np.where(adds, side, 0).astype(np.int8),
        "price": np.where(adds, (10_000 - side * away) / 100, 0.0),
        "amount": np.where(adds, amount, amount[2 * number]),
    }
    return {name: values[keeps] for name, values in columns.items()}


def stream_of(columns: Arrays) -> Stream:
    """A stream of these columns, which starts with a snapshot."""
    frame = pl.DataFrame(columns)
    times = pl.col("time_exchange").cast(pl.Datetime("ns", "UTC"))
    if "action" in columns:
        clear = frame.head(1).with_columns(action=pl.lit(5, pl.Int8))
        return data.book_orders(pl.concat([clear, frame]).with_columns(times), instrument=ITEM.name)
    first = pl.int_range(pl.len()) < PER_MESSAGE
    return data.book(frame.with_columns(times, snapshot=first), instrument=ITEM.name)


def idle_job(columns: Arrays) -> Job:
    """A run without orders."""
    nothing = Schedule(pl.DataFrame(schema={"time": pl.Datetime("us", "UTC"), "action": pl.String,
                                            "instrument": pl.String, "quantity": pl.Float64}))  # fmt: skip
    little = stream_of({name: values[:100] for name, values in columns.items()})
    stream = stream_of(columns)

    def run(one: Stream) -> Result:
        return Simulation(one, ITEM, balances=BALANCES).run(nothing)

    answer = answers.Answer(0, answers.CASH, 0.01, "no orders")
    return Job(lambda: run(stream), stream.rows, lambda: run(little), answer)


def book_idle(scale: float) -> list[Entry]:
    """Rows of a book by price."""
    columns = depth_arrays(int(ROWS * scale))
    return [measure("book_idle", lambda: idle_job(columns), columns)]


def book_orders_idle(scale: float) -> list[Entry]:
    """Rows of a book by order."""
    columns = order_arrays(int(ROWS * scale))
    return [measure("book_orders_idle", lambda: idle_job(columns), columns)]
