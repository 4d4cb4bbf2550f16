"""Peak memory of a replay above that just before it: in memory, and streamed from Parquet of two lengths.

``python -m benchmarks.memory FILE EVERY`` is one streamed run in a process of its own. The longer one sends an order
as much more rarely, so that both end with journals of one size.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from barter_bt import Venue, data
from barter_bt.backtest import Result, backtest
from barter_bt.columns.block import tables_of
from barter_bt.data import generate
from benchmarks.measure import RUNS, TABLES, Entry, Job, measure, peak_mb, settle
from benchmarks.peers._answers import EVERY
from benchmarks.replay import BALANCES, EVENTS, FEES, INSTRUMENTS, LITTLE, flipping, trades_job

LONGER = 10
ROW_GROUP = 1 << 20


def journals_mb(result: Result) -> float:
    """Size of the rows that the journals hold at the end."""
    tables = [table for table in tables_of(result.state) if type(table).growable]
    return sum(len(table) * sum(int(code[-1]) for code in table.schema.values()) for table in tables) / 1e6


def write_parquet(path: Path, rows: int, times: int) -> float:
    """Write ``times`` stretches of ``rows`` trades, one after the other in time; seconds that it took."""
    import pyarrow.parquet as pq

    began = time.perf_counter()
    frame = generate.trades(rows).with_columns(pl.col("instrument").cast(pl.String))
    first, last = frame["time_exchange"][0], frame["time_exchange"][-1]
    writer: Any = None
    for stretch in range(times):
        later = pl.col("time_exchange") + stretch * (last - first + (last - first) / max(rows, 1))
        table = frame.with_columns(later.cast(frame.schema["time_exchange"])).to_arrow()
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=ROW_GROUP)
    writer.close()
    return time.perf_counter() - began


def streamed(path: Path, every: int) -> Entry:
    """One run over a file, after one over its first rows."""
    venue = Venue(fees=FEES)

    def run(source: Any) -> Result:
        return backtest(data.trades(source), INSTRUMENTS, flipping(every), balances=BALANCES, venues=venue)

    head = path.with_name("head.parquet")
    pl.scan_parquet(path).head(LITTLE).sink_parquet(head)
    # From a file as well: what reading Parquet itself needs is loaded before the run.
    run(head)
    before = settle()
    began = time.perf_counter()
    result = run(path)
    ran = time.perf_counter() - began
    run_mb = peak_mb() - before
    for name in TABLES:
        getattr(result, name)
    seconds = time.perf_counter() - began
    rows = sum(stream.rows for stream in result.market)
    return {
        "n": rows,
        "seconds": seconds,
        "rate": rows / seconds,
        "peak_mb": peak_mb() - before,
        "peak_run_mb": run_mb,
        "journals_mb": journals_mb(result),
        "orders": result.orders.height,
        "final_equity": float(result.equity["equity"][-1]),
        "parts": {key: result.timings[key] for key in ("prepare", "compile", "run")} | {"tables": seconds - ran},
    }


def _middle(runs: list[Entry]) -> Entry:
    """The run of median time, with the medians of what allocators scatter."""
    entry = sorted(runs, key=lambda run: run["seconds"])[len(runs) // 2]
    peaks = {key: statistics.median(run[key] for run in runs) for key in ("peak_mb", "peak_run_mb")}
    return entry | peaks | {"runs": len(runs)}


def _in_memory(n: int) -> Entry:
    kept: list[Job] = []

    def prepare() -> Job:
        kept.append(trades_job(n))
        return kept[0]

    entry = measure("memory", prepare)
    note = "data in memory; tables included"
    return entry | {"journals_mb": journals_mb(kept[0].run()), "note": note}


def memory(scale: float) -> list[Entry]:
    """In memory, then streamed: the peak must not grow with the data, journals apart."""
    n = int(EVENTS * scale)
    entries = [_in_memory(n)]
    with tempfile.TemporaryDirectory() as folder:
        for name, times in (("memory_parquet", 1), ("memory_parquet_long", LONGER)):
            path = Path(folder) / f"{name}.parquet"
            load_seconds = write_parquet(path, n, times)
            command = [sys.executable, "-m", "benchmarks.memory", str(path), str(times * EVERY)]
            # A fresh process each time: what allocators keep from one run would hide what the next one needs.
            told = [subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout for _ in range(RUNS)]
            entry = {"case": name, **_middle([json.loads(one) for one in told]), "load_seconds": load_seconds}
            entry["note"] = (
                f"streamed from {path.stat().st_size / 1e6:.0f} MB of Parquet, an order every {times * EVERY:,} events"
            )
            entries.append(entry)
            path.unlink()
    return entries


if __name__ == "__main__":
    print(json.dumps(streamed(Path(sys.argv[1]), int(sys.argv[2]))))
