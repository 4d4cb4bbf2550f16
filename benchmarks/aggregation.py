"""Candles of a minute from trades: of one instrument, and of several that come in turns."""

from __future__ import annotations

import statistics
import time

import polars as pl

from barter_bt import data
from barter_bt.data import generate
from benchmarks.measure import RUNS, Entry, peak_mb, settle
from benchmarks.peers import _answers as answers
from benchmarks.replay import EVENTS


def _measured(case: str, frame: pl.DataFrame, answer: answers.Answer) -> Entry:
    def run() -> pl.DataFrame:
        made = data.aggregate(data.trades(frame), every="1m")
        return made.frame().collect()

    made, before, times = run(), settle(), []
    for _ in range(RUNS):
        began = time.perf_counter()
        made = run()
        times.append(time.perf_counter() - began)
    n, seconds = frame.height, statistics.median(times)
    total = float(made.select(pl.sum_horizontal("open", "high", "low", "close", "volume").sum()).item())
    gap = total - answer.equity
    return {
        "case": case,
        "n": n,
        "seconds": seconds,
        "rate": n / seconds,
        "runs": RUNS,
        "peak_mb": peak_mb() - before,
        "orders": made.height,
        "final_equity": total,
        "same_work": made.height == answer.orders and abs(gap) <= answer.tolerance,
        "same_work_reason": f"{made.height} candles of {answer.orders}; sum {gap:+.4g}, {answer.tolerance:.4g} allowed",
        "note": "with the stream and its checks; candles stand in place of orders, and their sum in place "
        "of the equity",
    }


def aggregate(scale: float) -> list[Entry]:
    """Three instruments."""
    frame = generate.trades(int(EVENTS * scale))
    return [_measured("aggregate", frame, answers.aggregate(generate.trades_arrays(frame.height)))]


def aggregate_one(scale: float) -> list[Entry]:
    """One instrument."""
    frame = generate.trades(int(EVENTS * scale), instruments=1)
    return [_measured("aggregate_one", frame, answers.aggregate(generate.trades_arrays(frame.height, 1)))]
