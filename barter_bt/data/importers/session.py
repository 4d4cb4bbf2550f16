"""Market data of recorded sessions (``barter-bt record``, ``--record``): a part, or the journal of one that was killed.

Losses of the link are left out; :func:`barter_bt.live.read_session` has them, and all that was no market.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from barter_bt.data.duration import duration_ns
from barter_bt.data.importers.importer import Asked, Imported, Importer, Kind, Read
from barter_bt.data.importers.parsing import content
from barter_bt.data.schema import TIME
from barter_bt.errors import DataError

Rows = Callable[[Any], Iterator[tuple[Any, ...]]]
NAMES: dict[str, Kind] = {"Trade": "trades", "OrderBookL1": "quotes", "Candle": "candles", "OrderBook": "book"}
"""What an event is called, and what it becomes."""
_EVENT = '"kind":{{"{}":'


def market_events(path: Path) -> pl.Series:
    """The events of a market that a file of a recording has, as JSON.

    Raises
    ------
    DataError
        It is no file of a recording.
    """
    try:
        if ".jsonl" in path.suffixes:
            lines = pl.Series("line", content(path).decode().split("\n")[:-1], pl.String)  # the last may be torn
            cells = lines.str.json_decode(pl.List(pl.String)).list
            rows = pl.DataFrame({"kind": cells.get(3), "event": cells.get(5)})
        else:
            rows = pl.read_parquet(path, columns=["kind", "event"])
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name}: is no part of a recorded session: {error}") from error
    return rows.filter(pl.col("kind") == "market")["event"]


def _trades(kind: Any) -> Iterator[tuple[Any, ...]]:
    yield float(kind.price), float(kind.amount), 1 if str(kind.side) == "Buy" else -1


def _quotes(kind: Any) -> Iterator[tuple[Any, ...]]:
    bid, ask = (((0.0, 0.0) if one is None else (float(one.price), float(one.amount))) for one in
                (kind.best_bid, kind.best_ask))  # fmt: skip
    yield *bid, *ask


def _candles(kind: Any) -> Iterator[tuple[Any, ...]]:
    yield kind.open, kind.high, kind.low, kind.close, kind.volume


def _book(kind: Any) -> Iterator[tuple[Any, ...]]:
    from barter_bt.protocol import OrderBookSnapshot

    book, is_snapshot = kind.book, int(isinstance(kind, OrderBookSnapshot))
    levels = [(side, one) for side, of in ((1, book.bids), (-1, book.asks)) for one in of.levels]
    for side, one in levels:
        yield float(one.price), float(one.amount), side, is_snapshot, book.sequence
    if not levels:
        yield 0.0, 0.0, 0, is_snapshot, book.sequence


_TIMES = {"time_exchange": pl.Int64, "time_received": pl.Int64, "instrument": pl.String}
_COLUMNS: dict[Kind, dict[str, Any]] = {
    "trades": {"price": pl.Float64, "amount": pl.Float64, "side": pl.Int8},
    "quotes": dict.fromkeys(("bid_price", "bid_amount", "ask_price", "ask_amount"), pl.Float64),
    "candles": dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64),
    "book": {
        **{"price": pl.Float64, "amount": pl.Float64, "side": pl.Int8},
        **{"snapshot": pl.Int8, "sequence": pl.Int64},
    },
}
_ROWS: dict[Kind, Rows] = {"trades": _trades, "quotes": _quotes, "candles": _candles, "book": _book}


def _reader(name: str, kind: Kind) -> Read:
    def read(path: Path, asked: Asked) -> Imported:
        from barter_bt.protocol import EngineEvent, from_json

        texts = market_events(path)
        of_it = texts.filter(texts.str.contains(_EVENT.format(name), literal=True))
        rows: list[tuple[Any, ...]] = []
        for text in of_it:
            item = from_json(EngineEvent, text).event.value
            head = item.time_exchange, item.time_received, str(item.instrument)
            rows += [(*head, *row) for row in _ROWS[kind](item.kind)]
        return _in_order(pl.DataFrame(rows, _TIMES | _COLUMNS[kind], orient="row"), kind, asked, path.name)

    return read


def _in_order(rows: pl.DataFrame, kind: Kind, asked: Asked, label: str) -> Imported:
    """By arrival; what another instrument's row passed on its way has that row's time of the exchange."""
    if kind == "candles":
        given = duration_ns(asked.interval, "interval") if asked.interval else 0
        length = given or (usual_length_ns(rows, label) if rows.height else 0)
        rows = rows.with_columns(time_open=pl.col("time_exchange") - length)
    rows = rows.sort("time_received", maintain_order=True)
    latest = pl.col("time_exchange").cum_max()
    raised = 0 if kind == "candles" else rows.select((latest > pl.col("time_exchange")).sum()).item()
    if kind != "candles":
        rows = rows.with_columns(time_exchange=latest)
    notes = (f"{raised} row(s) have the exchange's time of one that arrived before them",) if raised else ()
    return Imported(rows.with_columns(pl.col("^time_.*$").cast(TIME)), notes)


def usual_length_ns(rows: pl.DataFrame, label: str) -> int:
    """The usual distance between the ends of candles, ``time_exchange`` by ``instrument``.

    Raises
    ------
    DataError
        They do not say it.
    """
    ends = rows.sort("time_exchange").select(pl.col("time_exchange").to_physical().diff().over("instrument"))
    apart = ends.to_series().drop_nulls()
    if 0 in apart:
        raise DataError(f"{label}: has candles of several lengths, which its events do not tell apart", "record one")
    if apart.is_empty():
        raise DataError(
            f"{label}: one candle does not say how long it is", 'give its length: interval="1m", or --interval 1m'
        )
    return int(apart.mode().sort()[0])


_MORE: dict[Kind, tuple[str, ...]] = {
    "candles": ("their length is the usual distance of their ends, if interval is not given",),
    "book": ("books were told without gaps, and anew after a loss",),
}
IMPORTERS = [
    Importer(
        f"session_{kind}", kind, "arrival, time, time_exchange, kind, number, event (JSON in Barter's shape)",
        "barter_bt.live.recorder, which writes them",
        ("losses of the link, and events that are no market, are left out",
         "rows are in order of arrival: one that another passed on its way has that one's time of the exchange",
         *_MORE.get(kind, ())),
        _reader(name, kind), ("interval",) if kind == "candles" else (),
    )
    for name, kind in NAMES.items()
]  # fmt: skip
