"""Captures of exchanges as frames for `data.book`, and what their books were."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import pytest

BOOK = {"time": pl.Int64, "side": pl.Int8, "price": pl.Float64, "amount": pl.Float64, "snapshot": pl.Boolean}
LOBSTER = [f"{s}_{what}_{n}" for n in range(1, 6) for s in ("ask", "bid") for what in ("price", "amount")]
LOBSTER_FILE = "LOBSTER_SampleFile_GOOG_2012-06-21_5.zip"
NUMBERED = BOOK | {"sequence": pl.Int64, "previous_sequence": pl.Int64}


def shared_data(*parts: str) -> Path:
    """A file of the shared real data; the test is skipped where it is absent."""
    default = Path(__file__).parents[3] / "shared" / "data"
    path = Path(os.environ.get("BARTER_BT_SHARED_DATA", default)).joinpath(*parts)
    if not path.exists():
        pytest.skip(f"real data {'/'.join(parts)} is not here (BARTER_BT_SHARED_DATA)")
    return path


def _lines(*parts: str) -> Iterator[str]:
    with gzip.open(shared_data(*parts), "rt") as file:
        yield from file


def kraken() -> dict[str, tuple[pl.DataFrame, dict[int, int], int, int]]:
    """By pair: rows, checksums by time, and the decimals of prices and amounts. A message has a time of its own."""
    found: dict[str, Any] = {}
    for number, line in enumerate(_lines("kraken_l2", "KRAKEN.ws.50.0.gz")):
        text = line.partition(": ")[2]
        if not text.startswith("["):
            continue
        _, *parts, _, pair = json.loads(text)
        rows, sums, digits = found.setdefault(pair, ([], {}, []))
        for part in parts:
            for name, levels in part.items():
                if name == "c":
                    sums[number] = int(levels)
                    continue
                side = 1 if name[0] == "b" else -1
                rows += [(number, side, float(p), float(a), name.endswith("s")) for p, a, *_ in levels]
                digits += [(len(p.partition(".")[2]), len(a.partition(".")[2])) for p, a, *_ in levels[:1]]
    return {
        pair: (pl.DataFrame(rows, BOOK, orient="row"), sums, *digits[0]) for pair, (rows, sums, digits) in found.items()
    }


def lobster(rows: int | None = None) -> tuple[pl.DataFrame, int, pl.DataFrame]:
    """A day of one share as changes of levels made from its order events, and the five-level book behind each event.

    Between them, how many levels came into the best five from outside, where events are not told: those are taken from
    the books.
    """
    events, books = lobster_files(rows)
    return *_changes(events, books), books


def lobster_files(rows: int | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The order events of a day of one share, and the five-level book behind each."""
    with zipfile.ZipFile(shared_data("lobster", LOBSTER_FILE)) as archive:
        parts = {name.split("_")[-2]: io.BytesIO(archive.read(name)) for name in archive.namelist() if "csv" in name}
    options: dict[str, Any] = {"has_header": False, "n_rows": rows}
    return pl.read_csv(parts["message"], **options), pl.read_csv(parts["orderbook"], new_columns=LOBSTER, **options)


def _changes(events: pl.DataFrame, books: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    known: dict[tuple[int, int], int] = {}
    found: list[tuple[int, int, float, float, bool]] = []
    from_outside = 0
    for k, (event, book) in enumerate(zip(events.iter_rows(), books.iter_rows(), strict=True)):
        _, kind, _, amount, price, side = event[:6]
        if k and kind in (1, 2, 3, 4) and ((side, price) in known or kind == 1):
            left = known.get((side, price), 0) + (amount if kind == 1 else -amount)
            known[side, price] = left
            found.append((k, side, float(price), float(left), False))
            if left == 0:
                del known[side, price]
        window = [(s, book[4 * n + j]) for s, j in ((-1, 0), (1, 2)) for n in range(5)]
        for (s, p), amount in zip(window, [book[4 * n + j] for j in (1, 3) for n in range(5)], strict=True):
            if (s, p) not in known:
                known[s, p] = amount
                found.append((k, s, float(p), float(amount), k == 0))
                from_outside += int(k > 0)
        for s, p in known.keys() - set(window):
            del known[s, p]
            found.append((k, s, float(p), 0.0, False))
        if not found or found[-1][0] != k:
            found.append((k, 0, 0.0, 0.0, False))
    return pl.DataFrame(found, BOOK, orient="row"), from_outside


def binance(name: str, lines: int | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Depth messages with their numbers, and best quotes with the number of the change that they show."""
    book: list[tuple[Any, ...]] = []
    best: list[tuple[Any, ...]] = []
    for line in islice(_lines("binance_ws", f"{name}.gz"), lines):
        received, text = line.split(" ", 1)
        message = json.loads(text)
        if "lastUpdateId" in message:
            last = message["lastUpdateId"]
            book += _levels(int(received), message["bids"], message["asks"], True, last, last)
            continue
        data = message["data"]
        if data.get("e") == "depthUpdate":
            before = data.get("pu", data["U"] - 1)
            book += _levels(int(received), data["b"], data["a"], False, data["u"], before)
        elif "@bookTicker" in message["stream"]:
            best.append((int(received), data["u"], *(float(data[key]) for key in "bBaA")))
    names = ("bid_price_1", "bid_amount_1", "ask_price_1", "ask_amount_1")
    quotes = {"time": pl.Int64, "sequence": pl.Int64} | dict.fromkeys(names, pl.Float64)
    return pl.DataFrame(book, NUMBERED, orient="row"), pl.DataFrame(best, quotes, orient="row")


def _levels(time: int, bids: Any, asks: Any, snapshot: bool, last: int, before: int) -> list[tuple[Any, ...]]:
    pairs = [(side, float(p), float(a)) for side, given in ((1, bids), (-1, asks)) for p, a in given]
    return [(time, *one, snapshot, last, before) for one in pairs or [(0, 0.0, 0.0)]]
