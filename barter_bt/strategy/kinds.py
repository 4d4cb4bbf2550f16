"""Of which kind the columns of orders and targets are: text where a number belongs is told with its column."""

from __future__ import annotations

import polars as pl

from barter_bt.data.schema import TIME, UNTYPED
from barter_bt.errors import BarterBtError
from barter_bt.strategy.triggers import DISTANCES, PROTECTION

AMOUNTS = (
    *("target", "quantity", "price", "limit", "stop", "if_touched", *DISTANCES, "activation"),
    *(*PROTECTION, "trigger", "amount"),
)
ROWS = ("ref", "after", "order")
FLAGS = ("post_only", "reduce_only")
TIMES = ("good_after", "good_till")
_KINDS: dict[str, pl.DataType] = {
    **dict.fromkeys(AMOUNTS, pl.Float64()),
    **dict.fromkeys(ROWS, pl.Int64()),
    **dict.fromkeys(FLAGS, pl.Boolean()),
    **dict.fromkeys(TIMES, pl.Datetime("ns", "UTC")),
}
_NO_NUMBER = "cast it to pl.{kind}; a fraction is 0.02, not 2%"
_NO_FLAG = "cast it to pl.Boolean"


def as_kinds(frame: pl.DataFrame, what: str, error: type[BarterBtError]) -> pl.DataFrame:
    """The frame with numbers that can be computed with; ``what`` it is goes into messages.

    Raises
    ------
    BarterBtError
        A column is of another kind than what it says, or a row number is not whole: of the class ``error``.

    Examples
    --------
    >>> as_kinds(pl.DataFrame({"price": ["90"]}), "the schedule", BarterBtError)
    Traceback (most recent call last):
    barter_bt.errors.BarterBtError: column 'price' of the schedule is String; it must be numbers
    Hint: cast it to pl.Float64; a fraction is 0.02, not 2%
    """
    made: dict[str, pl.Expr] = {}
    for name, kind in frame.schema.items():
        if name == "time" and kind in UNTYPED and not len(frame):
            made[name] = pl.lit(None, TIME)
        if name not in _KINDS:
            continue
        wanted, values = _KINDS[name], frame[name]
        if kind == pl.Null or (kind == pl.String and values.null_count() == len(values)):
            made[name] = pl.lit(None, wanted)
        elif name in TIMES:
            continue  # they are checked where they are read
        elif not _fits(name, kind):
            told, hint = ("true or false", _NO_FLAG) if name in FLAGS else ("numbers", _NO_NUMBER.format(kind=wanted))
            raise error(f"column {name!r} of {what} is {kind}; it must be {told}", hint)
        elif kind.is_decimal():
            made[name] = pl.col(name).cast(wanted)
        elif name in ROWS and kind.is_float():  # as pandas has whole numbers beside cells without one
            given = values.fill_nan(None)
            whole = given.cast(pl.Int64, strict=False)
            if not whole.cast(kind).equals(given, null_equal=True):
                raise error(f"column {name!r} of {what} has numbers that are not whole", "it counts rows from 0")
            made[name] = pl.lit(whole)
    return frame.with_columns(**made) if made else frame


def _fits(name: str, kind: pl.DataType) -> bool:
    if kind == pl.Boolean:
        return name == "target" or name in FLAGS  # a target of true is one of 1.0
    return kind.is_integer() if name in FLAGS else kind.is_numeric()
