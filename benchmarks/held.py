"""Orders that wait: brackets with trailing stops over candles, and many limit orders at rest over quotes."""

from __future__ import annotations

import numpy as np
import polars as pl

from barter_bt import Instrument, Margin, Schedule, Venue, data
from barter_bt.backtest import Result, backtest
from barter_bt.data import generate
from benchmarks.bars import CANDLES, LITTLE, WALK
from benchmarks.measure import Entry, Job, measure
from benchmarks.peers import _answers as answers
from benchmarks.replay import BALANCES

QUOTES = 5_000_000
FEW, MANY = 20, 2_000
QUOTED = Instrument("x", "walk0_usd", price_increment="0.01", quantity_increment="0.001")


def _brackets(n: int, entries: int) -> pl.DataFrame:
    """Buys at equal distances, each protected by a trailing stop and a take profit."""
    times = generate.candles(n)["time_exchange"].gather_every(n // entries)
    return pl.DataFrame({"time": times, "instrument": WALK.name, "action": "open", "quantity": 1.0}).with_columns(
        trailing_stop=pl.lit(answers.STOP), take_profit=pl.lit(answers.TARGET)
    )


def brackets_job(n: int, *, idle: bool = False) -> Job:
    """An entry every so many candles, each closed by its trailing stop or its take profit; idle: the same without."""
    frame, entries = generate.candles(n), n // answers.SPACING
    rows, few = _brackets(n, entries), _brackets(LITTLE, 2)
    plan = Schedule(rows.clear() if idle else rows, protect_by="fraction")
    little = Schedule(few.clear() if idle else few, protect_by="fraction")

    def run(candles: pl.DataFrame, strategy: Schedule) -> Result:
        return backtest(data.candles(candles), WALK, strategy, balances=BALANCES, venues=Venue(account="margin"))

    note = f"{entries:,} entries, three orders each"
    return Job(lambda: run(frame, plan), n, lambda: run(frame.head(LITTLE), little), note=note)


def brackets(scale: float) -> list[Entry]:
    """Ten thousand entries over a million candles."""
    return [measure("brackets", lambda: brackets_job(int(CANDLES * scale)))]


def waiting(scale: float) -> list[Entry]:
    """Candles past a limit order that none reaches, and past a position with leverage that none leaves uncovered."""
    n = int(CANDLES * scale)
    leverage = Venue(margin=Margin("0.1", maintenance="0.05"))
    perpetual = Instrument("x", WALK.name, kind="perpetual", price_increment="0.0001", quantity_increment="1")
    return [
        measure("waiting_order", lambda: _waiting(n, WALK, 0.0001, Venue(), "an order at rest")),
        measure(
            "waiting_position", lambda: _waiting(n, perpetual, None, leverage, "a position that may be liquidated")
        ),
    ]


def _waiting(n: int, instrument: Instrument, price: float | None, venue: Venue, note: str) -> Job:
    frame = generate.candles(n)
    order = {"time": frame["time_exchange"][:1], "instrument": instrument.name, "action": "open", "quantity": 1.0}
    plan = Schedule(pl.DataFrame(order).with_columns(price=pl.lit(price, pl.Float64)))

    def run(candles: pl.DataFrame) -> Result:
        return backtest(data.candles(candles), instrument, plan, balances=BALANCES, venues=venue)

    return Job(lambda: run(frame), n, lambda: run(frame.head(LITTLE)), note=note)


def resting(scale: float) -> list[Entry]:
    """Quotes past few and past many limit orders that they never reach: what an order at rest costs."""
    return [_resting(f"resting_{orders}", int(QUOTES * scale), orders) for orders in (FEW, MANY)]


def _resting(case: str, n: int, orders: int) -> Entry:
    def job() -> Job:
        frame = generate.quotes(n).filter(pl.col("instrument").cast(pl.String) == QUOTED.name)
        first, bid = frame["time_exchange"][0], float(frame["bid_price"].min())  # type: ignore[arg-type]
        prices = np.round(bid - answers.FAR - 0.01 * np.random.default_rng(0).permutation(orders), 2)
        plan = pl.DataFrame({"price": prices}).with_columns(
            time=pl.lit(first), instrument=pl.lit(QUOTED.name), action=pl.lit("open"), quantity=pl.lit(0.001)
        )

        def run(quotes: pl.DataFrame) -> Result:
            return backtest(data.quotes(quotes), QUOTED, Schedule(plan), balances=BALANCES)

        return Job(lambda: run(frame), frame.height, lambda: run(frame.head(1_000)), note=f"{orders:,} orders at rest")

    return measure(case, job)
