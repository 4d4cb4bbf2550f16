"""A capture of Binance's futures as both engines read it, and the orders that both send."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from barter_bt import data
from barter_bt.data import Stream

NAME = "btc_usdt"
TICK, LOT = 0.1, 0.001
TIME = pl.Datetime("ns", "UTC")
MS, SECOND = 1_000_000, 1_000_000_000
BOOK = {"time_exchange": pl.Int64, "side": pl.Int8, "price": pl.Float64, "amount": pl.Float64, "snapshot": pl.Boolean}
NUMBERED = BOOK | {"sequence": pl.Int64, "previous_sequence": pl.Int64}
TRADES = {"time_exchange": pl.Int64, "price": pl.Float64, "amount": pl.Float64, "side": pl.Int8}


@dataclass(frozen=True)
class Feed:
    """What happened, by the exchange's times in nanoseconds.

    Attributes
    ----------
    trades, book
        Rows for :func:`barter_bt.data.trades` and :func:`barter_bt.data.book`, from the first snapshot on.
    """

    trades: pl.DataFrame
    book: pl.DataFrame

    def events(self) -> pl.DataFrame:
        """All rows as they happen, trades of a time first: ``kind`` (0 trade, 1 depth, 2 snapshot), ``time``, ``side``,
        ``price``, ``amount``.
        """
        rest = pl.col("side").cast(pl.Int64), pl.col("price"), pl.col("amount")
        time = pl.col("time_exchange").alias("time")
        kind = pl.when("snapshot").then(2).otherwise(1).cast(pl.Int64).alias("kind")
        trades = self.trades.select(pl.lit(0, pl.Int64).alias("kind"), time, *rest)
        depth = self.book.filter(pl.col("side") != 0).select(kind, time, *rest)
        return pl.concat([trades, depth]).sort("time", maintain_order=True)

    def streams(self) -> list[Stream]:
        """Trades, then the book, whose changes they cause."""
        trades, book = (one.with_columns(pl.col("time_exchange").cast(TIME)) for one in (self.trades, self.book))
        return [data.trades(trades, instrument=NAME), data.book(book, instrument=NAME)]


def read_feed(files: Sequence[Path]) -> Feed:
    """Trades and changes of depth of files that follow each other, by the times at which the exchange made them."""
    book: list[tuple[Any, ...]] = []
    trades: list[tuple[Any, ...]] = []
    for path in files:
        with gzip.open(path, "rt") as lines:
            for line in lines:
                message = json.loads(line.split(" ", 1)[1])
                if "lastUpdateId" in message:
                    last = message["lastUpdateId"]
                    book += _levels(message["T"], message["bids"], message["asks"], True, last, last)
                elif (of := message["data"]).get("e") == "depthUpdate":
                    book += _levels(of["T"], of["b"], of["a"], False, of["u"], of["pu"])
                elif of.get("e") == "trade":
                    trades.append((of["T"] * MS, float(of["p"]), float(of["q"]), -1 if of["m"] else 1))
    frame = data.complete_snapshots(pl.DataFrame(book, NUMBERED, orient="row"))
    frame = frame.slice(int(frame["snapshot"].arg_max() or 0))
    at, first = pl.col("time_exchange"), frame["time_exchange"][0]
    public = pl.DataFrame(trades, TRADES, orient="row").filter(at >= first, pl.col("price") > 0)
    return Feed(public.sort(at, maintain_order=True), frame.with_columns(at.cum_max()))


def _levels(time_ms: int, bids: Any, asks: Any, snapshot: bool, last: int, before: int) -> list[tuple[Any, ...]]:
    pairs = [(side, float(p), float(a)) for side, given in ((1, bids), (-1, asks)) for p, a in given]
    return [(time_ms * MS, *one, snapshot, last, before) for one in pairs or [(0, 0.0, 0.0)]]


def grid(feed: Feed, *, every_ns: int = SECOND // 2, levels: int = 5, spacing: int = 3) -> pl.DataFrame:
    """Orders of a grid maker: a row for each, with when it is sent and when its cancel is.

    Each period it cancels what it has and puts orders of one lot on both sides: at the best price that it sees then,
    and so many ticks further away. Decisions lie between the milliseconds in which things happen.

    Returns
    -------
    polars.DataFrame
        ``time``, ``cancel`` (ns), ``side`` (1 to buy), ``price``.
    """
    stream = feed.streams()[1]
    books = data.rebuild_books(stream, price_increment=TICK, quantity_increment=LOT).drop_nulls("bid_price_1")
    known = books.filter(pl.col("state") == "normal").select("time_exchange", bid="bid_price_1", ask="ask_price_1")
    begins, ends = (known["time_exchange"].cast(pl.Int64)[k] for k in (0, -1))
    times = np.arange(begins + SECOND + MS // 2, ends - every_ns, every_ns)
    steps = pl.DataFrame({"time_exchange": pl.Series(times).cast(TIME)}).join_asof(known, on="time_exchange")
    sides = [(side, k) for side in (1, -1) for k in range(levels)]
    parts = [
        steps.select(
            time=pl.col("time_exchange").cast(pl.Int64),
            cancel=pl.col("time_exchange").cast(pl.Int64) + every_ns,
            side=pl.lit(side, pl.Int8),
            price=(pl.col("bid" if side > 0 else "ask") - side * k * spacing * TICK).round(1),
        )
        for side, k in sides
    ]
    return pl.concat(parts).sort("time", maintain_order=True)
