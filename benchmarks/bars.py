"""Jobs on candles: a moving-average cross on one instrument, and a rebalance of many."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from barter_bt import Instrument, Margin, Signals, Venue, data
from barter_bt.backtest import Result, backtest
from barter_bt.data import generate
from barter_bt.strategy.builtin import SmaCross
from benchmarks.measure import Entry, Job, measure
from benchmarks.peers import _answers as answers
from benchmarks.replay import BALANCES, FEES

CANDLES = 1_000_000
ROWS, WIDTH = 5_000, 500
LITTLE = 200
WALK = Instrument("x", "walk_usd", price_increment="0.0001", quantity_increment=1)
SPOT = Venue(fees=FEES)
MARGIN = Venue(fees=FEES, account="margin", margin=Margin(0.5))


def sma_job(n: int, strategy: Any, answer: answers.Answer) -> Job:
    """From the frame of candles to tables and summary: making the stream is part of the job."""
    frame = generate.candles(n)

    def run(candles: pl.DataFrame) -> Result:
        return backtest(data.candles(candles), WALK, strategy, balances=BALANCES, venues=SPOT)

    return Job(lambda: run(frame), n, lambda: run(frame.head(LITTLE)), answer, summary=True)


def shared_targets(n: int) -> pl.DataFrame:
    """The signals that the peers get, as targets: 1 at an entry, 0 at an exit."""
    walk = generate.candles_arrays(n)
    entries, exits = answers.crosses(walk["close"])
    rows = np.flatnonzero(entries | exits)
    times = generate.candles(n)["time_exchange"].gather(rows)
    return pl.DataFrame({"time": times, "target": entries[rows].astype(np.float64)}).with_columns(
        instrument=pl.lit(WALK.name)
    )


def sma_cross(scale: float) -> list[Entry]:
    """The built-in strategy on its own averages."""
    n = int(CANDLES * scale)
    walk = generate.candles_arrays(n)
    answer = answers.sma_cross(walk["close"], own_signals=False)
    return [measure("sma_cross", lambda: sma_job(n, SmaCross(), answer), walk)]


def sma_cross_signals(scale: float) -> list[Entry]:
    """The same on signals computed before."""
    n = int(CANDLES * scale)
    walk = generate.candles_arrays(n)
    answer = answers.sma_cross(walk["close"], own_signals=False)
    targets = shared_targets(n)
    return [measure("sma_cross_signals", lambda: sma_job(n, Signals(targets), answer), walk)]


def rebalance_job(rows: int, width: int, *, idle: bool = False) -> Job:
    """Equal weight of the equity every 21 rows; idle: the same without targets."""
    frame = generate.panel_candles(rows, width)
    names = frame["instrument"].unique(maintain_order=True).cast(pl.String)
    instruments = [Instrument("x", name, price_increment="0.0001", quantity_increment="1e-9") for name in names]
    times = frame["time_exchange"].unique(maintain_order=True).gather_every(answers.REBALANCE)
    targets = frame.filter(pl.col("time_exchange").is_in(times.implode())).select(
        time="time_exchange", instrument="instrument", target=pl.lit(1 / width)
    )

    def run(candles: pl.DataFrame, wanted: pl.DataFrame) -> Result:
        strategy = Signals(wanted, size="equity", with_fee=False)
        return backtest(data.candles(candles), instruments, strategy, balances=BALANCES, venues=MARGIN)

    head = frame.head(2 * width)
    targets = targets.clear() if idle else targets
    few = targets.filter(pl.col("time") == frame["time_exchange"][0])
    answer = answers.rebalance(generate.panel(rows, width))
    note = "the stream of candles is made inside the timed call"
    return Job(lambda: run(frame, targets), rows * width, lambda: run(head, few), answer, note=note)


def rebalance(scale: float) -> list[Entry]:
    """Shared cash, 500 instruments."""
    rows = max(2 * answers.REBALANCE, int(ROWS * scale))
    return [measure("rebalance", lambda: rebalance_job(rows, WIDTH), {"close": generate.panel(rows, WIDTH)})]
