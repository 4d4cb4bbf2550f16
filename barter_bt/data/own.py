"""A user's own columns as numbers, for strategies that read them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.data import convert
from barter_bt.data.piece import Piece
from barter_bt.errors import DataError


def own_number(column: pl.Expr, dtype: pl.DataType, what: str) -> pl.Expr:
    """Convert a column of numbers, or of truths, to float64; null where that is not exact.

    Raises
    ------
    DataError
        It holds something else.

    Examples
    --------
    >>> pl.DataFrame({"up": [True, None]}).select(own_number(pl.col("up"), pl.Boolean(), "up"))["up"].to_list()
    [1.0, None]
    """
    if dtype in (pl.Boolean, pl.Null):
        return column.cast(pl.Float64)
    return convert.number(column, dtype, what)


def own_values(piece: Piece, names: list[str]) -> npt.NDArray[np.float64]:
    """Values of a piece by row, then column; NaN for a null, and where the piece's source has no such column.

    Raises
    ------
    DataError
        A value is no 64-bit float.
    """
    values = np.full((piece.raw.height, len(names)), np.nan)
    for k, name in enumerate(names):
        if name not in piece.raw.columns or name in piece.canon.needed:
            continue
        raw = piece.raw[name]
        known = piece.raw.select(own_number(pl.col(name), raw.dtype, f"{piece.source}: column {name!r}")).to_series()
        lost = (known.is_null() & raw.is_not_null()).arg_true()
        if len(lost):
            row = int(lost[0])
            raise DataError(
                f"{piece.source}: column {name!r}, which the strategy reads, is not exact as a 64-bit float in "
                f"{len(lost)} row(s) from row {piece.first_row + row} on: {raw[row]!r}; allowed: integers up to 2^53, "
                "decimals of 15 digits",
                "scale it first, or cast it to pl.Float64 if the nearest float will do",
            )
        values[:, k] = known.fill_null(float("nan")).to_numpy()
    values.flags.writeable = False
    return values
