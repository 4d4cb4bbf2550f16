"""Market events as columns: a Polars frame checked as a whole, and turned into the rows that the engine takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from barter_bt.engine.event import MARKET_CANDLE, MARKET_QUOTE, MARKET_TRADE
from barter_bt.errors import DataError, nearest
from barter_bt.instrument import IndexedInstruments
from barter_bt.protocol import Candle, Item, Level, Market, MarketEvent, OrderBookL1, PublicTrade, Side
from barter_bt.system.changes import LARGEST_TIME
from barter_bt.system.rows import Given, MarketRows, Span

KINDS: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "trade": (MARKET_TRADE, ("price", "amount")),
    "quote": (MARKET_QUOTE, ("bid_price", "bid_amount", "ask_price", "ask_amount")),
    "candle": (MARKET_CANDLE, ("open", "high", "low", "close", "volume")),
}
_COLUMNS = (
    *("time_exchange", "time_received", "exchange", "instrument", "kind"),
    *(column for _, columns in KINDS.values() for column in columns),
    *("id", "side", "trade_count"),
)
_VALUES = ("first", "second", "third", "fourth", "fifth")


class Batch:
    """The events of a frame.

    Parameters
    ----------
    frame
        As :meth:`~barter_bt.system.Engine.process_columns` takes it.
    index
        The engine's instruments.

    Raises
    ------
    DataError
        A column is missing, of another type, or has nulls; a kind is unknown; a frame of one kind has columns of more.
    InstrumentError
        An instrument or exchange is not in the index.

    Examples
    --------
    >>> from barter_bt.instrument import Instrument
    >>> frame = pl.DataFrame({"time_exchange": [7], "instrument": ["btc_usd"], "price": [9.5], "amount": [2.0]})
    >>> batch = Batch(frame, IndexedInstruments([Instrument("x", "btc_usd")]))
    >>> len(batch), batch.event(0).event.value.kind.price
    (1, 9.5)
    """

    def __init__(self, frame: pl.DataFrame, index: IndexedInstruments) -> None:
        self._index, self._frame = index, frame
        _check_columns(frame)
        kinds, self._kind = _kinds(frame)
        instruments = _codes(frame, "instrument", index.instrument)
        of_instrument = [index.exchange(one.exchange) for one in index.instruments]
        exchanges = (
            _codes(frame, "exchange", index.exchange)
            if "exchange" in frame.columns
            else np.array(of_instrument, np.int64)[instruments]
        )
        times = _times(frame, "time_exchange")
        self._received = _times(frame, "time_received") if "time_received" in frame.columns else times
        values = {name: _values(frame, kinds, self._kind, k) for k, name in enumerate(_VALUES)}
        columns = {"exchange": exchanges, "instrument": instruments, "kind": self._kind, "now": times, "time": times}
        self.given = Given(rows=MarketRows.over({**columns, **values}), span=Span(1))
        self.given.span.end[0] = len(frame)

    def __len__(self) -> int:
        return len(self._frame)

    def event(self, row: int) -> Market:
        """The event of a row, as it would be processed by itself."""
        r = self.given.rows
        time, exchange = r.time[row], self._index.exchanges[r.exchange[row]]
        name, kind = self._index.names[r.instrument[row]], self._data(row, self._frame.row(row, named=True))
        return Market(Item(MarketEvent(time, int(self._received[row]), exchange, name, kind)))

    def _data(self, row: int, of: dict[str, Any]) -> PublicTrade | OrderBookL1 | Candle:
        r = self.given.rows
        first, second, third, fourth, fifth = (getattr(r, name)[row] for name in _VALUES)
        if r.kind[row] == MARKET_TRADE:
            return PublicTrade(str(of.get("id") or ""), first, second, Side(of.get("side") or "Buy"))
        if r.kind[row] == MARKET_QUOTE:
            return OrderBookL1(r.time[row], _level(first, second), _level(third, fourth))
        return Candle(r.time[row], first, second, third, fourth, fifth, int(of.get("trade_count") or 0))


def _check_columns(frame: pl.DataFrame) -> None:
    if not isinstance(frame, pl.DataFrame):
        raise DataError(f"market events are columns of a polars.DataFrame, not of a {type(frame).__name__}")
    for column in frame.columns:
        if column not in _COLUMNS:
            like = nearest(column, _COLUMNS)
            raise DataError(
                f"the frame has a column {column!r}; allowed: {', '.join(_COLUMNS)}",
                f"did you mean {like!r}?" if like else None,
            )
    for side in frame["side"].drop_nulls().unique().to_list() if "side" in frame.columns else ():
        if side not in (*Side, *map(str.lower, Side)):
            raise DataError(f"column 'side' has {side!r}; allowed: {', '.join(Side)}")


def _kinds(frame: pl.DataFrame) -> tuple[list[str], Any]:
    """The kinds that there are, and the code of each row."""
    if "kind" not in frame.columns:
        found = [kind for kind, (_, columns) in KINDS.items() if set(columns) <= set(frame.columns)]
        if len(found) != 1:
            needed = "; ".join(f"{kind}: {', '.join(columns)}" for kind, (_, columns) in KINDS.items())
            raise DataError(
                f"a frame without a column 'kind' has the columns of one kind; this has those of {found or 'none'}",
                f"the columns are {needed}",
            )
        return found, np.full(len(frame), KINDS[found[0]][0], np.int64)
    names = frame["kind"].cast(pl.String)
    found = names.unique(maintain_order=True).to_list()
    for kind in found:
        if kind not in KINDS:
            row = int(np.argmax((names == kind).fill_null(kind is None).to_numpy()))
            raise DataError(f"row {row} of column 'kind' is {kind!r}; allowed: {', '.join(KINDS)}")
        if missing := [column for column in KINDS[kind][1] if column not in frame.columns]:
            raise DataError(f"the frame has rows of kind {kind!r}, and no column {missing[0]!r}")
    return found, _numbers(names, {kind: KINDS[kind][0] for kind in found})


def _codes(frame: pl.DataFrame, column: str, code_of: Any) -> Any:
    """Names or indices as indices."""
    given = _column(frame, column)
    given = given if given.dtype.is_integer() else given.cast(pl.String)
    return _numbers(given, {name: code_of(name) for name in given.unique().to_list()})


def _numbers(names: pl.Series, codes: Mapping[Any, int]) -> Any:
    """The number of each name."""
    return names.replace_strict(codes, return_dtype=pl.Int64).to_numpy() if codes else np.zeros(0, np.int64)


def _times(frame: pl.DataFrame, column: str) -> Any:
    """Nanoseconds since 1970."""
    given = _column(frame, column)
    if isinstance(given.dtype, pl.Datetime):
        given = given.dt.cast_time_unit("ns").to_physical()
    elif not given.dtype.is_integer():
        raise DataError(f"column {column!r} is {given.dtype}; allowed: integers in ns since 1970, Datetime")
    if len(given) and given.min() < -LARGEST_TIME:  # type: ignore[operator]
        raise DataError(f"a time of column {column!r} is {given.min()!r} ns since 1970; allowed: within int64")
    return np.ascontiguousarray(given.cast(pl.Int64).to_numpy())


def _column(frame: pl.DataFrame, column: str) -> pl.Series:
    if column not in frame.columns:
        raise DataError(f"the frame has no column {column!r}; it has {', '.join(frame.columns)}")
    if nulls := frame[column].null_count():
        row = frame[column].is_null().arg_max()
        raise DataError(f"column {column!r} has {nulls} nulls, the first in row {row}")
    return frame[column]


def _values(frame: pl.DataFrame, kinds: Sequence[str], codes: Any, k: int) -> Any:
    """The value number ``k`` of each row, 0 where its kind has fewer."""
    made = np.zeros(len(frame))
    for kind in kinds:
        code, columns = KINDS[kind]
        if k >= len(columns):
            continue
        given = frame[columns[k]]
        if not (given.dtype.is_numeric() or given.dtype == pl.Null):
            raise DataError(f"column {columns[k]!r} is {given.dtype}; allowed: numbers")
        of_kind = codes == code
        if kind == "quote":
            given = given.fill_null(0.0)  # a side that is empty
        elif (nulls := given.is_null().to_numpy() & of_kind).any():
            raise DataError(f"column {columns[k]!r} has no value in row {int(np.argmax(nulls))}, a {kind}")
        np.copyto(made, given.cast(pl.Float64).fill_null(0.0).to_numpy(), where=of_kind)
    made += 0.0  # no zero has a sign
    return made


def _level(price: float, amount: float) -> Level | None:
    return Level(Decimal(repr(price)), Decimal(repr(amount))) if price or amount else None
