"""One column from a user's type to the canonical type, as a Polars expression.

A value that has no exact canonical form (an integer above 2^53 as a price, an unknown side, a local time
that a clock change skipped or repeated, a time outside the range of int64 nanoseconds) becomes null here;
readers refuse nulls and :mod:`barter_bt.data.validate` says what the value was.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import polars as pl

from barter_bt.book.by_order import ACTIONS
from barter_bt.data.duration import NANOSECONDS
from barter_bt.data.schema import TIME
from barter_bt.errors import DataError

_INT64_MAX = 2**63 - 1
_FLOAT_EXACT_MAX = 2**53
_Unit: TypeAlias = Literal["ns", "us", "ms"]
_SMALL = (pl.Int8, pl.Int16, pl.Int32, pl.UInt8, pl.UInt16, pl.UInt32)


def time(column: pl.Expr, dtype: pl.DataType, what: str, time_zone: str | None, time_unit: str | None) -> pl.Expr:
    """Convert a time column to ``Datetime[ns, UTC]``.

    Examples
    --------
    >>> pl.DataFrame({"s": [1]}).select(time(pl.col("s"), pl.Int64(), "s", None, "s").to_physical()).item()
    1000000000
    """
    if dtype == TIME:
        return column
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return _utc(column, dtype.time_unit)
    if dtype == pl.Date or isinstance(dtype, pl.Datetime):
        if time_zone is None:
            raise DataError(
                f"{what} is {dtype}, a time without a zone",
                'say which zone it is in, for example time_zone="UTC" or time_zone="America/New_York"',
            )
        unit: _Unit = dtype.time_unit if isinstance(dtype, pl.Datetime) else "ms"
        local = column.cast(pl.Datetime(unit))
        if dtype == pl.Date:
            local = _start_of_day(local, "ms", time_zone)
        else:
            local = local.dt.replace_time_zone(time_zone, ambiguous="null", non_existent="null")
        return _utc(local, unit)
    if dtype.is_integer():
        if time_unit is None:
            raise DataError(
                f"{what} holds integers ({dtype}) without a unit",
                'say what they count since 1970 UTC: time_unit="ns", "us", "ms" or "s"',
            )
        factor = NANOSECONDS[time_unit]
        if dtype == pl.Int64 and factor == 1:
            return column.cast(TIME)
        column = column.cast(pl.Int64, strict=False)
        return (_within(column, _INT64_MAX // factor) * factor).cast(TIME)
    hint = "make it a Datetime with a zone, for example with .str.to_datetime(time_zone='UTC')"
    if dtype.is_float():
        hint = "a float cannot hold nanoseconds; make it integers, such as (column * 1000).round().cast(pl.Int64), "
        hint += "and give time_unit"
    raise DataError(f"{what} is {dtype}, not a time", hint)


def days_later(column: pl.Expr, dtype: pl.DataType, days: int, time_zone: str) -> pl.Expr:
    """Find the same time of day some days later (or earlier), by the clocks of a zone."""
    unit: _Unit = dtype.time_unit if isinstance(dtype, pl.Datetime) else "ms"
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        local = column.dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
    else:
        local = column.cast(pl.Datetime(unit))
    return _utc(_start_of_day(local + pl.duration(days=days, time_unit=unit), unit, time_zone), unit)


def _utc(time: pl.Expr, unit: _Unit) -> pl.Expr:
    if unit == "ns":
        return time.dt.convert_time_zone("UTC")
    factor = NANOSECONDS[unit]
    return (_within(time.to_physical(), _INT64_MAX // factor) * factor).cast(TIME)


def _start_of_day(local: pl.Expr, time_unit: _Unit, time_zone: str) -> pl.Expr:
    """Local times in a zone: of two that are called the same the first, of one that is skipped the end of the gap."""
    there = local.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
    later = local + pl.duration(hours=1, time_unit=time_unit)
    return pl.coalesce(there, later.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null"))


def _within(value: pl.Expr, limit: int) -> pl.Expr:
    return pl.when(value.is_between(-limit, limit)).then(value)


def number(column: pl.Expr, dtype: pl.DataType, what: str) -> pl.Expr:
    """Convert a column of numbers to float64, where that is exact.

    Examples
    --------
    >>> pl.DataFrame({"p": [3]}).select(number(pl.col("p"), pl.Int64(), "p")).item()
    3.0
    """
    if dtype == pl.Float64:
        return column
    if dtype == pl.Float32 or dtype in _SMALL:
        return column.cast(pl.Float64)
    if dtype.is_integer():
        return _within(column.cast(pl.Int64, strict=False), _FLOAT_EXACT_MAX).cast(pl.Float64)
    if dtype.is_decimal():
        number = column.cast(pl.Float64)
        return pl.when(number.cast(dtype, strict=False) == column).then(number)
    is_text = dtype in (pl.String, pl.Categorical, pl.Enum)
    raise DataError(
        f"{what} is {'text' if is_text else dtype}, not a number",
        "cast it first, for example column.cast(pl.Float64)" if is_text else "drop the column where it has nothing",
    )


def instrument(column: pl.Expr, dtype: pl.DataType, what: str) -> pl.Expr:
    """Convert an instrument column to text; categories stay as they are.

    Examples
    --------
    >>> pl.DataFrame({"i": [3]}).select(instrument(pl.col("i"), pl.Int64(), "i")).item()
    '3'
    """
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return column
    if dtype.is_integer():
        return column.cast(pl.String)
    raise DataError(f"{what} is {dtype}; instruments are text, categories or integers")


def whole(column: pl.Expr, dtype: pl.DataType, what: str) -> pl.Expr:
    """Convert a column of numbers that count something to int64.

    Examples
    --------
    >>> pl.DataFrame({"n": [3]}).select(whole(pl.col("n"), pl.Int64(), "n")).item()
    3
    """
    if dtype == pl.Int64:
        return column
    if dtype.is_integer():
        return column.cast(pl.Int64, strict=False)
    raise DataError(f"{what} is {dtype}, not an integer")


def order_id(column: pl.Expr, dtype: pl.DataType, what: str) -> pl.Expr:
    """Convert a column of order ids to int64.

    Examples
    --------
    >>> pl.DataFrame({"n": [3]}).select(order_id(pl.col("n"), pl.Int32(), "n")).item()
    3
    """
    if dtype == pl.String:
        hint = "number them, for example pl.col('order_id').hash().reinterpret(signed=True)"
        raise DataError(f"{what} is text; order ids are integers", hint)
    return whole(column, dtype, what)


def action(column: pl.Expr, dtype: pl.DataType, what: str) -> pl.Expr:
    """Convert a column of actions on orders to int8: 1 to 5 for add, modify, cancel, execute and clear.

    Examples
    --------
    >>> pl.DataFrame({"a": ["Cancel"]}).select(action(pl.col("a"), pl.String(), "a")).item()
    3
    """
    if dtype.is_integer():
        return pl.when(column.is_between(1, len(ACTIONS))).then(column).cast(pl.Int8)
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        codes = range(1, len(ACTIONS) + 1)
        text = column.cast(pl.String).str.to_lowercase()
        return text.replace_strict(list(ACTIONS), list(codes), default=None, return_dtype=pl.Int8)
    raise DataError(f"{what} is {dtype}; an action is one of {', '.join(ACTIONS)}, or 1 to {len(ACTIONS)}")


def truth(column: pl.Expr, dtype: pl.DataType, what: str) -> pl.Expr:
    """Convert a column of truths, or of 0 and 1, to int8.

    Examples
    --------
    >>> pl.DataFrame({"t": [True]}).select(truth(pl.col("t"), pl.Boolean(), "t")).item()
    1
    """
    if dtype == pl.Boolean:
        return column.cast(pl.Int8)
    if dtype.is_integer():
        return pl.when(column.is_between(0, 1)).then(column).cast(pl.Int8)
    raise DataError(f"{what} is {dtype}, not true or false")


def side(column: pl.Expr, dtype: pl.DataType, what: str, names: tuple[str, str] = ("buy", "sell")) -> pl.Expr:
    """Convert a column of sides to int8; of a book they may be called ``bid`` and ``ask``, too.

    Examples
    --------
    >>> pl.DataFrame({"s": ["Sell"]}).select(side(pl.col("s"), pl.String(), "s")).item()
    -1
    """
    if dtype == pl.Int8:
        return column
    if dtype.is_integer():
        return _within(column.cast(pl.Int8, strict=False), 1)
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        text = column.cast(pl.String).str.to_lowercase()
        side = pl.when(text.is_in(["buy", names[0]])).then(1).when(text.is_in(["sell", names[1]])).then(-1)
        return side.cast(pl.Int8)
    hint = None
    if dtype == pl.Boolean:
        hint = "say which side it means, for example pl.when('is_sell').then(-1).otherwise(1).cast(pl.Int8)"
    raise DataError(f"{what} is {dtype}; a side is buy/sell or +1/-1 (0: unknown)", hint)
