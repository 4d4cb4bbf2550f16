"""Files of American stocks: Polygon's flat files, LOBSTER's samples."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from barter_bt.data.importers.importer import Asked, Imported, Importer
from barter_bt.data.importers.levels import of_depth
from barter_bt.data.importers.parsing import (
    FLOAT,
    INT,
    TEXT,
    content,
    day_of,
    decimal_ns,
    divided,
    of_day,
    since_1970,
    table,
)  # fmt: skip
from barter_bt.errors import DataError

_NEW_YORK = "America/New_York"
_OHLC = {"open": FLOAT, "high": FLOAT, "low": FLOAT, "close": FLOAT}


def _polygon_trades(path: Path, asked: Asked) -> Imported:
    rows = table(path, {"ticker": TEXT, "price": FLOAT, "sip_timestamp": INT, "size": FLOAT}, header="names")
    frame = rows.select(
        time_exchange=since_1970("sip_timestamp", "ns"), instrument="ticker", price="price", amount="size"
    )
    return _by_time(frame, "time_exchange")


def _polygon_candles(path: Path, asked: Asked) -> Imported:
    rows = table(path, {"ticker": TEXT, "volume": FLOAT, **_OHLC, "window_start": INT}, header="names")
    opened = since_1970("window_start", "ns").dt.convert_time_zone(_NEW_YORK).alias("time_open")
    return _by_time(rows.select(opened, pl.col("ticker").alias("instrument"), *_OHLC, "volume"), "time_open")


def _by_time(frame: pl.DataFrame, at: str) -> Imported:
    """A file holds one ticker after the other."""
    if frame["instrument"].n_unique() < 2:
        return Imported(frame)
    return Imported(frame.sort(at, maintain_order=True), ("rows were put in order of time: they stand by ticker",))


_MESSAGES = {"time": TEXT, "type": INT, "id": INT, "size": FLOAT, "price": FLOAT, "direction": INT}


def _lobster_messages(path: Path) -> pl.DataFrame:
    member = "_message_" if path.suffix.lower() == ".zip" else None
    at = of_day(decimal_ns("time"), day_of(path), _NEW_YORK).alias("time_exchange")
    return table(path, _MESSAGES, header="never", data=content(path, member)).with_columns(at)


def _lobster_trades(path: Path, asked: Asked) -> Imported:
    trades = _lobster_messages(path).filter(pl.col("type").is_in([4, 5]))
    taker = (-pl.col("direction")).cast(pl.Int8).alias("side")
    return Imported(trades.select("time_exchange", divided("price", 10_000), taker, amount="size"))


def _lobster_states(path: Path) -> tuple[pl.DataFrame, int]:
    """Best levels after each event, named ``ask_price_1`` and so on, with its time; and how many levels there are."""
    if path.suffix.lower() != ".zip":
        raise DataError(
            f"{path.name}: the book needs the message and the order book file", "give the .zip that holds both"
        )
    data = content(path, "_orderbook_")
    levels = (data[: data.find(b"\n")].count(b",") + 1) // 4
    sides = [f"{side}_{what}" for side in ("ask", "bid") for what in ("price", "amount")]
    columns = {f"{one}_{n}": FLOAT for n in range(1, levels + 1) for one in sides}
    book = table(path, columns, header="never", data=data)
    messages = _lobster_messages(path)
    if book.height != messages.height:
        raise DataError(
            f"{path.name}: {messages.height} messages and {book.height} states of the book; they must be equal"
        )
    return book.with_columns(messages["time_exchange"]), levels


def _changed(states: pl.DataFrame, names: list[str], what: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The rows in which one of some columns is another than above."""
    differs = pl.any_horizontal(pl.col(name) != pl.col(name).shift(1) for name in names).fill_null(True)
    kept = states.filter(differs)
    return kept, (f"{states.height - kept.height} row(s) left out that change nothing {what}",)


def _lobster_quotes(path: Path, asked: Asked) -> Imported:
    states, _ = _lobster_states(path)
    names = [f"{side}_{what}" for side in ("bid", "ask") for what in ("price", "amount")]
    best = states.select("time_exchange", **{name: pl.col(f"{name}_1") for name in names})
    prices = [divided(name, 10_000) for name in ("bid_price", "ask_price")]
    kept, notes = _changed(best.with_columns(prices), names, "at the best prices")
    return Imported(kept, notes)


def _lobster_book(path: Path, asked: Asked) -> Imported:
    states, levels = _lobster_states(path)
    kept, notes = _changed(states, [name for name in states.columns if name != "time_exchange"], "of the book")
    numbers = range(1, levels + 1)
    priced = kept.with_columns(divided(f"{side}_price_{n}", 10_000) for side in ("bid", "ask") for n in numbers)
    sides = ((1, "bid"), (-1, "ask"))
    columns = [(side, f"{called}_price_{n}", f"{called}_amount_{n}") for side, called in sides for n in numbers]
    return Imported(of_depth(priced, ("time_exchange",), columns), notes)


_LOCAL = "times of day are New York's, the day is in the file's name"
_CENTS = "prices are in hundredths of a cent: divided by 10,000"
_POLYGON = "first lines and rows of such files in public repositories, looked at 2026-11-27"
_LOBSTER = "LOBSTER_SampleFiles_ReadMe.txt of 2013-09-01 and a real file of 2012-06-21"
IMPORTERS = [
    Importer(
        "polygon_trades", "trades",
        "ticker,conditions,correction,exchange,id,participant_timestamp,price,sequence_number,sip_timestamp,size,...",
        _POLYGON,
        ("there are two clocks: taken is sip_timestamp (ns), when the trade was public, not participant_timestamp",
         "conditions are quoted lists", "one ticker stands behind the other: rows are put in order of time",
         "corrections and conditions are not looked at"), _polygon_trades,
    ),
    Importer(
        "polygon_candles", "candles", "ticker,volume,open,close,high,low,window_start,transactions", _POLYGON,
        ("window_start (ns) is the open; the length is in the path and in no row: give interval, 1m or 1d",
         "days are those of New York", "the order of the prices is open, close, high, low"),
        _polygon_candles, ("interval",), ("interval",),
    ),
    Importer(
        "lobster_trades", "trades", "message file: time (s since midnight),type,id,size,price,direction", _LOBSTER,
        (_LOCAL, _CENTS, "types 4 and 5 are executions of visible and hidden orders",
         "direction is that of the resting order: the aggressor is the other side",
         "parts of one aggressor's order are rows of their own"), _lobster_trades,
    ),
    Importer(
        "lobster_quotes", "quotes", "order book file: ask price 1,ask size 1,bid price 1,bid size 1,...", _LOBSTER,
        (_LOCAL, _CENTS, "rows have no time of their own: they go with the rows of the message file",
         "an empty level has amount 0", "the book after the event, a row where the best of it changed"),
        _lobster_quotes,
    ),
    Importer(
        "lobster_book", "book", "order book file: ask price 1,ask size 1,bid price 1,bid size 1,ask price 2,...",
        _LOBSTER,
        (_LOCAL, _CENTS, "rows have no time of their own: they go with the rows of the message file",
         "so many levels are all that is known: each row is a snapshot, an empty level is left out"), _lobster_book,
    ),
]  # fmt: skip
