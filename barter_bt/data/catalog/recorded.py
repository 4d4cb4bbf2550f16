"""Recorded sessions in a catalog: what they heard of markets, by kind and exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from barter_bt.data.catalog.adding import Added, Overlap
from barter_bt.data.catalog.importing import import_files
from barter_bt.data.importers.session import NAMES, market_events, usual_length_ns
from barter_bt.errors import ConfigError, DataError


def import_session(root: Path, directory: Path, overlap: Overlap, options: Mapping[str, Any]) -> Added:
    """Import a recorded session: see :meth:`barter_bt.data.Catalog.add_session`."""
    added, found = Added(), _found(directory)
    if found.is_empty():
        raise DataError(f"{directory} has heard of no market that a catalog holds: {', '.join(NAMES.values())}")
    for (kind, exchange), of in found.group_by("kind", "exchange", maintain_order=True):
        files = [directory / name for name in of["file"].unique(maintain_order=True)]
        names = of["instrument"].unique(maintain_order=True).to_list()
        only = {} if found["exchange"].n_unique() == 1 else {"instrument": {name: name for name in names}}
        given = {name: value for name, value in options.items() if name != "interval"}
        if kind == "candles":
            given["interval"] = options.get("interval") or f"{_length_ns(files)}ns"
        one = import_files(root, f"session_{kind}", files, str(exchange), overlap, given | only)
        added.files += one.files
        added.rows += one.rows
        added.known += one.known
        added.skipped += one.skipped
        added.notes += one.notes
    return added


def _found(directory: Path) -> pl.DataFrame:
    """What each file of a recording has: kinds, exchanges, instruments."""
    if not (directory / "session.json").is_file():
        raise ConfigError(f"{directory} is no recording of a session", "name the directory that --record was given")
    parts = sorted(directory.glob("part-*.parquet"))
    parts += [path for path in sorted(directory.glob("part-*.jsonl")) if path.with_suffix(".parquet") not in parts]
    name = r'"exchange":"([^"]*)","instrument":"([^"]*)","kind":\{"([^"]*)":'
    frames = [
        market_events(path).str.extract_groups(name).struct.rename_fields(["exchange", "instrument", "is"])
        .struct.unnest().drop_nulls().unique(maintain_order=True).with_columns(file=pl.lit(path.name))
        for path in parts
    ]  # fmt: skip
    if not frames:
        raise DataError(f"{directory} is a recording without any events")
    kinds = pl.col("is").replace_strict(NAMES, default=None, return_dtype=pl.String).alias("kind")
    return pl.concat(frames).select("file", "exchange", "instrument", kinds).drop_nulls()


def _length_ns(files: Sequence[Path]) -> int:
    """Of candles, which may stand alone in one of the files."""
    told = r'"time_exchange":"([^"]*)".*"instrument":"([^"]*)","kind":\{"Candle":'
    texts = pl.concat([market_events(path) for path in files])
    found = texts.str.extract_groups(told).struct.rename_fields(["time_exchange", "instrument"]).struct.unnest()
    ends = found.drop_nulls().with_columns(pl.col("time_exchange").str.to_datetime(time_unit="ns", time_zone="UTC"))
    return usual_length_ns(ends, files[0].parent.name)
