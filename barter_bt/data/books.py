"""The books of a stream after each message, as a frame: for checks and pictures, without a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl

from barter_bt.book.order_book import step_of
from barter_bt.book.read import CROSSED, STATES
from barter_bt.book.replay import Rebuilding, replay_changes
from barter_bt.book.tables import make_books
from barter_bt.columns.kernel import interprets, is_numba_off
from barter_bt.data.chunk import Chunk
from barter_bt.data.schema import TIME
from barter_bt.data.stream import Stream
from barter_bt.errors import ConfigError, DataError

_FEW_ROWS = 20_000  # interpreted before the compiler has done its work
_NOISE, _FLOAT_NOISE = 1e-6, 4e-16  # of a step, of a value
_MOST_STEPS = float(1 << 60)


def rebuild_books(
    stream: Stream,
    *,
    levels: int = 1,
    price_increment: str | float = "1e-9",
    quantity_increment: str | float = "1e-9",
    interpret: bool | None = None,
) -> pl.DataFrame:
    """Apply the messages of a book stream, and show the best levels after each of them.

    Parameters
    ----------
    stream
        Made by :func:`~barter_bt.data.book` or :func:`~barter_bt.data.book_orders`.
    levels
        How many levels of each side to show.
    price_increment, quantity_increment
        The tick and the lot. A price off the grid is an error; amounts count in whole lots, rounded down.
    interpret
        Whether to go without the compiler; by default for few rows.

    Returns
    -------
    polars.DataFrame
        A row for each message: its times and instrument; ``state``, one of ``stale``, ``empty``, ``one_sided``,
        ``normal``, ``locked`` and ``crossed``; ``bid_levels`` and ``ask_levels``, how many there are; and
        ``bid_price_1``, ``bid_amount_1``, ``ask_price_1``, ``ask_amount_1``, and so on, null where there is none.

    Raises
    ------
    ConfigError, DataError
        The stream holds no books, or a price is off the grid.

    Examples
    --------
    >>> import polars as pl
    >>> from barter_bt.data import book
    >>> rows = [(1, "bid", 99.0, 5.0, True), (1, "ask", 101.0, 4.0, True), (2, "ask", 100.0, 1.0, False)]
    >>> names = ("time_exchange", "side", "price", "amount", "snapshot")
    >>> frame = pl.DataFrame(rows, dict.fromkeys(names), orient="row")
    >>> books = rebuild_books(book(frame, instrument="btc_usdt", time_unit="s"))
    >>> books.select("state", "ask_levels", "bid_price_1", "ask_price_1").rows()
    [('normal', 1, 99.0, 101.0), ('normal', 2, 99.0, 100.0)]
    """
    if not getattr(stream, "is_book", False):
        hint = "make one with data.book(...) or data.book_orders(...)"
        raise ConfigError(f"rebuild_books takes a stream of books, not {stream!r:.60}", hint)
    if levels < 0:
        raise ConfigError(f"levels is {levels}; it must be 0 or more")
    names, tick, lot = (
        list(stream.instruments),
        step_of(price_increment, "price"),
        step_of(quantity_increment, "quantity"),
    )
    chunks = _rebuilt(stream, levels, tick, lot, interpret)
    frames = [_frame(chunk, done, names, levels, tick, lot) for chunk, done in chunks]
    return pl.concat(frames) if frames else pl.DataFrame()


def best_quotes(stream: Stream, codes: Mapping[str, int]) -> Iterator[Chunk]:
    """The best prices behind each message, as chunks of quotes; of a crossed or stale book both sides are empty.

    Prices and amounts are those of the data, whatever the increments: the bits of floats above 0 are in their order.
    """
    books, plain = make_books(max(codes.values(), default=-1) + 1), _is_plain(stream, None)
    for chunk in stream.chunks(codes):
        columns = {name: chunk.columns[name] for name in ("instrument", "time_exchange")}
        assert chunk.flags is not None, "it is a book"
        amount = np.maximum(chunk.columns["amount"], 0.0)
        columns |= {"flags": chunk.flags, "ticks": chunk.columns["price"].view(np.int64), "lots": amount.view(np.int64)}
        done = replay_changes(books, columns, 1, plain)
        rows = done.pictures.array("row")
        is_shown = done.pictures.array("state") != CROSSED
        price, amount = (done.shown.array(name).view(np.float64).reshape(-1, 2) for name in ("ticks", "lots"))
        quotes = {name: chunk.columns[name][rows] for name in ("instrument", "time_exchange")}
        for k, side in enumerate(("bid", "ask")):
            quotes |= {f"{side}_price": price[:, k], f"{side}_amount": np.where(is_shown, amount[:, k], 0.0)}
        yield replace(chunk, rows=len(rows), columns=quotes, own=None, flags=None)


def crossings(stream: Stream) -> Iterator[tuple[Chunk, np.ndarray, np.ndarray, np.ndarray]]:
    """For each chunk the last rows of its messages, the states behind them, and the best bid less the best ask."""
    tick = step_of("1e-9", "price")
    for chunk, done in _rebuilt(stream, 1, tick, step_of("1e-9", "quantity"), None):
        ticks = done.shown.array("ticks").reshape(-1, 2)
        yield chunk, done.pictures.array("row"), done.pictures.array("state"), _floats(ticks[:, 0] - ticks[:, 1], tick)


def _rebuilt(
    stream: Stream, levels: int, tick: Fraction, lot: Fraction, interpret: bool | None
) -> Iterator[tuple[Chunk, Rebuilding]]:
    """Each chunk with what the kernel shows of it."""
    codes = {name: code for code, name in enumerate(stream.instruments)}
    books = make_books(len(codes))
    plain = _is_plain(stream, interpret)
    for chunk in stream.chunks(codes):
        columns = {name: chunk.columns[name] for name in ("instrument", "time_exchange")}
        assert chunk.flags is not None, "it is a book"
        columns |= {"flags": chunk.flags, "ticks": _ticks(chunk, tick), "lots": _lots(chunk, lot)}
        yield chunk, replay_changes(books, columns, levels, plain)


def _is_plain(stream: Stream, interpret: bool | None) -> bool:
    return bool(is_numba_off() or interpret or (interpret is None and (interprets() or stream.rows <= _FEW_ROWS)))


def _ticks(chunk: Chunk, tick: Fraction) -> np.ndarray:
    """Prices in ticks (rule 20)."""
    scaled = chunk.columns["price"] * float(1 / tick)
    nearest = np.floor(scaled + 0.5)
    _refuse(chunk, "price", "a multiple of the tick", np.abs(scaled - nearest) > _NOISE + scaled * _FLOAT_NOISE)
    _refuse(chunk, "price", "below so many ticks", scaled >= _MOST_STEPS)
    return nearest.astype(np.int64)


def _lots(chunk: Chunk, lot: Fraction) -> np.ndarray:
    """Amounts in whole lots (rule 20)."""
    scaled = chunk.columns["amount"] * float(1 / lot)
    _refuse(chunk, "amount", "below so many lots", scaled >= _MOST_STEPS)
    nearest = np.floor(scaled + 0.5)
    found: np.ndarray = (nearest - (nearest - scaled > _NOISE + scaled * _FLOAT_NOISE)).astype(np.int64)
    return found


def _refuse(chunk: Chunk, name: str, allowed: str, bad: np.ndarray) -> None:
    rows = np.flatnonzero(bad)
    if len(rows):
        row = int(rows[0])
        value = chunk.columns[name][row]
        raise DataError(
            f"{chunk.source}: row {chunk.row_of(row)} has the {name} {value}, which is not {allowed} "
            f"(in {len(rows)} row(s))",
            "give price_increment= and quantity_increment= of the instrument",
        )


def _frame(
    chunk: Chunk, done: Rebuilding, names: list[str], levels: int, tick: Fraction, lot: Fraction
) -> pl.DataFrame:
    pictures = done.pictures
    rows = pictures.array("row")
    columns: dict[str, Any] = {
        name: pl.Series(chunk.columns[name][rows]).cast(TIME)
        for name in ("time_exchange", "time_received")
        if name in chunk.columns
    }
    columns["instrument"] = pl.Series(np.array(names)[chunk.columns["instrument"][rows]], dtype=pl.String)
    columns["state"] = pl.Series(np.array(STATES)[pictures.array("state")], dtype=pl.Enum(STATES))
    columns |= {f"{side}_levels": pictures.array(f"{side}s").copy() for side in ("bid", "ask")}
    shown = [done.shown.array(name).reshape(len(rows), levels, 2) for name in ("ticks", "lots")]
    for n in range(levels):
        for side, which in (("bid", 0), ("ask", 1)):
            ticks, lots = (one[:, n, which] for one in shown)
            for name, values, step in (("price", ticks, tick), ("amount", lots, lot)):
                column = pl.Series(_floats(values, step))
                columns[f"{side}_{name}_{n + 1}"] = column.set(pl.Series(lots == 0), None)
    return pl.DataFrame(columns)


def _floats(values: np.ndarray, step: Fraction) -> np.ndarray:
    """Whole steps as the floats that are nearest to them, where steps are powers of ten and values below 2^53."""
    return values * float(step.numerator) / float(step.denominator)
