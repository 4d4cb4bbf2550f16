"""How the rows of each kind lie in a catalog: by which time, a file for which period, with which columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from barter_bt.data.schema import NUMBERS, SCHEMAS, TIME, TIME_NAMES
from barter_bt.errors import ConfigError

_DAY, _YEAR = "1d", "1y"


@dataclass(frozen=True)
class Layout:
    """A kind's.

    Parameters
    ----------
    at
        The time by which rows are ordered and found.
    every
        The length of the period of a file.
    absent
        What stands in optional columns that rows do not have: all files of a kind have the same columns.
    """

    at: str
    every: str
    absent: Mapping[str, pl.Expr]


_PAID: Mapping[str, pl.Expr] = {"pay_date": pl.lit(None, TIME), "withholding": pl.lit(0.0)}
LAYOUTS: Mapping[str, Layout] = {
    "trades": Layout("time_exchange", _DAY, {"side": pl.lit(0, pl.Int8)}),
    "quotes": Layout("time_exchange", _DAY, {}),
    "candles": Layout("time_exchange", _YEAR, {"volume": pl.lit(0.0)}),
    "book": Layout("time_exchange", _DAY, {"snapshot": pl.lit(0, pl.Int8)}),
    "book_orders": Layout("time_exchange", _DAY, {"snapshot": pl.lit(0, pl.Int8)}),
    "funding": Layout("time", _YEAR, {}),
    "dividend": Layout("time", _YEAR, _PAID),
    "split": Layout("time", _YEAR, {}),
    "settlement": Layout("time", _YEAR, {}),
    "sessions": Layout("open", _YEAR, {}),
    "symbol": Layout("time", _YEAR, {}),
    "delisting": Layout("time", _YEAR, {}),
}
"""The kinds that a catalog holds."""

_DATED: Mapping[str, tuple[str, ...]] = {
    "funding": ("time", "rate"),
    "dividend": ("time", "amount", *_PAID),
    "split": ("time", "ratio"),
    "settlement": ("time", "price"),
    "sessions": ("open", "close", "date"),
    "symbol": ("time", "after"),
    "delisting": ("time", "price"),
}


def layout_of(kind: str) -> Layout:
    """The layout of a kind.

    Raises
    ------
    ConfigError
        A catalog does not hold it.
    """
    if kind not in LAYOUTS:
        raise ConfigError(
            f"a catalog holds no {kind}; it holds {', '.join(LAYOUTS)}", "keep its frame as a file of its own"
        )
    return LAYOUTS[kind]


def uniform(kind: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Give rows the columns that all of their kind have, without that of the instrument.

    Examples
    --------
    >>> trade = pl.DataFrame({"time_exchange": [1], "price": [2.0], "amount": [3.0]})
    >>> uniform("trades", trade).columns
    ['time_exchange', 'price', 'amount', 'side']
    """
    absent = LAYOUTS[kind].absent
    known = _DATED.get(kind) or SCHEMAS[kind].names
    names = [name for name in known if name != "instrument" and (name in rows.columns or name in absent)]
    return rows.with_columns(absent[name].alias(name) for name in names if name not in rows.columns).select(names)


def type_of(name: str) -> pl.DataType:
    """The type of a column of market data."""
    if name in TIME_NAMES:
        return TIME
    if name in (*NUMBERS, "order_id"):
        return pl.Int64()
    return pl.Int8() if name in ("side", "snapshot", "action") else pl.Float64()
