"""Market data of a configuration: streams of files, and of catalogs."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from barter_bt.backtest.config.place import Place
from barter_bt.backtest.config.sections import DataSection, given

if TYPE_CHECKING:
    from polars import DataFrame

    from barter_bt.data.stream import Stream


def stream_of(place: Place, number: int, section: DataSection, names: list[str]) -> Stream:
    """What a section of ``[[data]]`` gives; ``names`` are those of the instruments.

    Raises
    ------
    BarterBtError
        A file is missing, a key has no effect, or a value cannot be.
    """
    from barter_bt import data

    key, options = f"data[{number}]", given(section)
    kind, files = options.pop("kind"), options.pop("path")
    if section.instrument is not UNSET and section.instrument not in names:
        place.unknown(f"{key}.instrument", section.instrument, names)
    if kind != "candles" and "interval" in options:
        place.fail(f"{key}.interval", f"{kind} have no interval", "leave it out, or set kind to candles")
    if isinstance(files, str) and "://" in files:
        return _of_catalog(place, key, kind, files, options)
    several = [files] if isinstance(files, str) else files
    if len(several) == 1 and (directory := place.file.parent / several[0]).is_dir():
        return _of_catalog(place, key, kind, directory, options)
    if "exchange" in options:
        place.fail(f"{key}.exchange", "it chooses in a catalog, and the path is none", "leave it out")
    paths = [place.existing(f"{key}.path", each) for each in several]
    if "repair" in options:
        known = list(inspect.signature(data.Repair).parameters)
        for name in options["repair"]:
            if name not in known:
                place.unknown(f"{key}.repair.{name}", name, known)
        options["repair"] = place.make(f"{key}.repair", data.Repair, options["repair"])
    changes, source = options.pop("symbol_changes", None), paths[0] if len(paths) == 1 else paths
    rows = source if changes is None else _renamed(place, key, source, changes, options)
    stream: Stream = place.make(key, getattr(data, kind), options, rows)
    return stream


def _renamed(place: Place, key: str, source: Path | list[Path], changes: str, options: Mapping[str, Any]) -> DataFrame:
    """The rows of files by the last symbol of each, in memory."""
    from barter_bt import data
    from barter_bt.data.source import open_source

    ours = {mine: theirs for theirs, mine in options.get("columns", {}).items()}
    named = {"time": ours.get("time_exchange", "time_exchange"), "instrument": ours.get("instrument", "instrument")}
    rows = open_source(source).lazy().collect()
    changed = place.existing(f"{key}.symbol_changes", changes)
    renamed: DataFrame = place.make(key, data.rename_symbols, named, rows, changed)
    return renamed.drop("symbol")


def _of_catalog(place: Place, key: str, kind: str, path: Path | str, options: dict[str, Any]) -> Stream:
    """Rows of an instrument in a catalog, which were read and mended when they were imported."""
    from barter_bt import data
    from barter_bt.data.schema import BOOKS

    if "instrument" not in options:
        place.fail(f"{key}.instrument", "it is needed: a catalog has many", 'instrument = "btc_usdt"')
    taken = {"instrument", "exchange"} | ({"seen_by", "adjusted"} if kind not in BOOKS else set())
    for name in options.keys() - taken:
        place.fail(f"{key}.{name}", "it has no effect on rows of a catalog", "it is said when files are imported")
    stream: Stream = place.make(key, getattr(data.Catalog(path), kind), options)
    return stream
