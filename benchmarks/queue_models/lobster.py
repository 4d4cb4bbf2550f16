"""A day of LOBSTER: order events in columns, and what a user without order ids has of it, books and trades."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt import data
from barter_bt.data import Stream
from barter_bt.data.importers.parsing import INT, TEXT, content, day_of, decimal_ns, of_day, table
from barter_bt.errors import DataError

SUBMITTED, CANCELLED, DELETED, EXECUTED, HIDDEN, AUCTION, HALT = range(1, 8)
LEVELS = 5
PER_USD = 10_000
"""Prices count hundredths of a cent, for hidden orders trade between the cents."""
_FIELDS = {"time": TEXT} | dict.fromkeys(("kind", "id", "size", "price", "side"), INT)
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Day:
    """Order events of a day and the five best levels behind each.

    Attributes
    ----------
    name
        The share, in lower case.
    path
        The file.
    time
        Nanoseconds since 1970 (UTC), never falling.
    kind, id, size, price, side
        Of each event: what it is, whose, shares, price, 1 for orders to buy.
    bids, asks, bid_sizes, ask_sizes
        (events, levels), best first, prices and shares.
    """

    name: str
    path: Path
    time: Ints
    kind: Ints
    id: Ints
    size: Ints
    price: Ints
    side: Ints
    bids: Ints
    asks: Ints
    bid_sizes: Ints
    ask_sizes: Ints

    def part(self, first: int, last: int) -> Day:
        """Some events."""
        cut = {field.name: getattr(self, field.name)[first:last] for field in fields(self)[2:]}
        return replace(self, **cut)

    def prices(self, side: int) -> Ints:
        """The levels of a side."""
        return self.bids if side > 0 else self.asks

    def sizes(self, side: int) -> Ints:
        """What the levels of a side display."""
        return self.bid_sizes if side > 0 else self.ask_sizes

    def mid(self, times: Ints) -> npt.NDArray[np.float64]:
        """Middle between the best prices, as it is known at each time."""
        event = np.searchsorted(self.time, times, side="right") - 1
        found: npt.NDArray[np.float64] = (self.bids[event, 0] + self.asks[event, 0]) / 2
        return found


def read_day(path: Path) -> Day:
    """Read a sample as LOBSTER gives it: a zip with the file of messages and that of order books."""
    at = of_day(decimal_ns("time"), day_of(path), "America/New_York")
    rows = table(path, _FIELDS, header="never", data=content(path, "_message_")).with_columns(at.alias("time"))
    events = {name: rows[name].to_physical().to_numpy() for name in _FIELDS}
    book = np.loadtxt(BytesIO(content(path, "_orderbook_")), np.int64, delimiter=",")
    prices = {"asks": book[:, 0::4], "bids": book[:, 2::4]}
    return Day(name_of(path), path, **events, **prices, ask_sizes=book[:, 1::4], bid_sizes=book[:, 3::4])


def name_of(path: Path) -> str:
    """The share's symbol, which stands in the file's name before the day."""
    found = re.search(r"([A-Z]+)_\d{4}-\d\d-\d\d_", path.name)
    if found is None:
        raise DataError(
            f"{path.name}: no symbol and day in the name", "LOBSTER_SampleFile_GOOG_2012-06-21_5.zip has them"
        )
    return found[1].lower()


def streams(day: Day) -> list[Stream]:
    """What a feed by price tells of it: trades, and the changes of the five best levels, those of one time at once."""
    frame = book_frame(day)
    book = data.book(frame, instrument=f"{day.name}_usd")
    return [cast("Stream", data.load("lobster_trades", day.path, instrument=f"{day.name}_usd")), book]


def book_frame(day: Day) -> pl.DataFrame:
    """Rows for :func:`barter_bt.data.book`: levels that are others than a time before, 0 for those that are gone."""
    last = np.flatnonzero(np.append(day.time[1:] != day.time[:-1], True))
    sides = [_levels(day.prices(side)[last], day.sizes(side)[last], side) for side in (1, -1)]
    now = pl.concat(sides).filter(pl.col("amount") > 0)
    keys = ["at", "side", "price"]
    before = now.with_columns(pl.col("at") + 1).filter(pl.col("at") < len(last))
    new = now.join(before, on=[*keys, "amount"], how="anti")
    gone = before.join(now, on=keys, how="anti").with_columns(amount=pl.lit(0, pl.Int64))
    times = pl.DataFrame(
        {"at": np.arange(len(last)), "time_exchange": pl.Series(day.time[last]).cast(pl.Datetime("ns", "UTC"))}
    )
    rows = pl.concat([new, gone]).join(times, on="at").sort("at", "side", "price")
    return rows.select(
        "time_exchange",
        "side",
        price=pl.col("price") / PER_USD,
        amount=pl.col("amount").cast(pl.Float64),
        snapshot=pl.col("at") == 0,
    )


def _levels(prices: Ints, sizes: Ints, side: int) -> pl.DataFrame:
    at: Any = np.repeat(np.arange(len(prices)), prices.shape[1])
    columns = {"at": at, "price": prices.ravel(), "amount": sizes.ravel()}
    return pl.DataFrame(columns).with_columns(side=pl.lit(side, pl.Int8))
