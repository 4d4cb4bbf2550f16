"""The first row on which the tables of two runs differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from barter_bt.data.moment import moment
from barter_bt.statistic.tables import Integers, nanoseconds

_NEVER = (1 << 63) - 1
_TELLING = ("side", "kind", "price", "quantity", "fees", "pnl_realised", "total", "free", "equity")
_TIMES = {
    "orders": ("time_sent",),
    "trades": ("time_engine", "time_exchange"),
    "positions": ("time_exit",),
    "balances": ("time_exchange",),
    "equity": ("time",),
    "amends": ("time_sent",),
}
ASKED = (
    "order_id",
    "strategy",
    "exchange",
    "instrument",
    "side",
    "kind",
    "time_in_force",
    "post_only",
    "reduce_only",
    "parent_id",
    "price",
    "quantity_requested",
    "time_sent",
)
"""The columns of an order that are known when it is sent; the others are what became of it."""


@dataclass(frozen=True)
class Divergence:
    """The first row on which two tables differ.

    Attributes
    ----------
    table, row
        Which row, counted from 0.
    time_ns
        The earlier of its two times: sent, filled, closed or changed, in nanoseconds since 1970 UTC.
    column
        The first column that differs; ``"row"`` if only one of the tables has the row.
    values
        Its value in the first and in the second table; None also stands for null. Times are text.
    rows
        The whole rows, by column; None where there is none.

    Examples
    --------
    >>> Divergence("trades", 3, 0, "price", (100.0, 101.0))
    trades, row 3, at 1970-01-01 00:00:00 UTC: price is 100.0 and 101.0
    """

    table: str
    row: int
    time_ns: int
    column: str
    values: tuple[Any, Any]
    rows: tuple[dict[str, Any] | None, dict[str, Any] | None] = (None, None)

    def __repr__(self) -> str:
        return self.told("{} and {}")

    def told(self, form: str) -> str:
        """Say it with the two values put in ``form``."""
        row = next((row for row in self.rows if row is not None), {})
        name = row.get("instrument") or row.get("asset")
        where = f"{self.table}, row {self.row}{f' ({name})' if name else ''}, at {moment(self.time_ns)}"
        if self.column == "row":
            values = form.format(*("not there" if each is None else "there" for each in self.rows))
            shown = (f"{key} {value}" for key, value in row.items() if key in _TELLING and value is not None)
            return f"{where}: {', '.join(shown)} is {values}"
        return f"{where}: {self.column} is {form.format(*map(_shown, self.values))}"

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        named = {"table": self.table, "row": self.row, "time_ns": self.time_ns, "column": self.column}
        return {**named, "values": list(self.values), "rows": list(self.rows)}


def first_divergence(left: Mapping[str, pl.DataFrame], right: Mapping[str, pl.DataFrame]) -> Divergence | None:
    """Find the earliest differing row of tables of the same names; at one time, the first in the order given.

    What became of an order counts from when the order was closed, not from when it was sent.
    """
    found: list[tuple[int, int, Divergence]] = []
    for rank, name in enumerate(left):
        a, b = alike(left[name], right[name])
        asked = [column for column in a.columns if name != "orders" or column in ASKED]
        known = [column for column in a.columns if column not in asked]
        rows, now = min(a.height, b.height), np.minimum(*_within(row_times(name, a), row_times(name, b)))
        first = _first(name, a, b, asked, now, now)
        if first is not None:
            found.append((first.time_ns, rank, first))
        elif a.height != b.height:
            first = _longer(name, a, b)
            found.append((first.time_ns, rank, first))
        if known:
            same = first.row if first else rows
            closed = np.minimum(*_within(_closed(a), _closed(b)))[:same]
            later = _first(name, a, b, known, closed, now)
            if later is not None:
                found.append((int(closed[later.row]), rank + len(left), later))
    return min(found, key=lambda each: each[:2])[2] if found else None


def row_times(table: str, frame: pl.DataFrame) -> Integers:
    """When each row of a table came about, in nanoseconds; of an order that nobody has sent, when it was known."""
    name = next(name for name in _TIMES[table] if name in frame.columns)
    times = frame[name]
    return nanoseconds(times.fill_null(frame["time_closed"]) if table == "orders" and times.null_count() else times)


def _first(
    name: str, a: pl.DataFrame, b: pl.DataFrame, columns: list[str], order: Integers, times: Integers
) -> Divergence | None:
    """Of the rows that differ in ``columns``, the first by ``order``, which has as many rows as are compared."""
    rows = len(order)
    differs = np.zeros(rows, bool)
    for column in columns:
        differs |= a[column].head(rows).ne_missing(b[column].head(rows)).to_numpy()
    found = np.flatnonzero(differs)
    if not len(found):
        return None
    row = int(found[np.argmin(order[found])])
    column = next(each for each in columns if a[each].slice(row, 1).ne_missing(b[each].slice(row, 1)).item())
    pair = _row(a, row), _row(b, row)
    time_ns = times[row] if order[row] == _NEVER else order[row]
    return Divergence(name, row, int(time_ns), column, (pair[0][column], pair[1][column]), pair)


def _longer(name: str, a: pl.DataFrame, b: pl.DataFrame) -> Divergence:
    """Tell of the first row that only one of two tables has."""
    row = min(a.height, b.height)
    pair = (_row(a, row), None) if a.height > row else (None, _row(b, row))
    time_ns = row_times(name, (a if pair[0] else b).slice(row, 1))[0]
    return Divergence(name, row, int(time_ns), "row", (None, None), pair)


def _closed(orders: pl.DataFrame) -> Integers:
    """When each order was closed; never, if it was not."""
    if "time_closed" not in orders.columns:
        return np.full(orders.height, _NEVER)
    return nanoseconds(orders["time_closed"].to_physical().fill_null(_NEVER).cast(orders["time_closed"].dtype))


def _within(a: Integers, b: Integers) -> tuple[Integers, Integers]:
    rows = min(len(a), len(b))
    return a[:rows], b[:rows]


def _row(frame: pl.DataFrame, row: int) -> dict[str, Any]:
    return texts(frame.slice(row, 1)).row(0, named=True)


def texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Times as text, to the nanosecond; names as text."""
    time = pl.selectors.datetime()
    return frame.with_columns(time.dt.strftime("%Y-%m-%d %H:%M:%S%.f UTC"), pl.selectors.enum().cast(pl.String))


def _shown(value: Any) -> str:
    return "null" if value is None else f"{value}"


def alike(a: pl.DataFrame, b: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The columns that both have, of comparable types."""
    shared = [name for name in a.columns if name in b.columns]
    if "strategy" in shared and _names(a["strategy"]) != _names(b["strategy"]):
        shared.remove("strategy")
    other = [name for name in shared if a.schema[name] != b.schema[name]]
    texts = [pl.col(name).cast(pl.String) for name in other if isinstance(a.schema[name], pl.Enum)]
    one, two = (frame.select(shared).with_columns(texts) for frame in (a, b))
    return _as_asked(one), _as_asked(two)


def _as_asked(frame: pl.DataFrame) -> pl.DataFrame:
    """Prices of what protects an entry are known when that fills, not when they are asked for (rule 31)."""
    if not {"parent_id", "price"} <= set(frame.columns):
        return frame
    return frame.with_columns(pl.when(pl.col("parent_id").is_null()).then(pl.col("price")).alias("price"))


def _names(strategy: pl.Series) -> set[str]:
    known = strategy.dtype.categories if isinstance(strategy.dtype, pl.Enum) else strategy.cast(pl.String).unique()
    return set(known.drop_nulls())
