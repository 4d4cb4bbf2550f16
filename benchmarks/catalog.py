"""The catalog: files into it, rows out of it, ten thousand files of it, and two kinds of rows at flat memory.

``python -m benchmarks.catalog FOLDER`` is one streamed run in a process of its own. Rates of imports and scans are of
one core: of the processor's time, not the clock's, so that others at work do not count.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from msgspec.structs import replace

from barter_bt import Compiled, data
from barter_bt.backtest import backtest
from barter_bt.data import Catalog, Stream, generate
from barter_bt.data.catalog.manifest import Entry as File
from barter_bt.data.catalog.manifest import read_manifest, write_manifest
from barter_bt.instrument import Instrument
from benchmarks.measure import RUNS, Entry, peak_mb, settle

ROWS = 4_000_000
FILES = 10_000
STRETCH, LONGER = 1_000_000, 10
NAME = "btc_usdt"
WALK = Instrument("simulated", NAME, price_increment="0.01", quantity_increment=1)
SILENT = Compiled(lambda s, my: None, wake="trade", name="silent")


def catalog(scale: float) -> list[Entry]:
    """Import, scan, open and stream."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        path, n = root / "BTCUSDT-trades-2020-01-01.csv", int(ROWS * scale)
        write_csv(path, n)
        numbers = count()

        def add() -> None:
            fresh = Catalog(root / f"catalog{next(numbers)}")
            fresh.add("binance_spot_trades", path, exchange="simulated", instrument=NAME)

        load = _cpu(
            "catalog_load", lambda: data.load("binance_spot_trades", path, instrument=NAME), n, "CSV to a frame"
        )
        into = _cpu("catalog_import", add, n, "CSV into a catalog: read, checked, compressed, with checksums")
        kept = Catalog(root / "catalog0")
        entries = [load, into, *_scans(kept, n), _opened(kept), *_streamed(root / "long", scale)]
    return entries


def write_csv(path: Path, rows: int) -> None:
    """Write a file as Binance's of trades are."""
    walk = generate.trades_arrays(rows, 1)
    columns: dict[str, Any] = {
        "id": np.arange(rows), "price": walk["price"].round(2), "qty": walk["amount"].round(5),
        "quote_qty": (walk["price"] * walk["amount"]).round(4), "time": walk["time_exchange"] // 1_000_000,
        "is_buyer_maker": np.where(walk["side"] == 0, "True", "False"), "is_best_match": "True",
    }  # fmt: skip
    pl.DataFrame(columns).write_csv(path, include_header=False)


def _cpu(case: str, run: Callable[[], Any], n: int, note: str) -> Entry:
    """Seconds of the processor, after a warm-up."""
    run()
    times = []
    for _ in range(RUNS):
        began = time.process_time()
        run()
        times.append(time.process_time() - began)
    seconds = statistics.median(times)
    return {"case": case, "n": n, "seconds": seconds, "rate": n / seconds, "runs": RUNS, "note": note}


def _scans(kept: Catalog, n: int) -> list[Entry]:
    """All rows by Polars alone, as a frame of the catalog, and in the chunks of a run."""
    paths = [kept.path / path for path in kept.files["path"]]
    alone = _cpu("catalog_polars", lambda: pl.scan_parquet(paths).collect(), n, "polars.scan_parquet, same files")

    def frame() -> pl.DataFrame:
        return kept.trades(NAME).frame().collect()

    def chunks() -> int:
        return sum(chunk.rows for chunk in kept.trades(NAME).chunks({NAME: 0}, validate=False))

    ours = _cpu("catalog_scan", frame, n, "the same rows of Catalog.trades")
    pieces = _cpu("catalog_chunks", chunks, n, "the same in the chunks of a run, unchecked")
    ours["share"] = ours["rate"] / alone["rate"]
    return [alone, ours, pieces]


def _opened(kept: Catalog) -> Entry:
    """A stream of ten thousand files: what the manifest tells, before a row is read."""
    (entry, *_) = read_manifest(kept.path).files
    width = entry.time_last - entry.time_first + 1
    with tempfile.TemporaryDirectory() as folder:
        write_manifest(Path(folder), [_behind(entry, k, width) for k in range(FILES)])
        note = f"{FILES:,} files: manifest, stream, rows and times, before one is read"

        def look() -> int:
            stream: Stream = Catalog(folder).trades(NAME)
            return stream.rows

        return _cpu("catalog_open", look, FILES, note)


def _behind(entry: File, k: int, width: int) -> File:
    """The k-th file behind one of a catalog."""
    first, last = entry.time_first + k * width, entry.time_last + k * width
    return replace(entry, path=f"{entry.path}.{k}", time_first=first, time_last=last, spans=((first, last),))


def fill(folder: Path, rows: int, times: int) -> None:
    """Put stretches of trades and quotes into a catalog, one behind the other in time."""
    made = Catalog(folder)
    trades = generate.trades(rows, instruments=1).with_columns(instrument=pl.lit(NAME))
    quotes = generate.quotes(rows, instruments=1).with_columns(instrument=pl.lit(NAME))
    times_of = [frame["time_exchange"].to_physical() for frame in (trades, quotes)]
    width = max(one[-1] - one[0] for one in times_of)
    for k in range(times):
        later = (pl.col("time_exchange").to_physical() + k * (width + 1)).cast(trades.schema["time_exchange"])
        made.add_stream(data.trades(trades.with_columns(later)), exchange="simulated")
        made.add_stream(data.quotes(quotes.with_columns(later)), exchange="simulated")


def streamed(folder: Path) -> Entry:
    """One run over both kinds of a catalog, after one over the first hour."""
    kept = Catalog(folder)

    def run(*between: str | None) -> Any:
        streams = [kept.trades(NAME, *between), kept.quotes(NAME, *between)]
        return backtest(streams, WALK, SILENT, balances={"usdt": 1_000})

    run(None, "2020-01-01T00:01")
    before = settle()
    began = time.perf_counter()
    result = run()
    seconds = time.perf_counter() - began
    rows = sum(stream.rows for stream in result.market)
    return {"n": rows, "seconds": seconds, "rate": rows / seconds, "peak_mb": peak_mb() - before}


def _streamed(folder: Path, scale: float) -> list[Entry]:
    entries: list[Entry] = []
    for name, times in (("catalog_stream", 1), ("catalog_stream_long", LONGER)):
        fill(folder / name, int(STRETCH * scale), times)
        command = [sys.executable, "-m", "benchmarks.catalog", str(folder / name)]
        told = [subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout for _ in range(RUNS)]
        runs = sorted((json.loads(one) for one in told), key=lambda run: run["seconds"])
        peak = statistics.median(run["peak_mb"] for run in runs)
        note = "trades and quotes of a catalog in turns, one file of each open at a time"
        entries.append({"case": name, **runs[len(runs) // 2], "peak_mb": peak, "runs": RUNS, "note": note})
    return entries


if __name__ == "__main__":
    print(json.dumps(streamed(Path(sys.argv[1]))))
