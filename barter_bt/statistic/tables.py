"""What the statistics and reports ask of a run: its tables and their column types, as a protocol.

A finished run and a run read back from its directory both satisfy it, so every figure and picture
can be made again from what was saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
_WIDE = 512


class Tables(Protocol):
    """The tables of a run, in natural units, times as ``Datetime("ns", "UTC")``."""

    @property
    def orders(self) -> pl.DataFrame:
        """Every order: ``status``, ``filled``, ``quantity``, ..."""

    @property
    def trades(self) -> pl.DataFrame:
        """Own fills: ``time_exchange``, ``instrument``, ``side``, ``price``, ``notional``, ``fees``, ..."""

    @property
    def positions(self) -> pl.DataFrame:
        """Closed positions: ``pnl_realised``, ``time_enter``, ``time_exit``, ..."""

    @property
    def balances(self) -> pl.DataFrame:
        """Every change of a balance: ``time_exchange``, ``exchange``, ``asset``, ``total``, ``free``."""

    @property
    def equity(self) -> pl.DataFrame:
        """Marks of the account: ``time``, ``equity`` in the reporting asset, null without a conversion path.

        And ``net``, the equity net of deposits, if there were any.
        """

    @property
    def reporting(self) -> str:
        """The asset that equity is measured in."""

    @property
    def config(self) -> Mapping[str, Any]:
        """What was run: instruments, scales, data."""

    @property
    def digest(self) -> str:
        """SHA-256 over orders, trades, positions and balances."""


def net_of(equity: pl.DataFrame) -> pl.DataFrame:
    """Put what is net of deposits in place of the equity, where a table has both.

    Examples
    --------
    >>> net_of(pl.DataFrame({"time": [1], "equity": [15.0], "net": [10.0]})).rows()
    [(1, 10.0)]
    """
    return equity.select("time", equity="net") if "net" in equity.columns else equity


def floats(column: pl.Series) -> Floats:
    """View a Float64 column as a NumPy array, without a copy where memory allows; a null becomes NaN."""
    return column.to_numpy()


def nanoseconds(column: pl.Series) -> Integers:
    """Turn a time column into int64 nanoseconds since 1970 in UTC.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> one = pl.Series([datetime(1970, 1, 1, 0, 0, 1, tzinfo=timezone.utc)])
    >>> nanoseconds(one).tolist()
    [1000000000]
    """
    if not isinstance(column.dtype, pl.Datetime) or column.dtype.time_unit != "ns":
        column = column.cast(pl.Datetime("ns", "UTC"))
    return column.to_physical().to_numpy()


def codes(column: pl.Series) -> tuple[Integers, list[str]]:
    """Replace the values of a text or Enum column by numbers; returns these and the values they stand for.

    Examples
    --------
    >>> codes(pl.Series(["b", "a", "b"], dtype=pl.Enum(["a", "b"])))
    (array([1, 0, 1]), ['a', 'b'])
    """
    kind = column.dtype
    if not isinstance(kind, pl.Enum):
        kind = pl.Enum(column.drop_nulls().cast(pl.String).unique().sort())
        column = column.cast(pl.String).cast(kind)
    return column.to_physical().to_numpy().astype(np.int64), kind.categories.to_list()


def total(values: Floats) -> float:
    """Sum in a stated order: the same bits whatever the width of the processor's vectors.

    Long arrays are summed in 512 columns, row by row, and then what is left from left to right.

    Examples
    --------
    >>> total(np.array([0.5, 0.25]))
    0.75
    """
    if len(values) > _WIDE:
        whole = len(values) // _WIDE * _WIDE
        values = np.concatenate((np.add.reduce(values[:whole].reshape(-1, _WIDE), axis=0), values[whole:]))
    return float(np.add.accumulate(values)[-1]) if len(values) else 0.0
