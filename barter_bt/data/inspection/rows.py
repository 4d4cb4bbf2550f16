"""All rows of a stream in one frame, each with its source and its row there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from barter_bt.data.canonical import alike
from barter_bt.data.schema import TIME
from barter_bt.data.sequence import CLOSED, CODE

if TYPE_CHECKING:
    from barter_bt.data.stream import Stream

PLACE = ("source", "row")
FOUND: dict[str, Any] = {
    **{"kind": pl.String, "check": pl.String, "column": pl.String, "instrument": pl.String},
    **{"source": pl.String, "row": pl.Int64, "time": TIME, "value": pl.Float64},
}


def rows_of(stream: Stream) -> pl.DataFrame:
    """Canonical columns behind ``source``, ``row``, the code of the instrument and (candles) the close before."""
    frames = []
    for piece in stream.pieces():
        frame = piece.canonical
        if stream.instrument is not None:
            frame = frame.with_columns(instrument=pl.lit(stream.instrument))
        place = pl.int_range(piece.first_row, piece.first_row + frame.height, dtype=pl.Int64)
        frames.append(frame.with_columns(pl.col("instrument").cast(pl.String), source=pl.lit(piece.source), row=place))
    if not frames:
        return pl.DataFrame()
    whole = pl.concat(alike([frame.lazy() for frame in frames], stream.kind, PLACE)).collect()
    names = pl.Enum([*stream.instruments])
    whole = whole.with_columns(pl.col("instrument").cast(names))
    code = pl.col("instrument").to_physical().cast(pl.Int32).fill_null(-1).alias(CODE)
    closed = pl.col("time_exchange").shift(1).over("instrument").alias(CLOSED)
    return whole.with_columns(code, *([closed] if stream.kind == "candles" else []))


NOTHING = pl.DataFrame(schema=FOUND)


def found(
    rows: pl.DataFrame, kind: str, check: str, column: str, bad: pl.Expr | pl.Series, value: pl.Expr | pl.Series | None
) -> pl.DataFrame:
    """The rows in which a check found something, and how bad it is there."""
    mask = (bad if isinstance(bad, pl.Series) else rows.select(bad).to_series()).fill_null(False)
    if not mask.any():
        return NOTHING
    measured = pl.lit(None, pl.Float64) if value is None else value
    return (
        rows.select("instrument", "source", "row", time="time_exchange", value=measured)
        .filter(mask)
        .select(
            pl.lit(kind).alias("kind"),
            pl.lit(check).alias("check"),
            pl.lit(column).alias("column"),
            pl.col("instrument").cast(pl.String),
            "source",
            "row",
            "time",
            pl.col("value").cast(pl.Float64),
        )
    )
