"""Arrays of hftbacktest: trades, books by price and books by order in one file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from barter_bt.data.importers.importer import Asked, Imported, Importer
from barter_bt.data.schema import TIME
from barter_bt.errors import DataError

_DEPTH, _TRADE, _CLEAR, _SNAPSHOT = 1, 2, 3, 4
_ADD, _CANCEL, _MODIFY, _FILL = 10, 11, 12, 13
_KIND, _EXCHANGE, _BUY, _SELL = 0xFF, 1 << 31, 1 << 29, 1 << 28
_FIELDS = {"ev", "exch_ts", "local_ts", "px", "qty"}


def _events(path: Path, kinds: tuple[int, ...], needs: set[str] = _FIELDS) -> tuple[pl.DataFrame, int]:
    """Events of some kinds that the exchange's side of a file has, and how many others there are."""
    with np.load(path) as archive:
        events: Any = archive["data"] if "data" in archive.files else np.empty(0)
    missing = needs - set(events.dtype.names or ())
    if missing:
        raise DataError(f"{path.name}: no array 'data' with the fields {', '.join(sorted(missing))}")
    kept = events[np.isin(events["ev"] & _KIND, kinds) & (events["ev"] & _EXCHANGE != 0)]
    kind = kept["ev"].astype(np.int64)
    columns = {
        "time_exchange": pl.Series(kept["exch_ts"].astype(np.int64)).cast(TIME),
        "time_received": pl.Series(kept["local_ts"].astype(np.int64)).cast(TIME),
        "kind": kind & _KIND,
        "price": kept["px"].astype(np.float64),
        "amount": kept["qty"].astype(np.float64),
        "side": (kind & _BUY != 0).astype(np.int8) - (kind & _SELL != 0).astype(np.int8),
    }
    if "order_id" in needs:
        columns["order_id"] = kept["order_id"].astype(np.int64)
    return pl.DataFrame(columns), len(events) - len(kept)


def _trades(path: Path, asked: Asked) -> Imported:
    frame, others = _events(path, (_TRADE,))
    return Imported(frame.drop("kind"), (f"{others} event(s) of the book are left out",))


def _book(path: Path, asked: Asked) -> Imported:
    frame, others = _events(path, (_DEPTH, _CLEAR, _SNAPSHOT))
    clears = pl.col("kind") == _CLEAR
    frame = frame.with_columns(snapshot=pl.col("kind").is_in([_CLEAR, _SNAPSHOT]))
    times = ["time_exchange", "time_received"]
    sides = frame.filter(clears).group_by(times).agg(pl.col("side").unique())
    one_side = sides.filter((pl.col("side").list.len() == 1) & (pl.col("side").list.first() != 0))
    if one_side.height:
        at = one_side["time_exchange"].sort()[0]
        raise DataError(
            f"{path.name}: at {at!s} one side of the book is cleared alone", "a snapshot replaces both sides"
        )
    empty = {name: pl.when(clears).then(0).otherwise(pl.col(name)).alias(name) for name in ("side", "price", "amount")}
    frame = frame.with_columns(empty["side"].cast(pl.Int8), empty["price"], empty["amount"]).drop("kind")
    return Imported(frame, (f"{others} other event(s) are left out",))


class _Orders:
    """What each order has left: a fill and the removal that follows it are two events, and one change."""

    def __init__(self) -> None:
        self._left: dict[int, tuple[int, float, float]] = {}
        self._filled: set[int] = set()

    def rows(self, kind: int, number: int, side: int, price: float, amount: float) -> Iterator[tuple[Any, ...]]:
        """What an event says of orders: action, id, side, price and amount."""
        of, at, left = self._left.get(number, (side, price, amount))
        if kind == _CLEAR and side and self._left:
            for one in [one for one, (other, *_) in self._left.items() if other == side]:
                del self._left[one]
                yield "cancel", one, 0, 0.0, 0.0
        elif kind == _CLEAR:
            self._left.clear()
            self._filled.clear()
            yield "clear", 0, 0, 0.0, 0.0
        elif kind == _ADD:
            self._left[number] = side, price, amount
            self._filled.discard(number)
            yield "add", number, side, price, amount
        elif kind == _FILL:
            gone = min(amount, left)
            self._left[number] = of, at, left - gone
            yield "execute", number, of, at, gone
            if left == gone:
                del self._left[number]
                self._filled.add(number)
        elif kind == _CANCEL and number not in self._filled:
            self._left.pop(number, None)
            yield "cancel", number, 0, 0.0, 0.0
        elif kind == _MODIFY and (at, left) != (price, amount):
            self._left[number] = of, price, amount
            yield "modify", number, 0, price, amount


def _orders(path: Path, asked: Asked) -> Imported:
    events, others = _events(path, (_CLEAR, _ADD, _CANCEL, _MODIFY, _FILL), _FIELDS | {"order_id"})
    orders, found = _Orders(), list[tuple[Any, ...]]()
    for k, event in enumerate(events.select("kind", "order_id", "side", "price", "amount").iter_rows()):
        found += [(k, *row) for row in orders.rows(*event)]
    types = (pl.Int64, pl.String, pl.Int64, pl.Int8, pl.Float64, pl.Float64)
    names = ("_k", "action", "order_id", "side", "price", "amount")
    frame = pl.DataFrame(found, dict(zip(names, types, strict=True)), orient="row")
    times = (events[name].gather(frame["_k"]) for name in ("time_exchange", "time_received"))
    left_out = events.height - frame["_k"].n_unique()
    notes = (f"{others} other event(s) are left out", f"{left_out} removal(s) of what fills had told are left out")
    return Imported(frame.with_columns(*times).drop("_k"), notes)


_SOURCE = "docs.rs/hftbacktest Event and its constants, looked at 2026-11-27"
_LAYOUT = "npz, array data: ev,exch_ts,local_ts,px,qty,order_id,ival,fval"
_SPLIT = "an event may be split in one for the exchange and a local one: only the exchange's count"
_BITS = "ev has the kind in its low byte, the side in bits 28 (sell) and 29 (buy)"
IMPORTERS = [
    Importer(
        "hftbacktest_trades", "trades", _LAYOUT, _SOURCE,
        ("events of the book are left out and counted", _BITS, _SPLIT), _trades,
    ),
    Importer(
        "hftbacktest_book", "book", _LAYOUT, _SOURCE,
        (_BITS, _SPLIT, "kinds 1, 3 and 4: depth, clear, snapshot; 5, the best alone, is left out",
         "a clear and the snapshot rows of its time are one snapshot, which replaces all levels: what lay beyond those "
         "of the snapshot is gone, and in hftbacktest is not"), _book,
    ),
    Importer(
        "hftbacktest_orders", "book_orders", _LAYOUT, _SOURCE,
        (_BITS, _SPLIT, "kinds 3 and 10 to 13: clear, add, cancel, modify, fill",
         "a fill leaves the order as it is until a cancel or modify says the rest: it is executed at once here, and "
         "what that event had to say is left out", "a cancel is of the whole order"), _orders,
    ),
]  # fmt: skip
