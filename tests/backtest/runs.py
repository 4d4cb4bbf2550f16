"""Small runs for the tests of what compares them."""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl

import barter_bt as bt
from barter_bt.backtest import Result

NAMES = ("a_usd", "b_usd")


@cache
def frame(rows: int = 300, instruments: int = 1) -> pl.DataFrame:
    """Candles of random walks, in order of time."""
    each = [
        bt.data.generate.candles(rows, instrument=name, seed=seed).with_columns(pl.col("instrument").cast(pl.String))
        for seed, name in enumerate(NAMES[:instruments])
    ]
    return pl.concat(each).sort("time_exchange", "instrument")


def arguments(instruments: int = 1, rows: int = 300, **others: Any) -> dict[str, Any]:
    """Everything that a backtest needs but the strategy."""
    return {
        "data": bt.data.candles(frame(rows, instruments)),
        "instruments": [bt.Instrument("x", name, price_increment="0.0001") for name in NAMES[:instruments]],
        "balances": {"usd": 10_000},
        "interpret": True,
        **others,
    }


@cache
def crossed(fast: int, slow: int, name: str = "sma_cross") -> Result:
    """A run of crossing averages."""
    return bt.backtest(strategy=bt.strategy.builtin.SmaCross(fast, slow, name=name), **arguments())
