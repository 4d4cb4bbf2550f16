"""Rows in order of time, cut by instrument and by the periods of files: nothing is copied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import polars as pl

from barter_bt.data.catalog.kinds import layout_of


def by_instrument(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Rows of each instrument, under its name."""
    if rows["instrument"].n_unique() == 1:
        yield str(rows["instrument"][0]), rows.drop("instrument")
        return
    parts = rows.partition_by("instrument", maintain_order=True, include_key=False, as_dict=True)
    for (instrument,), part in parts.items():
        yield str(instrument), part


def by_period(kind: str, rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Rows, which are in order of time, of each period; and its first day."""
    layout = layout_of(kind)
    first, last = rows[layout.at].gather([0, -1]).dt.truncate(layout.every)
    begins = pl.datetime_range(first, last, layout.every, time_unit="ns", eager=True).to_physical().to_list()
    for part in between(rows, layout.at, begins[1:]):
        yield part[layout.at].head(1).dt.truncate(layout.every).dt.to_string("%Y-%m-%d")[0], part


def between(rows: pl.DataFrame, at: str, times: Sequence[int]) -> Iterator[pl.DataFrame]:
    """Rows, which are in order of time, before the first of some times, from each to the next, and from the last on."""
    found = rows[at].to_physical().search_sorted(pl.Series(times, dtype=pl.Int64), side="left").to_list()
    edges = [0, *found, rows.height]
    for start, end in pairwise(edges):
        if end > start:
            yield rows.slice(start, end - start)
