"""What was looked at and what was looked for, beside what was found."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import polars as pl

from barter_bt.data.inspection.looks import LOOKS
from barter_bt.data.schema import TIME

_TIMES: dict[str, Any] = {"kind": pl.String, "instrument": pl.String, "time_exchange": TIME, "wait": pl.Float64}


def times_of(kind: str, rows: pl.DataFrame) -> pl.DataFrame:
    """When the rows of a stream were, and for how many seconds they were under way."""
    if not rows.height:
        return pl.DataFrame(schema=_TIMES)
    wait = pl.lit(None, pl.Float64)
    if "time_received" in rows.columns:
        wait = (pl.col("time_received") - pl.col("time_exchange")).to_physical() / 1e9
    return rows.select(pl.lit(kind).alias("kind"), pl.col("instrument").cast(pl.String), "time_exchange", wait=wait)


def instruments(times: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """How many rows each instrument has, from when to when, and how long they were under way."""
    return (
        pl.concat([pl.DataFrame(schema=_TIMES), *times])
        .group_by("kind", "instrument")
        .agg(
            pl.len().cast(pl.Int64).alias("rows"),
            pl.col("time_exchange").min().alias("time_first"),
            pl.col("time_exchange").max().alias("time_last"),
            *(getattr(pl.col("wait"), name)().alias(f"latency_{name}") for name in ("min", "median", "max")),
        )
        .sort("kind", "instrument")
    )


def looks_at(kinds: Collection[str], found: pl.DataFrame, skipped: Collection[tuple[str, str]]) -> pl.DataFrame:
    """Every check of these kinds of rows, in how many rows it found something, and null where it was skipped."""
    counts = {(kind, check): count for kind, check, count in found.group_by("kind", "check").len().iter_rows()}
    told = [
        (kind, name, None if (kind, name) in skipped else counts.get((kind, name), 0), look.unit, look.what)
        for kind in sorted(kinds)
        for name, look in LOOKS.items()
        if kind in look.kinds
    ]
    schema: dict[str, Any] = {
        "kind": pl.String,
        "check": pl.String,
        "count": pl.Int64,
        "unit": pl.String,
        "what": pl.String,
    }
    return pl.DataFrame(told, schema, orient="row")
